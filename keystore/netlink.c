// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "asym"; its specification is
 * Documentation/netlink/specs/asym.yaml.
 */
#include <linux/ctype.h>
#include <net/sock.h>

#include "keystore.h"
#include "netlink_gen.h"

/* The text of a string attribute, NULL when it is absent. */
static const char *asym_nl_string(struct genl_info *info, int attr)
{
	return info->attrs[attr] ? nla_data(info->attrs[attr]) : NULL;
}

/**
 * asym_word_valid() - may this be a name?
 * @word: zero terminated
 *
 * ASCII only: what is shown has to be safe for a terminal, and what upper and
 * lower case are for other letters of a target name is not for the kernel to know.
 *
 * Return: true for one or more printable ASCII characters without space
 */
bool asym_word_valid(const char *word)
{
	if (!*word)
		return false;
	for (; *word; word++)
		if (!isascii(*word) || !isgraph(*word))
			return false;
	return true;
}

/* The name of a key: there, and not empty. */
static const char *asym_nl_key_name(struct genl_info *info)
{
	const char *name = asym_nl_string(info, ASYM_A_KEY_NAME);

	if (name && *name)
		return name;
	GENL_SET_ERR_MSG(info, "the name of the key is missing");
	return NULL;
}

int asym_nl_key_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct asym_net *an = asym_net(genl_info_net(info));
	const char *name, *cipher, *type, *description;
	struct asym_key *key;
	int err;

	name = asym_nl_key_name(info);
	if (!name)
		return -EINVAL;
	if (!asym_word_valid(name)) {
		GENL_SET_ERR_MSG(info, "the name of a key has printable ASCII characters only");
		return -EINVAL;
	}
	cipher = asym_nl_string(info, ASYM_A_KEY_CIPHER);
	if (cipher && strcmp(cipher, ASYM_CIPHER_NAME)) {
		GENL_SET_ERR_MSG(info, "the only cipher is aes-xts-plain64");
		return -EOPNOTSUPP;
	}
	type = asym_nl_string(info, ASYM_A_KEY_KEYRING_TYPE);
	description = asym_nl_string(info, ASYM_A_KEY_KEYRING_DESC);
	if (!type || !description || !*description) {
		GENL_SET_ERR_MSG(info, "type and description of a key in a keyring are missing");
		return -EINVAL;
	}

	key = asym_key_from_keyring(name, type, description, info->extack);
	if (IS_ERR(key))
		return PTR_ERR(key);
	mutex_lock(&an->lock);
	err = asym_key_add(an, key, info->extack);
	mutex_unlock(&an->lock);
	if (err)
		asym_key_kill(key);
	return err;
}

int asym_nl_key_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct asym_net *an = asym_net(genl_info_net(info));
	const char *name;
	int err;

	name = asym_nl_key_name(info);
	if (!name)
		return -EINVAL;
	mutex_lock(&an->lock);
	err = asym_key_delete(an, name, info->extack);
	mutex_unlock(&an->lock);
	return err;
}

static int asym_nl_key_fill(struct sk_buff *skb, const struct asym_key *key)
{
	if (nla_put_string(skb, ASYM_A_KEY_NAME, key->name) ||
	    nla_put_string(skb, ASYM_A_KEY_CIPHER, ASYM_CIPHER_NAME) ||
	    nla_put_u32(skb, ASYM_A_KEY_BITS, key->bits) ||
	    nla_put_u32(skb, ASYM_A_KEY_BINDINGS, key->n_bindings))
		return -EMSGSIZE;
	return 0;
}

/* Begin the answer to a request for one object. */
static struct sk_buff *asym_nl_reply_new(struct genl_info *info, void **hdr)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!msg)
		return ERR_PTR(-ENOMEM);
	*hdr = genlmsg_put_reply(msg, info, &asym_nl_family, 0,
				 info->genlhdr->cmd);
	if (*hdr)
		return msg;
	nlmsg_free(msg);
	return ERR_PTR(-EMSGSIZE);
}

/* Send it, or free it if filling it failed with @err. */
static int asym_nl_reply_send(struct genl_info *info, struct sk_buff *msg,
			      void *hdr, int err)
{
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

int asym_nl_key_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct asym_net *an = asym_net(genl_info_net(info));
	struct asym_key *key;
	struct sk_buff *msg;
	const char *name;
	void *hdr;
	int err;

	name = asym_nl_key_name(info);
	if (!name)
		return -EINVAL;
	msg = asym_nl_reply_new(info, &hdr);
	if (IS_ERR(msg))
		return PTR_ERR(msg);

	mutex_lock(&an->lock);
	key = asym_key_find(an, name);
	err = key ? asym_nl_key_fill(msg, key) : -ENOENT;
	mutex_unlock(&an->lock);
	if (err == -ENOENT)
		GENL_SET_ERR_MSG(info, "there is no key of this name");
	return asym_nl_reply_send(info, msg, hdr, err);
}

/* Dump a list from where the last message ended; marked if it has changed since
 * the first.
 */
static int asym_nl_dump(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
			struct asym_net *an, struct list_head *list,
			int (*fill)(struct sk_buff *skb,
				    const struct list_head *entry))
{
	long skip = cb->args[0], i = 0;
	struct list_head *entry;
	void *hdr;

	mutex_lock(&an->lock);
	cb->seq = an->generation;
	list_for_each(entry, list) {
		if (i++ < skip)
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &asym_nl_family,
				  NLM_F_MULTI, cmd);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (fill(skb, entry)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = i;
	}
	mutex_unlock(&an->lock);
	return skb->len;
}

static int asym_nl_key_dump(struct sk_buff *skb, const struct list_head *entry)
{
	return asym_nl_key_fill(skb, list_entry(entry, struct asym_key, list));
}

int asym_nl_key_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct asym_net *an = asym_net(sock_net(skb->sk));

	return asym_nl_dump(skb, cb, ASYM_CMD_KEY_GET, an, &an->keys,
			    asym_nl_key_dump);
}

/* Target and LUN, which name a binding. */
static const char *asym_nl_unit(struct genl_info *info, u32 *lun)
{
	const char *target = asym_nl_string(info, ASYM_A_BINDING_TARGET);

	if (!target || !info->attrs[ASYM_A_BINDING_LUN]) {
		GENL_SET_ERR_MSG(info, "target or LUN is missing");
		return NULL;
	}
	*lun = nla_get_u32(info->attrs[ASYM_A_BINDING_LUN]);
	return target;
}

int asym_nl_binding_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct asym_net *an = asym_net(net);
	struct asym_binding_spec spec = {
		.sector_size = ASYM_BLOCK_SIZE_MIN,
	};
	struct nlattr **attrs = info->attrs;
	int err;

	spec.target = asym_nl_unit(info, &spec.lun);
	if (!spec.target)
		return -EINVAL;
	spec.key = asym_nl_string(info, ASYM_A_BINDING_KEY);
	if (!spec.key == !nla_get_flag(attrs[ASYM_A_BINDING_PLAIN])) {
		GENL_SET_ERR_MSG(info, "a unit is bound either to a key or as plain");
		return -EINVAL;
	}
	if (!spec.key && (attrs[ASYM_A_BINDING_SECTOR_SIZE] ||
			  attrs[ASYM_A_BINDING_IV_OFFSET] ||
			  attrs[ASYM_A_BINDING_IV_LARGE_SECTORS])) {
		GENL_SET_ERR_MSG(info, "sector size and IV options mean nothing without a key");
		return -EINVAL;
	}
	if (attrs[ASYM_A_BINDING_SECTOR_SIZE])
		spec.sector_size = nla_get_u32(attrs[ASYM_A_BINDING_SECTOR_SIZE]);
	if (attrs[ASYM_A_BINDING_IV_OFFSET])
		spec.iv_offset = nla_get_u64(attrs[ASYM_A_BINDING_IV_OFFSET]);
	if (attrs[ASYM_A_BINDING_BLOCK_SIZE])
		spec.block_size = nla_get_u32(attrs[ASYM_A_BINDING_BLOCK_SIZE]);
	spec.iv_large_sectors =
		nla_get_flag(attrs[ASYM_A_BINDING_IV_LARGE_SECTORS]);

	mutex_lock(&an->lock);
	err = asym_binding_add(net, &spec, info->extack);
	mutex_unlock(&an->lock);
	return err;
}

int asym_nl_binding_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct asym_net *an = asym_net(genl_info_net(info));
	const char *target;
	u32 lun;
	int err;

	target = asym_nl_unit(info, &lun);
	if (!target)
		return -EINVAL;
	mutex_lock(&an->lock);
	err = asym_binding_delete(an, target, lun, info->extack);
	mutex_unlock(&an->lock);
	return err;
}

static int asym_nl_binding_fill(struct sk_buff *skb,
				const struct asym_binding *binding)
{
	u32 block_size = asym_binding_block_size(binding);

	if (nla_put_string(skb, ASYM_A_BINDING_TARGET, binding->target) ||
	    nla_put_u32(skb, ASYM_A_BINDING_LUN, binding->lun) ||
	    nla_put_u32(skb, ASYM_A_BINDING_STATE, asym_binding_state(binding)))
		return -EMSGSIZE;
	if (!binding->key) {
		if (nla_put_flag(skb, ASYM_A_BINDING_PLAIN))
			return -EMSGSIZE;
	} else if (nla_put_string(skb, ASYM_A_BINDING_KEY, binding->key->name) ||
		   nla_put_u32(skb, ASYM_A_BINDING_SECTOR_SIZE,
			       binding->sector_size) ||
		   nla_put_u64_64bit(skb, ASYM_A_BINDING_IV_OFFSET,
				     binding->iv_offset, ASYM_A_BINDING_PAD)) {
		return -EMSGSIZE;
	}
	if (binding->iv_large_sectors &&
	    nla_put_flag(skb, ASYM_A_BINDING_IV_LARGE_SECTORS))
		return -EMSGSIZE;
	if (block_size &&
	    nla_put_u32(skb, ASYM_A_BINDING_BLOCK_SIZE, block_size))
		return -EMSGSIZE;
	if (binding->block_size_pinned &&
	    nla_put_flag(skb, ASYM_A_BINDING_BLOCK_SIZE_PINNED))
		return -EMSGSIZE;
	return 0;
}

int asym_nl_binding_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct asym_net *an = asym_net(genl_info_net(info));
	struct asym_binding *binding;
	struct sk_buff *msg;
	const char *target;
	void *hdr;
	u32 lun;
	int err;

	target = asym_nl_unit(info, &lun);
	if (!target)
		return -EINVAL;
	msg = asym_nl_reply_new(info, &hdr);
	if (IS_ERR(msg))
		return PTR_ERR(msg);

	mutex_lock(&an->lock);
	binding = asym_binding_find(an, target, lun);
	err = binding ? asym_nl_binding_fill(msg, binding) : -ENOENT;
	mutex_unlock(&an->lock);
	if (err == -ENOENT)
		GENL_SET_ERR_MSG(info, "this unit is not bound");
	return asym_nl_reply_send(info, msg, hdr, err);
}

static int asym_nl_binding_dump(struct sk_buff *skb,
				const struct list_head *entry)
{
	return asym_nl_binding_fill(skb, list_entry(entry, struct asym_binding,
						    list));
}

int asym_nl_binding_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct asym_net *an = asym_net(sock_net(skb->sk));

	return asym_nl_dump(skb, cb, ASYM_CMD_BINDING_GET, an, &an->bindings,
			    asym_nl_binding_dump);
}

static const struct genl_multicast_group asym_nl_mcgrps[] = {
	[ASYM_NLGRP_EVENTS] = {
		.name = ASYM_MCGRP_EVENTS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

struct genl_family asym_nl_family __ro_after_init = {
	.name = ASYM_FAMILY_NAME,
	.version = ASYM_FAMILY_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = asym_nl_ops,
	.n_ops = ARRAY_SIZE(asym_nl_ops),
	.mcgrps = asym_nl_mcgrps,
	.n_mcgrps = ARRAY_SIZE(asym_nl_mcgrps),
};
