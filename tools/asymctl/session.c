// SPDX-License-Identifier: GPL-2.0
/*
 * The sessions of open-iscsi and their disks, as sysfs has them.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "asymctl.h"
#include "view.h"

/* How deep device mapper and md may be piled up. */
#define DEPTH_MAX	8

/* Of a LUN as Linux numbers it (scsilun_to_int()): the addressing method of the
 * first level, which has the lowest 16 bits.
 */
#define LUN_METHOD	14

const char *view_root = "";

/* The first line of an attribute, which may not be readable just now. */
static bool attribute(const char *dir, const char *name, char *text,
		      size_t size)
{
	char path[PATH_MAX];
	FILE *file;
	bool good;

	text_cut(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "re");
	if (!file)
		return false;
	good = fgets(text, size, file);
	fclose(file);
	if (good)
		text[strcspn(text, "\n")] = '\0';
	return good;
}

static bool attribute_number(const char *dir, const char *name,
			     unsigned int *value)
{
	char text[32], *end;

	if (!attribute(dir, name, text, sizeof(text)))
		return false;
	*value = strtoul(text, &end, 10);
	return end != text && !*end;
}

/* Call for each entry of a directory, if there is one. */
static void each(const char *dir, void (*call)(const char *dir,
					       const char *name, void *arg),
		 void *arg)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;

	if (!stream)
		return;
	while ((entry = readdir(stream)))
		if (entry->d_name[0] != '.')
			call(dir, entry->d_name, arg);
	closedir(stream);
}

static int lun_number(unsigned long long lun)
{
	if (lun >> LUN_METHOD > 1)
		return -1;
	return lun & ASYM_LUN_MAX;
}

struct disk_of {
	struct table	*disks;
	unsigned int	session;
	int		lun;
};

static void disk_block(const char *dir, const char *name, void *arg)
{
	const struct disk_of *of = arg;
	struct disk *disk = table_add(of->disks, sizeof(*disk));

	text_cut(disk->name, sizeof(disk->name), "%s", name);
	disk->session = of->session;
	disk->lun = of->lun;
}

static void disk_device(const char *dir, const char *name, void *arg)
{
	struct disk_of *of = arg;
	unsigned long long lun;
	char path[PATH_MAX];

	if (sscanf(name, "%*u:%*u:%*u:%llu", &lun) != 1)
		return;
	of->lun = lun_number(lun);
	text_cut(path, sizeof(path), "%s/%s/block", dir, name);
	each(path, disk_block, of);
}

static void disk_target(const char *dir, const char *name, void *arg)
{
	char path[PATH_MAX];

	if (strncmp(name, "target", strlen("target")))
		return;
	text_cut(path, sizeof(path), "%s/%s", dir, name);
	each(path, disk_device, arg);
}

/* sysfs says "not connected" by an error when an attribute is read. */
static void session_connection(const char *dir, const char *name, void *arg)
{
	struct session *session = arg;
	unsigned int number, port, local_port;
	char path[PATH_MAX], address[64];

	if (sscanf(name, "connection%u:%*u", &number) != 1 ||
	    number != session->number)
		return;
	text_cut(path, sizeof(path), "%s/%s", dir, name);
	if (!attribute(path, "address", address, sizeof(address)) ||
	    !attribute_number(path, "port", &port) ||
	    !attribute_number(path, "local_port", &local_port) ||
	    !end_parse(&session->remote, address, port))
		return;
	session->local_port = local_port;
	session->connected = true;
}

struct all {
	struct table	*sessions;
	struct table	*disks;
};

static void session_add(const char *dir, const char *name, void *arg)
{
	struct all *all = arg;
	struct disk_of of = { .disks = all->disks };
	struct session session = { };
	char path[PATH_MAX];

	if (sscanf(name, "session%u", &session.number) != 1)
		return;
	text_cut(path, sizeof(path), "%s/%s", dir, name);
	/* It may just have ended. */
	if (!attribute(path, "targetname", session.target,
		       sizeof(session.target)))
		return;
	if (!attribute(path, "state", session.state, sizeof(session.state)))
		strcpy(session.state, "unknown");
	text_cut(path, sizeof(path), "%s/sys/class/iscsi_connection",
		 view_root);
	each(path, session_connection, &session);
	*(struct session *)table_add(all->sessions, sizeof(session)) = session;

	of.session = session.number;
	text_cut(path, sizeof(path), "%s/%s/device", dir, name);
	each(path, disk_target, &of);
}

int sessions_get(struct table *sessions, struct table *disks)
{
	struct all all = { sessions, disks };
	char path[PATH_MAX];

	text_cut(path, sizeof(path), "%s/sys/class/iscsi_session", view_root);
	each(path, session_add, &all);
	return EXIT_OK;
}

/* ---- which disks are below a block device? ---- */

struct below {
	struct table	*disks;
	int		depth;
};

static void below_device(const char *link, struct below *below);

static void below_slave(const char *dir, const char *name, void *arg)
{
	char path[PATH_MAX];

	text_cut(path, sizeof(path), "%s/%s", dir, name);
	below_device(path, arg);
}

/* .../session1/target2:0:0/2:0:0:1/block/sdb, and perhaps a partition */
static bool below_session(const char *path, struct table *disks)
{
	const char *session = strstr(path, "/session");
	const char *block = strstr(path, "/block/");
	struct disk *disk;
	unsigned long long lun;
	unsigned int number;
	const char *device;

	if (!session || !block || block < session ||
	    sscanf(session, "/session%u/", &number) != 1)
		return false;
	for (device = block; device > session && device[-1] != '/'; device--)
		;
	if (sscanf(device, "%*u:%*u:%*u:%llu/", &lun) != 1)
		return false;
	disk = table_add(disks, sizeof(*disk));
	block += strlen("/block/");
	text_cut(disk->name, sizeof(disk->name), "%.*s",
		 (int)strcspn(block, "/"), block);
	disk->session = number;
	disk->lun = lun_number(lun);
	return true;
}

static void below_device(const char *link, struct below *below)
{
	char path[PATH_MAX], file[PATH_MAX + 16];

	if (!realpath(link, path) || below_session(path, below->disks) ||
	    ++below->depth > DEPTH_MAX)
		return;
	text_cut(file, sizeof(file), "%s/partition", path);
	text_cut(path + strlen(path), sizeof(path) - strlen(path), "%s/slaves",
		 access(file, F_OK) ? "" : "/..");
	each(path, below_slave, below);
	below->depth--;
}

/* The disks of sessions that a device is, or is made of: name, or path. */
int disk_find(const char *arg, struct table *disks)
{
	struct below below = { .disks = disks };
	char path[PATH_MAX];
	struct stat st;

	if (!strchr(arg, '/')) {
		text_cut(path, sizeof(path), "%s/sys/class/block/%s", view_root,
			 arg);
	} else {
		if (stat(arg, &st)) {
			error("%s: %s", arg, strerror(errno));
			return EXIT_FAILED;
		}
		if (!S_ISBLK(st.st_mode)) {
			error("%s is no block device", arg);
			return EXIT_FAILED;
		}
		text_cut(path, sizeof(path), "%s/sys/dev/block/%u:%u",
			 view_root, major(st.st_rdev), minor(st.st_rdev));
	}
	if (access(path, F_OK)) {
		error("there is no disk \"%s\"", arg);
		return EXIT_FAILED;
	}
	below_device(path, &below);
	return EXIT_OK;
}
