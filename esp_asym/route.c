// SPDX-License-Identifier: GPL-2.0
/*
 * Will what TCP sends go through an asymmetric SA?  The route knows, unless it
 * leads to an xfrm interface: that looks for an SA when it gets the packet.
 */
#include <net/rtnetlink.h>
#include <net/xfrm.h>

#include "sa.h"

/* The first SA sees TCP.  Behind another one we would not. */
static bool is_ours(const struct dst_entry *dst)
{
	return dst->xfrm && asym_state_is_ours(dst->xfrm);
}

static bool is_xfrm_interface(const struct net_device *dev)
{
	return dev && dev->rtnl_link_ops &&
	       !strcmp(dev->rtnl_link_ops->kind, "xfrm");
}

/* As the interface is going to do. */
static bool interface_is_ours(struct sk_buff *skb, u8 family)
{
	struct dst_entry *dst = skb_dst(skb);
	struct xfrm_if *xi = netdev_priv(dst->dev);
	struct flowi fl;
	bool ours;

	/* A connection and its SA are looked for in one namespace. */
	if (xi->p.collect_md || !net_eq(xi->net, dev_net(dst->dev)) ||
	    asym_decode_session(xi->net, skb, &fl, family))
		return false;
	fl.flowi_oif = xi->p.link;
	dst_hold(dst);
	dst = xfrm_lookup_with_ifid(xi->net, dst, &fl, NULL, 0, xi->p.if_id);
	if (IS_ERR(dst))
		return false;
	ours = is_ours(dst);
	dst_release(dst);
	return ours;
}

/**
 * asym_route_is_ours() - will a packet go through an asymmetric SA?
 * @skb: IP packet with a route
 * @family: of IP
 *
 * Context: any
 * Return: true if its TCP segment is the first thing that is sealed
 */
bool asym_route_is_ours(struct sk_buff *skb, u8 family)
{
	const struct dst_entry *dst = skb_dst(skb);

	if (!dst)
		return false;
	if (is_xfrm_interface(dst->dev) && !dst->xfrm)
		return interface_is_ours(skb, family);
	return is_ours(dst);
}
