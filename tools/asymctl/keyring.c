// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's keyrings, as far as a key has to pass through one.
 */
#include <errno.h>
#include <linux/keyctl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "asymctl.h"

/*
 * Put material into a logon key of the process keyring.  Nobody else can search
 * that keyring, and it is gone with the process, however the process ends.
 */
int keyring_put(const char *name, const void *material, size_t len,
		int32_t *serial, char *description, size_t size)
{
	long ret;

	snprintf(description, size, "asym:%s", name);
	ret = syscall(SYS_add_key, "logon", description, material, len,
		      KEY_SPEC_PROCESS_KEYRING);
	if (ret < 0) {
		error("cannot add a key to the kernel's keyring: %s",
		      strerror(errno));
		return EXIT_FAILED;
	}
	*serial = ret;
	return EXIT_OK;
}

/* Gone at once instead of with the process. */
void keyring_drop(int32_t serial)
{
	if (syscall(SYS_keyctl, KEYCTL_INVALIDATE, serial) < 0)
		syscall(SYS_keyctl, KEYCTL_REVOKE, serial);
	syscall(SYS_keyctl, KEYCTL_UNLINK, serial, KEY_SPEC_PROCESS_KEYRING);
}

/*
 * The kernel searches the thread, process and session keyrings of the caller.  A
 * session keyring of its own need not lead to the keys of the user.
 */
void keyring_reach(void)
{
	syscall(SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING,
		KEY_SPEC_PROCESS_KEYRING);
}
