// SPDX-License-Identifier: GPL-2.0
#include "opened.h"
#include "receiver.h"

void opened_check(const struct packet *p, const struct sk_buff *skb)
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

void opened_check_frags(struct packet *p)
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
