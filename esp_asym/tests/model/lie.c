// SPDX-License-Identifier: GPL-2.0
#include "../../claim.h"
#include "choice.h"
#include "lie.h"
#include "property.h"

/* User data as if they were none. */
static bool unmark(struct asym_meta *meta)
{
	meta->nr_ranges = 0;
	meta->before_len = 0;
	meta->after_len = 0;
	return true;
}

static bool move(struct asym_meta *meta, u32 i)
{
	meta->range[i].buffer_offset += ASYM_BLOCK_BYTES *
					(pick(2) ? pick_between(1, 8) : -1);
	return true;
}

static bool rename_task(struct asym_meta *meta, u32 i, u32 itt)
{
	if (meta->range[i].itt == itt)
		return false;
	meta->range[i].itt = itt;
	return true;
}

/* What is no user data as if it were; whole blocks need no edges. */
static bool mark(struct asym_meta *meta, const struct packet *p, u32 itt)
{
	u32 len = p->len / ASYM_BLOCK_BYTES * ASYM_BLOCK_BYTES;

	if (!len)
		return false;
	meta->nr_ranges = 1;
	meta->range[0] = (struct asym_range_entry){
		.off	= p->head_len + pick(p->len - len + 1),
		.len	= len,
		.itt	= itt,
	};
	return true;
}

/* Bytes of @p have been lied about. */
static void note(struct packet *p, const struct asym_range_entry *range)
{
	u32 first = host_pos(p->from, p->seq) + range->off - p->head_len;

	p->lies[p->nr_lies].first = first;
	p->lies[p->nr_lies++].end = first + range->len;
}

/* @p, which is true, becomes a lie or stays as it is. */
void lie_tell(struct packet *p, u32 other_itt)
{
	struct asym_meta truth, meta, heard;
	u8 bytes[ASYM_META_BYTES];
	enum event event;
	u32 i;
	bool told;

	if (asym_meta_decode(&meta, p->meta, p->head_len + p->len))
		abort();
	/* There are many more without user data. */
	if (!meta.tagged || !pick_one_in(meta.nr_ranges ? 8 : 128))
		return;
	truth = meta;
	i = meta.nr_ranges ? pick(meta.nr_ranges) : 0;
	if (!meta.nr_ranges) {
		event = EVENT_LIE_MARKED;
		told = mark(&meta, p, other_itt);
	} else if (pick_one_in(3)) {
		event = EVENT_LIE_UNMARKED;
		told = unmark(&meta);
	} else if (pick(2)) {
		event = EVENT_LIE_MOVED;
		told = move(&meta, i);
	} else {
		event = EVENT_LIE_TASK;
		told = rename_task(&meta, i, other_itt);
	}
	/* Lies that are no metadata at all are for test_meta.c. */
	if (!told || !asym_meta_encode(&meta, bytes) ||
	    asym_meta_decode(&heard, bytes, p->head_len + p->len))
		return;
	memcpy(p->meta, bytes, sizeof(bytes));
	p->lie = true;
	p->lie_event = event;
	p->nr_lies = 0;
	if (event != EVENT_LIE_UNMARKED) {
		note(p, &meta.range[i]);
		return;
	}
	/* What is between is no user data, and nobody says that it is. */
	for (i = 0; i < truth.nr_ranges; i++)
		note(p, &truth.range[i]);
}

/* It arrives.  What the receiver has compared before it may forget. */
void lie_hear(const struct packet *p)
{
	const struct asym_claims *claims = &p->from->peer->flow.track.claims;
	struct inbox *in = &p->from->peer->inbox;
	u32 next = claims->started ? host_pos(p->from, claims->next) : 0;
	u32 i, first;

	if (!p->lie)
		return;
	for (i = 0; i < p->nr_lies; i++) {
		first = max(p->lies[i].first, next);
		if (first >= p->lies[i].end || first >= in->lie)
			continue;
		in->lie = first;
		in->lie_event = p->lie_event;
	}
}
