// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/asym.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/asym.h>

/* ASYM_CMD_KEY_NEW - do */
const struct nla_policy asym_key_new_nl_policy[ASYM_A_KEY_KEYRING_DESC + 1] = {
	[ASYM_A_KEY_NAME] = { .type = NLA_NUL_STRING, .len = ASYM_KEY_NAME_LEN, },
	[ASYM_A_KEY_CIPHER] = { .type = NLA_NUL_STRING, .len = ASYM_CIPHER_LEN, },
	[ASYM_A_KEY_KEYRING_TYPE] = { .type = NLA_NUL_STRING, .len = ASYM_KEYRING_TYPE_LEN, },
	[ASYM_A_KEY_KEYRING_DESC] = { .type = NLA_NUL_STRING, .len = ASYM_KEYRING_DESC_LEN, },
};

/* ASYM_CMD_KEY_DEL - do */
const struct nla_policy asym_key_del_nl_policy[ASYM_A_KEY_NAME + 1] = {
	[ASYM_A_KEY_NAME] = { .type = NLA_NUL_STRING, .len = ASYM_KEY_NAME_LEN, },
};

/* ASYM_CMD_KEY_GET - do */
const struct nla_policy asym_key_get_nl_policy[ASYM_A_KEY_NAME + 1] = {
	[ASYM_A_KEY_NAME] = { .type = NLA_NUL_STRING, .len = ASYM_KEY_NAME_LEN, },
};

/* ASYM_CMD_BINDING_NEW - do */
const struct nla_policy asym_binding_new_nl_policy[ASYM_A_BINDING_BLOCK_SIZE + 1] = {
	[ASYM_A_BINDING_TARGET] = { .type = NLA_NUL_STRING, .len = ASYM_TARGET_LEN, },
	[ASYM_A_BINDING_LUN] = NLA_POLICY_MAX(NLA_U32, ASYM_LUN_MAX),
	[ASYM_A_BINDING_KEY] = { .type = NLA_NUL_STRING, .len = ASYM_KEY_NAME_LEN, },
	[ASYM_A_BINDING_PLAIN] = { .type = NLA_FLAG, },
	[ASYM_A_BINDING_SECTOR_SIZE] = NLA_POLICY_RANGE(NLA_U32, ASYM_BLOCK_SIZE_MIN, ASYM_BLOCK_SIZE_MAX),
	[ASYM_A_BINDING_IV_OFFSET] = { .type = NLA_U64, },
	[ASYM_A_BINDING_IV_LARGE_SECTORS] = { .type = NLA_FLAG, },
	[ASYM_A_BINDING_BLOCK_SIZE] = NLA_POLICY_RANGE(NLA_U32, ASYM_BLOCK_SIZE_MIN, ASYM_BLOCK_SIZE_MAX),
};

/* ASYM_CMD_BINDING_DEL - do */
const struct nla_policy asym_binding_del_nl_policy[ASYM_A_BINDING_LUN + 1] = {
	[ASYM_A_BINDING_TARGET] = { .type = NLA_NUL_STRING, .len = ASYM_TARGET_LEN, },
	[ASYM_A_BINDING_LUN] = NLA_POLICY_MAX(NLA_U32, ASYM_LUN_MAX),
};

/* ASYM_CMD_BINDING_GET - do */
const struct nla_policy asym_binding_get_nl_policy[ASYM_A_BINDING_LUN + 1] = {
	[ASYM_A_BINDING_TARGET] = { .type = NLA_NUL_STRING, .len = ASYM_TARGET_LEN, },
	[ASYM_A_BINDING_LUN] = NLA_POLICY_MAX(NLA_U32, ASYM_LUN_MAX),
};

/* Ops table for asym */
const struct genl_ops asym_nl_ops[6] = {
	{
		.cmd		= ASYM_CMD_KEY_NEW,
		.doit		= asym_nl_key_new_doit,
		.policy		= asym_key_new_nl_policy,
		.maxattr	= ASYM_A_KEY_KEYRING_DESC,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= ASYM_CMD_KEY_DEL,
		.doit		= asym_nl_key_del_doit,
		.policy		= asym_key_del_nl_policy,
		.maxattr	= ASYM_A_KEY_NAME,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= ASYM_CMD_KEY_GET,
		.doit		= asym_nl_key_get_doit,
		.dumpit		= asym_nl_key_get_dumpit,
		.policy		= asym_key_get_nl_policy,
		.maxattr	= ASYM_A_KEY_NAME,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= ASYM_CMD_BINDING_NEW,
		.doit		= asym_nl_binding_new_doit,
		.policy		= asym_binding_new_nl_policy,
		.maxattr	= ASYM_A_BINDING_BLOCK_SIZE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= ASYM_CMD_BINDING_DEL,
		.doit		= asym_nl_binding_del_doit,
		.policy		= asym_binding_del_nl_policy,
		.maxattr	= ASYM_A_BINDING_LUN,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= ASYM_CMD_BINDING_GET,
		.doit		= asym_nl_binding_get_doit,
		.dumpit		= asym_nl_binding_get_dumpit,
		.policy		= asym_binding_get_nl_policy,
		.maxattr	= ASYM_A_BINDING_LUN,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
};

static const struct genl_multicast_group asym_nl_mcgrps[] = {
	[ASYM_NLGRP_EVENTS] = { "events", },
};
