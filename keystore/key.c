// SPDX-License-Identifier: GPL-2.0
/*
 * Local keys: from a keyring of the caller into ciphers, and out of memory.
 */
#include <crypto/algapi.h>
#include <crypto/internal/cipher.h>
#include <crypto/skcipher.h>
#include <keys/user-type.h>
#include <linux/key.h>
#include <linux/slab.h>

#include "keystore.h"

/* Runs &asym_key.wipe; a queue of our own so that unloading can wait for it. */
static struct workqueue_struct *asym_key_wq;

/**
 * asym_keys_init() - get ready for keys
 *
 * Return: 0 or -ENOMEM
 */
int asym_keys_init(void)
{
	asym_key_wq = alloc_workqueue("asym_keys", WQ_UNBOUND | WQ_MEM_RECLAIM,
				      0);
	return asym_key_wq ? 0 : -ENOMEM;
}

/**
 * asym_keys_wait() - wait until the keys that were killed have been wiped
 *
 * No range may be in flight.
 *
 * Context: process, sleeps
 */
void asym_keys_wait(void)
{
	/* The death of &asym_key.users goes through RCU before the work. */
	rcu_barrier();
	flush_workqueue(asym_key_wq);
}

/**
 * asym_keys_exit() - wait until the last key has been wiped
 *
 * No key may be left in a namespace and no range in flight.
 */
void asym_keys_exit(void)
{
	asym_keys_wait();
	destroy_workqueue(asym_key_wq);
}

static void asym_key_wipe(struct work_struct *work)
{
	struct asym_key *key = container_of(work, struct asym_key, wipe);

	/* Both free the expanded keys with kfree_sensitive(). */
	crypto_free_skcipher(key->xts);
	crypto_free_cipher(key->tweak);
	percpu_ref_exit(&key->users);
	asym_key_put(key);
}

/* The last range has ended.  Softirq: ciphers are freed in process context. */
static void asym_key_unused(struct percpu_ref *users)
{
	struct asym_key *key = container_of(users, struct asym_key, users);

	queue_work(asym_key_wq, &key->wipe);
}

/**
 * asym_key_create() - make a key of its material
 * @name: 1 to ASYM_KEY_NAME_LEN bytes
 * @xts_alg: name of the XTS algorithm in the crypto API
 * @material: both halves of the XTS key, the one for data first
 * @len: bytes of @material
 * @extack: for the reason of an error, or NULL
 *
 * The material is copied into the ciphers only.
 *
 * Context: process, sleeps
 * Return: a key with one reference and one user, both given back by
 * asym_key_kill(); -EINVAL for unfit material, -ENOMEM, or an error of the crypto
 * API
 */
struct asym_key *asym_key_create(const char *name, const char *xts_alg,
				 const u8 *material, unsigned int len,
				 struct netlink_ext_ack *extack)
{
	struct asym_key *key;
	int err;

	if (len != 32 && len != 64) {
		NL_SET_ERR_MSG(extack, "an XTS key has 32 or 64 bytes");
		return ERR_PTR(-EINVAL);
	}
	if (!crypto_memneq(material, material + len / 2, len / 2)) {
		NL_SET_ERR_MSG(extack, "the halves of an XTS key must differ");
		return ERR_PTR(-EINVAL);
	}

	key = kzalloc(sizeof(*key), GFP_KERNEL_ACCOUNT);
	if (!key)
		return ERR_PTR(-ENOMEM);
	strscpy(key->name, name, sizeof(key->name));
	key->bits = len * 8;
	INIT_WORK(&key->wipe, asym_key_wipe);

	key->xts = crypto_alloc_skcipher(xts_alg, 0, 0);
	if (IS_ERR(key->xts)) {
		NL_SET_ERR_MSG(extack, "the kernel has no xts(aes)");
		err = PTR_ERR(key->xts);
		goto err_free;
	}
	key->reqsize = crypto_skcipher_reqsize(key->xts);
	key->tweak = crypto_alloc_cipher("aes", 0, 0);
	if (IS_ERR(key->tweak)) {
		NL_SET_ERR_MSG(extack, "the kernel has no aes");
		err = PTR_ERR(key->tweak);
		goto err_free_xts;
	}
	err = crypto_skcipher_setkey(key->xts, material, len);
	if (!err)
		err = crypto_cipher_setkey(key->tweak, material + len / 2,
					   len / 2);
	if (err) {
		NL_SET_ERR_MSG(extack, "the cipher does not take this key");
		goto err_free_tweak;
	}

	err = percpu_ref_init(&key->users, asym_key_unused, 0, GFP_KERNEL);
	if (err)
		goto err_free_tweak;
	/* One for the caller, one for @users as a whole. */
	refcount_set(&key->refs, 2);
	return key;

err_free_tweak:
	crypto_free_cipher(key->tweak);
err_free_xts:
	crypto_free_skcipher(key->xts);
err_free:
	kfree(key);
	return ERR_PTR(err);
}

/**
 * asym_key_from_keyring() - make a key of one in the caller's keyrings
 * @name: 1 to ASYM_KEY_NAME_LEN bytes
 * @type: "logon" or "user"
 * @description: of the key in the keyrings
 * @extack: for the reason of an error
 *
 * Context: process, of the one who has the keyrings; sleeps
 * Return: as asym_key_create(); errors of the key service
 */
struct asym_key *asym_key_from_keyring(const char *name, const char *type,
				       const char *description,
				       struct netlink_ext_ack *extack)
{
	const struct user_key_payload *payload;
	struct key_type *key_type;
	struct asym_key *key;
	struct key *source;

	if (!strcmp(type, "logon")) {
		key_type = &key_type_logon;
	} else if (!strcmp(type, "user")) {
		key_type = &key_type_user;
	} else {
		NL_SET_ERR_MSG(extack, "keyring type must be logon or user");
		return ERR_PTR(-EINVAL);
	}

	/* Without callout information: nothing is asked of user space. */
	source = request_key(key_type, description, NULL);
	if (IS_ERR(source)) {
		switch (PTR_ERR(source)) {
		case -EKEYREVOKED:
			NL_SET_ERR_MSG(extack, "the key in the keyring was revoked");
			break;
		case -EACCES:
			NL_SET_ERR_MSG(extack, "no permission to use the key in the keyring");
			break;
		default:
			NL_SET_ERR_MSG(extack,
				       "no such key in the caller's keyrings, or it has expired");
			break;
		}
		return ERR_CAST(source);
	}

	down_read(&source->sem);
	payload = user_key_payload_locked(source);
	if (payload) {
		key = asym_key_create(name, "xts(aes)", payload->data,
				      payload->datalen, extack);
	} else {
		NL_SET_ERR_MSG(extack, "the key in the keyring was revoked");
		key = ERR_PTR(-EKEYREVOKED);
	}
	up_read(&source->sem);
	key_put(source);
	return key;
}

/**
 * asym_key_kill() - let no new range use a key and give it back
 * @key: as asym_key_create() returned it
 *
 * The material is gone when the ranges in flight have ended.
 */
void asym_key_kill(struct asym_key *key)
{
	percpu_ref_kill(&key->users);
	asym_key_put(key);
}

/**
 * asym_key_hold() - take a reference to a key
 * @key: a key to which the caller has a reference
 *
 * Return: @key
 */
struct asym_key *asym_key_hold(struct asym_key *key)
{
	refcount_inc(&key->refs);
	return key;
}

/**
 * asym_key_put() - give back a reference to a key
 * @key: key or NULL
 *
 * Context: any
 */
void asym_key_put(struct asym_key *key)
{
	/* No secret is left in it: @wipe had a reference. */
	if (key && refcount_dec_and_test(&key->refs))
		kfree(key);
}

/**
 * asym_key_usable() - can ranges still start?
 * @key: key
 *
 * Context: any
 * Return: false once it has been deleted
 */
bool asym_key_usable(const struct asym_key *key)
{
	return !percpu_ref_is_dying((struct percpu_ref *)&key->users);
}

/**
 * asym_key_find() - find a key by its name
 * @an: namespace, locked
 * @name: name
 *
 * Return: the key without a reference, or NULL
 */
struct asym_key *asym_key_find(struct asym_net *an, const char *name)
{
	struct asym_key *key;

	lockdep_assert_held(&an->lock);
	list_for_each_entry(key, &an->keys, list)
		if (!strcmp(key->name, name))
			return key;
	return NULL;
}

/**
 * asym_key_add() - make a key known in a namespace
 * @an: namespace, locked
 * @key: as asym_key_create() returned it; the namespace takes it over
 * @extack: for the reason of an error
 *
 * Return: 0; -EEXIST or -ENOSPC, then the key is still the caller's
 */
int asym_key_add(struct asym_net *an, struct asym_key *key,
		 struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&an->lock);
	if (asym_key_find(an, key->name)) {
		NL_SET_ERR_MSG(extack, "there is a key of this name already");
		return -EEXIST;
	}
	if (an->n_keys >= ASYM_KEYS_MAX) {
		NL_SET_ERR_MSG(extack, "too many keys in this network namespace");
		return -ENOSPC;
	}
	list_add_tail(&key->list, &an->keys);
	an->n_keys++;
	WRITE_ONCE(an->generation, an->generation + 1);
	return 0;
}

static void asym_key_unlist(struct asym_net *an, struct asym_key *key)
{
	list_del(&key->list);
	an->n_keys--;
	WRITE_ONCE(an->generation, an->generation + 1);
	asym_key_kill(key);
}

/**
 * asym_key_delete() - delete a key
 * @an: namespace, locked
 * @name: name
 * @extack: for the reason of an error
 *
 * Bindings that name the key become unusable, each with an event.
 *
 * Return: 0 or -ENOENT
 */
int asym_key_delete(struct asym_net *an, const char *name,
		    struct netlink_ext_ack *extack)
{
	struct asym_binding *binding;
	struct asym_key *key;

	lockdep_assert_held(&an->lock);
	key = asym_key_find(an, name);
	if (!key) {
		NL_SET_ERR_MSG(extack, "there is no key of this name");
		return -ENOENT;
	}
	asym_key_hold(key);
	asym_key_unlist(an, key);
	list_for_each_entry(binding, &an->bindings, list)
		if (binding->key == key)
			asym_event(binding->net, ASYM_REASON_KEY_MISSING,
				   binding->target,
				   asym_lun_field(binding->lun),
				   "the key of this unit has been deleted");
	asym_key_put(key);
	return 0;
}

/**
 * asym_keys_flush() - delete all keys of a namespace
 * @an: namespace, locked
 */
void asym_keys_flush(struct asym_net *an)
{
	struct asym_key *key, *next;

	lockdep_assert_held(&an->lock);
	list_for_each_entry_safe(key, next, &an->keys, list)
		asym_key_unlist(an, key);
}
