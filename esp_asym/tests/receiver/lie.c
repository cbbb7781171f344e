// SPDX-License-Identifier: GPL-2.0
#include "choice.h"
#include "host.h"
#include "lie.h"

static u16 lie16(u16 truth)
{
	return (u16)(take(2) ? truth + take(33) - 16 : take(256) * 8);
}

void lie(struct packet *p, struct asym_meta *meta, u8 *bytes, u32 *padding,
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
		r->itt = take(2) ? r->itt + 1 : take_bytes(4);
		break;
	case 3:
		r->buffer_offset = take(2) ? r->buffer_offset + 16 * take(8) :
					     take_bytes(4);
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
		meta->grant[0].seq = take_bytes(4);
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
