/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/asym.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_ASYM_GEN_H
#define _LINUX_ASYM_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/asym.h>

extern const struct nla_policy asym_key_new_nl_policy[ASYM_A_KEY_KEYRING_DESC + 1];

extern const struct nla_policy asym_key_del_nl_policy[ASYM_A_KEY_NAME + 1];

extern const struct nla_policy asym_key_get_nl_policy[ASYM_A_KEY_NAME + 1];

extern const struct nla_policy asym_binding_new_nl_policy[ASYM_A_BINDING_BLOCK_SIZE + 1];

extern const struct nla_policy asym_binding_del_nl_policy[ASYM_A_BINDING_LUN + 1];

extern const struct nla_policy asym_binding_get_nl_policy[ASYM_A_BINDING_LUN + 1];

/* Ops table for asym */
extern const struct genl_ops asym_nl_ops[6];

int asym_nl_key_new_doit(struct sk_buff *skb, struct genl_info *info);
int asym_nl_key_del_doit(struct sk_buff *skb, struct genl_info *info);
int asym_nl_key_get_doit(struct sk_buff *skb, struct genl_info *info);
int asym_nl_key_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int asym_nl_binding_new_doit(struct sk_buff *skb, struct genl_info *info);
int asym_nl_binding_del_doit(struct sk_buff *skb, struct genl_info *info);
int asym_nl_binding_get_doit(struct sk_buff *skb, struct genl_info *info);
int asym_nl_binding_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);

enum {
	ASYM_NLGRP_EVENTS,
};

#endif /* _LINUX_ASYM_GEN_H */
