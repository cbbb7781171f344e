// SPDX-License-Identifier: GPL-2.0
/*
 * SCSI tasks of a flow by initiator task tag.  On the initiator they say which
 * bytes of which unit a task moves, on the target how its data are to be sent.
 */
#include <linux/hashtable.h>
#include <linux/slab.h>

#include "task.h"

void asym_tasks_init(struct asym_tasks *tasks)
{
	hash_init(tasks->table);
	tasks->count = 0;
}

void asym_tasks_free(struct asym_tasks *tasks)
{
	struct hlist_node *next;
	struct asym_task *task;
	int bucket;

	hash_for_each_safe(tasks->table, bucket, next, task, node) {
		hash_del(&task->node);
		asym_binding_put(task->binding);
		kfree(task);
	}
	tasks->count = 0;
}

struct asym_task *asym_task_find(struct asym_tasks *tasks, u32 itt)
{
	struct asym_task *task;

	hash_for_each_possible(tasks->table, task, node, itt)
		if (task->itt == itt)
			return task;
	return NULL;
}

/**
 * asym_task_set() - a new command uses an ITT
 * @tasks: table, locked
 * @task: the task; its reference to the binding is taken over on success
 *
 * Return: 0 or -ENOMEM
 */
int asym_task_set(struct asym_tasks *tasks, const struct asym_task *task)
{
	struct asym_task *slot = asym_task_find(tasks, task->itt);
	struct hlist_node node;
	u32 generation;

	if (!slot) {
		if (tasks->count == ASYM_TASKS_MAX)
			return -ENOMEM;
		slot = kzalloc(sizeof(*slot), GFP_ATOMIC);
		if (!slot)
			return -ENOMEM;
		slot->itt = task->itt;
		hash_add(tasks->table, &slot->node, slot->itt);
		tasks->count++;
	}
	asym_binding_put(slot->binding);
	node = slot->node;
	generation = slot->generation;
	*slot = *task;
	slot->node = node;
	slot->generation = generation + 1;
	return 0;
}
