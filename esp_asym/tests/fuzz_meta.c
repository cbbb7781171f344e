// SPDX-License-Identifier: GPL-2.0
/*
 * Any 64 bytes as metadata: they are refused, or they keep the promises that
 * the packet path relies on and are written as they were read.  Only the order
 * of notes may change: a reader does not care, a writer does.
 *
 * Input: be16 length of the inner packet, 64 bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check_ranges(const struct asym_meta *meta, u32 inner_len)
{
	u32 end = 0, i;

	if (meta->nr_ranges > ASYM_RANGES_MAX ||
	    meta->nr_grants > ASYM_GRANTS_MAX ||
	    meta->before_len > ASYM_EDGE_BYTES_MAX ||
	    meta->after_len > ASYM_EDGE_BYTES_MAX)
		fail("count out of range");
	for (i = 0; i < meta->nr_ranges; i++) {
		const struct asym_range_entry *r = &meta->range[i];
		u32 whole = r->len;

		if (!r->len || r->off < end)
			fail("empty or overlapping range");
		end = (u32)r->off + r->len;
		if (end > inner_len)
			fail("range outside of the packet");
		if (!meta->tagged)
			continue;
		if (!i)
			whole += meta->before_len;
		if (i + 1 == meta->nr_ranges)
			whole += meta->after_len;
		if (whole % ASYM_BLOCK_BYTES)
			fail("range and edges are no whole blocks");
	}
}

int LLVMFuzzerTestOneInput(const u8 *input, size_t len)
{
	u8 exact[ASYM_META_BYTES], again[ASYM_META_BYTES];
	struct asym_meta meta, read;
	u32 inner_len;

	if (len != 2 + ASYM_META_BYTES)
		return 0;
	inner_len = (u32)(input[0] << 8 | input[1]);
	memcpy(exact, input + 2, sizeof(exact));
	if (asym_meta_decode(&meta, exact, inner_len) != ASYM_META_OK)
		return 0;
	check_ranges(&meta, inner_len);
	if (!asym_meta_encode(&meta, again))
		fail("what was read does not fit");
	if (memcmp(exact, again, 4))
		fail("version, flags or counts changed");
	if (asym_meta_decode(&read, again, inner_len) != ASYM_META_OK ||
	    build_differ(&meta, &read))
		fail("what was written is read differently");
	return 0;
}
