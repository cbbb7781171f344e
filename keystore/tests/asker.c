// SPDX-License-Identifier: GPL-2.0
#include "asker.h"
#include "choice.h"
#include "requests.h"
#include "value.h"

struct held held[ASKER_HELD];

static void range_end(struct held *h)
{
	struct asym_key *key = h->binding->key;

	happened[HAPPENED_RANGE_OUTLIVES_KEY] += percpu_ref_is_dying(&key->users);
	/* The ciphers are there as long as the range. */
	kernel_assert(kernel_is_secret(key->xts, 32));
	kernel_assert(kernel_is_secret(key->tweak, 16));
	h->range = false;
	percpu_ref_put(&key->users);
}

void asker_hold(struct space *space)
{
	struct held *h = &held[take(ASKER_HELD)];
	const char *target = take_target();
	u64 field = take_lun_field();
	struct asym_binding *binding;
	int number = asym_lun_number(field);

	binding = asym_binding_get(&space->net, target, field);
	if (!binding)
		return;
	kernel_assert((int)binding->lun == number);
	kernel_assert(!strcasecmp(binding->target, target));
	if (h->range)
		range_end(h);
	asym_binding_put(h->binding);
	*h = (struct held){ .binding = binding };
}

void asker_drop(struct held *h)
{
	if (h->range)
		range_end(h);
	asym_binding_put(h->binding);
	h->binding = NULL;
}

void asker_use(struct held *h)
{
	bool usable = asym_binding_usable(h->binding);

	if (h->range)
		range_end(h);
	else if (h->binding->key)
		h->range = percpu_ref_tryget_live(&h->binding->key->users);
	kernel_assert(!usable || !h->binding->key || h->range ||
		      asym_binding_usable(h->binding));
}

void asker_learn(struct held *h)
{
	struct asym_binding *binding = h->binding;
	u32 old = binding->block_size, size = take_size();
	bool usable = asym_binding_usable(binding);
	bool valid = is_power_of_2(size) && size >= 512 && size <= 4096;
	int err = asym_binding_learn_block_size(binding, size);

	if (!usable) {
		kernel_assert(err == -ESTALE && binding->block_size == old);
	} else if (!valid) {
		kernel_assert(err == -EINVAL && binding->block_size == old);
	} else if (!old || old == size) {
		kernel_assert(!err && binding->block_size == size);
		happened[HAPPENED_SIZE_LEARNED]++;
	} else {
		kernel_assert(err == -ESTALE && binding->block_size == old &&
			      !asym_binding_usable(binding));
		happened[HAPPENED_SIZE_CONFLICT]++;
	}
}

void asker_ask_sealed(struct space *space)
{
	const char *target = take(4) ? take_target() : NULL;
	const struct asym_binding *binding;
	bool sealed = false;

	list_for_each_entry(binding, &asym_net(&space->net)->bindings, list)
		sealed |= binding->key &&
			  (!target || !strcasecmp(binding->target, target));
	kernel_assert(asym_target_is_sealed(&space->net, target) == sealed);
}

/* The name may come from the network. */
void asker_tell(struct space *space)
{
	char target[ASYM_TARGET_LEN + 1];
	u32 len = take(ASYM_TARGET_LEN + 1), times, i;
	enum asym_reason reason = take(__ASYM_REASON_MAX);
	const char *detail = take(2) ? "a sentence" : NULL;
	u64 field = take_lun_field();

	for (i = 0; i < len; i++)
		target[i] = (char)take(256);
	target[len] = 0;
	times = take(4) ? 1 : 70;
	while (times--)
		asym_event(&space->net, reason, len ? target : NULL, field,
			   detail);
}

void asker_outlives(const struct net *net)
{
	u32 i;

	for (i = 0; i < ASKER_HELD; i++) {
		if (!held[i].binding || held[i].binding->net != net)
			continue;
		kernel_assert(!asym_binding_usable(held[i].binding));
		happened[HAPPENED_BINDING_OUTLIVES_NAMESPACE]++;
	}
}

void asker_end(void)
{
	u32 i;

	for (i = 0; i < ASKER_HELD; i++)
		if (held[i].binding)
			asker_drop(&held[i]);
}
