/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included in front of every source of the modules under test: what they ask
 * the kernel for may fail; see asymfail.c.
 */
#ifndef _ASYMFAIL_H
#define _ASYMFAIL_H

#include <crypto/hash.h>
#include <crypto/internal/aead.h>
#include <crypto/internal/cipher.h>
#include <crypto/skcipher.h>
#include <linux/gfp.h>
#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <linux/percpu-refcount.h>
#include <linux/proc_fs.h>
#include <linux/rhashtable.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/xfrm.h>

bool asym_fail(const char *file, int line);

#define asym_or(failure, ...)	\
	(asym_fail(__FILE__, __LINE__) ? (failure) : (__VA_ARGS__))

/* Some of these names are macros: keep what they stand for. */
static inline void *asym_real_kmalloc(size_t n, gfp_t gfp)
{
	return kmalloc(n, gfp);
}

static inline void *asym_real_kzalloc(size_t n, gfp_t gfp)
{
	return kzalloc(n, gfp);
}

static inline void *asym_real_kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc_array(n, size, gfp);
}

static inline void *asym_real_kmem_cache_zalloc(struct kmem_cache *cache,
						gfp_t gfp)
{
	return kmem_cache_zalloc(cache, gfp);
}

static inline struct page *asym_real_alloc_pages(gfp_t gfp, unsigned int order)
{
	return alloc_pages(gfp, order);
}

static inline void *asym_real_netdev_alloc_frag(unsigned int n)
{
	return netdev_alloc_frag(n);
}

static inline int asym_real_rhashtable_init(struct rhashtable *table,
					    const struct rhashtable_params *p)
{
	return rhashtable_init(table, p);
}

#undef kmalloc
#undef kzalloc
#undef kmalloc_array
#undef kmem_cache_zalloc
#undef alloc_pages
#undef netdev_alloc_frag
#undef alloc_percpu
#undef rhashtable_init
#undef KMEM_CACHE

#define kmalloc(...)		asym_or(NULL, asym_real_kmalloc(__VA_ARGS__))
#define kzalloc(...)		asym_or(NULL, asym_real_kzalloc(__VA_ARGS__))
#define kmalloc_array(...)	asym_or(NULL, \
					asym_real_kmalloc_array(__VA_ARGS__))
#define kmem_cache_zalloc(...)	asym_or(NULL, \
					asym_real_kmem_cache_zalloc(__VA_ARGS__))
#define alloc_pages(...)	asym_or(NULL, asym_real_alloc_pages(__VA_ARGS__))
#define netdev_alloc_frag(...)	asym_or(NULL, \
					asym_real_netdev_alloc_frag(__VA_ARGS__))
#define alloc_percpu(type)	asym_or(NULL, (typeof(type) __percpu *) \
		__alloc_percpu(sizeof(type), __alignof__(type)))
#define KMEM_CACHE(type, flags)	asym_or(NULL, kmem_cache_create(#type, \
		sizeof(struct type), __alignof__(struct type), flags, NULL))

/* Memory that is kept for the next packet is none that has to be asked for. */
#undef this_cpu_xchg
#define this_cpu_xchg(kept, value)	((void)sizeof(kept), (value))

/* Functions: in parentheses they are not taken for the macro. */
#define alloc_workqueue(...)	asym_or(NULL, (alloc_workqueue)(__VA_ARGS__))
#define genlmsg_new(...)	asym_or(NULL, (genlmsg_new)(__VA_ARGS__))
#define pskb_may_pull(...)	asym_or(false, (pskb_may_pull)(__VA_ARGS__))

#define pskb_expand_head(...)	asym_or(-ENOMEM, \
					(pskb_expand_head)(__VA_ARGS__))
#define pskb_trim(...)		asym_or(-ENOMEM, (pskb_trim)(__VA_ARGS__))
#define skb_linearize(...)	asym_or(-ENOMEM, (skb_linearize)(__VA_ARGS__))
#define __skb_linearize(...)	asym_or(-ENOMEM, (__skb_linearize)(__VA_ARGS__))
#define skb_orphan_frags(...)	asym_or(-ENOMEM, (skb_orphan_frags)(__VA_ARGS__))
#define percpu_ref_init(...)	asym_or(-ENOMEM, (percpu_ref_init)(__VA_ARGS__))
#define rhashtable_init(...)	asym_or(-ENOMEM, \
					asym_real_rhashtable_init(__VA_ARGS__))
#define rhashtable_lookup_insert_key(...) asym_or(-ENOMEM, \
				(rhashtable_lookup_insert_key)(__VA_ARGS__))
#define register_pernet_subsys(...) asym_or(-ENOMEM, \
				(register_pernet_subsys)(__VA_ARGS__))
#define nf_register_net_hook(...) asym_or(-ENOMEM, \
				(nf_register_net_hook)(__VA_ARGS__))
#define genl_register_family(...) asym_or(-ENOMEM, \
				(genl_register_family)(__VA_ARGS__))
#define crypto_register_aead(...) asym_or(-ENOMEM, \
				(crypto_register_aead)(__VA_ARGS__))
#define crypto_skcipher_setkey(...) asym_or(-ENOMEM, \
				(crypto_skcipher_setkey)(__VA_ARGS__))
#define crypto_skcipher_encrypt(...) asym_or(-ENOMEM, \
				(crypto_skcipher_encrypt)(__VA_ARGS__))
#define crypto_skcipher_decrypt(...) asym_or(-ENOMEM, \
				(crypto_skcipher_decrypt)(__VA_ARGS__))
#define crypto_shash_setkey(...) asym_or(-ENOMEM, \
				(crypto_shash_setkey)(__VA_ARGS__))

#define crypto_alloc_shash(...)	asym_or(ERR_PTR(-ENOMEM), \
					(crypto_alloc_shash)(__VA_ARGS__))
#define crypto_alloc_skcipher(...) asym_or(ERR_PTR(-ENOMEM), \
					(crypto_alloc_skcipher)(__VA_ARGS__))
#define crypto_alloc_aead(...)	asym_or(ERR_PTR(-ENOMEM), \
					(crypto_alloc_aead)(__VA_ARGS__))
#define crypto_alloc_cipher(...) asym_or(ERR_PTR(-ENOMEM), \
					(crypto_alloc_cipher)(__VA_ARGS__))

#endif /* _ASYMFAIL_H */
