// SPDX-License-Identifier: GPL-2.0
/*
 * The 64 bytes of metadata of a packet.  Pure code: also built in user space.
 */
#include <asym/wire.h>

#ifdef __KERNEL__
#include <linux/unaligned.h>
#include <linux/string.h>
#else
#include <string.h>

static inline void put_unaligned_be16(u16 v, u8 *p)
{
	p[0] = (u8)(v >> 8);
	p[1] = (u8)v;
}

static inline void put_unaligned_be32(u32 v, u8 *p)
{
	put_unaligned_be16((u16)(v >> 16), p);
	put_unaligned_be16((u16)v, p + 2);
}

static inline u16 get_unaligned_be16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static inline u32 get_unaligned_be32(const u8 *p)
{
	return (u32)get_unaligned_be16(p) << 16 | get_unaligned_be16(p + 2);
}
#endif

void asym_meta_clear(struct asym_meta *meta)
{
	memset(meta, 0, offsetof(struct asym_meta, range));
}

/* A cursor that refuses to leave the buffer. */
struct writer {
	u8	*buf;
	u32	len;
	bool	full;
};

static u8 *reserve(struct writer *w, u32 n)
{
	u8 *p = w->buf + w->len;

	if (w->full || ASYM_META_BYTES - w->len < n) {
		w->full = true;
		return NULL;
	}
	w->len += n;
	return p;
}

static void write_ranges(struct writer *w, const struct asym_meta *meta)
{
	u32 size = meta->tagged ? ASYM_RANGE_TAGGED_BYTES : ASYM_RANGE_BYTES;
	u32 i;

	for (i = 0; i < meta->nr_ranges; i++) {
		const struct asym_range_entry *r = &meta->range[i];
		u8 *p = reserve(w, size);

		if (!p)
			return;
		put_unaligned_be16(r->off, p);
		put_unaligned_be16(r->len, p + 2);
		if (meta->tagged) {
			put_unaligned_be32(r->itt, p + 4);
			put_unaligned_be32(r->buffer_offset, p + 8);
		}
	}
}

static void write_grants(struct writer *w, const struct asym_meta *meta)
{
	u32 i;

	for (i = 0; i < meta->nr_grants; i++) {
		const struct asym_note_grant *g = &meta->grant[i];
		u8 *p = reserve(w, ASYM_NOTE_GRANT_BYTES);

		if (!p)
			return;
		p[0] = ASYM_NOTE_GRANT;
		p[1] = g->grant;
		put_unaligned_be32(g->seq, p + 2);
		put_unaligned_be32(g->itt, p + 6);
	}
}

static void write_edge(struct writer *w, u8 type, const u8 *bytes, u8 len)
{
	u8 *p;

	if (!len)
		return;
	p = reserve(w, 2 + len);
	if (!p)
		return;
	p[0] = type;
	p[1] = len;
	memcpy(p + 2, bytes, len);
}

static void write_session(struct writer *w, const struct asym_meta *meta)
{
	u8 *p;

	if (!meta->session)
		return;
	p = reserve(w, ASYM_NOTE_SESSION_BYTES);
	if (!p)
		return;
	p[0] = ASYM_NOTE_SESSION;
	p[1] = meta->digests;
}

static void write_block_size(struct writer *w, const struct asym_meta *meta)
{
	u8 *p;

	if (!meta->block_size)
		return;
	p = reserve(w, ASYM_NOTE_BLOCK_SIZE_BYTES);
	if (!p)
		return;
	p[0] = ASYM_NOTE_BLOCK_SIZE;
	put_unaligned_be32(meta->block_size_itt, p + 1);
	put_unaligned_be32(meta->block_size, p + 5);
}

bool asym_meta_encode(const struct asym_meta *meta, u8 *buf)
{
	struct writer w = { .buf = buf, .len = ASYM_META_FIXED_BYTES };
	u32 notes;

	memset(buf, 0, ASYM_META_BYTES);
	write_ranges(&w, meta);
	notes = w.len;
	write_grants(&w, meta);
	write_edge(&w, ASYM_NOTE_EDGE_BEFORE, meta->before, meta->before_len);
	write_edge(&w, ASYM_NOTE_EDGE_AFTER, meta->after, meta->after_len);
	write_session(&w, meta);
	write_block_size(&w, meta);
	if (w.full)
		return false;

	buf[0] = ASYM_WIRE_VERSION;
	buf[1] = meta->tagged ? ASYM_META_TAGGED : 0;
	buf[2] = meta->nr_ranges;
	buf[3] = (u8)(w.len - notes);
	return true;
}

static bool read_ranges(struct asym_meta *meta, const u8 *p, u32 inner_len)
{
	u32 end = 0, i;

	for (i = 0; i < meta->nr_ranges; i++) {
		struct asym_range_entry *r = &meta->range[i];

		*r = (struct asym_range_entry){
			.off	= get_unaligned_be16(p),
			.len	= get_unaligned_be16(p + 2),
		};
		p += ASYM_RANGE_BYTES;
		if (meta->tagged) {
			r->itt = get_unaligned_be32(p);
			r->buffer_offset = get_unaligned_be32(p + 4);
			p += ASYM_RANGE_TAGGED_BYTES - ASYM_RANGE_BYTES;
		}
		if (!r->len || r->off < end)
			return false;
		end = (u32)r->off + r->len;
		if (end > inner_len)
			return false;
	}
	return true;
}

static bool read_edge(u8 *edge, u8 *edge_len, const u8 *p, u32 len)
{
	/* Once only, and never a whole block. */
	if (*edge_len || len < 2 || !p[1] || p[1] > ASYM_EDGE_BYTES_MAX ||
	    p[1] > len - 2)
		return false;
	*edge_len = p[1];
	memcpy(edge, p + 2, p[1]);
	return true;
}

/* Read one note at @p; return its length, 0 if it is malformed or unknown. */
static u32 read_note(struct asym_meta *meta, const u8 *p, u32 len)
{
	struct asym_note_grant *g;

	switch (p[0]) {
	case ASYM_NOTE_GRANT:
		if (len < ASYM_NOTE_GRANT_BYTES ||
		    meta->nr_grants == ASYM_GRANTS_MAX ||
		    p[1] > ASYM_GRANT_READ_CAPACITY_16)
			return 0;
		g = &meta->grant[meta->nr_grants++];
		g->grant = p[1];
		g->seq = get_unaligned_be32(p + 2);
		g->itt = get_unaligned_be32(p + 6);
		return ASYM_NOTE_GRANT_BYTES;
	case ASYM_NOTE_EDGE_BEFORE:
		if (!read_edge(meta->before, &meta->before_len, p, len))
			return 0;
		return 2 + meta->before_len;
	case ASYM_NOTE_EDGE_AFTER:
		if (!read_edge(meta->after, &meta->after_len, p, len))
			return 0;
		return 2 + meta->after_len;
	case ASYM_NOTE_SESSION:
		if (len < ASYM_NOTE_SESSION_BYTES || meta->session ||
		    p[1] & ~(ASYM_SESSION_HEADER_DIGEST |
			     ASYM_SESSION_DATA_DIGEST))
			return 0;
		meta->session = true;
		meta->digests = p[1];
		return ASYM_NOTE_SESSION_BYTES;
	case ASYM_NOTE_BLOCK_SIZE:
		if (len < ASYM_NOTE_BLOCK_SIZE_BYTES || meta->block_size)
			return 0;
		meta->block_size_itt = get_unaligned_be32(p + 1);
		meta->block_size = get_unaligned_be32(p + 5);
		return meta->block_size ? ASYM_NOTE_BLOCK_SIZE_BYTES : 0;
	default:
		return 0;
	}
}

static bool all_zero(const u8 *p, u32 len)
{
	static const u8 zeros[ASYM_META_BYTES];

	return !memcmp(p, zeros, len);
}

/* Edges complete the block at the very ends of the tagged ranges. */
static bool edges_fit(const struct asym_meta *meta)
{
	const struct asym_range_entry *first, *last;
	u32 before, after;

	if (!meta->tagged || !meta->nr_ranges)
		return !meta->before_len && !meta->after_len;
	first = &meta->range[0];
	last = &meta->range[meta->nr_ranges - 1];
	before = first->buffer_offset % ASYM_BLOCK_BYTES;
	after = (ASYM_BLOCK_BYTES -
		 (last->buffer_offset + last->len) % ASYM_BLOCK_BYTES) %
		ASYM_BLOCK_BYTES;
	return meta->before_len == before && meta->after_len == after;
}

/* Only the first range may begin, and only the last may end, inside a block. */
static bool ranges_aligned(const struct asym_meta *meta)
{
	u32 i;

	if (!meta->tagged)
		return true;
	for (i = 0; i < meta->nr_ranges; i++) {
		const struct asym_range_entry *r = &meta->range[i];

		if (i && r->buffer_offset % ASYM_BLOCK_BYTES)
			return false;
		if (i + 1 < meta->nr_ranges &&
		    (r->buffer_offset + r->len) % ASYM_BLOCK_BYTES)
			return false;
	}
	return true;
}

enum asym_meta_error asym_meta_decode(struct asym_meta *meta, const u8 *buf,
				      u32 inner_len)
{
	u32 ranges, notes, pos;

	asym_meta_clear(meta);
	if (buf[0] != ASYM_WIRE_VERSION)
		return ASYM_META_BAD_VERSION;
	if (buf[1] & ~ASYM_META_TAGGED || buf[2] > ASYM_RANGES_MAX)
		return ASYM_META_MALFORMED;

	meta->tagged = buf[1] & ASYM_META_TAGGED;
	meta->nr_ranges = buf[2];
	ranges = meta->nr_ranges * (meta->tagged ? ASYM_RANGE_TAGGED_BYTES :
						   ASYM_RANGE_BYTES);
	notes = buf[3];
	if (ASYM_META_FIXED_BYTES + ranges + notes > ASYM_META_BYTES)
		return ASYM_META_MALFORMED;
	if (!read_ranges(meta, buf + ASYM_META_FIXED_BYTES, inner_len))
		return ASYM_META_MALFORMED;

	pos = ASYM_META_FIXED_BYTES + ranges;
	while (notes) {
		u32 len = read_note(meta, buf + pos, notes);

		if (!len)
			return ASYM_META_MALFORMED;
		pos += len;
		notes -= len;
	}
	if (!all_zero(buf + pos, ASYM_META_BYTES - pos) ||
	    !ranges_aligned(meta) || !edges_fit(meta))
		return ASYM_META_MALFORMED;
	return ASYM_META_OK;
}
