// SPDX-License-Identifier: GPL-2.0
#include "../../packet.h"
#include "../../sa.h"
#include "choice.h"
#include "cipher.h"
#include "host.h"
#include "opened.h"
#include "packet.h"
#include "peer.h"
#include "receiver.h"
#include "tcp.h"

#define PACKETS		CIPHER_LATE

static struct packet packets[PACKETS];
static u8 last_number;

static void finish(struct sk_buff *skb, int next)
{
	struct packet *p = skb->sender;

	skb->sender = NULL;
	opened_check_frags(p);
	p->used = false;
	/* 0 is a next header like others: hop-by-hop options of IPv6. */
	if (next < 0) {
		kernel_assert(next != -EBADMSG || !p->icv_is_good);
		/* Nobody is left in the dark. */
		kernel_assert(net.refusals != p->refusals || flow.broken ||
			      (next == -EINVAL && p->proto == IPPROTO_NONE));
		happened[HAPPENED_REFUSED]++;
		kfree_skb(skb);
		return;
	}
	kernel_assert(next == p->proto);
	opened_check(p, skb);
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

/* As in the wire format, by hand. */
static void set_icv(const u8 *mask, const u8 *esp, u8 *text, u32 len)
{
	/* The high half of the sequence number is 0. */
	u32 aad_len = sa.props.flags & XFRM_STATE_ESN ? 12 : 8;
	u8 head[16] = {}, sum[16], hash[16];
	struct poly1305_state front;
	struct shash_desc whole;
	u32 nonce[4], carry = 0, i;

	memcpy(head, &len, 4);
	memcpy(head + 4, esp, 4);
	memcpy(head + 4 + aad_len - 4, esp + 4, 4);
	memcpy(nonce, mask, sizeof(nonce));
	poly1305_core_init(&front);
	poly1305_core_blocks(&front, &asym_sa_of(&sa)->mac.head, head, 1, 1);
	poly1305_core_emit(&front, nonce, sum);
	crypto_shash_init(&whole);
	crypto_shash_update(&whole, text, len);
	crypto_shash_final(&whole, hash);
	for (i = 0; i < sizeof(sum); i++) {
		carry += sum[i] + hash[i];
		text[len + i] = (u8)carry;
		carry >>= 8;
	}
}

void packet_send(struct packet *p, const u8 *meta, u32 padding,
		 u8 claimed_padding)
{
	u8 bytes[ASYM_HEADER_BYTES + PACKET_INNER_MAX + 256 + ASYM_ICV_BYTES] = {};
	u8 counter[16], mask[ASYM_ICV_BYTES];
	u8 *body = bytes + ASYM_HEADER_BYTES;
	u32 pos = 0, range = 0, body_len, len, i;
	struct sk_buff *skb;
	int err;

	/* A sender's IVs are its numbers XOR one of its own, which may change. */
	bytes[7] = ++last_number;
	bytes[8] = 0x6e;
	bytes[15] = last_number ^ (last_number % 16 ? 0x35 : 0x53);
	asym_sa_counter(asym_sa_of(&sa), bytes + ASYM_ESP_BYTES, 0, counter);
	for (i = 0; i < sizeof(mask); i++)
		mask[i] = keystream(counter, i);
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

	set_icv(mask, bytes, bytes + 16, len - 16);
	p->icv_is_good = true;
	if (!peer.honest && !take(64)) {
		bytes[take(16) * len / 16] ^= (u8)(1 + take(255));
		p->icv_is_good = false;
		reader.honest = false;
	}
	len += ASYM_ICV_BYTES;
	if (!peer.honest && !take(128)) {
		len -= min(len, 1 + take(256));
		p->icv_is_good = false;
		reader.honest = false;
	}

	/* Whoever forges a packet takes the number of one that is still to come. */
	if (!p->icv_is_good)
		last_number--;

	skb = make_skb(p, bytes, len);
	if (!skb)
		return;
	p->used = true;
	p->refusals = net.refusals;
	skb->sender = p;
	memcpy(&XFRM_SKB_CB(skb)->seq.input.low, bytes + 4, 4);
	err = asym_input(&sa, skb);
	if (err != -EINPROGRESS)
		finish(skb, err);
}

struct packet *packet_new(void)
{
	u32 i;

	for (i = 0; i < PACKETS && packets[i].used; i++)
		;
	if (i == PACKETS) {
		for (i = 0; i < PACKETS; i++)
			cipher_complete(i);
		return NULL;
	}
	packets[i].nr_frags = 0;
	return &packets[i];
}

void packets_start(void)
{
	memset(packets, 0, sizeof(packets));
	last_number = 0;
}

void packets_check(void)
{
	u32 i;

	for (i = 0; i < PACKETS; i++)
		kernel_assert(!packets[i].used);
}
