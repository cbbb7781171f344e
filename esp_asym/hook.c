// SPDX-License-Identifier: GPL-2.0
/*
 * First thing on the way out of TCP: start to follow connections, refuse what
 * was not followed, and choose an MSS that does not cut cipher blocks.
 *
 * The socket lock is held here whenever TCP itself transmits.  A packet that
 * comes along another way (a queue, a copy) can only miss the start of a
 * connection, which refuses it.
 */
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/unaligned.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "flow.h"
#include "packet.h"
#include "sa.h"
#include "stat.h"

/*
 * The peer may send segments up to the MSS that we announce.  Announce one with
 * which segments, behind the timestamps option, hold whole cipher blocks: heads
 * and blocks of user data are multiples of 16 bytes, so bulk data then are
 * never cut inside a block.
 */
static void align_mss(struct sk_buff *skb, u32 mtu, u32 ip_len)
{
	struct tcphdr *th = tcp_hdr(skb);
	u8 *opt = (u8 *)(th + 1), *end = (u8 *)th + th->doff * 4;
	u32 overhead = ip_len + sizeof(struct tcphdr);
	u32 stamps = 0, mss;
	u8 *mss_opt = NULL;

	while (opt < end && *opt != TCPOPT_EOL) {
		if (*opt == TCPOPT_NOP) {
			opt++;
			continue;
		}
		if (end - opt < 2 || opt[1] < 2 || opt[1] > end - opt)
			return;
		if (opt[0] == TCPOPT_MSS && opt[1] == TCPOLEN_MSS)
			mss_opt = opt + 2;
		if (opt[0] == TCPOPT_TIMESTAMP)
			stamps = TCPOLEN_TSTAMP_ALIGNED;
		opt += opt[1];
	}
	if (!mss_opt || mtu < overhead + stamps + 2 * ASYM_BLOCK_BYTES)
		return;
	mss = round_down(mtu - overhead - stamps, ASYM_BLOCK_BYTES) + stamps;
	if (get_unaligned_be16(mss_opt) > mss)
		put_unaligned_be16(mss, mss_opt);
}

static unsigned int refuse(struct net *net, enum asym_reason reason,
			   const char *detail)
{
	asym_refuse(net, reason, NULL, 0, detail);
	return NF_DROP;
}

static unsigned int refuse_socket(struct sock *sk, struct net *net,
				  enum asym_reason reason, const char *detail)
{
	asym_flow_abort_socket(sk);
	return refuse(net, reason, detail);
}

/*
 * An initiator's connection without an asymmetric SA: there is only one thing to
 * see to, that it does not lead to a sealed unit.
 */
static unsigned int start_unprotected(struct net *net, struct sock *sk,
				      const struct tcphdr *th, u32 payload)
{
	int err;

	if (!asym_port_is_iscsi(th->dest) || !asym_target_is_sealed(net, NULL))
		return NF_ACCEPT;
	/* Its login was not watched: nothing was bound then. */
	if (payload)
		return refuse_socket(sk, net, ASYM_REASON_NOT_FROM_SYN,
				     "an unprotected iSCSI connection older than the bindings is reset, so that it names its target again");
	if (!th->syn || th->ack)
		return NF_ACCEPT;
	err = asym_socket_attach(sk, ISCSI_ROLE_INITIATOR, ASYM_WATCH_LOGIN,
				 ntohl(th->seq) + 1);
	if (!err)
		return NF_ACCEPT;
	return refuse(net, ASYM_REASON_NO_SA,
		      "an unprotected iSCSI connection cannot be watched");
}

/* The target was not sealed when it was named, but bindings come later, too. */
static unsigned int continue_unprotected(struct net *net, struct sock *sk,
					 struct asym_flow *flow)
{
	const char *target = flow->stream.params.target_name;
	unsigned int generation;

	if (READ_ONCE(flow->watch) != ASYM_WATCH_NOT)
		return NF_ACCEPT;
	generation = asym_bindings_generation(net);
	if (READ_ONCE(flow->generation) == generation)
		return NF_ACCEPT;
	if (*target && asym_target_is_sealed(net, target))
		return refuse_socket(sk, net, ASYM_REASON_NO_SA,
				     "a LUN of this target has been bound to a key, and no asymmetric SA protects the connection");
	WRITE_ONCE(flow->generation, generation);
	return NF_ACCEPT;
}

/*
 * Is this before the first byte of the stream, and at which number is that?  A
 * segment that is no SYN comes from the accepted side, or from one whose SYN was
 * waiting for an SA when it passed here.  That one must not have read anything.
 */
static bool nothing_sent(const struct sock *sk, const struct tcphdr *th,
			 enum iscsi_role role, u32 *base)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	*base = th->syn ? ntohl(th->seq) + 1 : tp->write_seq;
	if (th->syn)
		return true;
	return !tp->data_segs_out && tp->write_seq == tp->snd_una &&
	       (role == ISCSI_ROLE_TARGET || !tp->bytes_received);
}

static unsigned int start(struct net *net, struct sock *sk,
			  const struct tcphdr *th, u32 payload)
{
	enum iscsi_role role = asym_port_is_iscsi(th->dest) ?
			       ISCSI_ROLE_INITIATOR : ISCSI_ROLE_TARGET;
	u32 base;
	int err;

	if (!nothing_sent(sk, th, role, &base)) {
		if (!payload)
			return NF_ACCEPT;
		return refuse_socket(sk, net, ASYM_REASON_NOT_FROM_SYN,
				     "an iSCSI connection older than its protection is reset");
	}
	err = asym_socket_attach(sk, role, ASYM_WATCH_PROTECTED, base);
	if (!err)
		return NF_ACCEPT;
	if (err == -EBUSY)
		return refuse_socket(sk, net, ASYM_REASON_SOCKET_BUSY,
				     "another protocol (TLS, BPF) sits on this iSCSI socket");
	return refuse(net, ASYM_REASON_NO_MEMORY,
		      "no memory to follow an iSCSI connection");
}

/*
 * A connection has been watched because its SYN met no SA.  IKE has made one since:
 * before the first byte of the stream it is not too late to follow it.
 */
static bool protect(struct sock *sk, struct asym_flow *flow,
		    const struct tcphdr *th)
{
	u32 base;

	if (READ_ONCE(flow->watch) != ASYM_WATCH_LOGIN ||
	    !nothing_sent(sk, th, ISCSI_ROLE_INITIATOR, &base) ||
	    !asym_flow_starts_at(flow, base))
		return false;
	if (asym_socket_track(sk, flow))
		return false;
	WRITE_ONCE(flow->watch, ASYM_WATCH_PROTECTED);
	return true;
}

static bool port_is_iscsi(const struct tcphdr *th)
{
	return asym_port_is_iscsi(th->source) || asym_port_is_iscsi(th->dest);
}

/* Length of the IP headers in front of TCP, or 0 if it is not TCP. */
static u32 find_tcp(const struct sk_buff *skb, u8 family)
{
	int off = sizeof(struct ipv6hdr);
	__be16 fragment;
	u8 proto;

	if (family == NFPROTO_IPV4)
		return ip_hdr(skb)->protocol == IPPROTO_TCP &&
		       !ip_is_fragment(ip_hdr(skb)) ? ip_hdrlen(skb) : 0;
	proto = ipv6_hdr(skb)->nexthdr;
	off = ipv6_skip_exthdr(skb, off, &proto, &fragment);
	return off > 0 && proto == IPPROTO_TCP && !fragment ? off : 0;
}

static unsigned int local_out(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	u32 ip_len = find_tcp(skb, state->pf);
	struct sock *sk = skb->sk;
	struct asym_flow *flow = NULL;
	enum asym_route route;
	struct tcphdr *th;
	u32 payload;
	bool ours;

	if (!ip_len)
		return NF_ACCEPT;
	route = asym_route_judge(skb, state->pf);
	ours = route == ASYM_ROUTE_OURS;
	/* A raw socket has TCP packets, too, and the kernel answers with one for
	 * connections in TIME_WAIT: there is nothing of a connection in it.
	 */
	if (sk && !(sk_fullsock(sk) && sk_is_tcp(sk)))
		sk = NULL;
	if (sk)
		flow = asym_socket_flow(sk);
	if (!ours && !flow && !sk)
		return NF_ACCEPT;

	/* Built by our own TCP or by a raw socket: be careful all the same. */
	if (!pskb_may_pull(skb, ip_len + sizeof(*th)))
		return NF_DROP;
	skb_set_transport_header(skb, ip_len);
	th = tcp_hdr(skb);
	if (!pskb_may_pull(skb, ip_len + th->doff * 4))
		return NF_DROP;
	th = tcp_hdr(skb);
	payload = skb->len - ip_len - th->doff * 4;

	if (route == ASYM_ROUTE_HIDDEN && !th->rst && port_is_iscsi(th) &&
	    !(flow && flow->watch == ASYM_WATCH_PROTECTED))
		return refuse_socket(sk, state->net, ASYM_REASON_NO_SA,
				     "another SA hides iSCSI from the asymmetric one around it");
	if (!flow && !ours) {
		unsigned int verdict = start_unprotected(state->net, sk, th,
							 payload);

		flow = asym_socket_flow(sk);
		if (verdict != NF_ACCEPT || !flow)
			return verdict;
	}
	/* The socket would keep this route, and what goes by it does not come
	 * past here when there is an SA.  Have TCP look for another one instead.
	 * This packet is dropped here or below: the route may have been the
	 * socket's only, and the kernel's queue crashes without one.
	 */
	if (route == ASYM_ROUTE_WAITS && flow->watch != ASYM_WATCH_NOT) {
		sk_dst_reset(sk);
		if (flow->watch == ASYM_WATCH_LOGIN)
			return NF_DROP;
	}
	if (!ours && flow->watch != ASYM_WATCH_PROTECTED)
		return payload ? continue_unprotected(state->net, sk, flow) :
				 NF_ACCEPT;
	if (!ours)
		return refuse(state->net, ASYM_REASON_NO_SA,
			      "no asymmetric SA for a connection that started with one");

	/* The ICV covers the segment; nobody computes a checksum for it. */
	if (!skb_is_gso(skb))
		skb->ip_summed = CHECKSUM_NONE;
	if (!port_is_iscsi(th))
		return NF_ACCEPT;
	if (flow && flow->watch != ASYM_WATCH_PROTECTED && !th->rst &&
	    !protect(sk, flow, th))
		return refuse_socket(sk, state->net, ASYM_REASON_NOT_FROM_SYN,
				     "an iSCSI connection older than its protection is reset");
	if (flow && th->syn && !asym_flow_starts_at(flow, ntohl(th->seq) + 1))
		return refuse(state->net, ASYM_REASON_SOCKET_BUSY,
			      "this socket had another iSCSI connection: open a new one");
	if (th->syn)
		align_mss(skb, dst_mtu(skb_dst(skb)), ip_len);
	if (flow || !sk)
		return NF_ACCEPT;
	if (th->rst)
		return NF_ACCEPT;
	return start(state->net, sk, th, payload);
}

static const struct nf_hook_ops hook_ops[] = {
	{
		.hook		= local_out,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_LOCAL_OUT,
		.priority	= INT_MIN,
	},
	{
		.hook		= local_out,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_LOCAL_OUT,
		.priority	= INT_MIN,
	},
	{
		.hook		= asym_admit,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= INT_MAX,
	},
	{
		.hook		= asym_admit,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= INT_MAX,
	},
};

static int __net_init hook_net_init(struct net *net)
{
	return nf_register_net_hooks(net, hook_ops, ARRAY_SIZE(hook_ops));
}

static void __net_exit hook_net_exit(struct net *net)
{
	nf_unregister_net_hooks(net, hook_ops, ARRAY_SIZE(hook_ops));
}

static struct pernet_operations hook_net_ops = {
	.init	= hook_net_init,
	.exit	= hook_net_exit,
};

int asym_hook_init(void)
{
	return register_pernet_subsys(&hook_net_ops);
}

void asym_hook_exit(void)
{
	unregister_pernet_subsys(&hook_net_ops);
}
