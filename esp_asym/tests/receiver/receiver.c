// SPDX-License-Identifier: GPL-2.0
#include "reader.h"
#include "receiver.h"

#define STREAM_MAX	32768
#define SEGMENT_MAX	1448
#define INNER_MAX	2048
#define PACKETS		4
#define EARLY		16

u64 happened[HAPPENED_MAX];

/**
 * struct mark - how a byte travels
 * @opaque: under the local key
 * @itt: task, if @opaque
 * @pos: position in the task's buffer, if @opaque
 */
struct mark {
	bool	opaque;
	u32	itt;
	u32	pos;
};

/**
 * struct packet - what was sent, while it is being opened
 * @used: by a packet
 * @inner: inner packet as the receiver has to see it, but for opaque ranges
 * @len: bytes
 * @proto: what it is
 * @readable: @meta holds
 * @icv_is_good: likewise
 * @meta: metadata
 * @frags: fragments that somebody else refers to as well
 * @nr_frags: entries
 * @bytes: what they held
 * @refusals: that had been reported before
 */
struct packet {
	bool			used;
	u8			inner[INNER_MAX] __aligned(16);
	u32			len;
	u8			proto;
	bool			readable;
	bool			icv_is_good;
	struct asym_meta	meta;
	skb_frag_t		frags[MAX_SKB_FRAGS];
	u32			nr_frags;
	u8			bytes[2 * INNER_MAX];
	u32			refusals;
};

static struct {
	const u8	*bytes;
	size_t		left;
} input;

static struct net net;
static struct xfrm_state sa = { .net = &net };
static struct asym_flow flow;
static struct reader reader;
static struct packet packets[PACKETS];
/* Packets in front of a gap. */
static struct sk_buff *early[EARLY];

/* What the target has to say. */
static u8 stream[STREAM_MAX];
static struct mark marks[STREAM_MAX];
static u32 stream_len, sent, isn;
/* It never lies, and its packets come as they were sent. */
static bool honest_peer;

/* ---- choices ---- */

static u32 take(u32 limit)
{
	if (!input.left)
		return 0;
	input.left--;
	return *input.bytes++ % limit;
}

static u32 take32(void)
{
	u32 value = 0, i;

	for (i = 0; i < 4; i++)
		value = value << 8 | take(256);
	return value;
}

/* ---- the rest of the module ---- */

bool asym_port_is_iscsi(__be16 port)
{
	return port == htons(3260);
}

struct asym_flow *asym_flow_get(const struct asym_flow_key *key)
{
	bool target = flow.role == ISCSI_ROLE_TARGET;

	if (key->lport != htons(target ? 3260 : 40000) ||
	    key->rport != htons(target ? 40000 : 3260))
		return NULL;
	flow.ref.refs++;
	return &flow;
}

void asym_flow_put(struct asym_flow *f)
{
	kernel_assert(f == &flow && f->ref.refs > 1);
	f->ref.refs--;
}

bool asym_flow_received(struct asym_flow *f, u32 *rcv_nxt)
{
	*rcv_nxt = f->sk->tcp.rcv_nxt;
	return true;
}

void asym_flow_break(struct asym_flow *f, enum asym_reason reason,
		     const char *detail)
{
	kernel_assert(!f->lock.held);
	kernel_assert(detail && *detail);
	net.refusals++;
	if (f->broken)
		return;
	f->broken = true;
	switch (reason) {
	case ASYM_REASON_UNSEALED_DATA:
		happened[HAPPENED_BROKEN_UNSEALED]++;
		break;
	case ASYM_REASON_TASK_UNKNOWN:
	case ASYM_REASON_TASK_RANGE:
		happened[HAPPENED_BROKEN_TASK]++;
		break;
	case ASYM_REASON_BAD_PACKET:
		happened[HAPPENED_BROKEN_PACKET]++;
		break;
	case ASYM_REASON_BAD_STREAM:
		happened[HAPPENED_BROKEN_STREAM]++;
		break;
	case ASYM_REASON_KEY_MISSING:
		happened[HAPPENED_BROKEN_KEY]++;
		break;
	default:
		kernel_assert(reason == ASYM_REASON_NO_MEMORY && kernel.failed);
	}
}

void asym_refuse(struct net *n, enum asym_reason reason, const char *target,
		 u64 lun, const char *detail)
{
	(void)target;
	(void)lun;
	n->refusals++;
	kernel_assert(detail || reason == ASYM_REASON_NO_MEMORY ||
		      reason == ASYM_REASON_CRYPTO_ERROR);
	if (reason == ASYM_REASON_BAD_ICV)
		happened[HAPPENED_BAD_ICV]++;
	if (reason == ASYM_REASON_BAD_PACKET)
		happened[HAPPENED_MALFORMED]++;
	if (reason == ASYM_REASON_NO_MEMORY)
		happened[HAPPENED_NO_MEMORY]++;
}

void asym_count(struct net *n, enum asym_stat stat, u64 count)
{
	(void)n;
	(void)stat;
	(void)count;
}

void asym_count_reason(struct net *n, enum asym_reason reason)
{
	(void)n;
	(void)reason;
}

struct asym_flow *asym_socket_flow(const struct sock *sk)
{
	return sk == flow.sk ? &flow : NULL;
}

/* As in pdu.c, of which nothing else is needed. */
u8 asym_pdu_digests(const struct iscsi_params *p)
{
	return (p->header_digest & ISCSI_DIGEST_CRC32C ?
		ASYM_SESSION_HEADER_DIGEST : 0) |
	       (p->data_digest & ISCSI_DIGEST_CRC32C ?
		ASYM_SESSION_DATA_DIGEST : 0);
}

/* ---- units ---- */

struct asym_binding *asym_binding_hold(struct asym_binding *unit)
{
	unit->refs++;
	return unit;
}

void asym_binding_put(struct asym_binding *unit)
{
	if (!unit)
		return;
	kernel_assert(unit->refs);
	unit->refs--;
}

bool asym_binding_is_plain(const struct asym_binding *unit)
{
	(void)unit;
	return false;
}

u32 asym_binding_block_size(const struct asym_binding *unit)
{
	(void)unit;
	return 512;
}

int asym_binding_learn_block_size(struct asym_binding *unit, u32 bytes)
{
	kernel_assert(unit->refs);
	return bytes == 512 ? 0 : -ESTALE;
}

unsigned int asym_range_size(const struct asym_binding *unit)
{
	kernel_assert(unit->refs);
	return sizeof(struct asym_range) + 8;
}

/* ---- ciphers ---- */

/* Requests that take their time, of either kind. */
static struct skcipher_request *late_stream[PACKETS];
static struct asym_range *late_range[PACKETS];

static u8 keystream(const u8 *counter, u32 pos)
{
	u32 word = (get_unaligned_be32(counter + 12) * 16 + pos) * 0x9d >> 1;
	u32 i;

	for (i = 4; i < 12; i++)
		word = word * 3 + counter[i];
	return (u8)word;
}

static void stream_now(struct skcipher_request *req)
{
	struct sg_cursor src = { req->src, 0 }, dst = { req->dst, 0 };
	u32 i;

	for (i = 0; i < req->len; i++)
		*sg_next_byte(&dst) = *sg_next_byte(&src) ^
				      keystream(req->iv, i);
}

static void range_now(struct asym_range *range)
{
	struct sg_cursor src = { range->src, 0 }, dst = { range->dst, 0 };
	u32 i;

	kernel_assert(range->binding->refs);
	kernel_assert(!range->seal && !(range->offset % 16) &&
		      !(range->len % 16));
	for (i = 0; i < range->len; i++) {
		sg_next_byte(&src);
		*sg_next_byte(&dst) = reader_content(range->binding,
						     range->offset + i);
	}
}

static bool postpone(struct skcipher_request *req, struct asym_range *range)
{
	u32 i;

	if (!kernel.delay)
		return false;
	kernel.delay = false;
	for (i = 0; i < PACKETS; i++) {
		if (late_stream[i] || late_range[i])
			continue;
		late_stream[i] = req;
		late_range[i] = range;
		return true;
	}
	return false;
}

static int cipher_error(void)
{
	int err = kernel.cipher_error;

	kernel.cipher_error = 0;
	reader.honest &= !err;
	return err;
}

int crypto_skcipher_decrypt(struct skcipher_request *req)
{
	int err;

	if (postpone(req, NULL))
		return -EINPROGRESS;
	err = cipher_error();
	if (!err)
		stream_now(req);
	return err;
}

int asym_range_crypt(struct asym_range *range)
{
	int err;

	if (range->binding->deleted)
		return -ENOKEY;
	if (postpone(NULL, range))
		return -EINPROGRESS;
	err = cipher_error();
	if (!err)
		range_now(range);
	return err;
}

static void complete(u32 i)
{
	struct skcipher_request *req = late_stream[i];
	struct asym_range *range = late_range[i];
	int err;

	if (!req && !range)
		return;
	happened[HAPPENED_ASYNC]++;
	late_stream[i] = NULL;
	late_range[i] = NULL;
	err = cipher_error();
	if (req) {
		if (!err)
			stream_now(req);
		req->done(req->arg, err);
	} else {
		if (!err)
			range_now(range);
		range->complete(range, err);
	}
}

struct asym_sa *asym_sa_of(const struct xfrm_state *x)
{
	static struct asym_sa of;

	kernel_assert(x == &sa);
	return &of;
}

void asym_sa_counter(const struct asym_sa *of, const u8 *iv, u32 stream_pos,
		     u8 *counter)
{
	memcpy(counter, of->salt, 4);
	memcpy(counter + 4, iv, ASYM_IV_BYTES);
	put_unaligned_be32(stream_pos / 16, counter + 12);
}

/* ---- TCP ---- */

static void reader_ready(struct sock *sk)
{
	kernel_assert(sk == &reader.sk && !flow.broken);
	if (!reader.lazy)
		reader_read(&reader);
}

/* As tcp_data_queue(): what goes beyond RCV.NXT is kept, all of it. */
static bool tcp_queue(struct sk_buff *skb)
{
	struct tcp_sock *tp = &reader.sk.tcp;
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	if (!after(cb->end_seq, tp->rcv_nxt)) {
		kfree_skb(skb);
		happened[HAPPENED_HISTORY]++;
		return true;
	}
	if (after(cb->seq, tp->rcv_nxt))
		return false;
	__skb_queue_after(&reader.sk.sk_receive_queue,
			  reader.sk.sk_receive_queue.prev, skb);
	skb_set_owner_r(skb, &reader.sk);
	tp->bytes_received += cb->end_seq - tp->rcv_nxt;
	tp->rcv_nxt = cb->end_seq;
	return true;
}

static void tcp_receive(struct sk_buff *skb)
{
	struct tcp_sock *tp = &reader.sk.tcp;
	const struct tcphdr *th = (struct tcphdr *)skb->data;
	u32 head = th->doff * 4, seq = ntohl(th->seq), i;
	u32 next = tp->rcv_nxt;
	bool some;

	if (head > skb->len || !pskb_may_pull(skb, head) ||
	    head == skb->len || seq + skb->len - head - next > 65535 + 4096) {
		kfree_skb(skb);
		return;
	}
	__skb_pull(skb, head);
	TCP_SKB_CB(skb)->seq = seq;
	TCP_SKB_CB(skb)->end_seq = seq + skb->len;
	TCP_SKB_CB(skb)->tcp_flags = 0;
	if (!tcp_queue(skb)) {
		happened[HAPPENED_DISORDER]++;
		for (i = 0; i < EARLY && early[i]; i++)
			;
		if (i < EARLY)
			early[i] = skb;
		else
			kfree_skb(skb);
		return;
	}
	do {
		some = false;
		for (i = 0; i < EARLY; i++) {
			if (!early[i] || !tcp_queue(early[i]))
				continue;
			early[i] = NULL;
			some = true;
		}
	} while (some);
	if (tp->rcv_nxt != next)
		reader.sk.sk_data_ready(&reader.sk);
}

/* ---- what comes out of the receive path ---- */

static void check_opened(const struct packet *p, const struct sk_buff *skb)
{
	const struct tcphdr *th = (const struct tcphdr *)p->inner;
	u32 i, range = 0;
	u8 byte;

	kernel_assert(p->icv_is_good && p->readable);
	kernel_assert(skb->len == p->len);
	if (p->proto == IPPROTO_TCP) {
		kernel_assert(th->doff >= 5 && th->doff * 4 <= p->len);
		kernel_assert(!p->meta.nr_ranges ||
			      p->meta.range[0].off >= th->doff * 4);
		kernel_assert(!th->urg || th->source != htons(3260));
	}
	for (i = 0; i < p->len; i++) {
		const struct asym_range_entry *r = &p->meta.range[range];
		bool in = range < p->meta.nr_ranges && i >= r->off;

		if (in && i == (u32)r->off + r->len - 1)
			range++;
		/* Those of a target are opened, those of an initiator stay. */
		if (in && p->meta.tagged)
			continue;
		kernel_assert(!skb_copy_bits(skb, i, &byte, 1));
		/* TCP's checksum is made up. */
		if (p->proto == IPPROTO_TCP && (i == 16 || i == 17))
			continue;
		kernel_assert(byte == p->inner[i]);
	}
	happened[HAPPENED_OPENED]++;
}

/* Whoever else has the memory of the packet sees no change. */
static void check_frags(struct packet *p)
{
	u32 at = 0, i;

	for (i = 0; i < p->nr_frags; i++) {
		const skb_frag_t *frag = &p->frags[i];

		kernel_assert(!memcmp((u8 *)frag->page + frag->off,
				      p->bytes + at, frag->size));
		at += frag->size;
		put_page(frag->page);
	}
	p->nr_frags = 0;
}

static void finish(struct sk_buff *skb, int next)
{
	struct packet *p = skb->sender;

	skb->sender = NULL;
	check_frags(p);
	p->used = false;
	if (next <= 0) {
		kernel_assert(next < 0);
		/* Nobody is left in the dark. */
		kernel_assert(net.refusals != p->refusals || flow.broken ||
			      (next == -EINVAL && p->proto == IPPROTO_NONE));
		happened[HAPPENED_REFUSED]++;
		kfree_skb(skb);
		return;
	}
	kernel_assert(next == p->proto);
	check_opened(p, skb);
	if (next == IPPROTO_TCP && flow.role == ISCSI_ROLE_INITIATOR) {
		tcp_receive(skb);
		return;
	}
	happened[HAPPENED_TARGET] += flow.role == ISCSI_ROLE_TARGET;
	kfree_skb(skb);
}

void xfrm_input_resume(struct sk_buff *skb, int next)
{
	finish(skb, next);
}

/* ---- packets ---- */

/* Some of it linear, the rest in fragments that others have, too. */
static struct sk_buff *make_skb(struct packet *p, const u8 *bytes, u32 len)
{
	static struct iphdr iph;
	u32 linear = take(4) ? len : min(len, take(256) * 8), at = 0, n;
	struct sk_buff *skb;
	u8 *to;

	if (len - linear > 16 * 256)
		linear = len;
	skb = alloc_skb(linear, GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_put_data(skb, bytes, linear);
	skb->cloned = !take(8);
	skb->network = &iph;
	for (bytes += linear, len -= linear; len; bytes += n, len -= n) {
		n = p->nr_frags == MAX_SKB_FRAGS - 1 ? len :
		    min(len, 1 + take(256) * 4);
		if (!page_new(n, &to)) {
			kfree_skb(skb);
			while (p->nr_frags)
				put_page(p->frags[--p->nr_frags].page);
			return NULL;
		}
		memcpy(to, bytes, n);
		skb_frag_fill_page_desc(&p->frags[p->nr_frags],
					virt_to_page(to), offset_in_page(to),
					n);
		skb->info.frags[p->nr_frags] = p->frags[p->nr_frags];
		get_page(virt_to_page(to));
		p->nr_frags++;
		skb->info.nr_frags++;
		skb->len += n;
		skb->data_len += n;
		memcpy(p->bytes + at, bytes, n);
		at += n;
	}
	return skb;
}

/* Encrypted but for its ranges, with an ICV that is right or not. */
static void send_packet(struct packet *p, const u8 *meta, u32 padding,
			u8 claimed_padding)
{
	u8 bytes[ASYM_HEADER_BYTES + INNER_MAX + 256 + ASYM_ICV_BYTES] = {};
	u8 counter[16], key[POLY1305_KEY_SIZE], aad[ASYM_AAD_BYTES_MAX];
	u8 *body = bytes + ASYM_HEADER_BYTES;
	struct ip_esp_hdr *esph = (void *)bytes;
	u32 pos = 0, range = 0, body_len, len, i;
	struct sk_buff *skb, *flat;
	static u8 iv;
	int err;

	bytes[7] = iv;
	bytes[15] = iv++;
	asym_sa_counter(asym_sa_of(&sa), bytes + ASYM_ESP_BYTES, 0, counter);
	for (i = 0; i < sizeof(key); i++)
		key[i] = keystream(counter, i);
	for (i = 0; i < ASYM_META_BYTES; i++)
		bytes[16 + i] = meta[i] ^
				keystream(counter, ASYM_STREAM_META + i);
	for (i = 0; i < padding; i++)
		p->inner[p->len + i] = (u8)(i + 1);
	memcpy(body, p->inner, p->len + padding);
	body_len = p->len + padding + 2;
	body[body_len - 2] = claimed_padding;
	body[body_len - 1] = p->proto;
	p->readable = !asym_meta_decode(&p->meta, meta, body_len - 2);
	for (i = 0; i < body_len; i++) {
		const struct asym_range_entry *r = &p->meta.range[range];

		if (p->readable && range < p->meta.nr_ranges && i >= r->off) {
			range += i == (u32)r->off + r->len - 1;
			continue;
		}
		body[i] ^= keystream(counter, ASYM_STREAM_INNER + pos++);
	}
	/* What the receiver is to take for the inner packet. */
	p->len += padding;
	p->len -= min_t(u32, p->len, claimed_padding);
	len = ASYM_HEADER_BYTES + body_len;

	i = (u32)kernel.fail_in;
	kernel.fail_in = -1;
	flat = alloc_skb(len, GFP_ATOMIC);
	skb_put_data(flat, bytes, len);
	asym_mac(&net, flat, 16, len - 16, key, aad,
		 asym_mac_aad(&sa, esph, 0, aad), bytes + len);
	kfree_skb(flat);
	kernel.fail_in = (int)i;
	p->icv_is_good = true;
	if (!honest_peer && !take(64)) {
		bytes[take(16) * len / 16] ^= (u8)(1 + take(255));
		p->icv_is_good = false;
		reader.honest = false;
	}
	len += ASYM_ICV_BYTES;
	if (!honest_peer && !take(128)) {
		len -= min(len, 1 + take(256));
		p->icv_is_good = false;
		reader.honest = false;
	}

	skb = make_skb(p, bytes, len);
	if (!skb)
		return;
	p->used = true;
	p->refusals = net.refusals;
	skb->sender = p;
	err = asym_input(&sa, skb);
	if (err != -EINPROGRESS)
		finish(skb, err);
}

static struct packet *free_packet(void)
{
	u32 i;

	for (i = 0; i < PACKETS && packets[i].used; i++)
		;
	if (i == PACKETS) {
		for (i = 0; i < PACKETS; i++)
			complete(i);
		return NULL;
	}
	packets[i].nr_frags = 0;
	return &packets[i];
}

static void fill_tcp(struct packet *p, u32 seq)
{
	bool target = flow.role == ISCSI_ROLE_TARGET;
	struct tcphdr *th = (struct tcphdr *)p->inner;

	memset(th, 0, sizeof(*th));
	th->source = htons(target ? 40000 : 3260);
	th->dest = htons(target ? 3260 : 40000);
	th->seq = htonl(seq);
	th->doff = sizeof(*th) / 4;
	th->ack = 1;
	p->proto = IPPROTO_TCP;
}

/* What is true of a stretch of the stream; false: it needs two packets. */
static bool describe(u32 from, u32 len, u32 head, struct asym_meta *meta)
{
	struct asym_range_entry *r = NULL;
	const struct mark *last = NULL;
	u8 bytes[ASYM_META_BYTES];
	struct asym_meta again;
	u32 i;

	memset(meta, 0, sizeof(*meta));
	for (i = 0; i < len; i++) {
		const struct mark *mark = &marks[from + i];

		if (!mark->opaque) {
			last = NULL;
			continue;
		}
		if (!last || mark->itt != last->itt ||
		    mark->pos != last->pos + 1) {
			if (meta->nr_ranges == 5)
				return false;
			r = &meta->range[meta->nr_ranges++];
			*r = (struct asym_range_entry){
				.off		= (u16)(head + i),
				.itt		= mark->itt,
				.buffer_offset	= mark->pos,
			};
		}
		r->len++;
		last = mark;
	}
	if (!meta->nr_ranges)
		return true;
	meta->tagged = true;
	meta->before_len = meta->range[0].buffer_offset % 16;
	meta->after_len = -(r->buffer_offset + r->len) % 16;
	return asym_meta_encode(meta, bytes) &&
	       asym_meta_decode(&again, bytes, head + len) == ASYM_META_OK;
}

static u16 lie16(u16 truth)
{
	return (u16)(take(2) ? truth + take(33) - 16 : take(256) * 8);
}

/* Another word about the segment than is true. */
static void lie(struct packet *p, struct asym_meta *meta, u8 *bytes, u32 *padding,
		u8 *claimed)
{
	struct asym_range_entry *r = &meta->range[meta->nr_ranges ?
						  take(meta->nr_ranges) : 0];
	struct tcphdr *th = (struct tcphdr *)p->inner;
	u32 i, n;

	reader.honest = false;
	switch (take(16)) {
	case 0:
		r->off = lie16(r->off);
		break;
	case 1:
		r->len = lie16(r->len);
		break;
	case 2:
		r->itt = take(2) ? r->itt + 1 : take32();
		break;
	case 3:
		r->buffer_offset = take(2) ? r->buffer_offset + 16 * take(8) :
					     take32();
		break;
	case 4:
		meta->nr_ranges -= !!meta->nr_ranges;
		meta->before_len = meta->nr_ranges ? meta->before_len : 0;
		meta->after_len = 0;
		meta->tagged = meta->nr_ranges;
		break;
	case 5:
		meta->nr_ranges = 1;
		meta->tagged = true;
		r = meta->range;
		*r = (struct asym_range_entry){
			.off		= (u16)(20 + take(256)),
			.len		= (u16)(16 * (1 + take(16))),
			.itt		= take(READER_TASKS + 2),
			.buffer_offset	= 16 * take(256),
		};
		break;
	case 6:
		meta->block_size = 256u << take(6);
		meta->block_size_itt = take(READER_TASKS + 1);
		break;
	case 7:
		meta->session = true;
		meta->digests = (u8)take(4);
		break;
	case 8:
		meta->nr_grants = 1;
		meta->grant[0].grant = (u8)take(4);
		meta->grant[0].itt = take(READER_TASKS);
		meta->grant[0].seq = take32();
		break;
	case 9:
		th->doff = take(16);
		break;
	case 10:
		th->urg = 1;
		break;
	case 11:
		th->seq = htonl(ntohl(th->seq) + take(64) - 32);
		break;
	case 12:
		if (p->len > 20)
			p->inner[20 + take(256) * (p->len - 20) / 256] ^=
				(u8)(1 + take(255));
		break;
	case 13:
		p->proto = (u8)(take(2) ? IPPROTO_NONE : take(256));
		break;
	case 14:
		*padding = take(256);
		*claimed = (u8)(take(2) ? *padding : take(256));
		break;
	case 15:
		th->source = htons((u16)(take(2) ? 22 : 3260));
		break;
	}
	meta->before_len = meta->nr_ranges && meta->tagged ?
			   meta->range[0].buffer_offset % 16 : 0;
	r = meta->nr_ranges ? &meta->range[meta->nr_ranges - 1] : NULL;
	meta->after_len = r && meta->tagged ?
			  -(r->buffer_offset + r->len) % 16 : 0;
	asym_meta_encode(meta, bytes);
	/* What the encoder would not write. */
	for (n = take(8) ? 0 : 1 + take(8), i = 0; i < n; i++)
		bytes[take(ASYM_META_BYTES)] = (u8)take(256);
}

static void send_segment(u32 from, u32 len, bool lies)
{
	struct packet *p = free_packet();
	u8 bytes[ASYM_META_BYTES];
	struct asym_meta meta;
	u8 claimed;
	u32 padding;

	if (!p || from >= stream_len)
		return;
	len = min(len, stream_len - from);
	while (!describe(from, len, 20, &meta))
		len /= 2;
	kernel_assert(len);
	fill_tcp(p, isn + from);
	memcpy(p->inner + 20, stream + from, len);
	p->len = 20 + len;
	padding = -(p->len + 2) % 4;
	claimed = (u8)padding;
	kernel_assert(asym_meta_encode(&meta, bytes));
	if (lies)
		lie(p, &meta, bytes, &padding, &claimed);
	send_packet(p, bytes, padding, claimed);
	if (!lies)
		sent = max(sent, from + len);
}

/* The other way: grants, and data that stay opaque. */
static void send_to_target(void)
{
	struct packet *p = free_packet();
	struct asym_meta meta = {};
	u8 bytes[ASYM_META_BYTES];
	u32 len = take(256) * 4, i, at = 20, padding;
	u8 claimed;

	if (!p)
		return;
	fill_tcp(p, isn + sent);
	for (i = 0; i < len; i++)
		p->inner[20 + i] = (u8)(i * 7);
	p->len = 20 + len;
	for (i = take(4); i && at + 32 < p->len; i--) {
		struct asym_range_entry *r = &meta.range[meta.nr_ranges++];

		r->off = (u16)(at + take(16));
		r->len = (u16)(1 + take(256) % (p->len - r->off));
		at = r->off + r->len;
	}
	for (i = take(3); i; i--) {
		struct asym_note_grant *g = &meta.grant[meta.nr_grants++];

		g->grant = (u8)take(4);
		g->itt = take(256);
		g->seq = isn + sent + take(64) - 32;
	}
	padding = -(p->len + 2) % 4;
	claimed = (u8)padding;
	kernel_assert(asym_meta_encode(&meta, bytes));
	if (!take(4))
		lie(p, &meta, bytes, &padding, &claimed);
	send_packet(p, bytes, padding, claimed);
	sent += len;
	if (take(4))
		reader.sk.tcp.rcv_nxt = isn + sent;
}

/* ---- the stream ---- */

static void say(const u8 *bytes, u32 len, u32 itt, u32 pos, bool opaque)
{
	u32 i;

	for (i = 0; i < len; i++) {
		stream[stream_len] = bytes[i];
		marks[stream_len++] = (struct mark){
			.opaque	= opaque,
			.itt	= opaque ? itt : 0,
			.pos	= opaque ? pos + i : 0,
		};
	}
}

/* @opaque: as the packets will say */
static void say_pdu(u8 *bhs, const u8 *data, u32 len, bool opaque)
{
	static const u8 zeros[4];
	bool login = (bhs[0] & 0x3f) == 0x23;
	u32 crc;

	if (stream_len + 48 + 4 + len + 8 > STREAM_MAX)
		return;
	bhs[5] = (u8)(len >> 16);
	bhs[6] = (u8)(len >> 8);
	bhs[7] = (u8)len;
	say(bhs, 48, 0, 0, false);
	crc = ~crc32c(~0u, bhs, 48);
	if (reader.header_digest && !login)
		say((u8 *)&crc, 4, 0, 0, false);
	if (!len)
		return;
	say(data, len, get_unaligned_be32(bhs + 16),
	    get_unaligned_be32(bhs + 40), opaque);
	say(zeros, -len % 4, 0, 0, false);
	crc = ~crc32c(crc32c(~0u, data, len), zeros, -len % 4);
	if (reader.data_digest && !login)
		say((u8 *)&crc, 4, 0, 0, false);
}

static void say_login(void)
{
	u8 bhs[48] = { [0] = 0x23, [1] = 0x87 };
	char text[128];
	int len;

	len = snprintf(text, sizeof(text),
		       "HeaderDigest=%s%cDataDigest=%s%cTargetPortalGroupTag=1",
		       reader.header_digest ? "CRC32C" : "None", 0,
		       reader.data_digest ? "CRC32C" : "None", 0);
	say_pdu(bhs, (u8 *)text, (u32)len + 1, false);
}

/* Bytes of READs that the target has said, honest as it is. */
static u32 said[READER_TASKS];

static void say_data(u32 i, bool honest)
{
	const struct asym_task *t = &reader.tasks[i].task;
	u8 bhs[48] = { [0] = 0x25 }, data[512];
	u32 len = 16 * (1 + take(32)), offset = said[i], n;
	bool opaque = t->grant == ASYM_GRANT_OPAQUE;

	put_unaligned_be32(t->itt, bhs + 16);
	if (!honest) {
		len = take(2) ? len : len - take(16);
		offset = take(2) ? offset : take(256) * 64;
		opaque = take(2);
		if (!take(4))
			put_unaligned_be32(take(READER_TASKS + 2), bhs + 16);
		bhs[1] = (u8)take(8);
		bhs[3] = take(4) ? 0 : 2;
		reader.honest = false;
	} else {
		if (!reader.tasks[i].used || said[i] >= t->len ||
		    t->treatment == ASYM_TREAT_ZEROED)
			return;
		len = min(len, t->len - said[i]);
		bhs[1] = said[i] + len == t->len && take(2);
		said[i] += len;
		/* Its status has been sent: no other is to follow. */
		if (bhs[1])
			said[i] = t->len + 1;
	}
	put_unaligned_be32(offset, bhs + 40);
	for (n = 0; n < len; n++)
		data[n] = (u8)((offset + n) * 13 + t->itt);
	say_pdu(bhs, data, len, opaque);
}

static void say_response(u32 i, bool honest)
{
	const struct asym_task *t = &reader.tasks[i].task;
	u8 bhs[48] = { [0] = 0x21, [1] = 0x80 }, sense[22] = {};
	u32 len = 0;

	put_unaligned_be32(t->itt, bhs + 16);
	if (honest) {
		if (!reader.tasks[i].used || said[i] > t->len)
			return;
		if (t->treatment == ASYM_TREAT_ZEROED)
			bhs[3] = 2;
		else if (said[i] < t->len && t->grant == ASYM_GRANT_OPAQUE)
			bhs[3] = 8;
		said[i] = t->len + 1;
	} else {
		reader.honest = false;
		bhs[1] |= (u8)(take(2) * take(8));
		bhs[2] = (u8)(take(4) ? 0 : take(2));
		bhs[3] = (u8)(take(2) * take(256));
		put_unaligned_be32(take(4) ? 0 : take32(), bhs + 44);
		if (take(2)) {
			len = sizeof(sense);
			sense[1] = 18;
			sense[2] = take(2) ? 0x70 : 0x72;
			sense[3 + take(2)] = (u8)take(16);
		}
	}
	say_pdu(bhs, sense, len, false);
}

static void say_other(void)
{
	u8 bhs[48] = { [0] = 0x20, [1] = 0x80 }, data[64];
	u32 len = take(4) ? 0 : take(64);

	put_unaligned_be32(0xffffffff, bhs + 16);
	put_unaligned_be32(0xffffffff, bhs + 20);
	memset(data, 'x', sizeof(data));
	say_pdu(bhs, data, len, false);
}

static void say_anything(void)
{
	u32 len = 1 + take(64);
	u8 byte;

	reader.honest = false;
	while (len-- && stream_len < STREAM_MAX) {
		byte = (u8)take(256);
		say(&byte, 1, take(8), take(16), take(2));
	}
}

/* ---- the initiator's side ---- */

static void new_task(u32 i)
{
	struct reader_task *t = &reader.tasks[i];
	u32 kind = take(8);

	if (flow.broken || !reader.full_feature ||
	    (t->used && !t->ended && (honest_peer || take(8))))
		return;
	reader.honest &= !t->used || t->ended;
	/* Whatever was read before is not about this one. */
	reader_read(&reader);
	*t = (struct reader_task){
		.used		= true,
		.task		= {
			.itt		= i + 1,
			.grant		= ASYM_GRANT_OPAQUE,
			.binding	= &reader_units[take(READER_UNITS)],
			.offset		= take(256) * 512,
			.len		= 512 * (1 + take(8)),
			.since		= reader.sk.tcp.rcv_nxt,
		},
	};
	t->task.run = t->task.len;
	if (kind == 0)
		t->task.grant = ASYM_GRANT_SEALED;
	if (kind == 1)
		t->task.grant = ASYM_GRANT_READ_CAPACITY_10;
	if (kind == 2) {
		t->task.grant = ASYM_GRANT_SEALED;
		t->task.treatment = ASYM_TREAT_ZEROED;
	}
	said[i] = 0;
	asym_binding_hold(t->task.binding);
	if (asym_task_set(&flow.tasks, &t->task)) {
		asym_binding_put(t->task.binding);
		t->used = false;
		reader.honest = false;
	}
}

/* ---- the whole ---- */

static void step(void)
{
	u32 i = take(READER_TASKS), choice = take(32), from;

	if (flow.role == ISCSI_ROLE_TARGET && choice < 24) {
		send_to_target();
		return;
	}
	if (honest_peer && (choice >= 28 || choice == 23 ||
			    (choice >= 9 && choice <= 11)))
		choice = 16;
	switch (choice) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
		say_data(i, true);
		break;
	case 6:
	case 7:
		say_response(i, true);
		break;
	case 8:
		say_other();
		break;
	case 9:
		if (!take(4))
			say_data(i, false);
		break;
	case 10:
		if (!take(4))
			say_response(i, false);
		break;
	case 11:
		if (!take(4))
			say_anything();
		break;
	case 12:
	case 13:
	case 14:
		new_task(i);
		break;
	case 15:
	case 16:
	case 17:
	case 18:
	case 19:
	case 20:
		send_segment(sent, 1 + take(256) * 6, false);
		break;
	case 21:
	case 22:
		from = stream_len ? (u32)(take(256) << 8 | take(256)) %
				    stream_len : 0;
		send_segment(from, 1 + take(256) * 6, false);
		break;
	case 23:
		if (take(4))
			send_segment(take(2) ? sent : sent - min(sent, take(256)),
				     1 + take(256) * 6, true);
		break;
	case 24:
	case 25:
		complete(take(PACKETS));
		break;
	case 26:
		kernel.delay = true;
		break;
	case 27:
		if (!honest_peer && !take(4))
			kernel.fail_in = (int)take(16);
		break;
	case 28:
		if (!take(4))
			kernel.cipher_error = -EIO;
		if (!take(8)) {
			reader_units[0].deleted = true;
			reader.honest = false;
		}
		break;
	case 29:
		reader.lazy = !reader.lazy;
		break;
	case 30:
		if (!flow.broken && flow.role == ISCSI_ROLE_INITIATOR)
			reader_read(&reader);
		break;
	case 31:
		/* Other bytes than were sent before. */
		if (take(8) || !stream_len)
			break;
		reader.honest = false;
		from = (u32)(take(256) << 8 | take(256)) % stream_len;
		stream[from] ^= (u8)(1 + take(255));
		break;
	}
}

static void start(void)
{
	u32 options = take(256);

	kernel = (struct kernel){ .fail_in = -1 };
	net.refusals = 0;
	honest_peer = options & 16;
	sa.props.flags = options & 1 ? XFRM_STATE_ESN : 0;
	isn = options & 2 ? 0xffffe000 : 1000;
	stream_len = 0;
	sent = 0;
	memset(packets, 0, sizeof(packets));
	memset(said, 0, sizeof(said));

	reader_start(&reader, isn);
	reader.header_digest = options & 4;
	reader.data_digest = options & 8;
	reader.lazy = (options & 0x30) == 0x30;
	reader.sk.tcp.rcv_nxt = isn;
	reader.sk.sk_refcnt.refs = 1;
	reader.sk.sk_receive_queue.next = (void *)&reader.sk.sk_receive_queue;
	reader.sk.sk_receive_queue.prev = (void *)&reader.sk.sk_receive_queue;
	reader.sk.sk_data_ready = reader_ready;
	reader_units[0] = (struct asym_binding){ .id = 0 };
	reader_units[1] = (struct asym_binding){ .id = 1 };

	memset(&flow, 0, sizeof(flow));
	flow.role = (options & 0xe0) == 0xe0 ? ISCSI_ROLE_TARGET :
					       ISCSI_ROLE_INITIATOR;
	flow.ref.refs = 1;
	flow.sk = &reader.sk;
	asym_tasks_init(&flow.tasks);
	asym_track_init(&flow.track);
	iscsi_stream_init(&flow.stream, flow.role);
	flow.stream.params.header_digest = reader.header_digest ?
					   ISCSI_DIGEST_CRC32C : 0;
	flow.stream.params.data_digest = reader.data_digest ?
					 ISCSI_DIGEST_CRC32C : 0;
	asym_track_attach(&reader.sk, &flow);
	say_login();
}

/* What makes sense arrives in the end, all of it. */
static void check_honest(void)
{
	kernel_assert(!flow.broken);
	while (sent < stream_len)
		send_segment(sent, SEGMENT_MAX, false);
	/* Some have been lost. */
	while (reader.honest && reader.sk.tcp.rcv_nxt != isn + stream_len)
		send_segment(reader.sk.tcp.rcv_nxt - isn, SEGMENT_MAX, false);
	if (!reader.honest)
		return;
	kernel_assert(!flow.broken);
	reader_read(&reader);
	kernel_assert(reader.copied == isn + stream_len);
	happened[HAPPENED_HONEST]++;
	happened[HAPPENED_HONEST_DIGESTS] += reader.data_digest;
}

void receiver_run(const u8 *bytes, size_t len)
{
	u32 i;

	input.bytes = bytes;
	input.left = len;
	start();
	while (input.left && !flow.broken)
		step();

	kernel.fail_in = -1;
	kernel.delay = false;
	reader.honest &= !kernel.failed && !kernel.cipher_error;
	for (i = 0; i < PACKETS; i++)
		complete(i);
	input.left = 0;
	if (flow.role == ISCSI_ROLE_INITIATOR && reader.honest)
		check_honest();

	for (i = 0; i < PACKETS; i++)
		kernel_assert(!packets[i].used);
	for (i = 0; i < EARLY; i++) {
		kfree_skb(early[i]);
		early[i] = NULL;
	}
	__skb_queue_purge(&reader.sk.sk_receive_queue);
	asym_track_detach(&reader.sk, &flow);
	asym_track_free(&flow.track);
	asym_tasks_free(&flow.tasks);
	/* Everything is given back. */
	kernel_assert(flow.ref.refs == 1 && reader.sk.sk_refcnt.refs == 1);
	kernel_assert(!reader_units[0].refs && !reader_units[1].refs);
	kernel_assert(!reader.sk.sk_rmem_alloc.counter && !reader.sk.mem);
	kernel_assert(!kernel.allocated);
}
