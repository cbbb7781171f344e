// SPDX-License-Identifier: GPL-2.0
/*
 * Will what TCP sends go through an asymmetric SA?  The route knows, unless it
 * leads to an xfrm interface: that looks for an SA when it gets the packet.
 */
#include <net/rtnetlink.h>
#include <net/xfrm.h>

#include "sa.h"

/* The first SA sees TCP.  Behind another one we would not. */
static enum asym_route judge(const struct dst_entry *dst)
{
	enum asym_route route = ASYM_ROUTE_OURS;

	if (dst->flags & DST_XFRM_QUEUE)
		return ASYM_ROUTE_WAITS;
	for (; dst->xfrm; dst = xfrm_dst_child(dst)) {
		if (asym_state_is_ours(dst->xfrm))
			return route;
		route = ASYM_ROUTE_HIDDEN;
	}
	return ASYM_ROUTE_OTHER;
}

static bool is_xfrm_interface(const struct net_device *dev)
{
	return dev && dev->rtnl_link_ops &&
	       !strcmp(dev->rtnl_link_ops->kind, "xfrm");
}

/* As the interface is going to do. */
static enum asym_route judge_interface(struct sk_buff *skb, u8 family)
{
	struct dst_entry *dst = skb_dst(skb);
	struct xfrm_if *xi = netdev_priv(dst->dev);
	enum asym_route route;
	struct flowi fl;

	/* A connection and its SA are looked for in one namespace. */
	if (xi->p.collect_md || !net_eq(xi->net, dev_net(dst->dev)) ||
	    asym_decode_session(xi->net, skb, &fl, family))
		return ASYM_ROUTE_OTHER;
	fl.flowi_oif = xi->p.link;
	dst_hold(dst);
	dst = xfrm_lookup_with_ifid(xi->net, dst, &fl, NULL, 0, xi->p.if_id);
	if (IS_ERR(dst))
		return ASYM_ROUTE_OTHER;
	route = judge(dst);
	dst_release(dst);
	return route;
}

/**
 * asym_route_judge() - will a packet go through an asymmetric SA?
 * @skb: IP packet with a route
 * @family: of IP
 *
 * Context: any
 * Return: see enum asym_route
 */
enum asym_route asym_route_judge(struct sk_buff *skb, u8 family)
{
	const struct dst_entry *dst = skb_dst(skb);

	if (!dst)
		return ASYM_ROUTE_OTHER;
	if (is_xfrm_interface(dst->dev) && !dst->xfrm)
		return judge_interface(skb, family);
	return judge(dst);
}
