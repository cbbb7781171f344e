/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of the kernel as keystore's sources need, in user space: every kernel
 * header that they include is this one (see the Makefile).  There is one thread;
 * locks only notice what would deadlock, and memory under RCU goes as soon as
 * nobody reads.
 */
#ifndef _KEYSTORE_TESTS_KERNEL_H
#define _KEYSTORE_TESTS_KERNEL_H

#include <ctype.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <strings.h>

#include "kernel_base.h"

typedef unsigned int gfp_t;

#define GFP_ATOMIC		0
#define GFP_KERNEL		0
#define GFP_KERNEL_ACCOUNT	0
#define CRYPTO_MINALIGN_ATTR	__aligned(16)
#define EXPORT_SYMBOL_GPL(symbol)
#define BIT_ULL(n)		(1ull << (n))
#define HZ			250
#define __init
#define __exit
#define __net_init
#define __net_exit
#define __ro_after_init
#define lockdep_is_held(lock)		((lock)->held)
#define lockdep_assert_held(lock)	kernel_assert((lock)->held)
#define WARN_ON_ONCE(condition)						\
	({ bool warned = (condition); kernel_assert(!warned); warned; })
#define kernel_assert(condition)					\
	((condition) ? (void)0 : kernel_die(#condition))
#define IS_ERR(p)	((unsigned long)(p) >= -4095ul)
#define PTR_ERR(p)	((long)(p))
#define ERR_PTR(err)	((void *)(long)(err))
#define ERR_CAST(p)	((void *)(p))

void __attribute__((__noreturn__)) kernel_die(const char *what);

/* ---- the test's hold on it ---- */

/* The bytes of all key material: see keyring.c. */
bool kernel_is_secret(const void *bytes, size_t len);

/**
 * struct kernel - state, and what the test decides
 * @allocated: pieces of memory in use
 * @fail_in: the allocation after so many others fails; negative: none
 * @failed: allocations that have
 * @crypto_error: what the crypto API says to the next key or request for a cipher
 * @jiffies: time
 * @readers: nesting of RCU read sections
 * @logged: events in the log
 * @log_suppressed: events that the log says are not in it
 */
struct kernel {
	u32	allocated;
	int	fail_in;
	u32	failed;
	int	crypto_error;
	u64	jiffies;
	u32	readers;
	u64	logged;
	u64	log_suppressed;
};

extern struct kernel kernel;

void kernel_start(void);
void kernel_run_work(void);

/* ---- locks, counts, bits ---- */

struct mutex {
	bool	held;
};

static inline void mutex_init(struct mutex *lock)
{
	lock->held = false;
}

static inline void mutex_lock(struct mutex *lock)
{
	kernel_assert(!lock->held && !kernel.readers);
	lock->held = true;
}

static inline void mutex_unlock(struct mutex *lock)
{
	kernel_assert(lock->held);
	lock->held = false;
}

typedef struct {
	u32	refs;
} refcount_t;

static inline void refcount_set(refcount_t *r, u32 n)
{
	r->refs = n;
}

static inline void refcount_inc(refcount_t *r)
{
	kernel_assert(r->refs);
	r->refs++;
}

static inline bool refcount_inc_not_zero(refcount_t *r)
{
	return r->refs && r->refs++;
}

static inline bool refcount_dec_and_test(refcount_t *r)
{
	kernel_assert(r->refs);
	return !--r->refs;
}

typedef struct {
	int	counter;
} atomic_t;

#define atomic_inc(a)		((a)->counter++)
#define atomic_add(n, a)	((a)->counter += (int)(n))
#define atomic_xchg(a, n)						\
	({ int atomic_old = (a)->counter; (a)->counter = (n); atomic_old; })
#define cmpxchg(p, old, new)						\
	({ __auto_type cmp_was = *(p);					\
	   *(p) = cmp_was == (old) ? (new) : cmp_was;			\
	   cmp_was; })
/* There is one thread. */
#define smp_load_acquire(p)		READ_ONCE(*(p))
/* Likewise. */
#define smp_store_release(p, value)	WRITE_ONCE(*(p), value)
#define test_bit(n, p)		(*(p) >> (n) & 1)
#define set_bit(n, p)		(*(p) |= 1ul << (n))
#define test_and_set_bit(n, p)						\
	({ bool bit_was = test_bit(n, p); set_bit(n, p); bit_was; })
#define is_power_of_2(n)	((n) && !((n) & ((n) - 1)))

/* ---- memory and RCU ---- */

struct rcu_head { };

void *kzalloc(size_t size, gfp_t gfp);
void kfree(void *p);
void kernel_free_later(void *p);
void rcu_read_lock(void);
void rcu_read_unlock(void);

#define kfree_rcu(p, field)		kernel_free_later(p)
#define rcu_barrier()			kernel_assert(!kernel.readers)
#define struct_size(p, m, n)		(sizeof(*(p)) + sizeof((p)->m[0]) * (n))
#define strscpy(to, from, size)		snprintf(to, size, "%s", from)

/* ---- hash table ---- */

#define hash_add_rcu(table, node, key)	hash_add(table, node, key)
#define hash_del_rcu(node)		hash_del(node)
#define hash_for_each_possible_rcu(table, obj, m, key, protected)	\
	for (kernel_assert((protected) || kernel.readers),		\
	     obj = hash_entry(*hash_slot(table, key), typeof(*obj), m); obj; \
	     obj = hash_entry(obj->m.next, typeof(*obj), m))
#define hash_for_each_rcu(table, bkt, obj, m)				\
	for (bkt = 0, obj = NULL; !obj && bkt < (int)ARRAY_SIZE(table);	\
	     bkt++)							\
		for (obj = hash_entry((table)[bkt], typeof(*obj), m); obj; \
		     obj = hash_entry(obj->m.next, typeof(*obj), m))

#define init_name_hash(salt)		((unsigned long)(salt))
#define partial_name_hash(c, hash)	(((hash) + (c)) * 11)
#define end_name_hash(hash)		((u32)(hash))

/* ---- users that are counted per CPU, work ---- */

#define WQ_UNBOUND	0
#define WQ_MEM_RECLAIM	0

struct workqueue_struct;

struct work_struct {
	void			(*run)(struct work_struct *work);
	struct work_struct	*next;
	bool			queued;
};

#define INIT_WORK(work, fn)	((work)->run = (fn))

struct workqueue_struct *alloc_workqueue(const char *name, int flags, int max);
void queue_work(struct workqueue_struct *wq, struct work_struct *work);
void flush_workqueue(struct workqueue_struct *wq);
void destroy_workqueue(struct workqueue_struct *wq);

/* @memory is what percpu_ref_exit() gives back. */
struct percpu_ref {
	u32	count;
	bool	dying;
	void	(*release)(struct percpu_ref *ref);
	void	*memory;
};

int percpu_ref_init(struct percpu_ref *ref,
		    void (*release)(struct percpu_ref *ref), u32 flags,
		    gfp_t gfp);
void percpu_ref_kill(struct percpu_ref *ref);
void percpu_ref_exit(struct percpu_ref *ref);
bool percpu_ref_tryget_live(struct percpu_ref *ref);
void percpu_ref_put(struct percpu_ref *ref);
#define percpu_ref_is_dying(ref)	((ref)->dying)

/* ---- rate limits and the log ---- */

#define RATELIMIT_MSG_ON_RELEASE	1

struct ratelimit_state {
	u64	interval;
	int	burst;
	int	printed;
	u64	begin;
};

void ratelimit_state_init(struct ratelimit_state *rs, int interval, int burst);
#define ratelimit_set_flags(rs, flags)	((void)(rs))
bool __ratelimit(struct ratelimit_state *rs);
/* keystore's formats only: the compiler does not know %*pE. */
void pr_warn(const char *fmt, ...);

/* ---- ciphers ---- */

struct crypto_skcipher;
struct crypto_cipher;
struct scatterlist {
	u8	byte;
};

struct crypto_skcipher *crypto_alloc_skcipher(const char *name, u32 type,
					      u32 mask);
int crypto_skcipher_setkey(struct crypto_skcipher *tfm, const u8 *key, u32 len);
void crypto_free_skcipher(struct crypto_skcipher *tfm);
u32 crypto_skcipher_reqsize(struct crypto_skcipher *tfm);
struct crypto_cipher *crypto_alloc_cipher(const char *name, u32 type, u32 mask);
int crypto_cipher_setkey(struct crypto_cipher *tfm, const u8 *key, u32 len);
void crypto_free_cipher(struct crypto_cipher *tfm);
#define crypto_memneq(a, b, n)	memcmp(a, b, n)

/* ---- the key service ---- */

struct rw_semaphore {
	u32	readers;
};

struct user_key_payload {
	unsigned short	datalen;
	u8		data[];
};

struct key_type {
	const char	*name;
};

struct key {
	struct rw_semaphore	sem;
	u32			refs;
	struct user_key_payload	*payload;
};

extern struct key_type key_type_logon, key_type_user;

struct key *request_key(struct key_type *type, const char *description,
			const char *callout_info);
void key_put(struct key *key);
const struct user_key_payload *user_key_payload_locked(const struct key *key);

static inline void down_read(struct rw_semaphore *sem)
{
	sem->readers++;
}

static inline void up_read(struct rw_semaphore *sem)
{
	kernel_assert(sem->readers);
	sem->readers--;
}

/* ---- namespaces and modules ---- */

struct net {
	void	*generic;
};

struct pernet_operations {
	int		(*init)(struct net *net);
	void		(*pre_exit)(struct net *net);
	unsigned int	*id;
	size_t		size;
};

#define net_generic(net, id)	((void)(id), (net)->generic)

int register_pernet_subsys(struct pernet_operations *ops);
void unregister_pernet_subsys(struct pernet_operations *ops);
/* For a namespace that comes and goes while keystore is there. */
void kernel_net_start(struct net *net);
void kernel_net_end(struct net *net);

#define THIS_MODULE	NULL
#define module_init(fn)	int (*const kernel_module_init)(void) = (fn)
#define module_exit(fn)	void (*const kernel_module_exit)(void) = (fn)
#define MODULE_DESCRIPTION(text)	struct module
#define MODULE_LICENSE(text)	struct module
#define MODULE_ALIAS_GENL_FAMILY(text)	struct module
#define MODULE_IMPORT_NS(name)	struct module

extern int (*const kernel_module_init)(void);
extern void (*const kernel_module_exit)(void);

#include "genl.h"

#endif /* _KEYSTORE_TESTS_KERNEL_H */
