// SPDX-License-Identifier: GPL-2.0
#include "asker.h"
#include "dump.h"
#include "space.h"
#include "told.h"

struct space spaces[SPACES];

struct space *space_of(struct net *net)
{
	return container_of(net, struct space, net);
}

static bool is_listed(const struct asym_net *an,
		      const struct asym_binding *binding)
{
	const struct asym_binding *other;

	list_for_each_entry(other, &an->bindings, list)
		if (other == binding)
			return true;
	return false;
}

/* References of bindings that are not listed any more, each binding once. */
static u32 count_unlisted(const struct asym_net *an, const struct asym_key *key)
{
	u32 n = 0, i, j;

	for (i = 0; i < ASKER_HELD; i++) {
		if (!held[i].binding || held[i].binding->key != key ||
		    is_listed(an, held[i].binding))
			continue;
		for (j = 0; j < i; j++)
			if (held[j].binding == held[i].binding)
				break;
		n += i == j;
	}
	return n;
}

static void check_key(struct asym_net *an, const struct asym_key *key)
{
	const struct asym_binding *binding;
	const struct asym_key *other;
	u32 bindings = 0, ranges = 0, i;

	kernel_assert(asym_word_valid(key->name));
	kernel_assert(strlen(key->name) <= ASYM_KEY_NAME_LEN);
	kernel_assert(key->bits == 256 || key->bits == 512);
	kernel_assert(asym_key_usable(key));
	list_for_each_entry(other, &an->keys, list)
		kernel_assert(other == key || strcmp(other->name, key->name));
	list_for_each_entry(binding, &an->bindings, list)
		bindings += binding->key == key;
	for (i = 0; i < ASKER_HELD; i++)
		ranges += held[i].range && held[i].binding->key == key;
	kernel_assert(key->n_bindings == bindings);
	kernel_assert(key->refs.refs == 2 + bindings + count_unlisted(an, key));
	kernel_assert(key->users.count == 1 + ranges);
}

static void check_binding(struct asym_net *an,
			  const struct asym_binding *binding)
{
	u32 size = binding->block_size, refs = 1, i;

	kernel_assert(asym_word_valid(binding->target));
	kernel_assert(strlen(binding->target) <= ASYM_TARGET_LEN);
	for (i = 0; binding->target[i]; i++)
		kernel_assert(binding->target[i] == tolower(binding->target[i]));
	kernel_assert(binding->lun <= ASYM_LUN_MAX);
	kernel_assert(asym_lun_number(asym_lun_field(binding->lun)) ==
		      (int)binding->lun);
	kernel_assert(!size || (is_power_of_2(size) && size >= 512 &&
				size <= 4096));
	kernel_assert(!binding->block_size_pinned || size);
	size = binding->sector_size;
	if (binding->key)
		kernel_assert(is_power_of_2(size) && size >= 512 &&
			      size <= 4096 &&
			      !(binding->iv_offset % (size / 512)));
	else
		kernel_assert(!size && !binding->iv_offset &&
			      !binding->iv_large_sectors);
	for (i = 0; i < ASKER_HELD; i++)
		refs += held[i].binding == binding;
	kernel_assert(binding->refs.refs == refs);
	/* The only one of its name, and found by it. */
	mutex_lock(&an->lock);
	kernel_assert(asym_binding_find(an, binding->target, binding->lun) ==
		      binding);
	mutex_unlock(&an->lock);
}

static void check_space(struct space *space)
{
	struct asym_net *an = asym_net(&space->net);
	const struct asym_binding *binding;
	const struct asym_key *key;
	u32 n = 0;

	kernel_assert(!an->lock.held && !kernel.readers);
	list_for_each_entry(key, &an->keys, list) {
		check_key(an, key);
		n++;
	}
	kernel_assert(n == an->n_keys);
	n = 0;
	list_for_each_entry(binding, &an->bindings, list) {
		check_binding(an, binding);
		n++;
	}
	kernel_assert(n == an->n_bindings);
}

void spaces_check(void)
{
	u32 i;

	for (i = 0; i < SPACES; i++)
		if (spaces[i].alive)
			check_space(&spaces[i]);
}

void space_start(struct space *space, bool listens)
{
	*space = (struct space){ .alive = true, .listens = listens };
	kernel_net_start(&space->net);
}

/* Events that a namespace has not told yet. */
static void settle_events(struct space *space)
{
	struct asym_net *an = asym_net(&space->net);
	u32 i;

	for (i = 0; i < __ASYM_REASON_MAX; i++) {
		told.events += (u32)an->limits[i].unsent.counter;
		kernel.log_suppressed += (u32)an->limits[i].unlogged.counter;
	}
}

void space_end(struct space *space)
{
	dump_finish(space);
	settle_events(space);
	kernel_net_end(&space->net);
	space->alive = false;
	asker_outlives(&space->net);
}
