// SPDX-License-Identifier: GPL-2.0
/*
 * Bindings: which logical unit is protected by which key, and how.
 */
#include <linux/ctype.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/stringhash.h>

#include "keystore.h"

/*
 * A LUN of one level (SAM-5 4.7.7): the addressing method, of which 0 is
 * peripheral and 1 flat space, and the number.
 */
#define ASYM_LUN_METHOD_SHIFT	62
#define ASYM_LUN_NUMBER_SHIFT	48
#define ASYM_LUN_FLAT		1

/**
 * asym_lun_field() - the LUN field for a number
 * @lun: 0 to ASYM_LUN_MAX
 *
 * Return: the eight bytes as one big-endian number: a peripheral address below
 * 256, a flat space address from there on
 */
u64 asym_lun_field(u32 lun)
{
	u64 field = (u64)lun << ASYM_LUN_NUMBER_SHIFT;

	if (lun >= 256)
		field |= (u64)ASYM_LUN_FLAT << ASYM_LUN_METHOD_SHIFT;
	return field;
}

/**
 * asym_lun_number() - the number in a LUN field
 * @field: the eight bytes as one big-endian number
 *
 * The bus identifier of a peripheral address is taken for bits of the number,
 * because LIO and the Linux initiator write LUNs above 255 that way.
 *
 * Return: 0 to ASYM_LUN_MAX; -1 for more levels and other addressing methods
 */
int asym_lun_number(u64 field)
{
	if (field >> ASYM_LUN_METHOD_SHIFT > ASYM_LUN_FLAT ||
	    field & (BIT_ULL(ASYM_LUN_NUMBER_SHIFT) - 1))
		return -1;
	return field >> ASYM_LUN_NUMBER_SHIFT & ASYM_LUN_MAX;
}

static u32 asym_binding_hash(const char *target, u32 lun)
{
	unsigned long hash = init_name_hash(lun);

	while (*target)
		hash = partial_name_hash(tolower(*target++), hash);
	return end_name_hash(hash);
}

/**
 * asym_binding_find() - find a binding by its number
 * @an: namespace
 * @target: target name, upper or lower case
 * @lun: 0 to ASYM_LUN_MAX
 *
 * Context: namespace locked, or an RCU read section
 * Return: the binding without a reference, or NULL
 */
struct asym_binding *asym_binding_find(struct asym_net *an, const char *target,
				       u32 lun)
{
	struct asym_binding *binding;

	hash_for_each_possible_rcu(an->hash, binding, hash,
				   asym_binding_hash(target, lun),
				   lockdep_is_held(&an->lock))
		if (binding->lun == lun && !strcasecmp(binding->target, target))
			return binding;
	return NULL;
}

struct asym_binding *asym_binding_get(struct net *net, const char *target,
				      u64 lun)
{
	struct asym_binding *binding;
	int number;

	number = asym_lun_number(lun);
	if (number < 0)
		return NULL;
	rcu_read_lock();
	binding = asym_binding_find(asym_net(net), target, number);
	if (binding && !refcount_inc_not_zero(&binding->refs))
		binding = NULL;
	rcu_read_unlock();
	return binding;
}
EXPORT_SYMBOL_GPL(asym_binding_get);

bool asym_target_is_sealed(struct net *net, const char *target)
{
	struct asym_net *an = asym_net(net);
	struct asym_binding *binding;
	bool sealed = false;
	int bucket;

	if (!target)
		return READ_ONCE(an->n_sealed);
	rcu_read_lock();
	hash_for_each_rcu(an->hash, bucket, binding, hash) {
		if (binding->key && !strcasecmp(binding->target, target)) {
			sealed = true;
			break;
		}
	}
	rcu_read_unlock();
	return sealed;
}
EXPORT_SYMBOL_GPL(asym_target_is_sealed);

unsigned int asym_bindings_generation(struct net *net)
{
	/* Pairs with asym_binding_add(). */
	return smp_load_acquire(&asym_net(net)->generation);
}
EXPORT_SYMBOL_GPL(asym_bindings_generation);

struct asym_binding *asym_binding_hold(struct asym_binding *binding)
{
	refcount_inc(&binding->refs);
	return binding;
}
EXPORT_SYMBOL_GPL(asym_binding_hold);

void asym_binding_put(struct asym_binding *binding)
{
	if (!binding || !refcount_dec_and_test(&binding->refs))
		return;
	asym_key_put(binding->key);
	kfree_rcu(binding, rcu);
}
EXPORT_SYMBOL_GPL(asym_binding_put);

bool asym_binding_is_plain(const struct asym_binding *binding)
{
	return !binding->key;
}
EXPORT_SYMBOL_GPL(asym_binding_is_plain);

/**
 * asym_binding_state() - why a binding is usable or not
 * @binding: binding
 *
 * Context: any
 * Return: a missing key comes before any other state
 */
enum asym_state asym_binding_state(const struct asym_binding *binding)
{
	if (binding->key && !asym_key_usable(binding->key))
		return ASYM_STATE_NO_KEY;
	if (test_bit(ASYM_BINDING_SIZE_CONFLICT, &binding->state))
		return ASYM_STATE_BLOCK_SIZE_CONFLICT;
	return ASYM_STATE_USABLE;
}

bool asym_binding_usable(const struct asym_binding *binding)
{
	return !READ_ONCE(binding->state) &&
	       (!binding->key || asym_key_usable(binding->key));
}
EXPORT_SYMBOL_GPL(asym_binding_usable);

u32 asym_binding_block_size(const struct asym_binding *binding)
{
	return READ_ONCE(binding->block_size);
}
EXPORT_SYMBOL_GPL(asym_binding_block_size);

static bool asym_block_size_valid(u32 bytes)
{
	return is_power_of_2(bytes) && bytes >= ASYM_BLOCK_SIZE_MIN &&
	       bytes <= ASYM_BLOCK_SIZE_MAX;
}

int asym_binding_learn_block_size(struct asym_binding *binding, u32 bytes)
{
	int err = 0;
	u32 known;

	/* Keeps the namespace until a deletion that is not seen is through. */
	rcu_read_lock();
	if (!asym_binding_usable(binding)) {
		err = -ESTALE;
		goto out;
	}
	if (!asym_block_size_valid(bytes)) {
		asym_event(binding->net, ASYM_REASON_BLOCK_SIZE_UNKNOWN,
			   binding->target, asym_lun_field(binding->lun),
			   "the unit reports a block size that is not 512, 1024, 2048 or 4096");
		err = -EINVAL;
		goto out;
	}

	known = cmpxchg(&binding->block_size, 0, bytes);
	if (!known || known == bytes)
		goto out;
	err = -ESTALE;
	if (!test_and_set_bit(ASYM_BINDING_SIZE_CONFLICT, &binding->state))
		asym_event(binding->net, ASYM_REASON_BLOCK_SIZE_CHANGED,
			   binding->target, asym_lun_field(binding->lun),
			   "the unit reports another block size than before; bind it anew");
out:
	rcu_read_unlock();
	return err;
}
EXPORT_SYMBOL_GPL(asym_binding_learn_block_size);

static int asym_binding_check(struct asym_net *an,
			      const struct asym_binding_spec *spec,
			      struct netlink_ext_ack *extack)
{
	if (!asym_word_valid(spec->target)) {
		NL_SET_ERR_MSG(extack, "a target name has printable ASCII characters only");
		return -EINVAL;
	}
	if (!asym_block_size_valid(spec->sector_size)) {
		NL_SET_ERR_MSG(extack, "sector size must be 512, 1024, 2048 or 4096");
		return -EINVAL;
	}
	if (spec->block_size && !asym_block_size_valid(spec->block_size)) {
		NL_SET_ERR_MSG(extack, "block size must be 512, 1024, 2048 or 4096");
		return -EINVAL;
	}
	/* dm-crypt refuses it too, so such a disk could not exist elsewhere. */
	if (spec->iv_offset & ((spec->sector_size >> 9) - 1)) {
		NL_SET_ERR_MSG(extack, "IV offset * 512 must be a multiple of the sector size");
		return -EINVAL;
	}
	if (asym_binding_find(an, spec->target, spec->lun)) {
		NL_SET_ERR_MSG(extack, "this unit is bound already");
		return -EEXIST;
	}
	if (an->n_bindings >= ASYM_BINDINGS_MAX) {
		NL_SET_ERR_MSG(extack, "too many bindings in this network namespace");
		return -ENOSPC;
	}
	return 0;
}

/**
 * asym_binding_add() - bind a unit
 * @net: namespace, locked
 * @spec: what is wanted
 * @extack: for the reason of an error
 *
 * Return: 0, -EINVAL, -EEXIST, -ENOENT, -ENOSPC, -ENOMEM
 */
int asym_binding_add(struct net *net, const struct asym_binding_spec *spec,
		     struct netlink_ext_ack *extack)
{
	struct asym_net *an = asym_net(net);
	struct asym_binding *binding;
	struct asym_key *key = NULL;
	size_t len, i;
	int err;

	lockdep_assert_held(&an->lock);
	err = asym_binding_check(an, spec, extack);
	if (err)
		return err;
	if (spec->key) {
		key = asym_key_find(an, spec->key);
		if (!key) {
			NL_SET_ERR_MSG(extack, "there is no key of this name");
			return -ENOENT;
		}
	}

	len = strlen(spec->target);
	binding = kzalloc(struct_size(binding, target, len + 1),
			  GFP_KERNEL_ACCOUNT);
	if (!binding)
		return -ENOMEM;
	refcount_set(&binding->refs, 1);
	binding->net = net;
	if (key) {
		binding->key = asym_key_hold(key);
		binding->sector_size = spec->sector_size;
		binding->iv_offset = spec->iv_offset;
		binding->iv_large_sectors = spec->iv_large_sectors;
		key->n_bindings++;
	}
	binding->lun = spec->lun;
	binding->block_size = spec->block_size;
	binding->block_size_pinned = spec->block_size;
	for (i = 0; i < len; i++)
		binding->target[i] = tolower(spec->target[i]);

	list_add_tail(&binding->list, &an->bindings);
	an->n_bindings++;
	if (key)
		WRITE_ONCE(an->n_sealed, an->n_sealed + 1);
	hash_add_rcu(an->hash, &binding->hash,
		     asym_binding_hash(binding->target, binding->lun));
	/* Whoever sees the new number finds the binding. */
	smp_store_release(&an->generation, an->generation + 1);
	return 0;
}

static void asym_binding_unlist(struct asym_net *an,
				struct asym_binding *binding)
{
	set_bit(ASYM_BINDING_DELETED, &binding->state);
	hash_del_rcu(&binding->hash);
	list_del(&binding->list);
	an->n_bindings--;
	WRITE_ONCE(an->generation, an->generation + 1);
	if (binding->key) {
		WRITE_ONCE(an->n_sealed, an->n_sealed - 1);
		binding->key->n_bindings--;
	}
	asym_binding_put(binding);
}

/**
 * asym_binding_delete() - delete a binding
 * @an: namespace, locked
 * @target: target name, upper or lower case
 * @lun: 0 to ASYM_LUN_MAX
 * @extack: for the reason of an error
 *
 * Those who hold it see that it is no longer usable.
 *
 * Return: 0 or -ENOENT
 */
int asym_binding_delete(struct asym_net *an, const char *target, u32 lun,
			struct netlink_ext_ack *extack)
{
	struct asym_binding *binding;

	lockdep_assert_held(&an->lock);
	binding = asym_binding_find(an, target, lun);
	if (!binding) {
		NL_SET_ERR_MSG(extack, "this unit is not bound");
		return -ENOENT;
	}
	asym_binding_unlist(an, binding);
	return 0;
}

/**
 * asym_bindings_flush() - delete all bindings of a namespace
 * @an: namespace, locked
 */
void asym_bindings_flush(struct asym_net *an)
{
	struct asym_binding *binding, *next;

	lockdep_assert_held(&an->lock);
	list_for_each_entry_safe(binding, next, &an->bindings, list)
		asym_binding_unlist(an, binding);
}
