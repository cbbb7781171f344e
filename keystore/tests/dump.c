// SPDX-License-Identifier: GPL-2.0
#include "dump.h"
#include "requests.h"

struct space *dumper;

/* What has not changed is told once, all of it, in order. */
static void check_dumped(const struct space *space)
{
	struct asym_net *an = asym_net((struct net *)&space->net);
	bool keys = space->dump.ops->cmd == ASYM_CMD_KEY_GET;
	struct list_head *list = keys ? &an->keys : &an->bindings, *entry;
	u32 n = 0;

	kernel_assert(space->interrupted || space->began == an->generation);
	if (space->interrupted)
		return;
	list_for_each(entry, list) {
		kernel_assert(n < space->nr_seen);
		kernel_assert(space->seen[n++] == (keys ?
			(void *)list_entry(entry, struct asym_key, list) :
			(void *)list_entry(entry, struct asym_binding, list)));
	}
	kernel_assert(n == space->nr_seen);
}

void dump_next(struct space *space, u32 size)
{
	u32 failed = kernel.failed, flags;
	bool more;

	if (!space->parts)
		space->began = asym_net(&space->net)->generation;
	dumper = space;
	more = genl_dump_next(&space->dump, size, &flags);
	dumper = NULL;
	/* Netlink asks again when it has memory. */
	if (kernel.failed != failed)
		return;
	space->parts++;
	space->interrupted |= !!(flags & NLM_F_DUMP_INTR);
	if (more)
		return;
	space->dumping = false;
	check_dumped(space);
	happened[space->interrupted ? HAPPENED_DUMP_INTERRUPTED :
				      HAPPENED_DUMP_WHOLE]++;
	happened[HAPPENED_DUMP_IN_PARTS] += space->parts > 2;
}

void dump_finish(struct space *space)
{
	struct asym_net *an = asym_net(&space->net);
	u32 limit = an->n_keys + an->n_bindings + 2;

	kernel.fail_in = -1;
	while (space->dumping) {
		kernel_assert(limit--);
		dump_next(space, NLMSG_GOODSIZE);
	}
}
