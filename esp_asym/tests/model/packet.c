// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "../../packet.h"
#include "../../record.h"
#include "../build.h"
#include "choice.h"
#include "disk.h"
#include "lie.h"
#include "packet.h"
#include "property.h"

#define HEAD_BYTES	20

/* ---- what the sender says of a stretch ---- */

static bool same_mark(const struct mark *a, const struct mark *b, bool tagged)
{
	return a->opaque == b->opaque &&
	       (!a->opaque || !tagged ||
		(a->itt == b->itt && a->pos == b->pos));
}

/* Ranges as a mark for each byte; false if they lie outside or overlap. */
static bool read_marks(const struct asym_meta *meta, u32 head_len, u32 len,
		       struct mark *marks)
{
	u32 end = head_len, i, j;

	memset(marks, 0, len * sizeof(*marks));
	for (i = 0; i < meta->nr_ranges; i++) {
		const struct asym_range_entry *r = &meta->range[i];

		if (r->off < end || !r->len || r->off + r->len > head_len + len)
			return false;
		end = r->off + r->len;
		for (j = 0; j < r->len; j++)
			marks[r->off - head_len + j] = (struct mark){
				.opaque	= true,
				.itt	= r->itt,
				.pos	= r->buffer_offset + j,
			};
	}
	return true;
}

static bool edges_are_right(const struct host *h, const struct asym_meta *meta,
			    u32 pos, u32 head_len)
{
	const struct asym_range_entry *first, *last;
	const u8 *sent = h->talk.sent;
	u32 from, to, before_len, after_len;

	if (!meta->tagged || !meta->nr_ranges)
		return !meta->before_len && !meta->after_len;
	first = &meta->range[0];
	last = &meta->range[meta->nr_ranges - 1];
	from = pos + first->off - head_len;
	to = pos + last->off + last->len - head_len;
	before_len = h->talk.marks[from].pos % ASYM_BLOCK_BYTES;
	after_len = -(h->talk.marks[to - 1].pos + 1) % ASYM_BLOCK_BYTES;
	return meta->before_len == before_len && meta->after_len == after_len &&
	       !memcmp(meta->before, sent + from - before_len, before_len) &&
	       !memcmp(meta->after, sent + to, after_len);
}

static bool has_grant(const struct asym_meta *meta, u32 seq,
		      const struct duty *d)
{
	u32 i;

	for (i = 0; i < meta->nr_grants; i++) {
		const struct asym_note_grant *g = &meta->grant[i];

		if (g->seq == seq && g->itt == d->itt && g->grant == d->value)
			return true;
	}
	return false;
}

/* Documentation/wire-format.rst, Grants, Session, Block size. */
static bool notes_are_right(const struct host *h, const struct asym_meta *meta,
			    u32 pos, u32 len)
{
	u32 grants = 0, end = pos + len, i;
	const struct duty *session = NULL;
	bool block_size = false, same;

	for (i = 0; i < h->talk.nr_duties; i++) {
		const struct duty *d = &h->talk.duties[i];
		bool must = d->must < end && d->must_end > pos;

		if (d->from >= end || d->to <= pos)
			continue;
		switch (d->type) {
		case ASYM_NOTE_GRANT:
			grants++;
			if (!has_grant(meta, h->isn + d->from, d))
				return false;
			break;
		case ASYM_NOTE_SESSION:
			session = d;
			break;
		case ASYM_NOTE_BLOCK_SIZE:
			same = meta->block_size == d->value &&
			       meta->block_size_itt == d->itt;
			if (must && !same)
				return false;
			block_size = block_size || same;
			break;
		}
	}
	if (meta->session != !!session)
		return false;
	/* What is being declared need not be known yet. */
	if (session && (meta->digests & ~session->value ||
			(session->to <= end &&
			 meta->digests != session->value)))
		return false;
	return meta->nr_grants == grants && (block_size || !meta->block_size);
}

static void count_events(const struct asym_meta *meta, u32 seq, u32 len)
{
	if (meta->before_len)
		event_count(EVENT_CUT_BEFORE, 1);
	if (meta->after_len)
		event_count(EVENT_CUT_AFTER, 1);
	if (meta->before_len && meta->after_len)
		event_count(EVENT_CUT_BOTH, 1);
	if (meta->nr_ranges > 1)
		event_count(EVENT_RANGES, 1);
	if (build_size(meta) > ASYM_META_BYTES - 10)
		event_count(EVENT_FULL_METADATA, 1);
	if (seq + len < seq)
		event_count(EVENT_WRAP, 1);
	if (seq < 1u << 31 && seq + len > 1u << 31)
		event_count(EVENT_SIGN, 1);
}

/* A description against the truth; @odd names the property if it is not a
 * segment as TCP makes them.
 */
static void check_description(struct host *h, const struct asym_meta *meta,
			      u32 seq, u32 len, u32 head_len,
			      enum property odd)
{
	struct mark *marks = malloc(len * sizeof(*marks));
	u32 pos = host_pos(h, seq), i;
	struct talk *t = &h->talk;
	bool edges, notes;

	if (!read_marks(meta, head_len, len, marks)) {
		property_check(odd < PROPERTY_MAX ? odd : PROPERTY_DESCRIBED,
			       false, "ranges of %u bytes at %u", len, pos);
		goto out;
	}
	edges = edges_are_right(h, meta, pos, head_len);
	notes = notes_are_right(h, meta, pos, len);
	if (odd < PROPERTY_MAX) {
		bool same = edges && notes;

		for (i = 0; i < len; i++)
			same = same && same_mark(&marks[i], &t->marks[pos + i],
						 meta->tagged);
		property_check(odd, same, "%u bytes at %u", len, pos);
		goto out;
	}

	count_events(meta, seq, len);
	property_check(PROPERTY_ALONE, edges, "edges of %u bytes at %u", len,
		       pos);
	property_check(PROPERTY_NOTED, notes, "notes of %u bytes at %u", len,
		       pos);
	for (i = 0; i < len; i++) {
		const struct mark *truth = &t->marks[pos + i];

		property_check(PROPERTY_SECRET,
			       marks[i].opaque || !truth->opaque,
			       "byte %u of %u at %u", i, len, pos);
		property_check(PROPERTY_SEALED,
			       same_mark(&marks[i], truth, meta->tagged),
			       "mark of byte %u of %u at %u", i, len, pos);
		if (!t->was_sent[pos + i])
			t->first_mark[pos + i] = marks[i];
		property_check(PROPERTY_DETERMINED,
			       same_mark(&marks[i], &t->first_mark[pos + i],
					 meta->tagged),
			       "mark of byte %u of %u at %u", i, len, pos);
	}
out:
	free(marks);
}

static bool has_marker(const u8 *bytes, size_t len)
{
	return memmem(bytes, len, DISK_MARKER, DISK_MARKER_BYTES);
}

/* The bytes themselves. */
static void check_bytes(struct host *h, const u8 *bytes, u32 seq, u32 len)
{
	u32 pos = host_pos(h, seq), i;
	struct talk *t = &h->talk;

	property_check(PROPERTY_SECRET, !has_marker(bytes, len),
		       "%u bytes at %u", len, pos);
	for (i = 0; i < len; i++) {
		property_check(PROPERTY_SEALED, bytes[i] == t->sent[pos + i],
			       "byte %u of %u at %u", i, len, pos);
		if (!t->was_sent[pos + i])
			t->first[pos + i] = bytes[i];
		t->was_sent[pos + i] = true;
		property_check(PROPERTY_DETERMINED,
			       bytes[i] == t->first[pos + i],
			       "byte %u of %u at %u", i, len, pos);
	}
}

static enum asym_describe describe(struct host *h, u32 seq, u32 len,
				   u32 head_len, struct asym_meta *meta)
{
	enum asym_describe result;

	memset(meta, 0x5a, sizeof(*meta));
	spin_lock_bh(&h->flow.lock);
	result = asym_records_describe(&h->flow.records,
				       h->flow.role == ISCSI_ROLE_TARGET, seq,
				       len, head_len, meta);
	spin_unlock_bh(&h->flow.lock);
	return result;
}

static bool encode(const struct asym_meta *meta, u8 *bytes)
{
	u8 *exact = malloc(ASYM_META_BYTES);
	bool fits = asym_meta_encode(meta, exact);

	memcpy(bytes, exact, ASYM_META_BYTES);
	free(exact);
	return fits;
}

/* A segment as TCP makes them of what is not acknowledged. */
bool packet_make(struct packet *p, struct host *from, u32 seq, u32 len)
{
	u32 head_len = HEAD_BYTES + 4 * pick(11), pos = host_pos(from, seq);
	struct asym_meta meta, again;
	enum asym_describe result;
	bool fits;

	result = describe(from, seq, len, head_len, &meta);
	property_check(PROPERTY_DESCRIBED, result == ASYM_DESCRIBE_OK,
		       "%u bytes at %u: result %u", len, pos, result);
	if (result != ASYM_DESCRIBE_OK)
		return false;
	check_description(from, &meta, seq, len, head_len, PROPERTY_MAX);

	*p = (struct packet){
		.from		= from,
		.seq		= seq,
		.len		= len,
		.head_len	= head_len,
		.ack		= from->sk.tcp.rcv_nxt,
	};
	fits = encode(&meta, p->meta);
	property_check(PROPERTY_DESCRIBED, fits,
		       "%u bytes of metadata for %u at %u", build_size(&meta),
		       len, pos);
	if (!fits)
		return false;
	property_check(PROPERTY_CODED,
		       asym_meta_decode(&again, p->meta, head_len + len) ==
		       ASYM_META_OK && !build_differ(&meta, &again),
		       "%u bytes at %u", len, pos);
	property_check(PROPERTY_SECRET,
		       !has_marker(p->meta, sizeof(p->meta)),
		       "metadata of %u bytes at %u", len, pos);

	p->inner = calloc(1, head_len + len);
	host_read(from, seq, p->inner + head_len, len);
	check_bytes(from, p->inner + head_len, seq, len);
	return true;
}

void packet_free(struct packet *p)
{
	free(p->inner);
	p->inner = NULL;
}

/* The longest segment that TCP could make at @seq. */
static u32 longest(const struct host *h, u32 seq)
{
	return min(host_record_end(h, seq) - seq,
		   h->sk.tcp.rx_opt.mss_clamp);
}

/* TCP may transmit what it has got at any time. */
void packet_probe(struct host *h)
{
	const struct tcp_sock *tp = &h->sk.tcp;
	u32 seq = tp->snd_una + pick(tp->write_seq - tp->snd_una);
	struct packet packet = {};

	packet_make(&packet, h, seq, pick_length(longest(h, seq)));
	packet_free(&packet);
}

/* ---- stretches that TCP has no reason to send ---- */

static void probe_acked(struct host *h)
{
	const struct tcp_sock *tp = &h->sk.tcp;
	u32 acked = tp->snd_una - h->isn, seq, len;
	enum asym_describe result;
	struct asym_meta meta;

	if (!acked)
		return;
	seq = tp->snd_una - pick_length(acked);
	len = pick_length(longest(h, seq));
	result = describe(h, seq, len, HEAD_BYTES, &meta);
	property_check(PROPERTY_ACKED, result == ASYM_DESCRIBE_OK ||
		       result == ASYM_DESCRIBE_STALE,
		       "%u bytes at %u: result %u", len, host_pos(h, seq),
		       result);
	if (result == ASYM_DESCRIBE_OK)
		check_description(h, &meta, seq, len, HEAD_BYTES,
				  PROPERTY_ACKED);
}

static void probe_beyond(struct host *h)
{
	const struct tcp_sock *tp = &h->sk.tcp;
	u32 seq = tp->snd_una + pick(tp->write_seq - tp->snd_una + 1);
	u32 len = tp->write_seq - seq + pick_length(1000);
	struct asym_meta meta;
	u8 result;

	result = describe(h, seq, len, HEAD_BYTES, &meta);
	property_check(PROPERTY_BEYOND, result == ASYM_DESCRIBE_BYPASSED,
		       "%u bytes at %u: result %u", len, host_pos(h, seq),
		       result);
}

static void probe_merged(struct host *h)
{
	const struct tcp_sock *tp = &h->sk.tcp;
	u32 all = tp->write_seq - tp->snd_una, seq, len;
	u8 bytes[ASYM_META_BYTES];
	enum asym_describe result;
	struct asym_meta meta;

	if (!all)
		return;
	seq = tp->snd_una + pick(all);
	len = pick_length(min(tp->write_seq - seq, 0xff00));
	result = describe(h, seq, len, HEAD_BYTES, &meta);
	if (result == ASYM_DESCRIBE_OK && encode(&meta, bytes))
		check_description(h, &meta, seq, len, HEAD_BYTES,
				  PROPERTY_MERGED);
	else
		property_check(PROPERTY_MERGED, len > longest(h, seq) &&
			       result != ASYM_DESCRIBE_BYPASSED,
			       "%u bytes at %u: result %u", len,
			       host_pos(h, seq), result);
}

void packet_probe_limits(struct host *h)
{
	probe_acked(h);
	probe_beyond(h);
	probe_merged(h);
}

/* ---- what the receiver makes of a packet ---- */

/* As open.c does: range and edges together, only the range is kept. */
static void open_range(struct asym_segment *seg, const struct packet *p, u32 i,
		       u8 *opened)
{
	const struct asym_meta *meta = seg->meta;
	const struct asym_range_entry *r = &meta->range[i];
	u32 before = i ? 0 : meta->before_len;
	u32 after = i + 1 < meta->nr_ranges ? 0 : meta->after_len;
	u32 pos = host_pos(p->from, p->seq) + r->off - p->head_len;
	u32 len = before + r->len + after;
	struct asym_binding *binding;
	u64 offset;
	u8 *bytes;

	if (asym_segment_is_history(seg, r)) {
		event_count(EVENT_HISTORY, 1);
		return;
	}
	if (asym_segment_find_range(seg, r, &binding, &offset)) {
		property_check(PROPERTY_ALONE, p->lie,
			       "no task for %u bytes at %u", r->len, pos);
		return;
	}
	bytes = malloc(len);
	memcpy(bytes, meta->before, before);
	memcpy(bytes + before, p->inner + r->off, r->len);
	memcpy(bytes + before + r->len, meta->after, after);
	if (len % ASYM_BLOCK_BYTES == 0)
		disk_crypt(binding, offset, len, bytes, bytes, false);
	property_check(PROPERTY_ALONE, p->lie ||
		       (len % ASYM_BLOCK_BYTES == 0 &&
			!memcmp(bytes + before, p->from->talk.heard + pos,
				r->len)),
		       "%u bytes at %u", r->len, pos);
	memcpy(opened + r->off, bytes + before, r->len);
	free(bytes);
	asym_binding_put(binding);
}

/* What it has of a byte already it keeps. */
static void tcp_receive(struct host *h, const struct packet *p,
			const u8 *opened)
{
	u32 pos = host_pos(p->from, p->seq), before_nxt = h->sk.tcp.rcv_nxt, i;
	struct talk *t = &p->from->talk;

	if (after(p->ack, h->sk.tcp.snd_una))
		host_acked(h, p->ack);
	if (after(p->seq, h->sk.tcp.rcv_nxt))
		event_count(EVENT_DISORDER, 1);
	for (i = 0; i < p->len; i++)
		if (!t->received[pos + i])
			inbox_put(h, pos + i, opened + p->head_len + i, 1);
	memset(t->received + pos, true, p->len);
	while (host_pos(p->from, h->sk.tcp.rcv_nxt) < t->len &&
	       t->received[host_pos(p->from, h->sk.tcp.rcv_nxt)])
		h->sk.tcp.rcv_nxt++;
	h->sk.tcp.bytes_received += h->sk.tcp.rcv_nxt - before_nxt;
	if (h->sk.tcp.rcv_nxt != before_nxt)
		inbox_tell(h);
}

/* A packet arrives; nothing else is known of it.  TCP may have no room. */
void packet_take(const struct packet *p, bool tcp_drops)
{
	struct host *h = p->from->peer;
	struct tcphdr *th = (struct tcphdr *)p->inner;
	struct sk_buff skb = {
		.data		= p->inner,
		.len		= p->head_len + p->len,
	};
	struct asym_meta meta;
	const struct asym_inner inner = {
		.proto	= IPPROTO_TCP,
		.len	= skb.len,
	};
	struct asym_segment seg = {
		.net	= &h->net,
		.meta	= &meta,
	};
	u8 *opened;
	u32 i;
	int err;

	th->seq = htonl(p->seq);
	th->doff = p->head_len / 4;
	th->source = htons(h->flow.role == ISCSI_ROLE_TARGET ? 40000 : 3260);
	th->dest = htons(h->flow.role == ISCSI_ROLE_TARGET ? 3260 : 40000);
	err = asym_meta_decode(&meta, p->meta, skb.len);
	lie_hear(p);
	if (!err)
		err = asym_segment_take(&seg, &skb, &inner);
	property_check(PROPERTY_HONEST, !err || h->inbox.lie != INBOX_NO_LIE,
		       "%u bytes at %u are refused: %d",
		       p->len, host_pos(p->from, p->seq), err);
	if (err)
		return;
	opened = malloc(skb.len);
	memcpy(opened, p->inner, skb.len);
	for (i = 0; meta.tagged && i < meta.nr_ranges; i++)
		open_range(&seg, p, i, opened);
	if (!tcp_drops && !h->flow.broken)
		tcp_receive(h, p, opened);
	free(opened);
}
