// SPDX-License-Identifier: GPL-2.0
/*
 * The metadata codec against bytes written by hand from the specification, and
 * against itself.  Buffers are exactly as long as they have to be, so that the
 * sanitizers see every step beyond.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "tap.h"
#include "tests.h"

#define ROUNDS	20000

static enum asym_meta_error decode(struct asym_meta *meta, const u8 *bytes,
				   u32 inner_len)
{
	u8 *copy = malloc(ASYM_META_BYTES);
	enum asym_meta_error err;

	memcpy(copy, bytes, ASYM_META_BYTES);
	memset(meta, 0xa5, sizeof(*meta));
	err = asym_meta_decode(meta, copy, inner_len);
	free(copy);
	return err;
}

static bool encode(const struct asym_meta *meta, u8 *bytes)
{
	u8 *exact = malloc(ASYM_META_BYTES);
	bool fits;

	memset(exact, 0xa5, ASYM_META_BYTES);
	fits = asym_meta_encode(meta, exact);
	memcpy(bytes, exact, ASYM_META_BYTES);
	free(exact);
	return fits;
}

static void random_structures(void)
{
	u32 seed, fitted = 0, wrong_fit = 0, refused = 0, differ = 0, other = 0;
	u8 bytes[ASYM_META_BYTES], again[ASYM_META_BYTES];
	struct asym_meta meta, read;

	for (seed = 0; seed < ROUNDS; seed++) {
		bool fits;

		build_meta(&meta, seed);
		fits = encode(&meta, bytes);
		wrong_fit += fits != (build_size(&meta) <= ASYM_META_BYTES);
		if (!fits)
			continue;
		fitted++;
		if (decode(&read, bytes, BUILD_INNER_BYTES) != ASYM_META_OK) {
			refused++;
			continue;
		}
		differ += !!build_differ(&meta, &read);
		other += !encode(&read, again) ||
			 memcmp(bytes, again, sizeof(bytes));
	}
	tap_note("%u of %u random structures fit into a packet", fitted,
		 ROUNDS);
	tap_ok(fitted > ROUNDS / 4 && fitted < ROUNDS,
	       "random structures are small and large");
	tap_ok(!wrong_fit, "exactly what is longer than 64 bytes is refused");
	tap_ok(!refused, "what is written can be read");
	tap_ok(!differ, "what is read is what was written");
	tap_ok(!other, "what is read is written as the same 64 bytes");
}

/* Valid metadata whose notes stand in the order in which they are written. */
static bool notes_ascend(const u8 *bytes)
{
	u32 pos = 4 + bytes[2] * (bytes[1] ? 12u : 4u), end = pos + bytes[3];
	u8 type = 0;

	while (pos < end) {
		const u32 size[] = { 1, 10, 2u + bytes[pos + 1],
				     2u + bytes[pos + 1], 2, 9 };

		if (bytes[pos] < type)
			return false;
		type = bytes[pos];
		pos += size[type];
	}
	return true;
}

/* Readers accept notes in any order; nothing else may be said in two ways. */
static bool same_or_sorted(const struct asym_meta *meta, const u8 *bytes)
{
	u8 again[ASYM_META_BYTES];
	struct asym_meta read;

	if (!encode(meta, again) ||
	    decode(&read, again, BUILD_INNER_BYTES) != ASYM_META_OK ||
	    build_differ(meta, &read) || memcmp(bytes, again, 4))
		return false;
	return !memcmp(bytes, again, sizeof(again)) || !notes_ascend(bytes);
}

static void bit_flips(void)
{
	u32 seed, bit, flips = 0, accepted = 0, other = 0;
	u8 bytes[ASYM_META_BYTES];
	struct asym_meta meta;

	for (seed = 0; seed < ROUNDS / 20; seed++) {
		build_meta(&meta, seed);
		if (!encode(&meta, bytes))
			continue;
		for (bit = 0; bit < 8 * ASYM_META_BYTES; bit++) {
			bytes[bit / 8] ^= (u8)(1 << bit % 8);
			flips++;
			if (decode(&meta, bytes, BUILD_INNER_BYTES) ==
			    ASYM_META_OK) {
				accepted++;
				other += !same_or_sorted(&meta, bytes);
			}
			bytes[bit / 8] ^= (u8)(1 << bit % 8);
		}
	}
	tap_note("%u of %u flipped bits make other valid metadata", accepted,
		 flips);
	tap_ok(accepted && accepted < flips / 2,
	       "flipped bits are accepted and refused");
	tap_ok(!other, "a flipped bit is refused or changes the meaning");
}

/* Metadata that differ from the canonical form in one thing each. */
struct malformed {
	const char		*what;
	u32			inner_len;
	enum asym_meta_error	err;
	u8			bytes[ASYM_META_BYTES];
};

static const struct malformed table[] = {
	{ "nothing at all is accepted", 2, ASYM_META_OK, { 2, 0, 0, 0 } },
	{ "version 0 is refused", 2, ASYM_META_BAD_VERSION, { 0, 0, 0, 0 } },
	{ "version 1 is refused", 2, ASYM_META_BAD_VERSION, { 1, 0, 0, 0 } },
	{ "version 3 is refused", 2, ASYM_META_BAD_VERSION, { 3, 0, 0, 0 } },
	{ "version comes before all else", 2, ASYM_META_BAD_VERSION,
	  { 3, 0xff, 0xff, 0xff } },
	{ "an unknown flag is refused", 2, ASYM_META_MALFORMED,
	  { 2, 2, 0, 0 } },
	{ "the last flag is refused", 2, ASYM_META_MALFORMED,
	  { 2, 0x81, 0, 0 } },
	{ "16 ranges are refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 16, 0 } },
	{ "255 ranges are refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 255, 0 } },
	{ "6 tagged ranges are refused", 1500, ASYM_META_MALFORMED,
	  { 2, 1, 6, 0 } },
	{ "61 bytes of notes are refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 0, 61 } },
	{ "notes longer than what ranges leave are refused", 1500,
	  ASYM_META_MALFORMED, { 2, 0, 1, 57, 0, 0, 0, 16 } },
	{ "a byte behind the notes is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 0, 0, 1 } },
	{ "the last byte, not 0, is refused", 1500, ASYM_META_MALFORMED,
	  { 2, [63] = 1 } },
	{ "a range to the end is accepted", 36, ASYM_META_OK,
	  { 2, 0, 1, 0, 0, 20, 0, 16 } },
	{ "a range beyond the end is refused", 35, ASYM_META_MALFORMED,
	  { 2, 0, 1, 0, 0, 20, 0, 16 } },
	{ "a range beyond 64 KiB is refused", 65535, ASYM_META_MALFORMED,
	  { 2, 0, 1, 0, 0xff, 0xff, 0xff, 0xff } },
	{ "an empty range is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 1, 0, 0, 20, 0, 0 } },
	{ "adjacent ranges are accepted", 1500, ASYM_META_OK,
	  { 2, 0, 2, 0, 0, 20, 0, 16, 0, 36, 0, 16 } },
	{ "overlapping ranges are refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 2, 0, 0, 20, 0, 16, 0, 35, 0, 16 } },
	{ "descending ranges are refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 2, 0, 0, 36, 0, 16, 0, 20, 0, 16 } },
	{ "a tagged range of whole blocks is accepted", 1500, ASYM_META_OK,
	  { 2, 1, 1, 0, 0, 20, 0, 16, 0, 0, 0, 7, 0, 0, 0, 32 } },
	{ "a cut begin without its edge is refused", 1500,
	  ASYM_META_MALFORMED,
	  { 2, 1, 1, 0, 0, 20, 0, 15, 0, 0, 0, 7, 0, 0, 0, 1 } },
	{ "a cut end without its edge is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 1, 1, 0, 0, 20, 0, 15, 0, 0, 0, 7, 0, 0, 0, 0 } },
	{ "a cut begin with its edge is accepted", 1500, ASYM_META_OK,
	  { 2, 1, 1, 3, 0, 20, 0, 15, 0, 0, 0, 7, 0, 0, 0, 1, 2, 1, 9 } },
	{ "a cut end with its edge is accepted", 1500, ASYM_META_OK,
	  { 2, 1, 1, 3, 0, 20, 0, 15, 0, 0, 0, 7, 0, 0, 0, 0, 3, 1, 9 } },
	{ "the edge of the other end is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 1, 1, 3, 0, 20, 0, 15, 0, 0, 0, 7, 0, 0, 0, 1, 3, 1, 9 } },
	{ "an edge that is too long is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 1, 1, 4, 0, 20, 0, 15, 0, 0, 0, 7, 0, 0, 0, 1, 2, 2, 9, 9 } },
	{ "an edge of a whole block is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 1, 1, 4, 0, 20, 0, 16, 0, 0, 0, 7, 0, 0, 0, 0,
	    2, 0, 3, 0 } },
	{ "an edge of 16 bytes is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 1, 1, 18, 0, 20, 0, 16, 0, 0, 0, 7, 0, 0, 0, 0, 2, 16 } },
	{ "an edge beyond the notes is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 1, 1, 3, 0, 20, 0, 14, 0, 0, 0, 7, 0, 0, 0, 2, 2, 2, 9, 9 } },
	{ "an edge without its length is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 1, 1, 1, 0, 20, 0, 15, 0, 0, 0, 7, 0, 0, 0, 1, 2 } },
	{ "a second edge is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 1, 1, 6, 0, 20, 0, 15, 0, 0, 0, 7, 0, 0, 0, 1,
	    2, 1, 9, 2, 1, 9 } },
	{ "an edge without ranges is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 1, 0, 3, 2, 1, 9 } },
	{ "an edge of ranges without tags is refused", 1500,
	  ASYM_META_MALFORMED, { 2, 0, 1, 3, 0, 20, 0, 15, 3, 1, 9 } },
	{ "a cut between two ranges is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 1, 2, 0, 0, 20, 0, 15, 0, 0, 0, 7, 0, 0, 0, 0,
	    0, 40, 0, 16, 0, 0, 0, 7, 0, 0, 0, 16 } },
	{ "a second range that begins in a block is refused", 1500,
	  ASYM_META_MALFORMED,
	  { 2, 1, 2, 0, 0, 20, 0, 16, 0, 0, 0, 7, 0, 0, 0, 0,
	    0, 40, 0, 15, 0, 0, 0, 7, 0, 0, 0, 17 } },
	{ "a grant is accepted", 1500, ASYM_META_OK,
	  { 2, 0, 0, 10, 1, 3, 1, 2, 3, 4, 5, 6, 7, 8 } },
	{ "a grant of an unknown treatment is refused", 1500,
	  ASYM_META_MALFORMED,
	  { 2, 0, 0, 10, 1, 4, 1, 2, 3, 4, 5, 6, 7, 8 } },
	{ "a short grant is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 0, 9, 1, 3, 1, 2, 3, 4, 5, 6, 7 } },
	{ "a session note is accepted", 1500, ASYM_META_OK,
	  { 2, 0, 0, 2, 4, 3 } },
	{ "an unknown digest is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 0, 2, 4, 4 } },
	{ "a short session note is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 0, 1, 4 } },
	{ "a second session note is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 0, 4, 4, 0, 4, 0 } },
	{ "a block size note is accepted", 1500, ASYM_META_OK,
	  { 2, 0, 0, 9, 5, 0, 0, 0, 1, 0, 0, 2, 0 } },
	{ "a block size of 0 is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 0, 9, 5, 0, 0, 0, 1, 0, 0, 0, 0 } },
	{ "a short block size note is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 0, 8, 5, 0, 0, 0, 1, 0, 0, 2 } },
	{ "a second block size note is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 0, 18, 5, 0, 0, 0, 1, 0, 0, 2, 0,
	    5, 0, 0, 0, 1, 0, 0, 2, 0 } },
	{ "a short grant at the very end is refused", 1500,
	  ASYM_META_MALFORMED,
	  { 2, 0, 0, 59, [4] = 1, [14] = 1, [24] = 1, [34] = 1, [44] = 1,
	    [54] = 1 } },
	{ "a short block size note at the very end is refused", 1500,
	  ASYM_META_MALFORMED,
	  { 2, 0, 0, 60, [4] = 1, [14] = 1, [24] = 1, [34] = 1, [44] = 1,
	    [54] = 4, [56] = 5, [63] = 1 } },
	{ "note type 0 is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 0, 2, 0, 0 } },
	{ "note type 6 is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 0, 2, 6, 0 } },
	{ "note type 255 is refused", 1500, ASYM_META_MALFORMED,
	  { 2, 0, 0, 60, 255 } },
};

static void malformed(void)
{
	struct asym_meta meta;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		const struct malformed *m = &table[i];

		tap_ok(decode(&meta, m->bytes, m->inner_len) == m->err, "%s",
		       m->what);
	}
}

/* Bytes and meaning, both written by hand. */
static void known_bytes(void)
{
	static const u8 bytes[ASYM_META_BYTES] = {
		2, 1, 2, 25,
		0, 32, 0, 12, 0, 0, 0, 7, 0, 1, 0, 4,
		0, 92, 0, 23, 0xff, 0xee, 0xdd, 0xcc, 0, 0, 0, 0,
		2, 4, 0xa, 0xb, 0xc, 0xd,
		3, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9,
		4, 2,
	};
	struct asym_meta meta;
	u8 notes[ASYM_META_BYTES];
	u8 again[ASYM_META_BYTES];

	memcpy(notes, bytes, sizeof(notes));
	notes[3] = 6 + 11 + 2;
	tap_ok(decode(&meta, notes, 115) == ASYM_META_OK &&
	       meta.tagged && meta.nr_ranges == 2 &&
	       meta.range[0].off == 32 && meta.range[0].len == 12 &&
	       meta.range[0].itt == 7 &&
	       meta.range[0].buffer_offset == 0x10004 &&
	       meta.range[1].off == 92 && meta.range[1].len == 23 &&
	       meta.range[1].itt == 0xffeeddcc &&
	       !meta.range[1].buffer_offset &&
	       meta.before_len == 4 && !memcmp(meta.before, notes + 30, 4) &&
	       meta.after_len == 9 && !memcmp(meta.after, notes + 36, 9) &&
	       meta.session && meta.digests == ASYM_SESSION_DATA_DIGEST &&
	       !meta.nr_grants && !meta.block_size,
	       "every field is read from its place");
	tap_ok(encode(&meta, again) && !memcmp(again, notes, sizeof(notes)),
	       "every field is written to its place");
	tap_ok(decode(&meta, notes, 114) == ASYM_META_MALFORMED,
	       "the inner packet bounds the last range");
	tap_ok(decode(&meta, bytes, 115) == ASYM_META_MALFORMED,
	       "zeros behind the notes are no notes");
}

static void full_house(void)
{
	u8 bytes[ASYM_META_BYTES];
	struct asym_meta meta, read;
	u32 i;

	memset(&meta, 0, sizeof(meta));
	meta.nr_grants = ASYM_GRANTS_MAX;
	for (i = 0; i < ASYM_GRANTS_MAX; i++)
		meta.grant[i].itt = i;
	tap_ok(ASYM_GRANTS_MAX == 6 && encode(&meta, bytes) &&
	       decode(&read, bytes, 1500) == ASYM_META_OK &&
	       read.nr_grants == 6, "6 grants fill a packet");
	meta.session = true;
	tap_ok(!encode(&meta, bytes), "a note more does not fit");

	memset(&meta, 0, sizeof(meta));
	meta.nr_ranges = ASYM_RANGES_MAX;
	for (i = 0; i < ASYM_RANGES_MAX; i++) {
		meta.range[i].off = (u16)(20 + 2 * i);
		meta.range[i].len = 1;
	}
	tap_ok(encode(&meta, bytes) &&
	       decode(&read, bytes, 1500) == ASYM_META_OK &&
	       read.nr_ranges == 15, "15 ranges fill a packet");

	memset(&meta, 0, sizeof(meta));
	meta.tagged = true;
	meta.nr_ranges = 2;
	meta.range[0] = (struct asym_range_entry){ 20, 1, 1, 15 };
	meta.range[1] = (struct asym_range_entry){ 60, 1, 2, 0 };
	meta.before_len = 15;
	meta.after_len = 15;
	tap_ok(encode(&meta, bytes) &&
	       decode(&read, bytes, 1500) == ASYM_META_OK,
	       "two tagged ranges fit with both edges");
	meta.session = true;
	tap_ok(encode(&meta, bytes), "and with a session note");
	meta.block_size = 512;
	tap_ok(!encode(&meta, bytes), "but not with a block size note");
}

void test_meta(void)
{
	known_bytes();
	malformed();
	full_house();
	random_structures();
	bit_flips();
}

/* Metadata made by another implementation. */
void test_meta_file(const char *path)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	u8 bytes[ASYM_META_BYTES], again[ASYM_META_BYTES];
	FILE *file = fopen(path, "rb");
	struct asym_meta meta;
	size_t len = 0;

	if (file) {
		len = fread(bytes, 1, sizeof(bytes), file);
		fclose(file);
	}
	tap_ok(len == sizeof(bytes) &&
	       decode(&meta, bytes, 65535) == ASYM_META_OK &&
	       encode(&meta, again) && !memcmp(bytes, again, sizeof(bytes)),
	       "vector %s is read and written as the same bytes", name);
}
