// SPDX-License-Identifier: GPL-2.0
/*
 * Established TCP connections of this network namespace, and the portals of the
 * kernel's target (LIO), which has sockets that nobody else can see.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "asymctl.h"
#include "view.h"

#define TCP_ESTABLISHED_STATE	1
#define LIO	"/sys/kernel/config/target/iscsi"

/* "0200C0A8:0CBC", of words in the byte order of this host */
static bool tcp_end(const char *text, struct end *end)
{
	size_t words = strcspn(text, ":") / 8, i;
	unsigned int port;
	uint32_t word[4];

	if (words != 1 && words != 4)
		return false;
	for (i = 0; i < words; i++)
		if (sscanf(text + 8 * i, "%8x", &word[i]) != 1)
			return false;
	if (sscanf(text + 8 * words, ":%x", &port) != 1)
		return false;
	return end_set(end, word, 4 * words, port);
}

static int tcps_read(const char *name, struct table *tcps)
{
	char path[PATH_MAX], line[256], local[64], remote[64];
	unsigned int state;
	struct tcp tcp;
	FILE *file;

	text_cut(path, sizeof(path), "%s/proc/net/%s", view_root, name);
	file = fopen(path, "re");
	if (!file) {
		/* A kernel without IPv6 */
		if (errno == ENOENT)
			return EXIT_OK;
		error("%s: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %*u: %63s %63s %x", local, remote,
			   &state) != 3 || state != TCP_ESTABLISHED_STATE ||
		    !tcp_end(local, &tcp.local) ||
		    !tcp_end(remote, &tcp.remote))
			continue;
		*(struct tcp *)table_add(tcps, sizeof(tcp)) = tcp;
	}
	fclose(file);
	return EXIT_OK;
}

int tcps_get(struct table *tcps)
{
	int ret = tcps_read("tcp", tcps);

	return ret ? ret : tcps_read("tcp6", tcps);
}

/* "0.0.0.0:3260", "[::]:3260" */
static bool portal_end(const char *name, struct end *end)
{
	char text[64], *colon, *addr = text;
	unsigned long port;
	size_t len;

	text_cut(text, sizeof(text), "%s", name);
	colon = strrchr(text, ':');
	if (!colon)
		return false;
	*colon = '\0';
	port = strtoul(colon + 1, NULL, 10);
	len = strlen(text);
	if (len && *text == '[' && text[len - 1] == ']') {
		text[len - 1] = '\0';
		addr++;
	}
	return end_parse(end, addr, port);
}

static void portals_of(const char *target, const char *group,
		       struct table *portals)
{
	char path[PATH_MAX];
	struct portal *portal;
	struct dirent *entry;
	struct end end;
	DIR *stream;

	text_cut(path, sizeof(path), "%s" LIO "/%s/%s/np", view_root, target,
		 group);
	stream = opendir(path);
	if (!stream)
		return;
	while ((entry = readdir(stream))) {
		if (entry->d_name[0] == '.' ||
		    !portal_end(entry->d_name, &end))
			continue;
		portal = table_add(portals, sizeof(*portal));
		portal->end = end;
		text_cut(portal->target, sizeof(portal->target), "%s", target);
	}
	closedir(stream);
}

int portals_get(struct table *portals)
{
	char path[PATH_MAX];
	struct dirent *target, *group;
	DIR *targets, *groups;

	text_cut(path, sizeof(path), "%s" LIO, view_root);
	targets = opendir(path);
	if (!targets)
		return EXIT_OK;
	while ((target = readdir(targets))) {
		if (target->d_name[0] == '.')
			continue;
		text_cut(path, sizeof(path), "%s" LIO "/%s", view_root,
			 target->d_name);
		groups = opendir(path);
		if (!groups)
			continue;
		while ((group = readdir(groups)))
			if (!strncmp(group->d_name, "tpgt_",
				     strlen("tpgt_")))
				portals_of(target->d_name, group->d_name,
					   portals);
		closedir(groups);
	}
	closedir(targets);
	return EXIT_OK;
}
