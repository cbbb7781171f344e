/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What any kernel code needs, for sources that are built in user space.  What
 * only some of them need is in the kernel.h of their tests, which includes this.
 */
#ifndef _UNIT_KERNEL_BASE_H
#define _UNIT_KERNEL_BASE_H

#include <asym/types.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#endif
#define __aligned(n)		__attribute__((__aligned__(n)))
#define U64_MAX			(~0ull)
#define READ_ONCE(x)		(x)
#define WRITE_ONCE(x, v)	((x) = (v))

#define min(a, b)							\
	({ __auto_type min_a = (a); __auto_type min_b = (b);		\
	   min_a < min_b ? min_a : min_b; })
#define max(a, b)							\
	({ __auto_type max_a = (a); __auto_type max_b = (b);		\
	   max_a > max_b ? max_a : max_b; })
#define min3(a, b, c)		min(min(a, b), c)
#define min_t(t, a, b)		min((t)(a), (t)(b))
#define max_t(t, a, b)		max((t)(a), (t)(b))
#define round_down(x, n)	((x) / (n) * (n))
#define round_up(x, n)		round_down((x) + (n) - 1, n)
#define container_of(p, t, m)	((t *)((char *)(p) - offsetof(t, m)))

/* ---- lists ---- */

struct list_head {
	struct list_head	*next;
	struct list_head	*prev;
};

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list;
	list->prev = list;
}

/* In front of @next, which may be the head: at the end. */
static inline void list_add_tail(struct list_head *entry,
				 struct list_head *next)
{
	entry->next = next;
	entry->prev = next->prev;
	next->prev->next = entry;
	next->prev = entry;
}

/* Whoever looks at it afterwards shall notice. */
static inline void list_del(struct list_head *entry)
{
	entry->next->prev = entry->prev;
	entry->prev->next = entry->next;
	entry->next = NULL;
	entry->prev = NULL;
}

#define list_entry(p, t, m)	container_of(p, t, m)
#define list_for_each(pos, head)					\
	for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_entry(pos, head, m)				\
	for (pos = list_entry((head)->next, typeof(*pos), m);		\
	     &pos->m != (head);						\
	     pos = list_entry(pos->m.next, typeof(*pos), m))
#define list_for_each_entry_safe(pos, n, head, m)			\
	for (pos = list_entry((head)->next, typeof(*pos), m),		\
	     n = list_entry(pos->m.next, typeof(*pos), m);		\
	     &pos->m != (head);						\
	     pos = n, n = list_entry(n->m.next, typeof(*n), m))

#endif /* _UNIT_KERNEL_BASE_H */
