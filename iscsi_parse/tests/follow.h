/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Feeds a stream to the parser in cuts and records what it says.
 */
#ifndef _ISCSI_PARSE_FOLLOW_H
#define _ISCSI_PARSE_FOLLOW_H

#include "build.h"

#define FOLLOW_WHOLE	0	/* as much as the parser takes */
#define FOLLOW_BYTES	1	/* one byte at a time */

/**
 * struct follow - what one pass over a stream said
 * @told: tell the parser @header_digest and @data_digest after the login
 * @header_digest: see @told
 * @data_digest: see @told
 * @stretches: complete parts, and the last one as far as it came
 * @count: entries of @stretches
 * @count_room: entries there is room for
 * @heads: PDUs by their complete heads
 * @head_count: entries of @heads
 * @head_room: entries there is room for
 * @params: text keys as they were after each PDU
 * @params_count: entries of @params
 * @params_room: entries there is room for
 * @stream: the parser in its last state
 * @broken: a promise of the interface that the parser broke, NULL for none
 */
struct follow {
	bool			told;
	bool			header_digest;
	bool			data_digest;
	struct stretch		*stretches;
	u32			count;
	u32			count_room;
	struct iscsi_pdu	*heads;
	u32			head_count;
	u32			head_room;
	struct iscsi_params	*params;
	u32			params_count;
	u32			params_room;
	struct iscsi_stream	stream;
	const char		*broken;
};

/* @cuts: FOLLOW_WHOLE, FOLLOW_BYTES, or the seed of random cuts */
void follow(struct follow *f, enum iscsi_role role, const u8 *bytes, size_t len,
	    u32 cuts);
void follow_free(struct follow *f);

/* NULL if both passes said the same, else what differs */
const char *follow_differ(const struct follow *a, const struct follow *b);

#endif /* _ISCSI_PARSE_FOLLOW_H */
