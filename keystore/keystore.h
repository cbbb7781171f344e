/* SPDX-License-Identifier: GPL-2.0 */
/*
 * keystore: what its files know of each other.
 */
#ifndef _KEYSTORE_H
#define _KEYSTORE_H

#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu-refcount.h>
#include <linux/ratelimit.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <asym/keystore.h>

/**
 * DOC: Locking and lifetimes
 *
 * &asym_net.lock (a mutex, process context) serialises every change to the keys
 * and bindings of a network namespace and every dump of them.  It is the only
 * lock and nothing is taken inside it but what the crypto API, the key service
 * and netlink take by themselves.  The data path never takes it: bindings are
 * found under RCU and held by reference count.
 *
 * A key has two counts.  &asym_key.refs keeps the memory: the namespace's list,
 * each binding and the count below have one each.  &asym_key.users keeps the
 * ciphers and with them the key material: the key's being listed and every range
 * in flight have one each.  Deleting a key kills &asym_key.users: no range can
 * start any more, and when the last one has ended a work item frees the ciphers,
 * which wipes the material, however many bindings still name the key.
 *
 * Whether a binding may be used is decided by bits that are only ever set
 * (&asym_binding.state) and by the death of &asym_key.users, which is final too.
 */

struct crypto_cipher;
struct crypto_skcipher;

/* Limits per network namespace, far above any use, so that memory is bounded. */
#define ASYM_KEYS_MAX		1024
#define ASYM_BINDINGS_MAX	16384
#define ASYM_BINDING_HASH_BITS	8

/* dm-crypt's name for what range.c does */
#define ASYM_CIPHER_NAME	"aes-xts-plain64"

/**
 * struct asym_event_limit - how often a reason may be reported
 * @netlink: to listeners
 * @log: to the kernel log
 * @unsent: events not sent to listeners since the last one that was
 * @unlogged: events not logged since the last one that was
 */
struct asym_event_limit {
	struct ratelimit_state	netlink;
	struct ratelimit_state	log;
	atomic_t		unsent;
	atomic_t		unlogged;
};

/**
 * struct asym_net - what a network namespace has
 * @lock: serialises changes and dumps
 * @keys: by &asym_key.list, in the order of creation.  Locking: @lock
 * @n_keys: length of @keys.  Locking: @lock
 * @bindings: by &asym_binding.list, in the order of creation.  Locking: @lock
 * @n_bindings: length of @bindings.  Locking: @lock
 * @n_sealed: of these, bindings to a key.  Locking: @lock to change
 * @generation: counts changes, so that a dump can tell, and whoever has asked
 *	about a target.  Locking: @lock to change
 * @hash: bindings by target and LUN.  Locking: @lock to change, RCU to read
 * @limits: of events, by reason
 */
struct asym_net {
	struct mutex		lock;	/* see above */
	struct list_head	keys;
	unsigned int		n_keys;
	struct list_head	bindings;
	unsigned int		n_bindings;
	unsigned int		n_sealed;
	unsigned int		generation;
	DECLARE_HASHTABLE(hash, ASYM_BINDING_HASH_BITS);
	struct asym_event_limit	limits[__ASYM_REASON_MAX];
};

/**
 * struct asym_key - a local key
 * @name: in the namespace; kept after the deletion for those who look at bindings
 * @bits: both XTS halves together
 * @reqsize: bytes of a request to @xts, valid as long as the key
 * @xts: xts(aes) with both halves.  Locking: &users
 * @tweak: aes with the second half, to start inside a sector.  Locking: &users
 * @users: see "Locking and lifetimes"
 * @refs: see "Locking and lifetimes"
 * @list: in &asym_net.keys.  Locking: &asym_net.lock
 * @n_bindings: bindings that name it.  Locking: &asym_net.lock
 * @wipe: frees the ciphers
 */
struct asym_key {
	char			name[ASYM_KEY_NAME_LEN + 1];
	u32			bits;
	unsigned int		reqsize;
	struct crypto_skcipher	*xts;
	struct crypto_cipher	*tweak;
	struct percpu_ref	users;
	refcount_t		refs;
	struct list_head	list;
	unsigned int		n_bindings;
	struct work_struct	wipe;
};

/* Bits of &asym_binding.state; never cleared. */
enum {
	ASYM_BINDING_DELETED,
	ASYM_BINDING_SIZE_CONFLICT,
};

/**
 * struct asym_binding - a logical unit and how its data is protected
 * @refs: the namespace's table and everybody who got it
 * @state: bits, see above; set with set_bit()
 * @net: namespace; alive until @state says deleted
 * @key: NULL when plain; holds &asym_key.refs
 * @lun: 0 to ASYM_LUN_MAX
 * @sector_size: of XTS, bytes; 0 when plain
 * @iv_offset: in 512-byte units
 * @iv_large_sectors: the tweak counts XTS sectors
 * @block_size_pinned: @block_size was given with the binding
 * @block_size: bytes, 0 while not known; changes once
 * @list: in &asym_net.bindings.  Locking: &asym_net.lock
 * @hash: in &asym_net.hash
 * @rcu: to be freed
 * @target: zero terminated, in lower case
 */
struct asym_binding {
	refcount_t		refs;
	unsigned long		state;
	struct net		*net;
	struct asym_key		*key;
	u32			lun;
	u32			sector_size;
	u64			iv_offset;
	bool			iv_large_sectors;
	bool			block_size_pinned;
	u32			block_size;
	struct list_head	list;
	struct hlist_node	hash;
	struct rcu_head		rcu;
	char			target[];
};

/**
 * struct asym_binding_spec - a binding as asked for
 * @target: zero terminated
 * @key: name, NULL for plain
 * @lun: 0 to ASYM_LUN_MAX
 * @sector_size: of XTS, bytes
 * @block_size: to be pinned, 0 to learn it
 * @iv_offset: in 512-byte units
 * @iv_large_sectors: the tweak counts XTS sectors
 */
struct asym_binding_spec {
	const char	*target;
	const char	*key;
	u32		lun;
	u32		sector_size;
	u32		block_size;
	u64		iv_offset;
	bool		iv_large_sectors;
};

/* main.c */
struct asym_net *asym_net(const struct net *net);

/* key.c */
int asym_keys_init(void);
void asym_keys_wait(void);
void asym_keys_exit(void);
struct asym_key *asym_key_create(const char *name, const char *xts_alg,
				 const u8 *material, unsigned int len,
				 struct netlink_ext_ack *extack);
struct asym_key *asym_key_from_keyring(const char *name, const char *type,
				       const char *description,
				       struct netlink_ext_ack *extack);
void asym_key_kill(struct asym_key *key);
struct asym_key *asym_key_hold(struct asym_key *key);
void asym_key_put(struct asym_key *key);
bool asym_key_usable(const struct asym_key *key);
int asym_key_add(struct asym_net *an, struct asym_key *key,
		 struct netlink_ext_ack *extack);
struct asym_key *asym_key_find(struct asym_net *an, const char *name);
int asym_key_delete(struct asym_net *an, const char *name,
		    struct netlink_ext_ack *extack);
void asym_keys_flush(struct asym_net *an);

/* binding.c */
int asym_binding_add(struct net *net, const struct asym_binding_spec *spec,
		     struct netlink_ext_ack *extack);
struct asym_binding *asym_binding_find(struct asym_net *an, const char *target,
				       u32 lun);
int asym_binding_delete(struct asym_net *an, const char *target, u32 lun,
			struct netlink_ext_ack *extack);
enum asym_state asym_binding_state(const struct asym_binding *binding);
void asym_bindings_flush(struct asym_net *an);
int asym_lun_number(u64 field);
u64 asym_lun_field(u32 lun);

/* range.c */
#ifdef DEBUG
bool asym_range_selftest(void);
#else
static inline bool asym_range_selftest(void)
{
	return true;
}
#endif

/* event.c */
void asym_events_init(struct asym_net *an);

/* netlink.c */
extern struct genl_family asym_nl_family;
bool asym_word_valid(const char *word);

#endif /* _KEYSTORE_H */
