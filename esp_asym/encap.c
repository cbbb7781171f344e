// SPDX-License-Identifier: GPL-2.0
/*
 * A header in front of ESP, for NAT and for networks that do not let ESP pass:
 * UDP (RFC 3948) and, where the kernel has it, the length field of TCP
 * encapsulation (RFC 8229).  Behind it the packet is what it always is.
 */
#include <linux/udp.h>
#include <net/espintcp.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "sa.h"
#include "stat.h"

/* In front of each message of a stream: its length, these bytes included. */
#define LENGTH_BYTES	2

/**
 * asym_encap_check() - can packets of this SA be encapsulated as it wants?
 * @x: SA that is set up
 * @extack: for the reason of a refusal
 *
 * Return: 0 or an error
 */
int asym_encap_check(const struct xfrm_state *x,
		     struct netlink_ext_ack *extack)
{
	if (!x->encap)
		return 0;
	if (x->encap->encap_type == UDP_ENCAP_ESPINUDP)
		return 0;
	if (x->encap->encap_type != TCP_ENCAP_ESPINTCP) {
		NL_SET_ERR_MSG(extack,
			       "Asymmetric ESP knows two encapsulations: espinudp and espintcp");
		return -EINVAL;
	}
	if (x->props.family == AF_INET ? IS_ENABLED(CONFIG_INET_ESPINTCP) :
					 IS_ENABLED(CONFIG_INET6_ESPINTCP))
		return 0;
	NL_SET_ERR_MSG(extack,
		       "This kernel has no encapsulation in TCP (INET_ESPINTCP, INET6_ESPINTCP)");
	return -EOPNOTSUPP;
}

static bool in_tcp(const struct xfrm_state *x)
{
	return x->encap && x->encap->encap_type == TCP_ENCAP_ESPINTCP;
}

/* Bytes between the IP header and the ESP header. */
u32 asym_encap_bytes(const struct xfrm_state *x)
{
	if (!x->encap)
		return 0;
	return in_tcp(x) ? LENGTH_BYTES : sizeof(struct udphdr);
}

/* A daemon may change the ports of a living SA when those of a NAT change. */
static void read_ports(struct xfrm_state *x, __be16 *sport, __be16 *dport)
{
	spin_lock_bh(&x->lock);
	*sport = x->encap->encap_sport;
	*dport = x->encap->encap_dport;
	spin_unlock_bh(&x->lock);
}

/**
 * asym_encap_put() - write the header
 * @x: SA
 * @skb: packet, its transport header where the header goes, its MAC header at
 *	the protocol field of the IP header
 * @len: bytes from the ESP header to the ICV
 *
 * Return: 0, or -EMSGSIZE: the packet is too long for a length field
 */
int asym_encap_put(struct xfrm_state *x, struct sk_buff *skb, u32 len)
{
	struct udphdr *uh;

	if (!x->encap)
		return 0;
	len += asym_encap_bytes(x);
	if (len + sizeof(struct iphdr) > IP_MAX_MTU)
		return -EMSGSIZE;
	if (in_tcp(x)) {
		*(__be16 *)skb_transport_header(skb) = htons(len);
		return 0;
	}
	uh = udp_hdr(skb);
	read_ports(x, &uh->source, &uh->dest);
	uh->len = htons(len);
	uh->check = 0;
	*skb_mac_header(skb) = IPPROTO_UDP;
	return 0;
}

/**
 * asym_encap_checksum() - complete the header of a sealed packet
 * @x: SA
 * @skb: packet, skb->data at its IP header
 *
 * RFC 3948 wants no UDP checksum over IPv4; over IPv6 a receiver drops what has
 * none (RFC 8200 section 8.1).
 */
void asym_encap_checksum(const struct xfrm_state *x, struct sk_buff *skb)
{
	const struct ipv6hdr *iph = ipv6_hdr(skb);
	u32 off = skb_transport_offset(skb);
	u32 len = skb->len - off;
	struct udphdr *uh;

	if (!x->encap || in_tcp(x) || x->props.family != AF_INET6)
		return;
	uh = udp_hdr(skb);
	uh->check = csum_ipv6_magic(&iph->saddr, &iph->daddr, len, IPPROTO_UDP,
				    skb_checksum(skb, off, len, 0)) ?:
		    CSUM_MANGLED_0;
}

/**
 * asym_encap_ip_bytes() - length of the outer IP header, with its extensions
 * @x: SA
 * @skb: packet that came in, its network header in place, its transport header
 *	at ESP
 *
 * Return: bytes from there to ESP or to what it is encapsulated in
 */
u32 asym_encap_ip_bytes(const struct xfrm_state *x, const struct sk_buff *skb)
{
	u8 proto = ipv6_hdr(skb)->nexthdr;
	int start = skb_network_offset(skb);
	__be16 fragment;
	int end;

	if (x->props.family == AF_INET)
		return ip_hdrlen(skb);
	if (!in_tcp(x))
		return skb_network_header_len(skb) - asym_encap_bytes(x);
	/* In a stream ESP is somewhere behind the TCP header. */
	end = ipv6_skip_exthdr(skb, start + (int)sizeof(struct ipv6hdr), &proto,
			       &fragment);
	return end == -1 ? sizeof(struct ipv6hdr) : end - start;
}

/* Both UDP and TCP have it in front. */
static __be16 source_port(const struct xfrm_state *x, const struct sk_buff *skb)
{
	return *(__be16 *)(skb_network_header(skb) +
			   asym_encap_ip_bytes(x, skb));
}

/**
 * asym_encap_learn() - tell IKE when a NAT has changed the peer's address
 * @x: SA
 * @skb: packet with a right ICV, its network header in place, its transport
 *	header at ESP
 */
void asym_encap_learn(struct xfrm_state *x, const struct sk_buff *skb)
{
	xfrm_address_t addr = {};
	__be16 source;

	if (!x->encap)
		return;
	if (x->props.family == AF_INET6)
		addr.in6 = ipv6_hdr(skb)->saddr;
	else
		addr.a4 = ip_hdr(skb)->saddr;
	source = source_port(x, skb);
	if (xfrm_addr_equal(&addr, &x->props.saddr, x->props.family) &&
	    source == x->encap->encap_sport)
		return;
	km_new_mapping(x, &addr, source);
}

#ifdef CONFIG_XFRM_ESPINTCP

static struct sock *lookup(struct xfrm_state *x, __be16 sport, __be16 dport)
{
	struct net *net = xs_net(x);
	struct inet_hashinfo *hashinfo = net->ipv4.tcp_death_row.hashinfo;

	if (x->props.family == AF_INET)
		return inet_lookup_established(net, hashinfo, x->id.daddr.a4,
					       dport, x->props.saddr.a4, sport,
					       0);
	return __inet6_lookup_established(net, hashinfo, &x->id.daddr.in6,
					  dport, &x->props.saddr.in6,
					  ntohs(sport), 0, 0);
}

/* The connection that carries the SA's packets. */
static struct sock *find_carrier(struct xfrm_state *x)
{
	__be16 sport, dport;
	struct sock *sk;

	read_ports(x, &sport, &dport);
	sk = lookup(x, sport, dport);
	if (sk && !tcp_is_ulp_esp(sk)) {
		sock_gen_put(sk);
		sk = NULL;
	}
	return sk;
}

static int push(struct net *net, struct sock *unused, struct sk_buff *skb)
{
	struct sock *sk;
	int err;

	rcu_read_lock();
	sk = find_carrier(skb_dst(skb)->xfrm);
	rcu_read_unlock();
	if (!sk) {
		asym_refuse(net, ASYM_REASON_NO_SA, NULL, 0,
			    "no connection carries the packets of this SA (espintcp)");
		kfree_skb(skb);
		return -ENOENT;
	}
	bh_lock_sock(sk);
	err = sock_owned_by_user(sk) ? espintcp_queue_out(sk, skb) :
				       espintcp_push_skb(sk, skb);
	bh_unlock_sock(sk);
	sock_put(sk);
	return err;
}

/**
 * asym_encap_send() - what is in TCP goes to the socket that carries it
 * @x: SA
 * @skb: sealed packet
 *
 * From a context of its own: TCP may be sending the packet that is inside.
 *
 * Return: 0: the packet goes on through xfrm, -EINPROGRESS: it is on its way,
 * or an error that drops it
 */
int asym_encap_send(struct xfrm_state *x, struct sk_buff *skb)
{
	int err;

	if (!in_tcp(x))
		return 0;
	local_bh_disable();
	err = xfrm_trans_queue_net(xs_net(x), skb, push);
	local_bh_enable();
	return err ?: -EINPROGRESS;
}

#else

int asym_encap_send(struct xfrm_state *x, struct sk_buff *skb)
{
	return 0;
}

#endif
