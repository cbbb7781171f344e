// SPDX-License-Identifier: GPL-2.0
/*
 * Events: what was refused, told to listeners and to the kernel log.
 */
#include <linux/export.h>
#include <asym/names_gen.h>

#include "keystore.h"
#include "netlink_gen.h"

/* A monitor can take more than a person who reads the log. */
#define ASYM_EVENT_SEND_BURST	64
#define ASYM_EVENT_SEND_PERIOD	HZ
#define ASYM_EVENT_LOG_BURST	5
#define ASYM_EVENT_LOG_PERIOD	(5 * HZ)

static const char * const asym_reason_names[] = ASYM_REASON_NAMES;
static_assert(ARRAY_SIZE(asym_reason_names) == __ASYM_REASON_MAX);

const char *asym_reason_name(enum asym_reason reason)
{
	if ((unsigned int)reason >= __ASYM_REASON_MAX)
		return "unknown";
	return asym_reason_names[reason];
}
EXPORT_SYMBOL_GPL(asym_reason_name);

/**
 * asym_events_init() - get ready for the events of a namespace
 * @an: namespace
 */
void asym_events_init(struct asym_net *an)
{
	struct asym_event_limit *limit;

	for (limit = an->limits; limit < an->limits + __ASYM_REASON_MAX;
	     limit++) {
		ratelimit_state_init(&limit->netlink, ASYM_EVENT_SEND_PERIOD,
				     ASYM_EVENT_SEND_BURST);
		ratelimit_state_init(&limit->log, ASYM_EVENT_LOG_PERIOD,
				     ASYM_EVENT_LOG_BURST);
		/* What is held back is counted and told here. */
		ratelimit_set_flags(&limit->netlink, RATELIMIT_MSG_ON_RELEASE);
		ratelimit_set_flags(&limit->log, RATELIMIT_MSG_ON_RELEASE);
	}
}

static int asym_event_fill(struct sk_buff *skb, enum asym_reason reason,
			   const char *target, u64 lun, const char *detail,
			   u32 suppressed)
{
	int number = asym_lun_number(lun);
	void *hdr;

	hdr = genlmsg_put(skb, 0, 0, &asym_nl_family, 0, ASYM_CMD_EVENT);
	if (!hdr)
		return -EMSGSIZE;
	if (nla_put_u32(skb, ASYM_A_EVENT_REASON, reason))
		return -EMSGSIZE;
	if (target &&
	    (nla_put_string(skb, ASYM_A_EVENT_TARGET, target) ||
	     nla_put_u64_64bit(skb, ASYM_A_EVENT_LUN_FIELD, lun,
			       ASYM_A_EVENT_PAD)))
		return -EMSGSIZE;
	if (target && number >= 0 &&
	    nla_put_u32(skb, ASYM_A_EVENT_LUN, number))
		return -EMSGSIZE;
	if (detail && nla_put_string(skb, ASYM_A_EVENT_DETAIL, detail))
		return -EMSGSIZE;
	if (suppressed &&
	    nla_put_u32(skb, ASYM_A_EVENT_SUPPRESSED, suppressed))
		return -EMSGSIZE;
	genlmsg_end(skb, hdr);
	return 0;
}

static void asym_event_send(struct net *net, enum asym_reason reason,
			    const char *target, u64 lun, const char *detail)
{
	struct asym_event_limit *limit = &asym_net(net)->limits[reason];
	struct sk_buff *skb;
	size_t size;
	u32 unsent;

	if (!genl_has_listeners(&asym_nl_family, net, ASYM_NLGRP_EVENTS))
		return;
	if (!__ratelimit(&limit->netlink)) {
		atomic_inc(&limit->unsent);
		return;
	}

	size = 3 * nla_total_size(sizeof(u32)) +
	       nla_total_size_64bit(sizeof(u64)) +
	       (target ? nla_total_size(strlen(target) + 1) : 0) +
	       (detail ? nla_total_size(strlen(detail) + 1) : 0);
	skb = genlmsg_new(size, GFP_ATOMIC);
	if (!skb) {
		atomic_inc(&limit->unsent);
		return;
	}
	unsent = atomic_xchg(&limit->unsent, 0);
	if (asym_event_fill(skb, reason, target, lun, detail, unsent)) {
		atomic_add(unsent + 1, &limit->unsent);
		nlmsg_free(skb);
		return;
	}
	genlmsg_multicast_netns(&asym_nl_family, net, skb, 0,
				ASYM_NLGRP_EVENTS, GFP_ATOMIC);
}

static void asym_event_log(struct net *net, enum asym_reason reason,
			   const char *target, u64 lun, const char *detail)
{
	struct asym_event_limit *limit = &asym_net(net)->limits[reason];
	const char *name = asym_reason_name(reason);
	const char *colon = detail ? ": " : "";
	int number = asym_lun_number(lun);
	unsigned int unlogged;
	int len;

	if (!__ratelimit(&limit->log)) {
		atomic_inc(&limit->unlogged);
		return;
	}
	unlogged = atomic_xchg(&limit->unlogged, 0);
	if (unlogged)
		pr_warn("asym: %s: %u more were not logged\n", name, unlogged);
	if (!detail)
		detail = "";
	if (!target) {
		pr_warn("asym: %s%s%s\n", name, colon, detail);
		return;
	}
	/* The name may come from the network: only printable characters. */
	len = strnlen(target, ASYM_TARGET_LEN);
	if (number >= 0)
		pr_warn("asym: %s: target %*pE lun %d%s%s\n", name, len, target,
			number, colon, detail);
	else
		pr_warn("asym: %s: target %*pE lun %#llx%s%s\n", name, len,
			target, lun, colon, detail);
}

void asym_event(struct net *net, enum asym_reason reason, const char *target,
		u64 lun, const char *detail)
{
	if (WARN_ON_ONCE((unsigned int)reason >= __ASYM_REASON_MAX))
		return;
	asym_event_log(net, reason, target, lun, detail);
	asym_event_send(net, reason, target, lun, detail);
}
EXPORT_SYMBOL_GPL(asym_event);
