// SPDX-License-Identifier: GPL-2.0
/*
 * GSO.  TCP's large segments pass xfrm whole (encap), are cut into packets late
 * (gso_segment) and sealed one by one (asym_xmit).  The cut is our own so that
 * packets share the pages of the large segment: esp4_offload's copies them and
 * sums them up.
 */
#include <linux/module.h>
#include <net/esp.h>
#include <net/protocol.h>
#include <net/xfrm.h>

#include "esp_asym.h"

static const struct net_offload *original;
static struct module *original_owner;
static struct net_offload ours;

static void encap(struct xfrm_state *x, struct sk_buff *skb)
{
	struct xfrm_offload *xo = xfrm_offload(skb);
	struct ip_esp_hdr *esph;

	xo->proto = ip_hdr(skb)->protocol;
	skb_push(skb, -skb_network_offset(skb));
	*skb_mac_header(skb) = IPPROTO_ESP;
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

static struct sk_buff *gso_segment(struct sk_buff *skb,
				   netdev_features_t features)
{
	struct xfrm_offload *xo = xfrm_offload(skb);
	const struct net_offload *ops;
	struct sec_path *sp;
	struct xfrm_state *x;

	sp = skb_sec_path(skb);
	if (!xo || !sp || !sp->len)
		return original->callbacks.gso_segment(skb, features);
	x = sp->xvec[sp->len - 1];
	if (!asym_state_is_ours(x))
		return original->callbacks.gso_segment(skb, features);

	if (!(skb_shinfo(skb)->gso_type & SKB_GSO_ESP) ||
	    ip_esp_hdr(skb)->spi != x->id.spi ||
	    !pskb_may_pull(skb, x->props.header_len))
		return ERR_PTR(-EINVAL);
	__skb_pull(skb, x->props.header_len);
	skb->transport_header += x->props.header_len;
	xo->flags |= XFRM_GSO_SEGMENT;

	/* Partial GSO would leave segments of several MSS to a device that
	 * cannot seal them.  TCP checksums are not sent, see the wire format;
	 * others must be complete before they are sealed.
	 */
	features &= ~(NETIF_F_HW_ESP | NETIF_F_GSO_ESP | NETIF_F_GSO_PARTIAL);
	if (xo->proto == IPPROTO_TCP)
		features |= NETIF_F_HW_CSUM;
	else
		features &= ~(NETIF_F_SG | NETIF_F_CSUM_MASK |
			      NETIF_F_SCTP_CRC);

	ops = rcu_dereference(inet_offloads[xo->proto]);
	if (!ops || !ops->callbacks.gso_segment)
		return ERR_PTR(-EPROTONOSUPPORT);
	return ops->callbacks.gso_segment(skb, features);
}

bool asym_offload_available(void)
{
	return original;
}

/* Stand in for esp4_offload's segmentation, as state.c does for its type. */
int asym_offload_init(void)
{
	const struct net_offload **slot =
		(const struct net_offload **)&inet_offloads[IPPROTO_ESP];
	const struct xfrm_type_offload *type = NULL;
	struct xfrm_state_afinfo *afinfo;
	const struct net_offload *found;

	request_module("xfrm-offload-%u-%u", AF_INET, XFRM_PROTO_ESP);

	rcu_read_lock();
	afinfo = xfrm_state_afinfo_get_rcu(AF_INET);
	if (afinfo)
		type = READ_ONCE(afinfo->type_offload_esp);
	if (type && !try_module_get(type->owner))
		type = NULL;
	rcu_read_unlock();
	if (!type) {
		pr_notice("esp_asym: esp4_offload is not there: asym SAs work without GSO and GRO\n");
		return 0;
	}

	found = READ_ONCE(*slot);
	if (!found || !found->callbacks.gso_segment) {
		module_put(type->owner);
		return 0;
	}
	ours = *found;
	ours.callbacks.gso_segment = gso_segment;
	original_owner = type->owner;
	original = found;
	if (cmpxchg(slot, found, (const struct net_offload *)&ours) != found) {
		original = NULL;
		module_put(original_owner);
		return -EBUSY;
	}
	return 0;
}

void asym_offload_exit(void)
{
	if (!original)
		return;
	WRITE_ONCE(*(const struct net_offload **)&inet_offloads[IPPROTO_ESP],
		   original);
	synchronize_net();
	module_put(original_owner);
	original = NULL;
}
