/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Network namespaces, and what must always be true of them.
 */
#ifndef _KEYSTORE_TESTS_SPACE_H
#define _KEYSTORE_TESTS_SPACE_H

#include "../keystore.h"
#include "genl.h"

#define SPACES		2
#define SPACE_DUMPED	1024

/**
 * struct space - a network namespace
 * @net: what keystore sees
 * @alive: has not ended
 * @listens: somebody is in the group of events
 * @dumping: @dump has begun and not ended
 * @dump: as netlink keeps it
 * @began: generation at its first packet
 * @interrupted: it was marked
 * @parts: packets read
 * @seen: keys or bindings that it has told, in order
 * @nr_seen: entries
 */
struct space {
	struct net		net;
	bool			alive;
	bool			listens;
	bool			dumping;
	struct genl_dump	dump;
	u32			began;
	bool			interrupted;
	u32			parts;
	const void		*seen[SPACE_DUMPED];
	u32			nr_seen;
};

extern struct space spaces[SPACES];

struct space *space_of(struct net *net);
void space_start(struct space *space, bool listens);
void space_end(struct space *space);
void spaces_check(void);

#endif /* _KEYSTORE_TESTS_SPACE_H */
