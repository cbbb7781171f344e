/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of the kernel as the sources under test need, in user space: every
 * kernel header that they include is this one (see the Makefile).  There is one
 * thread; locks only notice what would deadlock.
 */
#ifndef _MODEL_KERNEL_H
#define _MODEL_KERNEL_H

#include <linux/in6.h>
#include <linux/tcp.h>

#include "kernel_base.h"

/* What headers of esp_asym name and nobody here looks into. */
struct crypto_aead;
struct crypto_skcipher;
struct skcipher_request;
typedef void (*crypto_completion_t)(void *arg, int err);
struct ip_esp_hdr;
struct net;
struct netlink_ext_ack;
struct xfrm_state;
struct xfrm_type_offload;
struct mutex { };
struct rcu_head { };
struct rhash_head { };
struct work_struct { };
typedef struct { } skb_frag_t;
typedef u64 netdev_features_t;
typedef unsigned int gfp_t;

#define MAX_SKB_FRAGS		17
#define CRYPTO_MINALIGN_ATTR	__aligned(16)

/* ---- locks ---- */

typedef struct {
	bool	held;
} spinlock_t;

static inline void spin_lock_bh(spinlock_t *lock)
{
	if (lock->held)
		abort();
	lock->held = true;
}

static inline void spin_unlock_bh(spinlock_t *lock)
{
	if (!lock->held)
		abort();
	lock->held = false;
}

#define spin_lock(lock)		spin_lock_bh(lock)
#define spin_unlock(lock)	spin_unlock_bh(lock)
#define write_lock_bh(lock)	spin_lock_bh(lock)
#define write_unlock_bh(lock)	spin_unlock_bh(lock)

typedef struct {
	u32	count;
} refcount_t;

static inline bool refcount_inc_not_zero(refcount_t *r)
{
	r->count += !!r->count;
	return r->count;
}

/* ---- memory ---- */

#define GFP_ATOMIC	0
#define GFP_NOIO	0
#define __GFP_COMP	0
#define __GFP_NOWARN	0
#define __GFP_NORETRY	0

#define kmalloc(size, gfp)		malloc(size)
#define kmalloc_array(n, size, gfp)	malloc((size_t)(n) * (size))
#define kzalloc(size, gfp)		calloc(1, size)
#define kfree(p)			free(p)
#define kfree_sensitive(p)		free(p)
#define memzero_explicit(p, n)		memset(p, 0, n)

#define PAGE_SHIFT		12
#define PAGE_SIZE		(1ul << PAGE_SHIFT)
#define offset_in_page(x)	((unsigned long)(x) & (PAGE_SIZE - 1))

/**
 * struct page - one of 2^order pages in a row
 * @head: the first of them
 * @memory: this one's
 * @refs: of @head
 */
struct page {
	struct page	*head;
	u8		*memory;
	u32		refs;
};

/* Pages in use, to see what is not given back. */
extern u32 kernel_pages;
extern struct page kernel_zero_page;

#define ZERO_PAGE(address)	(&kernel_zero_page)

static inline u32 get_order(u32 len)
{
	u32 order = 0;

	while (PAGE_SIZE << order < len)
		order++;
	return order;
}

static inline struct page *alloc_pages(gfp_t gfp, u32 order)
{
	struct page *page = calloc(1ul << order, sizeof(*page));
	u32 i;

	(void)gfp;
	page->memory = aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);
	memset(page->memory, 0xa5, PAGE_SIZE << order);
	page->refs = 1;
	for (i = 0; i < 1u << order; i++) {
		page[i].head = page;
		page[i].memory = page->memory + i * PAGE_SIZE;
	}
	kernel_pages++;
	return page;
}

#define alloc_page(gfp)		alloc_pages(gfp, 0)

static inline void get_page(struct page *page)
{
	page->head->refs++;
}

static inline void put_page(struct page *page)
{
	page = page->head;
	if (!page->refs)
		abort();
	if (--page->refs)
		return;
	free(page->memory);
	free(page);
	kernel_pages--;
}

static inline void *page_address(const struct page *page)
{
	return page->memory;
}

#define nth_page(page, n)	((page) + (n))
#define kmap_local_page(page)	page_address(page)
#define kunmap_local(address)	((void)(address))
#define clear_highpage(page)	memset(page_address(page), 0, PAGE_SIZE)

struct scatterlist {
	struct page	*page;
	u32		offset;
	u32		length;
};

static inline void sg_init_table(struct scatterlist *sg, u32 n)
{
	memset(sg, 0, n * sizeof(*sg));
}

static inline void sg_set_page(struct scatterlist *sg, struct page *page,
			       u32 len, u32 off)
{
	sg->page = page;
	sg->offset = off;
	sg->length = len;
}

/* ---- what a sender offers ---- */

#define MSG_MORE		0x8000
#define MSG_SPLICE_PAGES	0x8000000
#define ITER_SOURCE		1

struct kvec {
	void	*iov_base;
	size_t	iov_len;
};

struct bio_vec {
	struct page	*bv_page;
	u32		bv_len;
	u32		bv_offset;
};

/* A single @kvec, or any number of @bvec; @iov_offset counts from the first. */
struct iov_iter {
	const struct kvec	*kvec;
	const struct bio_vec	*bvec;
	size_t			iov_offset;
	size_t			count;
};

struct msghdr {
	int		msg_flags;
	struct iov_iter	msg_iter;
};

#define iov_iter_is_bvec(it)	((it)->bvec)

static inline void iov_iter_kvec(struct iov_iter *it, u32 direction,
				 const struct kvec *kvec, u32 n, size_t len)
{
	(void)direction;
	if (n != 1)
		abort();
	*it = (struct iov_iter){ .kvec = kvec, .count = len };
}

static inline size_t msg_data_left(const struct msghdr *msg)
{
	return msg->msg_iter.count;
}

static inline void iov_iter_advance(struct iov_iter *it, size_t n)
{
	if (n > it->count)
		abort();
	it->iov_offset += n;
	it->count -= n;
}

static inline void iov_iter_revert(struct iov_iter *it, size_t n)
{
	if (n > it->iov_offset)
		abort();
	it->iov_offset -= n;
	it->count += n;
}

static inline bool copy_from_iter_full(void *to, size_t n, struct iov_iter *it)
{
	const struct bio_vec *bv = it->bvec;
	size_t skip = it->iov_offset, done, some;

	if (n > it->count)
		return false;
	iov_iter_advance(it, n);
	if (!bv) {
		memcpy(to, (u8 *)it->kvec->iov_base + skip, n);
		return true;
	}
	for (done = 0; done < n; bv++) {
		if (skip >= bv->bv_len) {
			skip -= bv->bv_len;
			continue;
		}
		some = min(n - done, bv->bv_len - skip);
		memcpy((u8 *)to + done, (u8 *)page_address(bv->bv_page) +
		       bv->bv_offset + skip, some);
		done += some;
		skip = 0;
	}
	return true;
}

/* ---- packets and TCP ---- */

#define IPPROTO_TCP	6

/**
 * struct sk_buff - a received TCP segment, or the end of what TCP has to send
 * @data: TCP header
 * @len: bytes at @data, all linear
 * @eor: what follows is not merged with it
 */
struct sk_buff {
	u8		*data;
	u32		len;
	u8		eor;
};

#define TCP_SKB_CB(skb)		(skb)
#define skb_headlen(skb)	((skb)->len)

struct tcp_sock {
	u32	write_seq;
	u32	snd_una;
	u32	rcv_nxt;
	u64	bytes_received;
	struct {
		u32	mss_clamp;
	} rx_opt;
};

/* In the place of a queue of packets: which bytes of it nobody has read. */
struct sk_buff_head {
	u32	seq;
	u32	end;
};

struct sock {
	struct tcp_sock		tcp;
	struct sk_buff_head	sk_receive_queue;
	spinlock_t		sk_callback_lock;	/* sk_data_ready */
	refcount_t		sk_refcnt;
	void			*sk_user_data;
	void			(*sk_data_ready)(struct sock *sk);
};

#define tcp_sk(sk)		(&(sk)->tcp)
#define sock_put(sk)		((void)(sk)->sk_refcnt.count--)
/* Nobody closes. */
#define SOCK_DONE		1
#define sock_flag(sk, flag)	((void)(sk), (void)(flag), false)
#define __skb_queue_purge(q)	((void)((q)->seq = (q)->end))

struct sk_buff *tcp_write_queue_tail(struct sock *sk);
struct sk_buff *tcp_rtx_queue_tail(struct sock *sk);
int tcp_sendmsg_locked(struct sock *sk, struct msghdr *msg, size_t len);
int asym_tcp_push_page(struct sock *sk, struct page *page, u32 off, u32 len,
		       int flags);

/* ---- the rest ---- */

static inline u16 get_unaligned_be16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static inline u32 get_unaligned_be32(const u8 *p)
{
	return (u32)get_unaligned_be16(p) << 16 | get_unaligned_be16(p + 2);
}

static inline u64 get_unaligned_be64(const u8 *p)
{
	return (u64)get_unaligned_be32(p) << 32 | get_unaligned_be32(p + 4);
}

#endif /* _MODEL_KERNEL_H */
