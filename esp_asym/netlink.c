// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "asym-flow": followed and watched connections, for
 * user space to look at.  Its specification is
 * Documentation/netlink/specs/asym-flow.yaml.
 */
#include <linux/module.h>
#include <linux/rculist.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/netns/generic.h>
#include <uapi/linux/asym_flow.h>

#include "flow.h"

/**
 * struct listed - the connections of a network namespace
 * @lock: serialises changes of the list, which is read under RCU
 * @flows: of struct asym_flow, by @listed
 * @generation: counts changes, so that a dump can tell; never 0
 */
struct listed {
	spinlock_t		lock;	/* changes */
	struct hlist_head	flows;
	unsigned int		generation;
};

static unsigned int listed_id;

static struct listed *listed_of(const struct net *net)
{
	return net_generic(net, listed_id);
}

static void changed(struct listed *listed)
{
	unsigned int next = listed->generation + 1;

	WRITE_ONCE(listed->generation, next ?: 1);
}

/**
 * asym_netlink_list() - show a connection to user space from now on
 * @flow: flow, complete
 *
 * Context: any, BHs may be off
 */
void asym_netlink_list(struct asym_flow *flow)
{
	struct listed *listed = listed_of(flow->key.net);

	spin_lock_bh(&listed->lock);
	hlist_add_head_rcu(&flow->listed, &listed->flows);
	changed(listed);
	spin_unlock_bh(&listed->lock);
}

/**
 * asym_netlink_unlist() - the connection is over
 * @flow: flow; freed after a grace period at the earliest.  It may have been
 *	unlisted before.
 */
void asym_netlink_unlist(struct asym_flow *flow)
{
	struct listed *listed = listed_of(flow->key.net);

	spin_lock_bh(&listed->lock);
	if (!hlist_unhashed(&flow->listed)) {
		hlist_del_init_rcu(&flow->listed);
		changed(listed);
	}
	spin_unlock_bh(&listed->lock);
}

static enum asym_flow_state state_of(const struct asym_flow *flow)
{
	if (flow->broken)
		return ASYM_FLOW_STATE_BROKEN;
	if (flow->watch != ASYM_WATCH_PROTECTED)
		return ASYM_FLOW_STATE_UNPROTECTED;
	return flow->full_feature ? ASYM_FLOW_STATE_FULL_FEATURE :
				    ASYM_FLOW_STATE_LOGIN;
}

static int put_address(struct sk_buff *skb, int attr,
		       const struct in6_addr *addr)
{
	if (ipv6_addr_v4mapped(addr))
		return nla_put_in_addr(skb, attr, addr->s6_addr32[3]);
	return nla_put_in6_addr(skb, attr, addr);
}

static int put_ends(struct sk_buff *skb, const struct asym_flow_key *key)
{
	if (put_address(skb, ASYM_FLOW_A_FLOW_LOCAL_ADDR, &key->laddr) ||
	    put_address(skb, ASYM_FLOW_A_FLOW_REMOTE_ADDR, &key->raddr) ||
	    nla_put_be16(skb, ASYM_FLOW_A_FLOW_LOCAL_PORT, key->lport) ||
	    nla_put_be16(skb, ASYM_FLOW_A_FLOW_REMOTE_PORT, key->rport))
		return -EMSGSIZE;
	return 0;
}

/* What the login told.  The sender may be writing it: then it is cut short for
 * once, and never longer than it may be.
 */
static int put_login(struct sk_buff *skb, const struct asym_flow *flow)
{
	const struct iscsi_params *params = &flow->stream.params;
	u8 digests = flow->role == ISCSI_ROLE_TARGET ?
		     READ_ONCE(flow->declared) : READ_ONCE(flow->digests);
	char name[sizeof(params->target_name)];

	strscpy(name, params->target_name, sizeof(name));
	if ((*name && nla_put_string(skb, ASYM_FLOW_A_FLOW_TARGET, name)) ||
	    (READ_ONCE(params->discovery) &&
	     nla_put_flag(skb, ASYM_FLOW_A_FLOW_DISCOVERY)) ||
	    (digests & ASYM_SESSION_HEADER_DIGEST &&
	     nla_put_flag(skb, ASYM_FLOW_A_FLOW_HEADER_DIGEST)) ||
	    (digests & ASYM_SESSION_DATA_DIGEST &&
	     nla_put_flag(skb, ASYM_FLOW_A_FLOW_DATA_DIGEST)))
		return -EMSGSIZE;
	return 0;
}

static int put_health(struct sk_buff *skb, struct asym_flow *flow)
{
	enum asym_flow_state state;
	enum asym_reason reason;
	u64 sent, received;

	spin_lock_bh(&flow->lock);
	state = state_of(flow);
	reason = flow->reason;
	sent = flow->opaque_sent;
	received = flow->opaque_received;
	spin_unlock_bh(&flow->lock);

	if (nla_put_u32(skb, ASYM_FLOW_A_FLOW_STATE, state) ||
	    (state == ASYM_FLOW_STATE_BROKEN &&
	     nla_put_u32(skb, ASYM_FLOW_A_FLOW_REASON, reason)) ||
	    nla_put_u64_64bit(skb, ASYM_FLOW_A_FLOW_OPAQUE_SENT, sent,
			      ASYM_FLOW_A_FLOW_PAD))
		return -EMSGSIZE;
	if (flow->role == ISCSI_ROLE_TARGET)
		return 0;
	return nla_put_u64_64bit(skb, ASYM_FLOW_A_FLOW_OPAQUE_RECEIVED,
				 received, ASYM_FLOW_A_FLOW_PAD);
}

static int put_flow(struct sk_buff *skb, struct asym_flow *flow)
{
	u32 role = flow->role == ISCSI_ROLE_INITIATOR ?
		   ASYM_FLOW_ROLE_INITIATOR : ASYM_FLOW_ROLE_TARGET;

	return nla_put_u32(skb, ASYM_FLOW_A_FLOW_ROLE, role) ?:
	       put_ends(skb, &flow->key) ?:
	       put_health(skb, flow) ?:
	       put_login(skb, flow);
}

static struct genl_family family;

/* From where the last message ended; marked if the list has changed since the
 * first.
 */
static int get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct listed *listed = listed_of(sock_net(skb->sk));
	long skip = cb->args[0], i = 0;
	struct asym_flow *flow;
	void *hdr;

	rcu_read_lock();
	cb->seq = READ_ONCE(listed->generation);
	hlist_for_each_entry_rcu(flow, &listed->flows, listed) {
		if (i++ < skip)
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &family, NLM_F_MULTI,
				  ASYM_FLOW_CMD_GET);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (put_flow(skb, flow)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = i;
	}
	rcu_read_unlock();
	return skb->len;
}

static const struct genl_small_ops ops[] = {
	{
		.cmd	= ASYM_FLOW_CMD_GET,
		.dumpit	= get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM,
	},
};

static struct genl_family family __ro_after_init = {
	.name		= ASYM_FLOW_FAMILY_NAME,
	.version	= ASYM_FLOW_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.small_ops	= ops,
	.n_small_ops	= ARRAY_SIZE(ops),
};

static int __net_init listed_init(struct net *net)
{
	struct listed *listed = listed_of(net);

	spin_lock_init(&listed->lock);
	INIT_HLIST_HEAD(&listed->flows);
	changed(listed);
	return 0;
}

static struct pernet_operations listed_ops = {
	.init	= listed_init,
	.id	= &listed_id,
	.size	= sizeof(struct listed),
};

int asym_netlink_init(void)
{
	int err;

	err = register_pernet_subsys(&listed_ops);
	if (err)
		return err;
	err = genl_register_family(&family);
	if (err)
		unregister_pernet_subsys(&listed_ops);
	return err;
}

void asym_netlink_exit(void)
{
	genl_unregister_family(&family);
	unregister_pernet_subsys(&listed_ops);
}
