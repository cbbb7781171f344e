/* SPDX-License-Identifier: GPL-2.0 */
/* Since 6.7 a packet is decoded in a namespace. */
#ifndef _COMPAT_NET_XFRM_H
#define _COMPAT_NET_XFRM_H

#include <linux/version.h>
#include_next <net/xfrm.h>

static inline int asym_decode_session(struct net *net, struct sk_buff *skb,
				      struct flowi *fl, unsigned int family)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	return xfrm_decode_session(net, skb, fl, family);
#else
	return xfrm_decode_session(skb, fl, family);
#endif
}

#endif
