// SPDX-License-Identifier: GPL-2.0
/*
 * The packet inside: where in the payload of ESP the TCP header is, between which
 * addresses, and how long the segment is.  By the mode of the SA the payload
 * begins with an IP header (tunnel), with what follows one (transport), or with
 * what follows one that both ends know (BEET).
 *
 * The peer writes this, and the IP layer will read it, too.  Whatever it would
 * take for a TCP segment has to be one here: bytes of a connection that were not
 * seen are not compared.  So what is not clear is refused.
 */
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/xfrm.h>

#include "packet.h"

static const char in_fragments[] =
	"a TCP segment in fragments: they do not pass asymmetric SAs";
static const char cut_off[] =
	"the headers of the inner packet are cut off, or too long";
static const char mapped[] =
	"an IPv6 packet with mapped addresses of IPv4";
static const char wrong_lengths[] =
	"the lengths in the header of the inner packet are wrong";

/**
 * struct payload - what may be looked at
 * @skb: packet, skb->data at the payload
 * @seen: bytes of it that are readable
 */
struct payload {
	const struct sk_buff	*skb;
	u32			seen;
};

/* The next bytes of the headers, or NULL when the packet does not have them. */
static const void *look(const struct payload *p, const struct asym_inner *inner,
			u32 len, void *buf)
{
	if (len > inner->len || inner->off + len > p->seen)
		return NULL;
	return skb_header_pointer(p->skb, inner->off, len, buf);
}

static void set_addresses(struct asym_inner *inner, __be32 saddr, __be32 daddr)
{
	ipv6_addr_set_v4mapped(saddr, &inner->saddr);
	ipv6_addr_set_v4mapped(daddr, &inner->daddr);
}

/* No IP layer takes mapped ones, so they can stand for IPv4 here. */
static bool set_ipv6_addresses(struct asym_inner *inner,
			       const struct in6_addr *saddr,
			       const struct in6_addr *daddr)
{
	inner->saddr = *saddr;
	inner->daddr = *daddr;
	return !ipv6_addr_v4mapped(saddr) && !ipv6_addr_v4mapped(daddr);
}

/* Only extensions that say nothing about the protocol behind them. */
static const char *skip_extensions(const struct payload *p,
				   struct asym_inner *inner)
{
	bool fragment = false;

	for (;;) {
		struct frag_hdr frag_buf;
		struct ipv6_opt_hdr opt_buf;
		const struct ipv6_opt_hdr *opt;
		const struct frag_hdr *frag;
		u32 len;

		switch (inner->proto) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
			opt = look(p, inner, sizeof(opt_buf), &opt_buf);
			if (!opt)
				return cut_off;
			len = (opt->hdrlen + 1) * 8;
			inner->proto = opt->nexthdr;
			break;
		case IPPROTO_FRAGMENT:
			frag = look(p, inner, sizeof(frag_buf), &frag_buf);
			if (!frag)
				return cut_off;
			/* The one that it follows will be judged. */
			if (frag->frag_off & htons(IP6_OFFSET))
				return NULL;
			if (frag->frag_off & htons(IP6_MF))
				fragment = true;
			len = sizeof(*frag);
			inner->proto = frag->nexthdr;
			break;
		default:
			return fragment && inner->proto == IPPROTO_TCP ?
			       in_fragments : NULL;
		}
		if (len > inner->len)
			return cut_off;
		inner->off += len;
		inner->len -= len;
	}
}

static const char *find_in_transport(const struct xfrm_state *x,
				     const struct payload *p,
				     struct asym_inner *inner)
{
	if (x->props.family == AF_INET) {
		const struct iphdr *iph = ip_hdr(p->skb);

		set_addresses(inner, iph->saddr, iph->daddr);
		return ip_is_fragment(iph) && inner->proto == IPPROTO_TCP ?
		       in_fragments : NULL;
	}
	if (!set_ipv6_addresses(inner, &ipv6_hdr(p->skb)->saddr,
				&ipv6_hdr(p->skb)->daddr))
		return mapped;
	return skip_extensions(p, inner);
}

static const char *find_in_ipv4(const struct payload *p,
				struct asym_inner *inner)
{
	struct iphdr buf;
	const struct iphdr *iph = look(p, inner, sizeof(buf), &buf);
	u32 head, len;

	if (!iph)
		return cut_off;
	head = iph->ihl * 4;
	len = ntohs(iph->tot_len);
	if (iph->version != 4 || head < sizeof(*iph) || len < head ||
	    len > inner->len)
		return wrong_lengths;
	set_addresses(inner, iph->saddr, iph->daddr);
	inner->off += head;
	inner->len = len - head;
	inner->proto = iph->protocol;
	return ip_is_fragment(iph) && inner->proto == IPPROTO_TCP ?
	       in_fragments : NULL;
}

static const char *find_in_ipv6(const struct payload *p,
				struct asym_inner *inner)
{
	struct ipv6hdr buf;
	const struct ipv6hdr *iph = look(p, inner, sizeof(buf), &buf);
	u32 len;

	if (!iph)
		return cut_off;
	len = ntohs(iph->payload_len);
	/* A jumbogram has its length elsewhere. */
	if (iph->version != 6 || len > inner->len - sizeof(*iph) ||
	    (!len && iph->nexthdr == IPPROTO_HOPOPTS))
		return wrong_lengths;
	if (!set_ipv6_addresses(inner, &iph->saddr, &iph->daddr))
		return mapped;
	inner->off += sizeof(*iph);
	inner->len = len;
	inner->proto = iph->nexthdr;
	return skip_extensions(p, inner);
}

static const char *find_in_tunnel(const struct payload *p,
				  struct asym_inner *inner)
{
	switch (inner->proto) {
	case IPPROTO_IPIP:
		return find_in_ipv4(p, inner);
	case IPPROTO_IPV6:
		return find_in_ipv6(p, inner);
	case IPPROTO_NONE:
		return NULL;
	}
	return "what is in the tunnel is not IP";
}

/* The pseudo header is there when the IPv4 header has options. */
static const char *skip_beet_header(const struct payload *p,
				    struct asym_inner *inner)
{
	struct ip_beet_phdr buf;
	const struct ip_beet_phdr *ph = look(p, inner, sizeof(buf), &buf);
	int options;
	u32 len;

	if (!ph)
		return cut_off;
	len = IPV4_BEET_PHMAXLEN + ph->hdrlen * 8;
	options = len - (int)sizeof(*ph) - ph->padlen;
	if (options < 0 || options % 4 ||
	    options > MAX_IPOPTLEN || len > inner->len)
		return wrong_lengths;
	inner->off += len;
	inner->len -= len;
	inner->proto = ph->nexthdr;
	return NULL;
}

static const char *find_in_beet(const struct xfrm_state *x,
				const struct payload *p,
				struct asym_inner *inner)
{
	if (x->sel.family == AF_INET6) {
		if (!set_ipv6_addresses(inner, &x->sel.saddr.in6,
					&x->sel.daddr.in6))
			return mapped;
		return skip_extensions(p, inner);
	}
	set_addresses(inner, x->sel.saddr.a4, x->sel.daddr.a4);
	return inner->proto == IPPROTO_BEETPH ? skip_beet_header(p, inner) :
						NULL;
}

/**
 * asym_inner_headers() - how much of a payload asym_inner_find() wants to see
 * @x: SA
 *
 * Return: bytes up to the end of a TCP header without options
 */
u32 asym_inner_headers(const struct xfrm_state *x)
{
	return x->props.mode == XFRM_MODE_TRANSPORT &&
	       x->props.family == AF_INET ? sizeof(struct tcphdr) :
					    ASYM_INNER_HEADERS;
}

/**
 * asym_inner_find() - find the TCP segment in a packet
 * @x: SA
 * @skb: packet, skb->data at the payload, network header at the outer header
 * @seen: bytes of the payload that are readable
 * @proto: protocol of the payload
 * @len: bytes of the payload
 * @inner: result
 *
 * Return: NULL, or why the packet has to be dropped
 */
const char *asym_inner_find(const struct xfrm_state *x,
			    const struct sk_buff *skb, u32 seen, u8 proto,
			    u32 len, struct asym_inner *inner)
{
	const struct payload p = { skb, seen };

	memset(inner, 0, sizeof(*inner));
	inner->proto = proto;
	inner->len = len;
	switch (x->props.mode) {
	case XFRM_MODE_TUNNEL:
		return find_in_tunnel(&p, inner);
	case XFRM_MODE_BEET:
		return find_in_beet(x, &p, inner);
	}
	return find_in_transport(x, &p, inner);
}
