/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Netlink messages, well formed and not.
 */
#ifndef _KEYSTORE_TESTS_MESSAGE_H
#define _KEYSTORE_TESTS_MESSAGE_H

#include <asym/types.h>

struct message {
	u8	bytes[8192];
	u32	len;
};

void message_build(struct message *m);

#endif /* _KEYSTORE_TESTS_MESSAGE_H */
