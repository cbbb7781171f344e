// SPDX-License-Identifier: GPL-2.0
/*
 * Receive: authenticate the packet as it is, decrypt all of it but the opaque
 * ranges, and on the initiator open these with the local key.  A packet needs
 * no other packet for that.
 */
#include <crypto/algapi.h>
#include <linux/unaligned.h>
#include <net/esp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "flow.h"
#include "packet.h"
#include "sa.h"
#include "stat.h"
#include "trace.h"

/* Entries of scatterlists that need no memory of their own. */
#define FEW_ENTRIES	40

/* Bytes of the request for a range, with any cipher that is not a device's. */
#define RANGE_ROOM	768

/* What the cipher is busy with, in order. */
enum open_stage {
	OPEN_LEAD,	/* mask of the ICV, metadata, keystream ahead */
	OPEN_BODY,	/* everything outside of the opaque ranges */
	OPEN_RANGES,	/* the opaque ranges, on the initiator */
};

/**
 * struct open_op - a packet on its way through the ciphers
 * @x: SA
 * @skb: packet; skb->data at the ESP header, later at the inner packet
 * @net: namespace
 * @len: bytes of the inner packet with its trailer, without once that is cut off
 * @stage: see enum open_stage
 * @next_range: opaque range that is opened next
 * @opaque: bytes in opaque ranges
 * @streamed: bytes outside of them, with the trailer
 * @proto: protocol of the payload
 * @inner_len: its length, without padding
 * @inner: what is in it
 * @segment: the TCP segment, if it is one
 * @end: last bytes of the packet as they came: pad length, next header, ICV
 * @lead: mask of the ICV; the metadata; and keystream of what follows.  NULL as
 *	long as it is not ours
 * @iv: of the packet
 * @counter: of the stream cipher
 * @scratch: neighbours of cut blocks, opened with them
 * @meta: decoded metadata
 * @rf: rewriting of the packet
 * @body: what is decrypted under the SA
 * @range: request for the range cipher, in @range_room if there is enough of it
 * @range_sg: what it reads and writes, range by range
 * @range_first: first entry of each range in @range_sg
 * @range_bytes: bytes of each range, with its neighbours
 * @range_room: memory for it
 * @few: entries of @body and @range_sg, if they are enough
 * @sg: otherwise these, or NULL
 * @room: see asym_op_alloc()
 */
struct open_op {
	struct xfrm_state	*x;
	struct sk_buff		*skb;
	struct net		*net;
	u32			len;
	enum open_stage		stage;
	u32			next_range;
	u32			opaque;
	u32			streamed;
	u8			proto;
	u32			inner_len;
	struct asym_inner	inner;
	struct asym_segment	segment;
	u8			end[2 + ASYM_ICV_BYTES];
	struct asym_lead	*lead;
	u8			iv[ASYM_IV_BYTES];
	u8			counter[16];
	u8			scratch[2 * ASYM_BLOCK_BYTES];
	struct asym_meta	meta;
	struct asym_reframe	rf;
	struct asym_sg_pair	body;
	struct asym_range	*range;
	struct asym_sg_pair	range_sg;
	u32			range_first[ASYM_RANGES_MAX];
	u32			range_bytes[ASYM_RANGES_MAX];
	u8			range_room[RANGE_ROOM] CRYPTO_MINALIGN_ATTR;
	struct scatterlist	few[FEW_ENTRIES];
	struct scatterlist	*sg;
	struct asym_op_room	room;
};

static struct open_op *op_alloc(struct xfrm_state *x, struct sk_buff *skb)
{
	struct asym_op_room room;
	struct open_op *op;

	op = asym_op_alloc(x, ASYM_OPEN, sizeof(*op), &room);
	if (!op)
		return NULL;
	op->x = x;
	op->skb = skb;
	op->net = xs_net(x);
	op->len = skb->len - ASYM_HEADER_BYTES - ASYM_ICV_BYTES;
	op->stage = OPEN_LEAD;
	op->next_range = 0;
	op->segment = (struct asym_segment){
		.net	= op->net,
		.meta	= &op->meta,
	};
	asym_reframe_init(&op->rf, skb);
	op->range = NULL;
	op->lead = NULL;
	op->sg = NULL;
	op->room = room;
	return op;
}

/* A range, a fragment and, in what is written, a page may each begin an entry;
 * with the linear part, what is behind the last range, and both edges.
 */
static int alloc_sg(struct open_op *op)
{
	const struct sk_buff *skb = op->skb;
	u32 body = 2 + op->meta.nr_ranges + skb_shinfo(skb)->nr_frags +
		   skb->data_len / PAGE_SIZE;
	u32 ranges = op->meta.tagged ? body + 1 : 0;
	struct scatterlist *sg = op->few;

	if (2 * (body + ranges) > FEW_ENTRIES) {
		sg = kmalloc_array(2 * (body + ranges), sizeof(*sg),
				   GFP_ATOMIC | __GFP_NOWARN);
		if (!sg)
			return -ENOMEM;
		op->sg = sg;
	}
	asym_sg_init(&op->body, sg, body);
	asym_sg_init(&op->range_sg, sg + 2 * body, ranges);
	return 0;
}

static int range_alloc(struct open_op *op, struct asym_binding *binding)
{
	u32 size = asym_range_size(binding);

	op->range = size <= RANGE_ROOM ?
		    (struct asym_range *)op->range_room :
		    kmalloc(size, GFP_ATOMIC | __GFP_NOWARN);
	if (!op->range)
		return -ENOMEM;
	op->range->binding = binding;
	return 0;
}

static void range_free(struct open_op *op)
{
	struct asym_range *range = op->range;
	struct asym_binding *binding;

	if (!range)
		return;
	op->range = NULL;
	binding = range->binding;
	memzero_explicit(range, asym_range_size(binding));
	if ((u8 *)range != op->range_room)
		kfree(range);
	asym_binding_put(binding);
}

static void op_free(struct open_op *op)
{
	range_free(op);
	if (op->segment.flow)
		asym_flow_put(op->segment.flow);
	if (op->lead)
		memzero_explicit(op->lead, sizeof(*op->lead));
	memzero_explicit(op->scratch, sizeof(op->scratch));
	kfree(op->sg);
	asym_op_free(op->x, ASYM_OPEN, op);
}

static int refuse(struct open_op *op, enum asym_reason reason,
		  const char *detail, int err)
{
	asym_refuse(op->net, reason, NULL, 0, detail);
	return err;
}

/* An error of the ciphers themselves. */
static int crypto_failed(struct open_op *op, int err)
{
	if (err == -ENOKEY && op->segment.flow) {
		asym_flow_break(op->segment.flow, ASYM_REASON_KEY_MISSING,
				"the key was deleted while the LUN was read");
		return -EPERM;
	}
	return refuse(op, ASYM_REASON_CRYPTO_ERROR, NULL, err);
}

static void cipher_done(struct open_op *op, int err);

static void stream_done(void *arg, int err)
{
	cipher_done(arg, err);
}

DEFINE_CRYPTO_DONE(stream_done)

static void range_done(struct asym_range *range, int err)
{
	cipher_done(range->arg, err);
}

/* ---- first: mask of the ICV, metadata, keystream ahead ---- */

/* 64 bits. */
static u64 sequence_number(const struct sk_buff *skb)
{
	return ntohl(XFRM_SKB_CB(skb)->seq.input.low) |
	       (u64)ntohl(XFRM_SKB_CB(skb)->seq.input.hi) << 32;
}

static int begin_lead(struct open_op *op)
{
	u64 seq = sequence_number(op->skb);

	memcpy(op->iv, op->skb->data + ASYM_ESP_BYTES, ASYM_IV_BYTES);
	skcipher_request_set_callback(op->room.req, 0,
				      crypto_done(stream_done), op);
	return asym_keystream_make(op->room.keystream, asym_sa_of(op->x),
				   op->room.req, seq,
				   get_unaligned_be64(op->iv) ^ seq, false);
}

static void take_lead(struct open_op *op)
{
	op->lead = asym_keystream_take(op->room.keystream, asym_sa_of(op->x),
				       sequence_number(op->skb));
	crypto_xor(op->lead->meta,
		   op->skb->data + ASYM_ESP_BYTES + ASYM_IV_BYTES,
		   ASYM_META_BYTES);
}

/* Nothing of the packet is believed before this. */
static int authenticate(struct open_op *op)
{
	struct sk_buff *skb = op->skb;
	struct ip_esp_hdr *esph = (struct ip_esp_hdr *)skb->data;
	const u8 *icv = op->end + sizeof(op->end) - ASYM_ICV_BYTES;
	u8 mac[ASYM_ICV_BYTES];
	u32 covered = skb->len - ASYM_ESP_BYTES - ASYM_IV_BYTES -
		      ASYM_ICV_BYTES;
	u8 aad[ASYM_AAD_BYTES_MAX];
	u32 aad_len;
	int err;

	if (skb_copy_bits(skb, skb->len - sizeof(op->end), op->end,
			  sizeof(op->end)))
		return refuse(op, ASYM_REASON_BAD_PACKET, "packet too short",
			      -EINVAL);
	aad_len = asym_mac_aad(op->x, esph, XFRM_SKB_CB(skb)->seq.input.hi,
			       aad);
	err = asym_mac(op->x, skb, ASYM_ESP_BYTES + ASYM_IV_BYTES, covered,
		       op->lead->mask, aad, aad_len, op->room.mac, mac);
	if (err)
		return refuse(op, ASYM_REASON_CRYPTO_ERROR, NULL, err);
	if (crypto_memneq(icv, mac, sizeof(mac)))
		return refuse(op, ASYM_REASON_BAD_ICV,
			      "wrong key, or the peer does not use the same algorithm",
			      -EBADMSG);
	return 0;
}

static int read_metadata(struct open_op *op)
{
	switch (asym_meta_decode(&op->meta, op->lead->meta, op->len - 2)) {
	case ASYM_META_OK:
		return 0;
	case ASYM_META_BAD_VERSION:
		return refuse(op, ASYM_REASON_BAD_VERSION,
			      "the peer uses another wire format version",
			      -EPROTONOSUPPORT);
	case ASYM_META_MALFORMED:
		break;
	}
	return refuse(op, ASYM_REASON_BAD_PACKET,
		      "malformed metadata from an authenticated peer", -EINVAL);
}

/* ---- second: what is encrypted under the SA ---- */

/* Where a tagged range is read and written, with its neighbours. */
static int plan_range(struct open_op *op, u32 i)
{
	const struct asym_range_entry *range = &op->meta.range[i];
	struct asym_sg_pair *sg = &op->range_sg;
	struct asym_meta *meta = &op->meta;
	u32 before = i == 0 ? meta->before_len : 0;
	u32 after = i + 1 == meta->nr_ranges ? meta->after_len : 0;
	u32 start = sg->bytes;
	int err;

	op->range_first[i] = sg->nr;
	if (before)
		asym_sg_add_buf(sg, meta->before, op->scratch, before);
	err = asym_reframe_rewrite(&op->rf, range->off, range->len, sg);
	if (err)
		return err;
	if (after)
		asym_sg_add_buf(sg, meta->after,
				op->scratch + ASYM_BLOCK_BYTES, after);
	asym_sg_end(sg);
	op->range_bytes[i] = sg->bytes - start;
	return 0;
}

static int plan(struct open_op *op)
{
	struct asym_meta *meta = &op->meta;
	u32 pos = 0, i;
	int err;

	asym_sg_reset(&op->body);
	asym_sg_reset(&op->range_sg);
	err = asym_reframe_begin(&op->rf, op->skb, 0);
	if (err)
		return err;
	for (i = 0; i < meta->nr_ranges; i++) {
		const struct asym_range_entry *range = &meta->range[i];

		err = asym_reframe_rewrite(&op->rf, pos, range->off - pos,
					   &op->body);
		if (err)
			return err;
		err = meta->tagged ? plan_range(op, i) :
				     asym_reframe_keep(&op->rf, range->off,
						       range->len);
		if (err)
			return err;
		pos = range->off + range->len;
	}
	err = asym_reframe_rewrite(&op->rf, pos, op->len - pos, &op->body);
	if (err)
		return err;
	asym_sg_end(&op->body);
	return 0;
}

static bool has_keystream(const struct open_op *op)
{
	return op->streamed <= ASYM_AHEAD_BYTES;
}

/* How much there is of what. */
static void measure(struct open_op *op)
{
	u32 i;

	op->opaque = 0;
	for (i = 0; i < op->meta.nr_ranges; i++)
		op->opaque += op->meta.range[i].len;
	op->streamed = op->len - op->opaque;
}

/* Everything in front of the padding is the inner packet. */
static int set_trailer(struct open_op *op, const u8 *tail)
{
	if (tail[0] + 2 > op->len)
		return refuse(op, ASYM_REASON_BAD_PACKET,
			      "padding longer than the packet", -EINVAL);
	op->proto = tail[1];
	op->inner_len = op->len - 2 - tail[0];
	return 0;
}

/* With keystream at hand, trailer and ICV need not be rewritten to be cut off. */
static int cut_trailer(struct open_op *op)
{
	const u8 *stream = op->lead->ahead + op->streamed - 2;
	u8 tail[2] = { op->end[0] ^ stream[0], op->end[1] ^ stream[1] };
	int err;

	err = set_trailer(op, tail);
	if (err)
		return err;
	if (asym_meta_ranges_end(&op->meta) > op->inner_len)
		return refuse(op, ASYM_REASON_BAD_PACKET,
			      "an opaque range covers the padding", -EINVAL);
	if (pskb_trim(op->skb, op->inner_len))
		return refuse(op, ASYM_REASON_NO_MEMORY, NULL, -ENOMEM);
	op->len = op->inner_len;
	return 0;
}

static int decrypt_body(struct open_op *op)
{
	const struct asym_sa *sa = asym_sa_of(op->x);
	struct skcipher_request *req = op->room.req;

	asym_sa_counter(sa, op->iv, ASYM_STREAM_INNER, op->counter);
	skcipher_request_set_tfm(req, asym_cipher_pick(&sa->stream, false));
	skcipher_request_set_crypt(req, op->body.src, op->body.dst,
				   op->body.bytes, op->counter);
	return crypto_skcipher_decrypt(req);
}

static int begin_body(struct open_op *op)
{
	struct sk_buff *skb = op->skb;
	int err;

	take_lead(op);
	err = authenticate(op);
	if (err)
		return err;
	__skb_pull(skb, ASYM_HEADER_BYTES);
	err = read_metadata(op);
	if (err)
		return err;
	measure(op);
	if (has_keystream(op)) {
		err = cut_trailer(op);
		if (err)
			return err;
	}

	err = alloc_sg(op) ?: plan(op);
	if (err == -EMSGSIZE) {
		asym_reframe_abandon(&op->rf);
		err = skb_linearize(skb);
		if (!err)
			err = plan(op);
	}
	if (err)
		return refuse(op, ASYM_REASON_NO_MEMORY, NULL, err);
	if (has_keystream(op)) {
		asym_sg_xor(&op->body, op->lead->ahead);
		return 0;
	}
	err = decrypt_body(op);
	return err && err != -EINPROGRESS ? crypto_failed(op, err) : err;
}

/* ---- third: the connection, and its opaque ranges ---- */

/* What was not cut off because it had to be decrypted first. */
static int read_trailer(struct open_op *op)
{
	u8 tail[2];

	if (has_keystream(op))
		return 0;
	if (sg_pcopy_to_buffer(op->body.dst, op->body.nr, tail, sizeof(tail),
			       op->body.bytes - sizeof(tail)) != sizeof(tail))
		return refuse(op, ASYM_REASON_BAD_PACKET, "no ESP trailer",
			      -EINVAL);
	return set_trailer(op, tail);
}

static int find_segment(struct open_op *op)
{
	/* Only the linear part is decrypted where it was. */
	u32 seen = min(skb_headlen(op->skb), op->inner_len);
	const char *complaint;

	complaint = asym_inner_find(op->x, op->skb, seen, op->proto,
				    op->inner_len, &op->inner);
	if (complaint)
		return refuse(op, ASYM_REASON_BAD_PACKET, complaint, -EINVAL);
	return asym_segment_take(&op->segment, op->skb, &op->inner);
}

static int open_next_range(struct open_op *op)
{
	u32 i = op->next_range++, first = op->range_first[i];
	const struct asym_range_entry *entry = &op->meta.range[i];
	struct asym_binding *binding;
	u64 offset;
	int err;

	range_free(op);
	/* TCP may have had it from another packet while a cipher took its time. */
	if (!asym_flow_received(op->segment.flow, &op->segment.rcv_nxt))
		return -ECONNABORTED;
	if (asym_segment_is_history(&op->segment, entry)) {
		struct scatterlist *dst = op->range_sg.dst + first;

		sg_zero_buffer(dst, sg_nents(dst), op->range_bytes[i], 0);
		return 0;
	}
	err = asym_segment_find_range(&op->segment, entry, &binding, &offset);
	if (err)
		return err;
	err = range_alloc(op, binding);
	if (err) {
		asym_binding_put(binding);
		return refuse(op, ASYM_REASON_NO_MEMORY, NULL, err);
	}
	op->range->offset = offset;
	op->range->len = op->range_bytes[i];
	op->range->src = op->range_sg.src + first;
	op->range->dst = op->range_sg.dst + first;
	op->range->seal = false;
	op->range->complete = range_done;
	op->range->arg = op;
	asym_count(op->net, ASYM_STAT_BLOCKS_OPENED,
		   op->range->len / ASYM_BLOCK_BYTES);
	err = asym_range_crypt(op->range);
	return err && err != -EINPROGRESS ? crypto_failed(op, err) : err;
}

/* ---- last: hand the inner packet to xfrm ---- */

/*
 * TCP must not look at a checksum that nobody computed.  Partial means verified
 * to a receiver, and gives whoever forwards the packet a valid one.
 */
static void set_checksum(struct sk_buff *skb, const struct asym_inner *inner)
{
	struct tcphdr *th = (struct tcphdr *)(skb->data + inner->off);

	if (ipv6_addr_v4mapped(&inner->saddr))
		th->check = ~tcp_v4_check(inner->len,
					  inner->saddr.s6_addr32[3],
					  inner->daddr.s6_addr32[3], 0);
	else
		th->check = ~tcp_v6_check(inner->len, &inner->saddr,
					  &inner->daddr, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb->data + inner->off - skb->head;
	skb->csum_offset = offsetof(struct tcphdr, check);
}

/* Where xfrm looks for the IP header that it removes, or moves to the payload. */
static void set_headers(const struct xfrm_state *x, struct sk_buff *skb)
{
	if (x->props.mode == XFRM_MODE_TUNNEL)
		skb_reset_transport_header(skb);
	else
		skb_set_transport_header(skb,
					 -(int)asym_encap_ip_bytes(x, skb));
}

static int deliver(struct open_op *op)
{
	struct sk_buff *skb = op->skb;

	asym_reframe_commit(&op->rf);
	if (pskb_trim(skb, op->inner_len))
		return refuse(op, ASYM_REASON_NO_MEMORY, NULL, -ENOMEM);

	asym_encap_learn(op->x, skb);
	skb->ip_summed = CHECKSUM_NONE;
	if (op->inner.proto == IPPROTO_TCP)
		set_checksum(skb, &op->inner);
	if (op->segment.flow)
		asym_admit_mark(skb, op->segment.flow);
	set_headers(op->x, skb);

	asym_count_opened(op->net, op->opaque,
			  op->meta.before_len + op->meta.after_len,
			  op->streamed + ASYM_META_BYTES);
	trace_asym_opened(ntohl(op->x->id.spi), sequence_number(skb), skb->len,
			  op->opaque);
	/* RFC 4303 section 2.6: a dummy packet. */
	return op->proto == IPPROTO_NONE ? -EINVAL : op->proto;
}

/* Go on after the stage that is complete; -EINPROGRESS: a cipher calls back. */
static int advance(struct open_op *op)
{
	int err;

	switch (op->stage) {
	case OPEN_LEAD:
		op->stage = OPEN_BODY;
		err = begin_body(op);
		if (err)
			return err;
		fallthrough;
	case OPEN_BODY:
		op->stage = OPEN_RANGES;
		err = read_trailer(op) ?: find_segment(op);
		if (err)
			return err;
		fallthrough;
	case OPEN_RANGES:
		while (op->meta.tagged &&
		       op->next_range < op->meta.nr_ranges) {
			err = open_next_range(op);
			if (err)
				return err;
		}
		return 0;
	}
	return -EINVAL;
}

/* Return the next header, or why the packet is dropped. */
static int conclude(struct open_op *op, int err)
{
	if (!err)
		err = deliver(op);
	else
		asym_reframe_abandon(&op->rf);
	op_free(op);
	return err;
}

/* The tail of asym_input() when a cipher took its time. */
static void cipher_done(struct open_op *op, int err)
{
	struct sk_buff *skb = op->skb;

	if (err == -EINPROGRESS)
		return;
	asym_count(op->net, ASYM_STAT_ASYNC_COMPLETIONS, 1);
	err = err ? crypto_failed(op, err) : advance(op);
	if (err == -EINPROGRESS)
		return;
	xfrm_input_resume(skb, conclude(op, err));
}

/**
 * asym_input() - open a packet
 * @x: SA
 * @skb: packet, skb->data at the ESP header
 *
 * Context: softirq
 * Return: next header, -EINPROGRESS, or an error that drops the packet
 */
int asym_input(struct xfrm_state *x, struct sk_buff *skb)
{
	u32 linear = min_t(u32, skb->len,
			   ASYM_HEADER_BYTES + asym_inner_headers(x));
	struct open_op *op;
	int err;

	if (skb->len < ASYM_HEADER_BYTES + 2 + ASYM_ICV_BYTES ||
	    !pskb_may_pull(skb, linear)) {
		asym_refuse(xs_net(x), ASYM_REASON_BAD_PACKET, NULL, 0,
			    "packet too short");
		return -EINVAL;
	}
	if (asym_reframe_private(skb))
		goto no_memory;
	op = op_alloc(x, skb);
	if (!op)
		goto no_memory;

	err = begin_lead(op);
	if (!err)
		err = advance(op);
	else if (err != -EINPROGRESS)
		err = crypto_failed(op, err);
	if (err == -EINPROGRESS)
		return err;
	return conclude(op, err);

no_memory:
	asym_refuse(xs_net(x), ASYM_REASON_NO_MEMORY, NULL, 0, NULL);
	return -ENOMEM;
}
