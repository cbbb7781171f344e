// SPDX-License-Identifier: GPL-2.0
/*
 * GSO.  TCP's large segments pass xfrm whole (encap), are cut into packets late
 * (gso_segment) and sealed one by one (asym_xmit).  The cut is our own so that
 * packets share the pages of the large segment: esp4_offload's copies them and
 * sums them up.
 *
 * GRO is esp4_offload's (esp6_offload's), for packets that it can cope with.
 */
#include <linux/ipv6.h>
#include <linux/module.h>
#include <net/esp.h>
#include <net/gro.h>
#include <net/gso.h>
#include <net/protocol.h>
#include <net/xfrm.h>

#include "packet.h"
#include "sa.h"

/**
 * struct stand_in - in the place of the segmentation of one family
 * @family: of the ESP packets
 * @name: of the module whose place it is
 * @slot: where IP looks it up
 * @original: what was there, or NULL: not stood in for
 * @owner: its module, pinned
 * @ours: what is there now
 */
struct stand_in {
	unsigned short			family;
	const char			*name;
	const struct net_offload	**slot;
	const struct net_offload	*original;
	struct module			*owner;
	struct net_offload		ours;
};

static struct stand_in stand_ins[] = {
	{
		.family	= AF_INET,
		.name	= "esp4_offload",
		.slot	= (const struct net_offload **)
			  &inet_offloads[IPPROTO_ESP],
	},
	{
		.family	= AF_INET6,
		.name	= "esp6_offload",
		.slot	= (const struct net_offload **)
			  &inet6_offloads[IPPROTO_ESP],
	},
};

/* xfrm says where the header of TCP is in transport and tunnel mode, and not in
 * BEET mode.  Kernels that look there (qdisc_pkt_len_segs_init(), 6.12.90 or so)
 * drop what is large and does not have it there.
 */
static void find_inner(const struct xfrm_state *x, struct sk_buff *skb,
		       u8 proto)
{
	struct asym_inner inner;

	if (x->props.mode == XFRM_MODE_BEET &&
	    !asym_inner_find(x, skb, skb->len, proto, skb->len, &inner))
		skb_set_inner_transport_header(skb, inner.off);
}

static void encap(struct xfrm_state *x, struct sk_buff *skb)
{
	struct xfrm_offload *xo = xfrm_offload(skb);
	u8 *next_header = skb_mac_header(skb);
	struct ip_esp_hdr *esph;

	/* Not the outermost header's, behind which there may be extensions. */
	xo->proto = *next_header;
	*next_header = IPPROTO_ESP;
	find_inner(x, skb, xo->proto);
	skb_push(skb, -skb_network_offset(skb));
	esph = ip_esp_hdr(skb);
	esph->spi = x->id.spi;
	esph->seq_no = htonl(XFRM_SKB_CB(skb)->seq.output.low);
}

/* Only called for packets that hardware has decrypted; we have none. */
static int input_tail(struct xfrm_state *x, struct sk_buff *skb)
{
	return -EOPNOTSUPP;
}

const struct xfrm_type_offload asym_type_offload = {
	.owner		= THIS_MODULE,
	.proto		= IPPROTO_ESP,
	.encap		= encap,
	.input_tail	= input_tail,
	.xmit		= asym_xmit,
};

/* Tunnels inside of the payload, whose headers have checksums of their own. */
#define INNER_TUNNELS							\
	(SKB_GSO_GRE | SKB_GSO_GRE_CSUM | SKB_GSO_IPXIP4 |		\
	 SKB_GSO_IPXIP6 | SKB_GSO_UDP_TUNNEL | SKB_GSO_UDP_TUNNEL_CSUM | \
	 SKB_GSO_TUNNEL_REMCSUM)

static bool holds_tcp(const struct sk_buff *skb)
{
	u32 type = skb_shinfo(skb)->gso_type;

	return type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6) &&
	       !(type & INNER_TUNNELS);
}

/* The payload begins with an IP header. */
static struct sk_buff *cut_tunnel(struct sk_buff *skb, u8 proto,
				  netdev_features_t features)
{
	/* IP would leave only what the device can do with inner headers, which
	 * it will not see.
	 */
	if (holds_tcp(skb))
		SKB_GSO_CB(skb)->encap_level = 0;
	return skb_eth_gso_segment(skb, features, proto == IPPROTO_IPV6 ?
				   htons(ETH_P_IPV6) : htons(ETH_P_IP));
}

/* The payload begins with what follows an IP header. */
static struct sk_buff *cut_transport(struct xfrm_state *x, struct sk_buff *skb,
				     u8 proto, netdev_features_t features)
{
	unsigned short family = x->props.family;
	struct sk_buff *segs, *seg;
	const struct net_offload *ops;
	struct asym_inner inner;

	if (x->props.mode == XFRM_MODE_BEET)
		family = x->sel.family;
	if (asym_inner_find(x, skb, skb->len, proto, skb->len, &inner) ||
	    !pskb_may_pull(skb, inner.off))
		return ERR_PTR(-EINVAL);
	__skb_pull(skb, inner.off);
	skb_reset_transport_header(skb);
	ops = family == AF_INET6 ? rcu_dereference(inet6_offloads[inner.proto]) :
				   rcu_dereference(inet_offloads[inner.proto]);
	if (!ops || !ops->callbacks.gso_segment)
		return ERR_PTR(-EPROTONOSUPPORT);
	segs = ops->callbacks.gso_segment(skb, features);
	/* xfrm looks for the payload where the transport header is. */
	for (seg = segs; !IS_ERR_OR_NULL(seg); seg = seg->next)
		seg->transport_header -= inner.off;
	return segs;
}

static struct sk_buff *gso_segment(const struct stand_in *in,
				   struct sk_buff *skb,
				   netdev_features_t features)
{
	struct xfrm_offload *xo = xfrm_offload(skb);
	struct sec_path *sp;
	struct xfrm_state *x;

	sp = skb_sec_path(skb);
	if (!xo || !sp || !sp->len)
		return in->original->callbacks.gso_segment(skb, features);
	x = sp->xvec[sp->len - 1];
	if (!asym_state_is_ours(x))
		return in->original->callbacks.gso_segment(skb, features);

	if (!(skb_shinfo(skb)->gso_type & SKB_GSO_ESP) ||
	    ip_esp_hdr(skb)->spi != x->id.spi ||
	    !pskb_may_pull(skb, ASYM_HEADER_BYTES))
		return ERR_PTR(-EINVAL);
	__skb_pull(skb, ASYM_HEADER_BYTES);
	xo->flags |= XFRM_GSO_SEGMENT;

	/* Partial GSO would leave segments of several MSS to a device that
	 * cannot seal them.  TCP checksums are not sent, see the wire format;
	 * others must be complete before they are sealed.
	 */
	features &= ~(NETIF_F_HW_ESP | NETIF_F_GSO_ESP | NETIF_F_GSO_PARTIAL);
	if (holds_tcp(skb))
		features |= NETIF_F_HW_CSUM;
	else
		features &= ~(NETIF_F_SG | NETIF_F_CSUM_MASK |
			      NETIF_F_SCTP_CRC);

	if (x->props.mode == XFRM_MODE_TUNNEL)
		return cut_tunnel(skb, xo->proto, features);
	return cut_transport(x, skb, xo->proto, features);
}

/*
 * The original cannot cope with packets that have been in an SA: it forgets that,
 * and policies that ask for both then drop them.  They go on without GRO.
 */
static struct sk_buff *gro_receive(const struct stand_in *in,
				   struct list_head *head, struct sk_buff *skb)
{
	const struct sec_path *sp = skb_sec_path(skb);

	if (!sp || !sp->len || xfrm_offload(skb))
		return in->original->callbacks.gro_receive(head, skb);
	NAPI_GRO_CB(skb)->same_flow = 0;
	NAPI_GRO_CB(skb)->flush = 1;
	return NULL;
}

static struct sk_buff *gro_receive4(struct list_head *head, struct sk_buff *skb)
{
	return gro_receive(&stand_ins[0], head, skb);
}

static struct sk_buff *gro_receive6(struct list_head *head, struct sk_buff *skb)
{
	return gro_receive(&stand_ins[1], head, skb);
}

static struct sk_buff *gso_segment4(struct sk_buff *skb,
				    netdev_features_t features)
{
	return gso_segment(&stand_ins[0], skb, features);
}

static struct sk_buff *gso_segment6(struct sk_buff *skb,
				    netdev_features_t features)
{
	return gso_segment(&stand_ins[1], skb, features);
}

bool asym_offload_available(unsigned short family)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(stand_ins); i++)
		if (stand_ins[i].family == family)
			return stand_ins[i].original;
	return false;
}

/* As state.c does for the type of the same family. */
static int stand_in_begin(struct stand_in *in)
{
	const struct xfrm_type_offload *type = NULL;
	struct xfrm_state_afinfo *afinfo;
	const struct net_offload *found;

	request_module("xfrm-offload-%u-%u", in->family, XFRM_PROTO_ESP);

	rcu_read_lock();
	afinfo = xfrm_state_afinfo_get_rcu(in->family);
	if (afinfo)
		type = READ_ONCE(afinfo->type_offload_esp);
	if (type && !try_module_get(type->owner))
		type = NULL;
	rcu_read_unlock();
	if (!type) {
		pr_notice("esp_asym: %s is not there: asym SAs work without GSO and GRO\n",
			  in->name);
		return 0;
	}

	found = READ_ONCE(*in->slot);
	if (!found || !found->callbacks.gso_segment ||
	    !found->callbacks.gro_receive) {
		module_put(type->owner);
		return 0;
	}
	in->ours = *found;
	if (in->family == AF_INET) {
		in->ours.callbacks.gso_segment = gso_segment4;
		in->ours.callbacks.gro_receive = gro_receive4;
	} else {
		in->ours.callbacks.gso_segment = gso_segment6;
		in->ours.callbacks.gro_receive = gro_receive6;
	}
	in->owner = type->owner;
	in->original = found;
	if (cmpxchg(in->slot, found, (const struct net_offload *)&in->ours) !=
	    found) {
		in->original = NULL;
		module_put(in->owner);
		return -EBUSY;
	}
	return 0;
}

static void stand_in_end(struct stand_in *in)
{
	if (!in->original)
		return;
	WRITE_ONCE(*in->slot, in->original);
	synchronize_net();
	module_put(in->owner);
	in->original = NULL;
}

int asym_offload_init(void)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(stand_ins); i++) {
		err = stand_in_begin(&stand_ins[i]);
		if (err) {
			asym_offload_exit();
			return err;
		}
	}
	return 0;
}

void asym_offload_exit(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(stand_ins); i++)
		stand_in_end(&stand_ins[i]);
}
