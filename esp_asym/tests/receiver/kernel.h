/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of the kernel as the receive path needs, in user space: every kernel
 * header that it includes is this one (see the Makefile).  There is one thread;
 * locks only notice what would deadlock.  A struct page is the address of the
 * page itself, so that any memory has one.
 */
#ifndef _RECEIVER_KERNEL_H
#define _RECEIVER_KERNEL_H

#include <stdio.h>

#include "kernel_ip.h"

struct crypto_aead;
struct netlink_ext_ack;
struct xfrm_type_offload;
struct crypto_skcipher;
struct msghdr;
struct mutex { };
struct rcu_head { };
struct rhash_head { };
struct work_struct { };
typedef u64 netdev_features_t;
typedef unsigned int gfp_t;

#define GFP_ATOMIC		0
#define __GFP_NOWARN		0
#define CRYPTO_MINALIGN		16
#define CRYPTO_MINALIGN_ATTR	__aligned(16)
#define ALIGN(x, n)		round_up(x, n)
#define BIT(n)			(1ul << (n))
#define GENMASK(high, low)	(BIT((high) + 1) - BIT(low))
#define clamp_t(t, v, low, high)	min_t(t, max_t(t, v, low), high)
#define ERR_PTR(err)		((void *)(long)(err))
#define PTR_ERR(p)		((int)(long)(p))
#define IS_ERR(p)		((unsigned long)(p) >= -4095ul)
#define fallthrough		__attribute__((__fallthrough__))
#define kernel_assert(condition)					\
	((condition) ? (void)0 : kernel_die(#condition))
#define WARN_ON_ONCE(condition)						\
	({ bool warned = (condition); kernel_assert(!warned); warned; })

void __attribute__((__noreturn__)) kernel_die(const char *what);

/**
 * struct kernel - state, and what the test decides
 * @allocated: pieces of memory and pages in use
 * @fail_in: the allocation after so many others fails; negative: none
 * @failed: allocations that have
 * @delay: the next request for a cipher takes its time
 * @cipher_error: what it ends with
 * @simd_usable: vector registers may be used
 */
struct kernel {
	u32	allocated;
	int	fail_in;
	u32	failed;
	bool	delay;
	int	cipher_error;
	bool	simd_usable;
};

extern struct kernel kernel;

/* ---- memory ---- */

#define PAGE_SHIFT		12
#define PAGE_SIZE		(1ul << PAGE_SHIFT)
#define offset_in_page(p)	((u32)((unsigned long)(p) % PAGE_SIZE))

struct page;

void *kmalloc(size_t size, gfp_t gfp);
void *kzalloc(size_t size, gfp_t gfp);
void kfree(void *p);
struct page *page_new(u32 len, u8 **bytes);
void get_page(struct page *page);
void put_page(struct page *page);
u8 *netdev_alloc_frag(u32 len);

#define kmalloc_array(n, size, gfp)	kmalloc((size_t)(n) * (size), gfp)
#define kfree_sensitive(p)		kfree(p)
#define memzero_explicit(p, n)		memset(p, 0, n)
/* There is one CPU. */
#define __percpu
#define alloc_percpu(type)		kzalloc(sizeof(type), 0)
#define free_percpu(p)			kfree(p)
#define per_cpu_ptr(p, cpu)		((void)(cpu), (p))
#define for_each_possible_cpu(cpu)	for (cpu = 0; cpu < 1; cpu++)
#define this_cpu_xchg(var, value)					\
	({ __auto_type xchg_old = (var); (var) = (value); xchg_old; })
#define page_address(page)		((void *)(page))
#define virt_to_page(p)							\
	((struct page *)((unsigned long)(p) / PAGE_SIZE * PAGE_SIZE))
#define virt_to_head_page(p)		virt_to_page(p)
#define nth_page(p, n)							\
	((struct page *)((unsigned long)(p) + (n) * PAGE_SIZE))
#define kmap_local_page(page)		page_address(page)
#define kunmap_local(p)			((void)(p))

/* ---- locks and counts ---- */

typedef struct {
	bool	held;
} spinlock_t;

typedef struct {
	bool	held;
} rwlock_t;

static inline void spin_lock_bh(spinlock_t *lock)
{
	kernel_assert(!lock->held);
	lock->held = true;
}

static inline void spin_unlock_bh(spinlock_t *lock)
{
	kernel_assert(lock->held);
	lock->held = false;
}

#define spin_lock(lock)		spin_lock_bh(lock)
#define spin_unlock(lock)	spin_unlock_bh(lock)
#define write_lock_bh(lock)	((lock)->held = true)
#define write_unlock_bh(lock)	((lock)->held = false)

typedef struct {
	u32	refs;
} refcount_t;

typedef struct {
	int	counter;
} atomic_t;

#define refcount_inc_not_zero(r)	((r)->refs && (r)->refs++)
#define atomic_sub(n, a)		((a)->counter -= (int)(n))

/* ---- scatterlists ---- */

struct scatterlist {
	struct page	*page;
	u32		offset;
	u32		length;
	bool		end;
};

static inline void sg_init_table(struct scatterlist *sg, u32 n)
{
	memset(sg, 0, n * sizeof(*sg));
	if (n)
		sg[n - 1].end = true;
}

static inline void sg_set_page(struct scatterlist *sg, struct page *page,
			       u32 len, u32 off)
{
	sg->page = page;
	sg->offset = off;
	sg->length = len;
}

static inline void sg_init_one(struct scatterlist *sg, void *bytes, u32 len)
{
	sg_init_table(sg, 1);
	sg_set_page(sg, virt_to_page(bytes), len, offset_in_page(bytes));
}

#define sg_mark_end(sg)	((sg)->end = true)
#define sg_page(sg)	((sg)->page)
#define sg_virt(sg)	((void *)((unsigned long)(sg)->page + (sg)->offset))

u32 sg_nents(const struct scatterlist *sg);
u32 sg_pcopy_to_buffer(struct scatterlist *sg, u32 n, u8 *buf, u32 len,
		       u32 skip);
void sg_zero_buffer(struct scatterlist *sg, u32 n, u32 len, u32 skip);

/**
 * struct sg_cursor - a byte in a scatterlist
 * @sg: entry
 * @off: in it
 */
struct sg_cursor {
	struct scatterlist	*sg;
	u32			off;
};

/* The next byte; there has to be one. */
u8 *sg_next_byte(struct sg_cursor *cursor);

/* ---- ciphers ---- */

struct skcipher_request {
	struct crypto_skcipher	*tfm;
	struct scatterlist	*src;
	struct scatterlist	*dst;
	u32			len;
	u8			*iv;
	void			(*done)(void *arg, int err);
	void			*arg;
};

/**
 * struct crypto_skcipher - an implementation of a cipher
 * @__crt_alg: what the kernel knows of it
 * @blocks: of the block cipher
 * @key_bytes: of its key
 */
struct crypto_skcipher {
	const struct crypto_alg {
		u32		cra_flags;
		const char	*driver;
		u32		reqsize;
	}	*__crt_alg;
	bool	blocks;
	u32	key_bytes;
};

#define CRYPTO_ALG_ASYNC	0x80
#define CRYPTO_ALG_INTERNAL	0x2000
#define CRYPTO_MAX_ALG_NAME	128
#define crypto_skcipher_tfm(cipher)		(cipher)
#define crypto_skcipher_driver_name(cipher)	((cipher)->__crt_alg->driver)
#define crypto_skcipher_reqsize(cipher)		((cipher)->__crt_alg->reqsize)
#define crypto_skcipher_setkey(cipher, key, len)			\
	((cipher)->key_bytes = (len), 0)
#define crypto_simd_usable()			kernel.simd_usable

struct crypto_skcipher *crypto_alloc_skcipher(const char *name, u32 type,
					      u32 mask);
bool crypto_has_skcipher(const char *name, u32 type, u32 mask);
#define crypto_free_skcipher(cipher)		kfree(cipher)

#define skcipher_request_set_tfm(req, cipher)	((req)->tfm = (cipher))
#define skcipher_request_set_callback(req, flags, fn, p)		\
	((req)->done = (fn), (req)->arg = (p))
#define skcipher_request_set_crypt(req, from, to, n, counter)		\
	((req)->src = (from), (req)->dst = (to), (req)->len = (n),	\
	 (req)->iv = (counter))
#define DEFINE_CRYPTO_DONE(fn)
#define crypto_done(fn)		(fn)
#define crypto_memneq(a, b, n)	memcmp(a, b, n)

typedef void (*crypto_completion_t)(void *arg, int err);
int crypto_skcipher_encrypt(struct skcipher_request *req);
#define crypto_skcipher_decrypt(req)	crypto_skcipher_encrypt(req)

static inline void crypto_xor(u8 *to, const u8 *from, u32 len)
{
	while (len--)
		*to++ ^= *from++;
}

static inline void crypto_xor_cpy(u8 *to, const u8 *a, const u8 *b, u32 len)
{
	while (len--)
		*to++ = *a++ ^ *b++;
}

/* Sums that any byte and its place matter to. */
struct hash_sum {
	u64	sum[2];
};

#define POLY1305_BLOCK_SIZE	16
#define POLY1305_DIGEST_SIZE	16
#define NHPOLY1305_KEY_SIZE	(16 + 1072)

struct poly1305_core_key {
	u8	raw;
};

struct poly1305_state {
	struct hash_sum	sum;
};

struct crypto_shash {
	u8	raw;
};

struct shash_desc {
	struct crypto_shash	*tfm;
	struct hash_sum		sum;
};

void poly1305_core_setkey(struct poly1305_core_key *key, const u8 *raw);
void poly1305_core_init(struct poly1305_state *state);
void poly1305_core_blocks(struct poly1305_state *state,
			  const struct poly1305_core_key *key, const u8 *bytes,
			  u32 blocks, u32 hibit);
void poly1305_core_emit(const struct poly1305_state *state, const u32 *nonce,
			u8 *mac);

#define crypto_shash_descsize(tfm)	((void)(tfm), 8)
#define crypto_alloc_shash(name, type, mask)	((struct crypto_shash *)NULL)
#define crypto_free_shash(tfm)	((void)(tfm))
#define PTR_ERR_OR_ZERO(p)	((void)(p), 0)

int crypto_shash_setkey(struct crypto_shash *tfm, const u8 *raw, u32 len);
int crypto_shash_init(struct shash_desc *desc);
int crypto_shash_update(struct shash_desc *desc, const u8 *bytes, u32 len);
int crypto_shash_final(struct shash_desc *desc, u8 *hash);

/* ---- packets ---- */

#define MAX_SKB_FRAGS	17

typedef struct {
	struct page	*page;
	u32		off;
	u32		size;
} skb_frag_t;

struct skb_shared_info {
	u32		nr_frags;
	skb_frag_t	frags[MAX_SKB_FRAGS];
};

struct tcp_skb_cb {
	u32	seq;
	u32	end_seq;
	u8	tcp_flags;
};

struct xfrm_skb_cb {
	struct {
		struct {
			u32	low;
			u32	hi;
		} input;
	} seq;
};

/**
 * struct sk_buff - a received packet
 * @next: in a queue
 * @prev: likewise
 * @sk: socket that is charged for it
 * @head: linear memory, as long as it says
 * @data: first byte
 * @tail: behind the last linear byte
 * @end: of @head
 * @len: bytes
 * @data_len: of these, in fragments
 * @truesize: what it is charged for
 * @network: IP header
 * @cloned: somebody else has @head
 * @pp_recycle: as in the kernel, never set
 * @eor: likewise, never to be merged
 * @ip_summed: what is known of the checksum
 * @csum_start: where a partial one begins, from @head
 * @csum_offset: where it goes, from there
 * @info: fragments
 * @tcp: TCP's room
 * @xfrm: that of xfrm
 * @sender: the test's: what it was made of
 */
struct sk_buff {
	struct sk_buff		*next;
	struct sk_buff		*prev;
	struct sock		*sk;
	u8			*head;
	u8			*data;
	u8			*tail;
	u8			*end;
	u32			len;
	u32			data_len;
	u32			truesize;
	struct iphdr		*network;
	bool			cloned;
	bool			pp_recycle;
	u8			eor;
	u8			ip_summed;
	u32			csum_start;
	u32			csum_offset;
	struct skb_shared_info	info;
	struct tcp_skb_cb	tcp;
	struct xfrm_skb_cb	xfrm;
	void			*sender;
};

/* Begins like a packet. */
struct sk_buff_head {
	struct sk_buff	*next;
	struct sk_buff	*prev;
};

#define CHECKSUM_NONE		0
#define CHECKSUM_PARTIAL	3
#define TCPHDR_FIN		1
#define TCP_SKB_CB(skb)		(&(skb)->tcp)
#define XFRM_SKB_CB(skb)	(&(skb)->xfrm)
#define ip_hdr(skb)		((skb)->network)
#define ipv6_hdr(skb)		((struct ipv6hdr *)(skb)->network)
#define ip_hdrlen(skb)		((u32)sizeof(*(skb)->network))
#define skb_set_transport_header(skb, off)	((void)(skb), (void)(off))
#define skb_reset_transport_header(skb)		((void)(skb))
#define skb_network_header_len(skb)		ip_hdrlen(skb)
#define tcp_v4_check(len, saddr, daddr, sum)				\
	((u16)((len) + (saddr) + (daddr) + (sum)))
#define tcp_v6_check(len, saddr, daddr, sum)				\
	((void)(saddr), (void)(daddr), (u16)((len) + (sum)))
#define skb_shinfo(skb)		((struct skb_shared_info *)&(skb)->info)
#define skb_headlen(skb)	((skb)->len - (skb)->data_len)
#define skb_is_nonlinear(skb)	((skb)->data_len)
#define skb_tailroom(skb)						\
	(skb_is_nonlinear(skb) ? 0 : (u32)((skb)->end - (skb)->tail))
#define skb_tail_pointer(skb)	((skb)->tail)
#define skb_end_offset(skb)	((u32)((skb)->end - (skb)->head))
#define skb_cloned(skb)		((skb)->cloned)
#define skb_has_frag_list(skb)	((void)(skb), false)
#define skb_orphan_frags(skb, gfp)	((void)(skb), 0)
#define SKB_TRUESIZE(n)		((u32)(n) + 512)
#define skb_frag_size(frag)	((frag)->size)
#define skb_frag_off(frag)	((frag)->off)
#define skb_frag_page(frag)	((frag)->page)
#define skb_frag_unref(skb, i)	put_page((skb)->info.frags[i].page)
/* Pages of a fragment lie in a row here. */
#define skb_frag_foreach_page(frag, at, n, p, p_off, p_len, copied)	\
	for (p = skb_frag_page(frag), p_off = (at), p_len = (n),	\
	     copied = 0; copied < (n); copied += p_len)
#define consume_skb(skb)	kfree_skb(skb)

static inline void skb_frag_fill_page_desc(skb_frag_t *frag, struct page *page,
					   u32 off, u32 size)
{
	*frag = (skb_frag_t){ page, off, size };
}

struct skb_seq_state {
	const struct sk_buff	*skb;
	u32			from;
	u32			to;
};

struct sk_buff *alloc_skb(u32 size, gfp_t gfp);
void kfree_skb(struct sk_buff *skb);
void *skb_put(struct sk_buff *skb, u32 len);
void skb_put_data(struct sk_buff *skb, const void *bytes, u32 len);
void __skb_pull(struct sk_buff *skb, u32 len);
bool pskb_may_pull(struct sk_buff *skb, u32 len);
int pskb_trim(struct sk_buff *skb, u32 len);
int pskb_expand_head(struct sk_buff *skb, u32 in_front, u32 behind, gfp_t gfp);
int skb_linearize(struct sk_buff *skb);
int skb_copy_bits(const struct sk_buff *skb, u32 off, void *to, u32 len);
const void *skb_header_pointer(const struct sk_buff *skb, u32 off, u32 len,
			       void *buf);
struct sk_buff *pskb_extract(struct sk_buff *skb, u32 off, u32 len, gfp_t gfp);
void skb_prepare_seq_read(struct sk_buff *skb, u32 from, u32 to,
			  struct skb_seq_state *state);
u32 skb_seq_read(u32 done, const u8 **bytes, struct skb_seq_state *state);

void __skb_queue_after(struct sk_buff_head *list, struct sk_buff *prev,
		       struct sk_buff *skb);
void __skb_unlink(struct sk_buff *skb, struct sk_buff_head *list);
void __skb_queue_purge(struct sk_buff_head *list);
#define skb_queue_is_first(list, skb)	((skb)->prev == (void *)(list))
#define skb_queue_prev(list, skb)	((skb)->prev)
#define skb_queue_reverse_walk(list, skb)				\
	for (skb = (list)->prev; skb != (void *)(list); skb = skb->prev)

/* ---- sockets ---- */

#define SOCK_DONE	0

struct tcp_sock {
	u32	rcv_nxt;
	u64	bytes_received;
	u32	write_seq;
	u32	snd_una;
	struct {
		u32	mss_clamp;
	} rx_opt;
};

struct sock {
	struct tcp_sock		tcp;
	refcount_t		sk_refcnt;
	atomic_t		sk_rmem_alloc;
	int			mem;
	rwlock_t		sk_callback_lock;
	struct sk_buff_head	sk_receive_queue;
	void			(*sk_data_ready)(struct sock *sk);
	void			*sk_user_data;
};

#define tcp_sk(sk)			(&(sk)->tcp)
#define sock_flag(sk, flag)		((void)(sk), false)
#define sk_mem_uncharge(sk, n)		((sk)->mem -= (int)(n))
#define mul_u64_u32_div(a, b, c)	((u32)((u64)(a) * (b) / (c)))

void skb_set_owner_r(struct sk_buff *skb, struct sock *sk);

static inline void sock_put(struct sock *sk)
{
	kernel_assert(sk->sk_refcnt.refs > 1);
	sk->sk_refcnt.refs--;
}

struct sk_buff *tcp_write_queue_tail(struct sock *sk);
struct sk_buff *tcp_rtx_queue_tail(struct sock *sk);

/* ---- xfrm ---- */

struct net {
	u32	refusals;
};

#define XFRM_STATE_ESN	1

struct xfrm_state {
	struct net	*net;
	struct xfrm_props	props;
	struct xfrm_selector	sel;
	struct {
		u32	spi;
	} id;
};

#define xs_net(x)	((x)->net)

void xfrm_input_resume(struct sk_buff *skb, int next);

/* ---- tracing, integers ---- */

#define DECLARE_EVENT_CLASS(...)
#define DEFINE_EVENT(...)
#define TRACE_EVENT(...)
#define trace_asym_opened(spi, seq, len, opaque)			\
	((void)(spi), (void)(seq), (void)(len), (void)(opaque))

#define get_unaligned_be16(p)	((u16)((p)[0] << 8 | (p)[1]))
#define get_unaligned_be32(p)						\
	((u32)get_unaligned_be16(p) << 16 | get_unaligned_be16((p) + 2))
#define get_unaligned_be64(p)						\
	((u64)get_unaligned_be32(p) << 32 | get_unaligned_be32((p) + 4))

static inline void put_unaligned_be32(u32 v, u8 *p)
{
	v = htonl(v);
	memcpy(p, &v, sizeof(v));
}

static inline void put_unaligned_be64(u64 v, u8 *p)
{
	put_unaligned_be32((u32)(v >> 32), p);
	put_unaligned_be32((u32)v, p + 4);
}

static inline void put_unaligned_le64(u64 v, u8 *p)
{
	memcpy(p, &v, sizeof(v));
}

static inline u64 get_unaligned_le64(const u8 *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

#endif /* _RECEIVER_KERNEL_H */
