// SPDX-License-Identifier: GPL-2.0
/*
 * Transmit: describe the packet, encrypt all of it but the opaque ranges,
 * authenticate the whole.  User data were sealed above TCP (stream.c).
 */
#include <crypto/algapi.h>
#include <linux/unaligned.h>
#include <net/esp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "flow.h"
#include "packet.h"
#include "record.h"
#include "sa.h"
#include "stat.h"
#include "trace.h"

/* Entries of scatterlists that need no memory of their own. */
#define FEW_ENTRIES	40

/**
 * struct seal_op - a packet on its way through the cipher
 * @x: SA
 * @skb: packet, skb->data at the inner packet
 * @net: namespace
 * @seq: ESP sequence number, 64 bits
 * @at_once: the packet cannot wait for a cipher
 * @meta: what is said of the packet
 * @tail_len: bytes of padding, pad length and next header
 * @icv: where the ICV goes
 * @opaque: bytes in opaque ranges
 * @body: bytes outside of them, with the trailer
 * @mask: the mask of the ICV and what follows it, if @body is longer than the
 *	keystream that there is for packets in turn
 * @counter: of the stream cipher, likewise
 * @rf: rewriting of the packet
 * @sg: what is encrypted; with @mask and the metadata, if there is no keystream for it
 * @few: entries of @sg, if they are enough
 * @many: otherwise these, or NULL
 * @room: see asym_op_alloc()
 */
struct seal_op {
	struct xfrm_state	*x;
	struct sk_buff		*skb;
	struct net		*net;
	u64			seq;
	bool			at_once;
	struct asym_meta	meta;
	u32			tail_len;
	u32			opaque;
	u32			body;
	u8			*icv;
	u8			mask[ASYM_STREAM_META];
	u8			counter[16];
	struct asym_reframe	rf;
	struct asym_sg_pair	sg;
	struct scatterlist	few[FEW_ENTRIES];
	struct scatterlist	*many;
	struct asym_op_room	room;
};

/* Padding, pad length, next header and ICV. */
#define TAIL_BYTES_MAX	(3 + 2 + ASYM_ICV_BYTES)

static struct seal_op *op_alloc(struct xfrm_state *x, struct sk_buff *skb)
{
	struct asym_op_room room;
	struct seal_op *op;

	op = asym_op_alloc(x, ASYM_SEAL, sizeof(*op), &room);
	if (!op)
		return NULL;
	op->x = x;
	op->skb = skb;
	op->net = xs_net(x);
	asym_reframe_init(&op->rf, skb);
	op->many = NULL;
	op->room = room;
	return op;
}

/* Entries for mask, metadata, linear part, what is behind the last range, trailer;
 * and a range, a fragment, and a page of what is written may each begin one more.
 */
static int alloc_sg(struct seal_op *op)
{
	u32 nr = 5 + skb_shinfo(op->skb)->nr_frags + op->meta.nr_ranges +
		 op->skb->data_len / PAGE_SIZE;

	if (2 * nr > FEW_ENTRIES) {
		op->many = kmalloc_array(2 * nr, sizeof(*op->many),
					 GFP_ATOMIC | __GFP_NOWARN);
		if (!op->many)
			return -ENOMEM;
	}
	asym_sg_init(&op->sg, op->many ?: op->few, nr);
	return 0;
}

static void op_free(struct seal_op *op)
{
	kfree(op->many);
	asym_op_free(op->x, ASYM_SEAL, op);
}

static int refuse(struct net *net, enum asym_reason reason, const char *detail,
		  int err)
{
	asym_refuse(net, reason, NULL, 0, detail);
	return err;
}

/* Metadata of a TCP segment. */
static int describe_tcp(struct net *net, struct sk_buff *skb,
			const struct asym_inner *inner, struct asym_meta *meta)
{
	static const char malformed[] = "malformed TCP header";
	enum asym_describe result;
	struct asym_flow_key key = { .net = net };
	struct asym_flow *flow;
	struct tcphdr *th;
	u32 head, len;
	bool broken;

	if (inner->len < sizeof(*th) ||
	    !pskb_may_pull(skb, inner->off + sizeof(*th)))
		return refuse(net, ASYM_REASON_BAD_PACKET, malformed, -EINVAL);
	th = (struct tcphdr *)(skb->data + inner->off);
	head = th->doff * 4;
	if (head < sizeof(*th) || head > inner->len ||
	    !pskb_may_pull(skb, inner->off + head))
		return refuse(net, ASYM_REASON_BAD_PACKET, malformed, -EINVAL);
	th = (struct tcphdr *)(skb->data + inner->off);
	len = inner->len - head;
	/* The ICV covers the segment; whatever is here was computed in vain. */
	th->check = 0;
	if (!len || (!asym_port_is_iscsi(th->source) &&
		     !asym_port_is_iscsi(th->dest)))
		return 0;

	key.laddr = inner->saddr;
	key.raddr = inner->daddr;
	key.lport = th->source;
	key.rport = th->dest;
	flow = asym_flow_get(&key);
	if (!flow)
		return refuse(net, ASYM_REASON_NO_FLOW,
			      "data of an iSCSI connection that is not followed",
			      -EPERM);
	spin_lock_bh(&flow->lock);
	broken = flow->broken;
	result = asym_records_describe(&flow->records,
				       flow->role == ISCSI_ROLE_TARGET,
				       ntohl(th->seq), len, inner->off + head,
				       meta);
	spin_unlock_bh(&flow->lock);

	switch (result) {
	case ASYM_DESCRIBE_OK:
		break;
	case ASYM_DESCRIBE_STALE:
		broken = true;
		break;
	case ASYM_DESCRIBE_BYPASSED:
		asym_flow_break(flow, ASYM_REASON_STREAM_BYPASSED,
				"TCP sends bytes of this connection that were not seen");
		broken = true;
		break;
	case ASYM_DESCRIBE_OVERFLOW:
		asym_flow_break(flow, ASYM_REASON_METADATA_OVERFLOW,
				"too many PDUs in one segment");
		broken = true;
		break;
	}
	asym_flow_put(flow);
	return broken ? -EPERM : 0;
}

static int describe(struct xfrm_state *x, struct sk_buff *skb, u8 proto,
		    struct asym_meta *meta)
{
	struct asym_inner inner;
	const char *complaint;

	asym_meta_clear(meta);
	complaint = asym_inner_find(x, skb, skb->len, proto, skb->len, &inner);
	if (complaint)
		return refuse(xs_net(x), ASYM_REASON_BAD_PACKET, complaint,
			      -EINVAL);
	return inner.proto == IPPROTO_TCP ?
	       describe_tcp(xs_net(x), skb, &inner, meta) : 0;
}

static bool has_keystream(const struct seal_op *op)
{
	return op->body <= ASYM_AHEAD_BYTES;
}

/* How much there is of what; RFC 4303 section 2.4 has the padding. */
static void measure(struct seal_op *op)
{
	const struct asym_meta *meta = &op->meta;
	u32 len = op->skb->len, i;

	op->tail_len = -(len + 2) % 4 + 2;
	op->opaque = 0;
	for (i = 0; i < meta->nr_ranges; i++)
		op->opaque += meta->range[i].len;
	op->body = len - op->opaque + op->tail_len;
}

/* In front of the inner packet. */
static u8 *metadata(const struct sk_buff *skb)
{
	return skb->data - ASYM_META_BYTES;
}

/* Lay out the whole packet: what is encrypted, what stays, what is appended. */
static int plan(struct seal_op *op, u8 proto)
{
	const struct asym_meta *meta = &op->meta;
	struct asym_reframe *rf = &op->rf;
	struct sk_buff *skb = op->skb;
	u32 pos = 0, pad = op->tail_len - 2, i;
	u8 *tail;
	int err;

	err = asym_reframe_begin(rf, skb, TAIL_BYTES_MAX);
	if (err)
		return err;
	asym_sg_reset(&op->sg);
	if (!has_keystream(op)) {
		asym_sg_add_buf(&op->sg, op->mask, op->mask, sizeof(op->mask));
		asym_sg_add_buf(&op->sg, metadata(skb), metadata(skb),
				ASYM_META_BYTES);
	}
	for (i = 0; i < meta->nr_ranges && !err; i++) {
		const struct asym_range_entry *range = &meta->range[i];

		err = asym_reframe_rewrite(rf, pos, range->off - pos, &op->sg);
		if (!err)
			err = asym_reframe_keep(rf, range->off, range->len);
		pos = range->off + range->len;
	}
	if (!err)
		err = asym_reframe_rewrite(rf, pos, skb->len - pos, &op->sg);
	if (err)
		return err;

	err = asym_reframe_append(rf, op->tail_len + ASYM_ICV_BYTES, &tail);
	if (err)
		return err;
	for (i = 0; i < pad; i++)
		tail[i] = i + 1;
	tail[pad] = pad;
	tail[pad + 1] = proto;
	asym_sg_add_buf(&op->sg, tail, tail, op->tail_len);
	asym_sg_end(&op->sg);
	op->icv = tail + op->tail_len;
	return 0;
}

/* In front of the inner packet, whatever is in front of ESP. */
static struct ip_esp_hdr *esp_header(const struct sk_buff *skb)
{
	return (struct ip_esp_hdr *)(skb->data - ASYM_HEADER_BYTES);
}

/* The cipher is done: authenticate, and put the headers on. */
static int finish(struct seal_op *op)
{
	struct sk_buff *skb = op->skb;
	struct ip_esp_hdr *esph = esp_header(skb);
	struct asym_lead *lead = NULL;
	u8 aad[ASYM_AAD_BYTES_MAX];
	u32 aad_len;
	int err;

	if (has_keystream(op)) {
		lead = asym_keystream_take(op->room.keystream,
					   asym_sa_of(op->x), op->seq);
		crypto_xor(metadata(skb), lead->meta, ASYM_META_BYTES);
		asym_sg_xor(&op->sg, lead->ahead);
	}
	asym_reframe_commit(&op->rf);
	aad_len = asym_mac_aad(op->x, esph, htonl(op->seq >> 32), aad);
	skb_push(skb, ASYM_META_BYTES);
	err = asym_mac(op->x, skb, 0, skb->len - ASYM_ICV_BYTES,
		       lead ? lead->mask : op->mask, aad, aad_len,
		       op->room.mac, op->icv);
	if (lead)
		memzero_explicit(lead, sizeof(*lead));
	else
		memzero_explicit(op->mask, sizeof(op->mask));
	if (err)
		return refuse(op->net, ASYM_REASON_CRYPTO_ERROR, NULL, err);
	skb_push(skb, -skb_network_offset(skb));
	asym_encap_checksum(op->x, skb);

	asym_count_sealed(op->net, op->opaque, op->body + ASYM_META_BYTES);
	trace_asym_sealed(ntohl(op->x->id.spi), op->seq, skb->len, op->opaque);
	return 0;
}

/* What is left to do for a packet that goes straight to its device. */
static int finish_xmit(const struct xfrm_state *x, struct sk_buff *skb)
{
	if (x->props.family == AF_INET) {
		ip_hdr(skb)->tot_len = htons(skb->len);
		ip_send_check(ip_hdr(skb));
	} else {
		ipv6_hdr(skb)->payload_len =
			htons(skb->len - sizeof(struct ipv6hdr));
	}
	secpath_reset(skb);
	if (skb_needs_linearize(skb, skb->dev->features))
		return __skb_linearize(skb);
	return 0;
}

/* The tail of asym_output() and asym_xmit() when the cipher took its time. */
static void stream_done(void *arg, int err)
{
	struct seal_op *op = arg;
	struct xfrm_state *x = op->x;
	struct sk_buff *skb = op->skb;
	struct xfrm_offload *xo = xfrm_offload(skb);

	if (err == -EINPROGRESS)
		return;
	asym_count(op->net, ASYM_STAT_ASYNC_COMPLETIONS, 1);
	if (err) {
		asym_reframe_abandon(&op->rf);
		refuse(op->net, ASYM_REASON_CRYPTO_ERROR, NULL, err);
	} else {
		err = finish(op);
	}
	op_free(op);

	if (!xo || !(xo->flags & XFRM_DEV_RESUME)) {
		if (!err)
			err = asym_encap_send(x, skb);
		if (err != -EINPROGRESS)
			xfrm_output_resume(skb->sk, skb, err);
		return;
	}
	if (err || finish_xmit(x, skb)) {
		kfree_skb(skb);
		return;
	}
	skb_push(skb, skb->data - skb_mac_header(skb));
	xfrm_dev_resume(skb);
}

DEFINE_CRYPTO_DONE(stream_done)

static int plan_or_linearize(struct seal_op *op, u8 proto)
{
	int err = alloc_sg(op) ?: plan(op, proto);

	if (err != -EMSGSIZE)
		return err;
	asym_reframe_abandon(&op->rf);
	return skb_linearize(op->skb) ?: plan(op, proto);
}

/* Numbers at the end of an SA that are not used: the longest GSO packet has as
 * many segments.  With ESN the kernel steps back when such a packet does not
 * fit, and would give the same numbers, and so the same IVs, once more.
 */
#define SEQ_RESERVE	65536

static bool seq_ends(const struct xfrm_state *x, u64 seq)
{
	u64 last = x->props.flags & XFRM_STATE_ESN ? U64_MAX : U32_MAX;

	return seq > last - SEQ_RESERVE;
}

static int encrypt(struct seal_op *op)
{
	const struct asym_sa *sa = asym_sa_of(op->x);
	struct skcipher_request *req = op->room.req;
	u8 iv[ASYM_IV_BYTES];

	skcipher_request_set_callback(req, 0, crypto_done(stream_done), op);
	if (has_keystream(op))
		return asym_keystream_make(op->room.keystream, sa, req,
					   op->seq, sa->iv_mask, op->at_once);
	put_unaligned_be64(op->seq ^ sa->iv_mask, iv);
	asym_sa_counter(sa, iv, 0, op->counter);
	memset(op->mask, 0, sizeof(op->mask));
	skcipher_request_set_tfm(req,
				 asym_cipher_pick(&sa->stream, op->at_once));
	skcipher_request_set_crypt(req, op->sg.src, op->sg.dst, op->sg.bytes,
				   op->counter);
	return crypto_skcipher_encrypt(req);
}

/* Everything in front of the cipher. */
static int prepare(struct seal_op *op, u8 proto)
{
	struct sk_buff *skb = op->skb;
	struct net *net = op->net;
	int err;

	err = describe(op->x, skb, proto, &op->meta);
	if (err)
		return err;
	measure(op);
	err = plan_or_linearize(op, proto);
	if (err)
		return refuse(net, ASYM_REASON_NO_MEMORY, NULL, err);
	err = asym_encap_put(op->x, skb, ASYM_HEADER_BYTES + skb->len +
					 op->tail_len + ASYM_ICV_BYTES);
	if (err)
		return refuse(net, ASYM_REASON_BAD_PACKET,
			      "a packet too long to be encapsulated", err);
	if (!asym_meta_encode(&op->meta, metadata(skb)))
		return refuse(net, ASYM_REASON_METADATA_OVERFLOW, NULL,
			      -EMSGSIZE);
	return 0;
}

static void put_header(struct seal_op *op)
{
	struct ip_esp_hdr *esph = esp_header(op->skb);

	esph->spi = op->x->id.spi;
	esph->seq_no = htonl((u32)op->seq);
	put_unaligned_be64(op->seq ^ asym_sa_of(op->x)->iv_mask, esph + 1);
}

/* skb->data at the inner packet, its transport header behind the IP header. */
static int seal(struct xfrm_state *x, struct sk_buff *skb, u64 seq, u8 proto,
		bool at_once)
{
	struct net *net = xs_net(x);
	struct seal_op *op;
	int err;

	if (seq_ends(x, seq))
		return refuse(net, ASYM_REASON_NO_SA,
			      "the sequence numbers of the SA are used up",
			      -EOVERFLOW);
	err = asym_reframe_private(skb);
	if (err)
		return refuse(net, ASYM_REASON_NO_MEMORY, NULL, err);
	/* A device would write a TCP checksum into the sealed packet. */
	skb->ip_summed = CHECKSUM_NONE;
	op = op_alloc(x, skb);
	if (!op)
		return refuse(net, ASYM_REASON_NO_MEMORY, NULL, -ENOMEM);
	op->seq = seq;
	op->at_once = at_once;
	err = prepare(op, proto);
	if (err) {
		asym_reframe_abandon(&op->rf);
		op_free(op);
		return err;
	}

	put_header(op);
	err = encrypt(op);
	if (err == -EINPROGRESS)
		return err;
	if (err) {
		asym_reframe_abandon(&op->rf);
		refuse(net, ASYM_REASON_CRYPTO_ERROR, NULL, err);
	} else {
		err = finish(op);
	}
	op_free(op);
	return err;
}

/**
 * asym_output() - seal a packet on the way without GSO
 * @x: SA
 * @skb: packet as xfrm_outer_mode_output() leaves it
 *
 * Return: 0, -EINPROGRESS, or an error that drops the packet
 */
int asym_output(struct xfrm_state *x, struct sk_buff *skb)
{
	u64 seq = XFRM_SKB_CB(skb)->seq.output.low |
		  (u64)XFRM_SKB_CB(skb)->seq.output.hi << 32;
	u8 proto = *skb_mac_header(skb);

	*skb_mac_header(skb) = IPPROTO_ESP;
	return seal(x, skb, seq, proto, false) ?: asym_encap_send(x, skb);
}

/* Where there is no queue, __dev_queue_xmit() says -ENOMEM of a packet that waits
 * for a cipher.  TCP takes it for not sent then, and ignores whoever acknowledges it.
 */
static bool has_queue(const struct sk_buff *skb)
{
	return asym_egress_can_wait(skb_get_tx_queue(skb->dev, skb));
}

/**
 * asym_xmit() - seal a packet that GSO has cut, or that needed no cut
 * @x: SA
 * @skb: packet as xfrm_outer_mode_prep() leaves it
 * @features: of the device
 *
 * Context: BHs off, the socket lock need not be held
 * Return: 0, or -EINPROGRESS when the packet is not the caller's any more
 */
int asym_xmit(struct xfrm_state *x, struct sk_buff *skb,
	      netdev_features_t features)
{
	struct xfrm_offload *xo = xfrm_offload(skb);
	u64 seq;
	int err;

	if (!xo)
		return -EINVAL;
	seq = xo->seq.low | (u64)xo->seq.hi << 32;
	if (xo->flags & XFRM_GSO_SEGMENT && !++xo->seq.low)
		xo->seq.hi++;

	err = seal(x, skb, seq, xo->proto, !has_queue(skb)) ?:
	      finish_xmit(x, skb);
	if (!err || err == -EINPROGRESS)
		return err;
	/* For any other error validate_xmit_xfrm() frees what is left of the GSO
	 * segment and forgets the packets in front, which are sealed already.
	 * Have it go on without this one: TCP sends it again.
	 */
	XFRM_INC_STATS(xs_net(x), LINUX_MIB_XFRMOUTSTATEPROTOERROR);
	kfree_skb(skb);
	return -EINPROGRESS;
}
