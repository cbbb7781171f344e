// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "build.h"

/* xorshift32; seeds that differ in one bit must not look alike at once. */
static u32 next(u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static u32 below(u32 *state, u32 limit)
{
	return next(state) % limit;
}

static void build_bytes(u8 *bytes, u32 len, u32 *state)
{
	while (len--)
		*bytes++ = (u8)next(state);
}

/* Only the first may begin, only the last may end inside a cipher block. */
static void build_ranges(struct asym_meta *meta, u32 count, u32 *state)
{
	u32 share = BUILD_INNER_BYTES / (count ? count : 1), i;

	for (i = 0; i < count; i++) {
		struct asym_range_entry *r = &meta->range[i];
		u32 room = share - 1 - below(state, share / 2);

		r->off = (u16)(i * share + below(state, share - room));
		r->len = (u16)(1 + below(state, room));
		if (!meta->tagged)
			continue;
		r->itt = next(state);
		r->buffer_offset = next(state) & ~15u;
		if (!i)
			r->buffer_offset += below(state, 2) *
					    below(state, ASYM_BLOCK_BYTES);
		if (i + 1 < count)
			r->len = (u16)(r->len + ASYM_BLOCK_BYTES -
				       (r->buffer_offset + r->len) %
				       ASYM_BLOCK_BYTES);
		/* It may have grown over its share: make room. */
		if (i + 1 < count && r->off + r->len > (int)((i + 1) * share)) {
			r->off = (u16)(i * share);
			r->len = (u16)(ASYM_BLOCK_BYTES -
				       r->buffer_offset % ASYM_BLOCK_BYTES);
		}
	}
	meta->nr_ranges = (u8)count;
}

static void build_edges(struct asym_meta *meta, u32 *state)
{
	const struct asym_range_entry *last;

	if (!meta->tagged || !meta->nr_ranges)
		return;
	last = &meta->range[meta->nr_ranges - 1];
	meta->before_len = meta->range[0].buffer_offset % ASYM_BLOCK_BYTES;
	meta->after_len = -(last->buffer_offset + last->len) %
			  ASYM_BLOCK_BYTES;
	build_bytes(meta->before, meta->before_len, state);
	build_bytes(meta->after, meta->after_len, state);
}

void build_meta(struct asym_meta *meta, u32 seed)
{
	u32 state = seed * 2654435761u + 1, i;

	next(&state);
	memset(meta, 0, sizeof(*meta));
	meta->tagged = below(&state, 2);
	if (below(&state, 8)) {
		build_ranges(meta, below(&state, meta->tagged ? 4 : 7), &state);
	} else if (!meta->tagged) {
		build_ranges(meta, ASYM_RANGES_MAX, &state);
		return;
	}
	build_edges(meta, &state);
	if (below(&state, 2)) {
		meta->nr_grants = (u8)below(&state, ASYM_GRANTS_MAX + 1);
		for (i = 0; i < meta->nr_grants; i++) {
			meta->grant[i].grant = (u8)below(&state, 4);
			meta->grant[i].seq = next(&state);
			meta->grant[i].itt = next(&state);
		}
	}
	if (!below(&state, 3)) {
		meta->session = true;
		meta->digests = (u8)below(&state, 4);
	}
	if (!below(&state, 3)) {
		meta->block_size = 512u << below(&state, 4);
		meta->block_size_itt = next(&state);
	}
}

/* Bytes of metadata, counted without the code under test. */
u32 build_size(const struct asym_meta *meta)
{
	return 4 + meta->nr_ranges * (meta->tagged ? 12 : 4) +
	       meta->nr_grants * 10 +
	       (meta->before_len ? 2 + meta->before_len : 0) +
	       (meta->after_len ? 2 + meta->after_len : 0) +
	       (meta->session ? 2 : 0) + (meta->block_size ? 9 : 0);
}

static bool ranges_differ(const struct asym_meta *a, const struct asym_meta *b)
{
	u32 i;

	for (i = 0; i < a->nr_ranges; i++) {
		const struct asym_range_entry *x = &a->range[i];
		const struct asym_range_entry *y = &b->range[i];

		if (x->off != y->off || x->len != y->len || x->itt != y->itt ||
		    x->buffer_offset != y->buffer_offset)
			return true;
	}
	return false;
}

static bool grants_differ(const struct asym_meta *a, const struct asym_meta *b)
{
	u32 i;

	for (i = 0; i < a->nr_grants; i++) {
		const struct asym_note_grant *x = &a->grant[i];
		const struct asym_note_grant *y = &b->grant[i];

		if (x->seq != y->seq || x->itt != y->itt ||
		    x->grant != y->grant)
			return true;
	}
	return false;
}

/* What is not the same in both, or NULL. */
const char *build_differ(const struct asym_meta *a, const struct asym_meta *b)
{
	if (a->tagged != b->tagged)
		return "tagged";
	if (a->nr_ranges != b->nr_ranges || ranges_differ(a, b))
		return "ranges";
	if (a->nr_grants != b->nr_grants || grants_differ(a, b))
		return "grants";
	if (a->before_len != b->before_len ||
	    memcmp(a->before, b->before, a->before_len))
		return "edge before";
	if (a->after_len != b->after_len ||
	    memcmp(a->after, b->after, a->after_len))
		return "edge after";
	if (a->session != b->session || a->digests != b->digests)
		return "session";
	if (a->block_size != b->block_size ||
	    a->block_size_itt != b->block_size_itt)
		return "block size";
	return NULL;
}
