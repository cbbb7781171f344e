// SPDX-License-Identifier: GPL-2.0
/*
 * Last thing in front of TCP: what an initiator reads from a connection that it
 * follows has to come straight out of an asymmetric SA.  Bytes that came another
 * way would be taken for those of a packet that was seen, and that TCP dropped.
 *
 * Policies do not see to that.  They take what has been in more SAs than they
 * ask for, and what was in none where there is no policy.
 */
#include <linux/netfilter.h>
#include <net/ipv6.h>
#include <net/tcp.h>
#include <net/xfrm.h>

#include "flow.h"
#include "packet.h"
#include "sa.h"
#include "stat.h"

/* SAs are in the order in which the packet came out of them. */
static bool is_out_of_ours(const struct sk_buff *skb)
{
	const struct sec_path *sp = skb_sec_path(skb);

	return sp && sp->len && asym_state_is_ours(sp->xvec[sp->len - 1]);
}

/*
 * Where the TCP header is, 0 if there is none, or -EINVAL.  Fragments of IPv6 have
 * not been put together, and the kernel also takes a first one that ends behind
 * an extension header.  RFC 7112 wants it to be dropped.
 */
static int find_tcp(const struct sk_buff *skb, u8 family, __be16 *fragment)
{
	int off = sizeof(struct ipv6hdr);
	u8 proto;

	*fragment = 0;
	if (family == NFPROTO_IPV4)
		return ip_hdr(skb)->protocol == IPPROTO_TCP ? ip_hdrlen(skb) :
							      0;
	proto = ipv6_hdr(skb)->nexthdr;
	off = ipv6_skip_exthdr(skb, off, &proto, fragment);
	if (off < 0)
		return *fragment ? -EINVAL : 0;
	return proto == IPPROTO_TCP ? off : 0;
}

static unsigned int refuse(struct net *net, const char *detail)
{
	asym_refuse(net, ASYM_REASON_UNSEALED_DATA, NULL, 0, detail);
	return NF_DROP;
}

static bool is_followed(const struct asym_flow_key *key)
{
	struct asym_flow *flow = asym_flow_get(key);
	bool followed;

	if (!flow)
		return false;
	followed = flow->role == ISCSI_ROLE_INITIATOR &&
		   READ_ONCE(flow->watch) == ASYM_WATCH_PROTECTED;
	asym_flow_put(flow);
	return followed;
}

/**
 * asym_admit() - netfilter hook, LOCAL_IN
 * @priv: unused
 * @skb: packet for this host, perhaps of several that GRO has put together
 * @state: where it is
 *
 * Return: NF_DROP for data of a followed connection that came another way, and for
 *	what may turn out to be such data
 */
unsigned int asym_admit(void *priv, struct sk_buff *skb,
			const struct nf_hook_state *state)
{
	struct asym_flow_key key = { .net = state->net };
	const struct tcphdr *th;
	struct tcphdr buf;
	__be16 fragment;
	int off;

	if (is_out_of_ours(skb))
		return NF_ACCEPT;
	off = find_tcp(skb, state->pf, &fragment);
	if (off < 0)
		return refuse(state->net,
			      "an IPv6 fragment does not tell what it is the first of");
	th = off ? skb_header_pointer(skb, off, sizeof(buf), &buf) : NULL;
	if (!th || !asym_port_is_iscsi(th->source))
		return NF_ACCEPT;
	/* The data may be in the fragments behind the first. */
	if (!fragment && skb->len <= off + th->doff * 4)
		return NF_ACCEPT;

	if (state->pf == NFPROTO_IPV4) {
		ipv6_addr_set_v4mapped(ip_hdr(skb)->daddr, &key.laddr);
		ipv6_addr_set_v4mapped(ip_hdr(skb)->saddr, &key.raddr);
	} else {
		key.laddr = ipv6_hdr(skb)->daddr;
		key.raddr = ipv6_hdr(skb)->saddr;
	}
	key.lport = th->dest;
	key.rport = th->source;
	if (!is_followed(&key))
		return NF_ACCEPT;
	return refuse(state->net,
		      "data for a followed connection did not come out of an asymmetric SA");
}

/**
 * asym_admit_mark() - keep GRO from adding what came another way to a packet
 * @skb: opened packet of a followed connection
 * @flow: the connection
 *
 * GRO looks at the SAs of the first packet only, but at the hash of each.  Nobody
 * outside of this host knows that of a connection here.
 */
void asym_admit_mark(struct sk_buff *skb, const struct asym_flow *flow)
{
	__skb_set_sw_hash(skb, flow->mark, true);
}
