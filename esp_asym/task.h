/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SCSI tasks and how they end.
 */
#ifndef _ESP_ASYM_TASK_H
#define _ESP_ASYM_TASK_H

#include <asym/iscsi_parse.h>
#include <asym/keystore.h>
#include <linux/hashtable.h>

/* ---- task.c ---- */

#define ASYM_TASK_HASH_BITS	6
#define ASYM_TASKS_MAX		65536

/**
 * struct asym_task - a SCSI task of a flow
 * @node: in the flow's table
 * @itt: initiator task tag
 * @generation: tells tasks apart that use the same tag one after the other
 * @grant: how Data-In is sent (enum asym_grant)
 * @treatment: how Data-Out is sent, initiator only
 * @binding: the unit, referenced, or NULL
 * @offset: byte offset of the access in the unit
 * @len: bytes of user data
 * @run: bytes after which the access starts again at @offset: @len, or half of
 *	it for COMPARE AND WRITE
 * @since: RCV.NXT when the command was sent: no segment with a byte of its
 *	answer begins before; initiator only
 * @received: bytes of the buffer that have come, from its start and without a
 *	hole; initiator only
 */
struct asym_task {
	struct hlist_node	node;
	u32			itt;
	u32			generation;
	u8			grant;
	u8			treatment;
	struct asym_binding	*binding;
	u64			offset;
	u32			len;
	u32			run;
	u32			since;
	u32			received;
};

/**
 * struct asym_tasks - the tasks of a flow by ITT
 * @table: hash by ITT
 * @count: entries
 *
 * An entry lives until its ITT is used again: only then is it certain that no
 * byte of the old task can still be wanted.
 */
struct asym_tasks {
	DECLARE_HASHTABLE(table, ASYM_TASK_HASH_BITS);
	u32	count;
};

void asym_tasks_init(struct asym_tasks *tasks);
void asym_tasks_free(struct asym_tasks *tasks);
int asym_task_set(struct asym_tasks *tasks, const struct asym_task *task);
struct asym_task *asym_task_find(struct asym_tasks *tasks, u32 itt);

/* ---- status.c ---- */

/* As much as matters, behind its length (RFC 7143 section 11.4.7). */
#define ASYM_SENSE_BYTES	20
#define ASYM_SENSE_SEGMENT	(2 + ASYM_SENSE_BYTES)

bool asym_status_comes(const struct iscsi_stream *s);
u32 asym_status_claims(const struct iscsi_stream *s, const u8 *segment,
		       const struct asym_task *task);

#endif /* _ESP_ASYM_TASK_H */
