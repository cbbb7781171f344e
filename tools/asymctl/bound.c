// SPDX-License-Identifier: GPL-2.0
/*
 * Bindings, with what their keys are.
 */
#include <string.h>

#include "asymctl.h"
#include "view.h"

struct key {
	char		name[ASYM_KEY_NAME_LEN + 1];
	uint32_t	bits;
};

static void key_add(const struct nlattr *const *attrs, void *arg)
{
	struct key *key;

	if (!attrs[ASYM_A_KEY_NAME] || !attrs[ASYM_A_KEY_BITS])
		return;
	key = table_add(arg, sizeof(*key));
	snprintf(key->name, sizeof(key->name), "%s",
		 mnl_attr_get_str(attrs[ASYM_A_KEY_NAME]));
	key->bits = mnl_attr_get_u32(attrs[ASYM_A_KEY_BITS]);
}

static uint32_t number(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_u32(attr) : 0;
}

static void bound_add(const struct nlattr *const *attrs, void *arg)
{
	struct bound *bound;

	if (!attrs[ASYM_A_BINDING_TARGET] || !attrs[ASYM_A_BINDING_LUN] ||
	    !attrs[ASYM_A_BINDING_STATE])
		return;
	bound = table_add(arg, sizeof(*bound));
	snprintf(bound->target, sizeof(bound->target), "%s",
		 mnl_attr_get_str(attrs[ASYM_A_BINDING_TARGET]));
	bound->lun = number(attrs[ASYM_A_BINDING_LUN]);
	bound->state = number(attrs[ASYM_A_BINDING_STATE]);
	bound->plain = attrs[ASYM_A_BINDING_PLAIN];
	if (attrs[ASYM_A_BINDING_KEY])
		snprintf(bound->key, sizeof(bound->key), "%s",
			 mnl_attr_get_str(attrs[ASYM_A_BINDING_KEY]));
	bound->sector_size = number(attrs[ASYM_A_BINDING_SECTOR_SIZE]);
	bound->block_size = number(attrs[ASYM_A_BINDING_BLOCK_SIZE]);
}

static void forget(void *arg)
{
	table_free(arg);
}

int bounds_get(struct table *bounds)
{
	struct nl *nl = nl_open(&nl_asym);
	struct table keys = { };
	size_t i, k;
	int ret;

	if (!nl)
		return EXIT_FAILED;
	ret = nl_list(nl, ASYM_CMD_KEY_GET, key_add, ASYM_A_KEY_MAX, forget,
		      &keys);
	if (!ret)
		ret = nl_list(nl, ASYM_CMD_BINDING_GET, bound_add,
			      ASYM_A_BINDING_MAX, forget, bounds);
	nl_close(nl);
	for (i = 0; i < bounds->count; i++) {
		struct bound *bound = table_row(bounds, struct bound, i);

		for (k = 0; k < keys.count; k++) {
			const struct key *key = table_row(&keys, struct key, k);

			if (!strcmp(bound->key, key->name))
				bound->bits = key->bits;
		}
	}
	table_free(&keys);
	return ret;
}
