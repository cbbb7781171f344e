/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Wire format version 2 of asymmetric ESP: Documentation/wire-format.rst.
 *
 *   ESP header | IV | metadata | inner packet | pad | pad length | next | ICV
 *    8           8    64         TCP or other   0-3   1            1      16
 *
 * The metadata, the inner packet outside of its opaque ranges, and the trailer
 * are encrypted with the SA's stream cipher.  Opaque ranges are carried as they
 * are.  The ICV covers everything.
 */
#ifndef _ASYM_WIRE_H
#define _ASYM_WIRE_H

#include <asym/types.h>

#define ASYM_WIRE_VERSION	2

#define ASYM_ESP_BYTES		8	/* SPI and sequence number */
#define ASYM_IV_BYTES		8
#define ASYM_META_BYTES		64
#define ASYM_ICV_BYTES		16
/* Keys of Poly1305 and of NHPoly1305, for the hash behind the ICV. */
#define ASYM_HASH_KEY_BYTES	(16 + 16 + 1072)
/* Distance from the ESP header to the inner packet. */
#define ASYM_HEADER_BYTES	(ASYM_ESP_BYTES + ASYM_IV_BYTES + \
				 ASYM_META_BYTES)

/*
 * Keystream of a packet by position in bytes: the mask of the ICV, the metadata,
 * then what is left of the packet without its opaque ranges.
 */
#define ASYM_STREAM_META	64
#define ASYM_STREAM_INNER	(ASYM_STREAM_META + ASYM_META_BYTES)

/* First byte of the metadata: version; second: flags; third: number of ranges;
 * fourth: bytes of notes behind the ranges.  What follows the notes is zero.
 */
#define ASYM_META_FIXED_BYTES	4
#define ASYM_META_TAGGED	0x01	/* ranges carry ITT and buffer offset */

#define ASYM_RANGE_BYTES	4	/* be16 offset, be16 length */
#define ASYM_RANGE_TAGGED_BYTES	12	/* and be32 ITT, be32 buffer offset */
#define ASYM_RANGES_MAX		15

/* Cipher blocks of user data: an opaque range may begin or end inside one. */
#define ASYM_BLOCK_BYTES	16
#define ASYM_EDGE_BYTES_MAX	(ASYM_BLOCK_BYTES - 1)

/**
 * enum asym_note_type - first byte of a note
 * @ASYM_NOTE_GRANT: initiator to target: u8 treatment (enum asym_grant), be32
 *	sequence number of the command's first byte, be32 ITT: how the Data-In of
 *	this task is to be sent
 * @ASYM_NOTE_EDGE_BEFORE: target to initiator: u8 n, n bytes: the bytes of the
 *	first range's cipher block that precede the range
 * @ASYM_NOTE_EDGE_AFTER: likewise those that follow the last range
 * @ASYM_NOTE_SESSION: target to initiator: u8 digests: what the target has
 *	declared at login so far; information only, framing never depends on it
 * @ASYM_NOTE_BLOCK_SIZE: target to initiator: be32 ITT, be32 bytes: what READ
 *	CAPACITY returned to this task
 */
enum asym_note_type {
	ASYM_NOTE_GRANT		= 1,
	ASYM_NOTE_EDGE_BEFORE	= 2,
	ASYM_NOTE_EDGE_AFTER	= 3,
	ASYM_NOTE_SESSION	= 4,
	ASYM_NOTE_BLOCK_SIZE	= 5,
};

#define ASYM_NOTE_GRANT_BYTES		10
#define ASYM_NOTE_SESSION_BYTES		2
#define ASYM_NOTE_BLOCK_SIZE_BYTES	9

#define ASYM_SESSION_HEADER_DIGEST	0x01
#define ASYM_SESSION_DATA_DIGEST	0x02

/**
 * enum asym_grant - how the target sends the Data-In of a task
 * @ASYM_GRANT_SEALED: under the SA key
 * @ASYM_GRANT_OPAQUE: as opaque ranges
 * @ASYM_GRANT_READ_CAPACITY_10: under the SA key, with a block size note
 * @ASYM_GRANT_READ_CAPACITY_16: likewise
 */
enum asym_grant {
	ASYM_GRANT_SEALED		= 0,
	ASYM_GRANT_OPAQUE		= 1,
	ASYM_GRANT_READ_CAPACITY_10	= 2,
	ASYM_GRANT_READ_CAPACITY_16	= 3,
};

/**
 * struct asym_range_entry - an opaque range of the inner packet
 * @off: first byte, counted from the start of the inner packet
 * @len: bytes, not 0
 * @itt: task the bytes belong to, tagged ranges only
 * @buffer_offset: of the first byte in the task's buffer, tagged ranges only
 */
struct asym_range_entry {
	u16	off;
	u16	len;
	u32	itt;
	u32	buffer_offset;
};

/**
 * struct asym_note_grant - see %ASYM_NOTE_GRANT
 * @seq: TCP sequence number of the first byte of the SCSI Command PDU
 * @itt: its initiator task tag
 * @grant: enum asym_grant
 */
struct asym_note_grant {
	u32	seq;
	u32	itt;
	u8	grant;
};

#define ASYM_GRANTS_MAX	((ASYM_META_BYTES - ASYM_META_FIXED_BYTES) / \
			 ASYM_NOTE_GRANT_BYTES)

/**
 * struct asym_meta - the metadata of one packet, decoded
 * @tagged: the ranges carry tags: the sender is the target
 * @nr_ranges: valid entries of @range, ascending, disjoint
 * @nr_grants: valid entries of @grant
 * @before_len: bytes of @before
 * @after_len: bytes of @after
 * @session: a session note is present
 * @digests: ASYM_SESSION_*_DIGEST of the session note; not to be acted upon
 * @block_size: bytes, 0 without a block size note
 * @block_size_itt: task of the block size note
 * @range: opaque ranges
 * @grant: grants
 * @before: bytes of the edge in front of the first range
 * @after: bytes of the edge behind the last range
 */
struct asym_meta {
	bool			tagged;
	u8			nr_ranges;
	u8			nr_grants;
	u8			before_len;
	u8			after_len;
	bool			session;
	u8			digests;
	u32			block_size;
	u32			block_size_itt;
	struct asym_range_entry	range[ASYM_RANGES_MAX];
	struct asym_note_grant	grant[ASYM_GRANTS_MAX];
	u8			before[ASYM_EDGE_BYTES_MAX];
	u8			after[ASYM_EDGE_BYTES_MAX];
};

/* First byte of the inner packet behind all ranges; 0 without. */
static inline u32 asym_meta_ranges_end(const struct asym_meta *meta)
{
	const struct asym_range_entry *last;

	if (!meta->nr_ranges)
		return 0;
	last = &meta->range[meta->nr_ranges - 1];
	return (u32)last->off + last->len;
}

/* Result of asym_meta_decode(), 0 is success. */
enum asym_meta_error {
	ASYM_META_OK,
	ASYM_META_BAD_VERSION,
	ASYM_META_MALFORMED,
};

/**
 * asym_meta_clear() - nothing to say
 * @meta: result; entries beyond counts and lengths of 0 are left as they are
 */
void asym_meta_clear(struct asym_meta *meta);

/**
 * asym_meta_encode() - write metadata
 * @meta: what to write; ranges ascending and disjoint
 * @buf: %ASYM_META_BYTES bytes
 *
 * Return: false when it does not fit; @buf is then undefined
 */
bool asym_meta_encode(const struct asym_meta *meta, u8 *buf);

/**
 * asym_meta_decode() - read metadata from a peer that holds the SA key
 * @meta: result; entries beyond its counts and lengths are not initialised
 * @buf: %ASYM_META_BYTES bytes
 * @inner_len: bytes of the inner packet, which bounds the ranges
 *
 * Return: enum asym_meta_error
 */
enum asym_meta_error asym_meta_decode(struct asym_meta *meta, const u8 *buf,
				      u32 inner_len);

#endif /* _ASYM_WIRE_H */
