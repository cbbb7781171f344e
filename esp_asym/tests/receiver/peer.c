// SPDX-License-Identifier: GPL-2.0
#include "../../record.h"
#include "../../task.h"
#include "choice.h"
#include "host.h"
#include "lie.h"
#include "packet.h"
#include "peer.h"

#define STREAM_MAX	32768

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

struct peer peer;

/* What the target has to say. */
static u8 stream[STREAM_MAX];
static struct mark marks[STREAM_MAX];

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

void peer_send(u32 from, u32 len, bool lies)
{
	struct packet *p = packet_new();
	u8 bytes[ASYM_META_BYTES];
	struct asym_meta meta;
	u8 claimed;
	u32 padding;

	if (!p || from >= peer.len)
		return;
	len = min(len, peer.len - from);
	while (!describe(from, len, 20, &meta))
		len /= 2;
	kernel_assert(len);
	fill_tcp(p, peer.isn + from);
	memcpy(p->inner + 20, stream + from, len);
	p->len = 20 + len;
	padding = -(p->len + 2) % 4;
	claimed = (u8)padding;
	kernel_assert(asym_meta_encode(&meta, bytes));
	if (lies)
		lie(p, &meta, bytes, &padding, &claimed);
	packet_send(p, bytes, padding, claimed);
	if (!lies)
		peer.sent = max(peer.sent, from + len);
}

/* The other way: grants, and data that stay opaque. */
void peer_send_to_target(void)
{
	struct packet *p = packet_new();
	struct asym_meta meta = {};
	u8 bytes[ASYM_META_BYTES];
	u32 len = take(256) * 4, i, at = 20, padding;
	u8 claimed;

	if (!p)
		return;
	fill_tcp(p, peer.isn + peer.sent);
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
		g->seq = peer.isn + peer.sent + take(64) - 32;
	}
	padding = -(p->len + 2) % 4;
	claimed = (u8)padding;
	kernel_assert(asym_meta_encode(&meta, bytes));
	if (!take(4))
		lie(p, &meta, bytes, &padding, &claimed);
	packet_send(p, bytes, padding, claimed);
	peer.sent += len;
	if (take(4))
		reader.sk.tcp.rcv_nxt = peer.isn + peer.sent;
}

/* ---- the stream ---- */

static void say(const u8 *bytes, u32 len, u32 itt, u32 pos, bool opaque)
{
	u32 i;

	for (i = 0; i < len; i++) {
		stream[peer.len] = bytes[i];
		marks[peer.len++] = (struct mark){
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

	if (peer.len + 48 + 4 + len + 8 > STREAM_MAX)
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

void peer_say_login(void)
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

void peer_say_data(u32 i, bool honest)
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
		/* Its status has been peer.sent: no other is to follow. */
		if (bhs[1])
			said[i] = t->len + 1;
	}
	put_unaligned_be32(offset, bhs + 40);
	for (n = 0; n < len; n++)
		data[n] = (u8)((offset + n) * 13 + t->itt);
	say_pdu(bhs, data, len, opaque);
}

void peer_say_response(u32 i, bool honest)
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
		put_unaligned_be32(take(4) ? 0 : take_bytes(4), bhs + 44);
		if (take(2)) {
			len = sizeof(sense);
			sense[1] = 18;
			sense[2] = take(2) ? 0x70 : 0x72;
			sense[3 + take(2)] = (u8)take(16);
		}
	}
	say_pdu(bhs, sense, len, false);
}

void peer_say_other(void)
{
	u8 bhs[48] = { [0] = 0x20, [1] = 0x80 }, data[64];
	u32 len = take(4) ? 0 : take(64);

	put_unaligned_be32(0xffffffff, bhs + 16);
	put_unaligned_be32(0xffffffff, bhs + 20);
	memset(data, 'x', sizeof(data));
	say_pdu(bhs, data, len, false);
}

void peer_say_anything(void)
{
	u32 len = 1 + take(64);
	u8 byte;

	reader.honest = false;
	while (len-- && peer.len < STREAM_MAX) {
		byte = (u8)take(256);
		say(&byte, 1, take(8), take(16), take(2));
	}
}

void peer_forget(u32 i)
{
	said[i] = 0;
}

void peer_change(u32 at, u8 by)
{
	stream[at] ^= by;
}

void peer_start(bool honest, u32 isn)
{
	peer = (struct peer){ .honest = honest, .isn = isn };
	memset(said, 0, sizeof(said));
}
