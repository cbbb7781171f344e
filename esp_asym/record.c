// SPDX-License-Identifier: GPL-2.0
/*
 * Records of sent PDUs: where heads and user data lie in TCP sequence space.
 * The sender adds them before TCP gets the bytes, the packet path describes
 * any stretch of the stream from them, first transmission or not, and they go
 * when they are acknowledged.
 */
#include <linux/highmem.h>
#include <net/tcp.h>

#include "record.h"

#define RING_SIZE_MIN	16
/* Far beyond what any send buffer holds; a bound all the same. */
#define RING_SIZE_MAX	(256 * 1024)

static void *ring_at(const struct asym_ring *ring, u32 i, size_t entry)
{
	return ring->entries + ((ring->first + i) & (ring->size - 1)) * entry;
}

static struct asym_record *pdu_at(const struct asym_records *r, u32 i)
{
	return ring_at(&r->pdus, i, sizeof(struct asym_record));
}

static struct asym_source *source_at(const struct asym_records *r, u32 i)
{
	return ring_at(&r->sources, i, sizeof(struct asym_source));
}

/*
 * Make room for one more entry.  Only the sender adds and removes, so the
 * contents hold still while the copy is made; readers are kept out for the
 * exchange.
 */
static int ring_reserve(struct asym_ring *ring, size_t entry, spinlock_t *lock)
{
	u32 size, i;
	void *bigger, *old;

	if (ring->count < ring->size)
		return 0;
	size = max_t(u32, RING_SIZE_MIN, ring->size * 2);
	if (size > RING_SIZE_MAX)
		return -ENOMEM;
	/* Called from connection setup in softirq context, too. */
	bigger = kmalloc_array(size, entry, GFP_ATOMIC | __GFP_NOWARN);
	if (!bigger)
		return -ENOMEM;
	for (i = 0; i < ring->count; i++)
		memcpy(bigger + i * entry, ring_at(ring, i, entry), entry);

	spin_lock_bh(lock);
	old = ring->entries;
	ring->entries = bigger;
	ring->size = size;
	ring->first = 0;
	spin_unlock_bh(lock);
	kfree(old);
	return 0;
}

static void ring_drop_first(struct asym_ring *ring)
{
	ring->first++;
	ring->count--;
}

static u32 pdu_data(const struct asym_record *rec)
{
	return rec->seq + rec->head_len;
}

static u32 pdu_data_end(const struct asym_record *rec)
{
	return pdu_data(rec) + rec->data_len;
}

static u32 pdu_end(const struct asym_record *rec)
{
	return pdu_data_end(rec) + rec->tail_len;
}

void asym_records_init(struct asym_records *r, u32 base)
{
	memset(r, 0, sizeof(*r));
	r->base = base;
	r->limit = base;
}

void asym_records_free(struct asym_records *r)
{
	while (r->sources.count) {
		put_page(source_at(r, 0)->page);
		ring_drop_first(&r->sources);
	}
	kfree(r->sources.entries);
	kfree(r->pdus.entries);
	memset(r, 0, sizeof(*r));
}

/**
 * asym_records_reserve() - make sure one PDU and one source can be added
 * @r: records
 * @lock: the lock that protects @r, not held
 *
 * Context: the sender, socket lock held
 * Return: 0 or -ENOMEM
 */
int asym_records_reserve(struct asym_records *r, spinlock_t *lock)
{
	return ring_reserve(&r->pdus, sizeof(struct asym_record), lock) ?:
	       ring_reserve(&r->sources, sizeof(struct asym_source), lock);
}

/* Caller holds the lock and has reserved. */
void asym_records_add(struct asym_records *r, const struct asym_record *rec)
{
	*pdu_at(r, r->pdus.count) = *rec;
	r->pdus.count++;
}

/* Caller holds the lock and has reserved; takes over the page reference. */
void asym_records_add_source(struct asym_records *r,
			     const struct asym_source *src)
{
	*source_at(r, r->sources.count) = *src;
	r->sources.count++;
}

/**
 * asym_records_trim_source() - TCP did not take all of the last source
 * @r: records, locked
 * @end: end of what it took
 *
 * The rest comes with a source of its own when it is offered again.
 */
void asym_records_trim_source(struct asym_records *r, u32 end)
{
	struct asym_source *src = source_at(r, r->sources.count - 1);

	src->len = end - src->seq;
	if (src->len)
		return;
	put_page(src->page);
	r->sources.count--;
}

struct asym_record *asym_records_last(struct asym_records *r)
{
	return r->pdus.count ? pdu_at(r, r->pdus.count - 1) : NULL;
}

/**
 * asym_records_acked() - forget PDUs that the peer has acknowledged completely
 * @r: records, locked
 * @una: first byte that is not acknowledged
 */
void asym_records_acked(struct asym_records *r, u32 una)
{
	while (r->pdus.count && !after(pdu_end(pdu_at(r, 0)), una)) {
		r->base = pdu_end(pdu_at(r, 0));
		ring_drop_first(&r->pdus);
	}
	/* The PDU that is being acknowledged still needs its edges. */
	while (r->sources.count) {
		struct asym_source *src = source_at(r, 0);

		if (after(src->seq + src->len, r->base))
			break;
		put_page(src->page);
		ring_drop_first(&r->sources);
	}
}

/* Index of the last entry that starts at or before @seq, or -1. */
static int find_pdu(const struct asym_records *r, u32 seq)
{
	int low = 0, high = (int)r->pdus.count - 1;

	while (low <= high) {
		int mid = low + (high - low) / 2;

		if (after(pdu_at(r, mid)->seq, seq))
			high = mid - 1;
		else
			low = mid + 1;
	}
	return high;
}

static int find_source(const struct asym_records *r, u32 seq)
{
	int low = 0, high = (int)r->sources.count - 1;

	while (low <= high) {
		int mid = low + (high - low) / 2;

		if (after(source_at(r, mid)->seq, seq))
			high = mid - 1;
		else
			low = mid + 1;
	}
	return high;
}

/* Read @len sent bytes at @seq from where they lie. */
static bool read_sources(const struct asym_records *r, u32 seq, u8 *buf,
			 u32 len)
{
	while (len) {
		int i = find_source(r, seq);
		const struct asym_source *src;
		u32 skip, n, off;
		u8 *page;

		if (i < 0)
			return false;
		src = source_at(r, i);
		skip = seq - src->seq;
		if (skip >= src->len)
			return false;
		off = src->off + skip;
		n = min3(len, src->len - skip,
			 (u32)(PAGE_SIZE - offset_in_page(off)));
		page = kmap_local_page(nth_page(src->page, off >> PAGE_SHIFT));
		memcpy(buf, page + offset_in_page(off), n);
		kunmap_local(page);
		seq += n;
		buf += n;
		len -= n;
	}
	return true;
}

/* The bytes that complete the cipher blocks cut at the ends of a range. */
static bool add_edges(const struct asym_records *r, struct asym_meta *meta,
		      const struct asym_range_entry *range, u32 seq, u32 end)
{
	u32 before = range->buffer_offset % ASYM_BLOCK_BYTES;
	u32 after = -(range->buffer_offset + range->len) % ASYM_BLOCK_BYTES;

	if (before) {
		meta->before_len = before;
		if (!read_sources(r, seq - before, meta->before, before))
			return false;
	}
	if (after) {
		meta->after_len = after;
		if (!read_sources(r, end, meta->after, after))
			return false;
	}
	return true;
}

static bool add_note(struct asym_meta *meta, const struct asym_record *rec)
{
	struct asym_note_grant *g;

	switch (rec->note) {
	case ASYM_NOTE_GRANT:
		if (meta->nr_grants == ASYM_GRANTS_MAX)
			return false;
		g = &meta->grant[meta->nr_grants++];
		g->seq = rec->seq;
		g->itt = rec->itt;
		g->grant = rec->note_value;
		break;
	case ASYM_NOTE_SESSION:
		meta->session = true;
		meta->digests = rec->note_value;
		break;
	case ASYM_NOTE_BLOCK_SIZE:
		if (meta->block_size && rec->note_value)
			return false;
		if (rec->note_value) {
			meta->block_size = rec->note_value;
			meta->block_size_itt = rec->itt;
		}
		break;
	}
	return true;
}

/**
 * asym_records_describe() - metadata of a stretch of the stream
 * @r: records, locked
 * @tagged: the peer opens the ranges and needs tags and edges
 * @seq: first byte of the stretch
 * @len: bytes, not 0
 * @shift: distance of the stretch from the start of the inner packet
 * @meta: result
 *
 * Return: enum asym_describe
 */
enum asym_describe asym_records_describe(struct asym_records *r, bool tagged,
					 u32 seq, u32 len, u32 shift,
					 struct asym_meta *meta)
{
	u32 end = seq + len;
	int i;

	asym_meta_clear(meta);
	meta->tagged = tagged;
	if (after(end, r->limit))
		return ASYM_DESCRIBE_BYPASSED;
	if (before(seq, r->base))
		return ASYM_DESCRIBE_STALE;
	i = find_pdu(r, seq);
	if (i < 0)
		return ASYM_DESCRIBE_BYPASSED;

	for (; i < (int)r->pdus.count; i++) {
		const struct asym_record *rec = pdu_at(r, i);
		u32 from = pdu_data(rec), to = pdu_data_end(rec);
		struct asym_range_entry *range;

		if (!before(rec->seq, end))
			break;
		if (!add_note(meta, rec))
			return ASYM_DESCRIBE_OVERFLOW;
		if (rec->treatment != ASYM_TREAT_LOCAL &&
		    rec->treatment != ASYM_TREAT_OPAQUE)
			continue;
		if (before(from, seq))
			from = seq;
		if (after(to, end))
			to = end;
		if (!before(from, to))
			continue;

		if (meta->nr_ranges == ASYM_RANGES_MAX)
			return ASYM_DESCRIBE_OVERFLOW;
		range = &meta->range[meta->nr_ranges++];
		*range = (struct asym_range_entry){
			.off	= shift + (from - seq),
			.len	= to - from,
		};
		if (!tagged)
			continue;
		range->itt = rec->itt;
		range->buffer_offset = rec->buffer_offset +
				       (from - pdu_data(rec));
		if (!add_edges(r, meta, range, from, to))
			return ASYM_DESCRIBE_BYPASSED;
	}
	return ASYM_DESCRIBE_OK;
}
