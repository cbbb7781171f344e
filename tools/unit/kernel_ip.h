/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What inner.c needs of IP and of SAs, for sources that are built in user space.
 */
#ifndef _UNIT_KERNEL_IP_H
#define _UNIT_KERNEL_IP_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include "kernel_base.h"

#define AF_INET			2
#define AF_INET6		10
#define IPPROTO_IPIP		4
#define IPPROTO_TCP		6
#define IPPROTO_IPV6		41
#define IPPROTO_BEETPH		94
#define IP_MF			0x2000
#define IP_OFFSET		0x1fff
#define IP6_MF			0x0001
#define IP6_OFFSET		0xfff8
#define XFRM_MODE_TRANSPORT	0
#define XFRM_MODE_TUNNEL	1
#define XFRM_MODE_BEET		4
#define ntohs(x)		__builtin_bswap16(x)

struct frag_hdr {
	u8	nexthdr;
	u8	reserved;
	__be16	frag_off;
	__be32	identification;
};

struct xfrm_selector {
	union {
		__be32		a4;
		struct in6_addr	in6;
	} saddr, daddr;
	u16	family;
};

/* Part of struct xfrm_state. */
struct xfrm_props {
	u32	flags;
	u16	family;
	u8	mode;
};

static inline bool ip_is_fragment(const struct iphdr *iph)
{
	return iph->frag_off & htons(IP_MF | IP_OFFSET);
}

static inline void ipv6_addr_set_v4mapped(__be32 addr, struct in6_addr *mapped)
{
	memset(mapped, 0, sizeof(*mapped));
	mapped->s6_addr32[2] = htonl(0xffff);
	mapped->s6_addr32[3] = addr;
}

static inline bool ipv6_addr_v4mapped(const struct in6_addr *addr)
{
	return !addr->s6_addr32[0] && !addr->s6_addr32[1] &&
	       addr->s6_addr32[2] == htonl(0xffff);
}

#endif /* _UNIT_KERNEL_IP_H */
