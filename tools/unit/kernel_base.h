/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What any kernel code needs, for sources that are built in user space.  What
 * only some of them need is in the kernel.h of their tests, which includes this.
 */
#ifndef _UNIT_KERNEL_BASE_H
#define _UNIT_KERNEL_BASE_H

#include <asym/types.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* As in the kernel: the message may be left out. */
#undef static_assert
#define static_assert(expr, ...)	extern int asserted[(expr) ? 1 : -1]

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

/* ---- hash tables ---- */

struct hlist_node {
	struct hlist_node	*next;
	struct hlist_node	**where;
};

static inline void hash_insert(struct hlist_node *node,
			       struct hlist_node **slot)
{
	node->next = *slot;
	node->where = slot;
	if (node->next)
		node->next->where = &node->next;
	*slot = node;
}

static inline void hash_del(struct hlist_node *node)
{
	*node->where = node->next;
	if (node->next)
		node->next->where = node->where;
}

#define DECLARE_HASHTABLE(name, bits)	struct hlist_node *name[1 << (bits)]
#define hash_init(table)		memset(table, 0, sizeof(table))
#define hash_entry(node, t, m)						\
	((node) ? container_of(node, t, m) : NULL)
#define hash_slot(table, key)		((table) + (key) % ARRAY_SIZE(table))
#define hash_add(table, node, key)	hash_insert(node, hash_slot(table, key))
#define hash_for_each_possible(table, obj, m, key)			\
	for (obj = hash_entry(*hash_slot(table, key), typeof(*obj), m); obj; \
	     obj = hash_entry(obj->m.next, typeof(*obj), m))
#define hash_for_each_safe(table, bkt, tmp, obj, m)			\
	for (bkt = 0; bkt < (int)ARRAY_SIZE(table); bkt++)		\
		for (obj = hash_entry((table)[bkt], typeof(*obj), m);	\
		     obj && (tmp = obj->m.next, true);			\
		     obj = hash_entry(tmp, typeof(*obj), m))

/* ---- integers and sums ---- */

#define ntohl(x)		__builtin_bswap32(x)
#define htonl(x)		__builtin_bswap32(x)
#define htons(x)		__builtin_bswap16(x)

static inline bool before(u32 a, u32 b)
{
	return (int32_t)(a - b) < 0;
}

#define after(a, b)	before(b, a)

static inline u32 get_unaligned_le32(const u8 *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24;
}

static inline void put_unaligned_le32(u32 v, u8 *p)
{
	p[0] = (u8)v;
	p[1] = (u8)(v >> 8);
	p[2] = (u8)(v >> 16);
	p[3] = (u8)(v >> 24);
}

static inline u32 crc32c(u32 crc, const u8 *bytes, u32 len)
{
	u32 bit;

	while (len--) {
		crc ^= *bytes++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return crc;
}

/* As if @len zeros followed. */
static inline u32 __crc32c_le_shift(u32 crc, size_t len)
{
	static const u8 zero;

	while (len--)
		crc = crc32c(crc, &zero, 1);
	return crc;
}

#endif /* _UNIT_KERNEL_BASE_H */
