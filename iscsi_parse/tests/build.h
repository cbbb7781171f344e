/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Builds iSCSI streams, and keeps the list of stretches that a parser must
 * report.  It knows the wire from RFC 7143, not from the parser's headers.
 */
#ifndef _ISCSI_PARSE_BUILD_H
#define _ISCSI_PARSE_BUILD_H

#include <asym/iscsi_parse.h>

struct stretch {
	enum iscsi_part	part;
	u32		pdu;
	size_t		offset;
	u32		len;
};

struct build {
	enum iscsi_role	role;
	bool		header_digest;
	bool		data_digest;
	u8		*bytes;
	size_t		len;
	size_t		room;
	struct stretch	*stretches;
	u32		count;
	u32		count_room;
	u32		pdus;
};

void build_start(struct build *b, enum iscsi_role role);
void build_free(struct build *b);

/* One PDU; digests, padding and the length fields of @bhs are filled in. */
void build_pdu(struct build *b, const u8 *bhs, const void *ahs, u32 ahs_len,
	       const void *data, u32 data_len);
void build_raw(struct build *b, const void *bytes, size_t len);

/* A login or text PDU; @flags as on the wire. */
void build_text(struct build *b, u8 opcode, u8 flags, u32 itt, u32 ttt,
		const void *text, u32 len);
/* The whole login phase in one PDU. */
void build_login(struct build *b, const void *text, u32 len);
#define BUILD_LOGIN(b, text) build_login(b, text, sizeof(text))

void build_command(struct build *b, u8 flags, u32 itt, u64 lun,
		   u32 expected_len, const u8 *cdb, u32 cdb_len,
		   const void *data, u32 data_len);
void build_data(struct build *b, u8 flags, u32 itt, u64 lun, u32 ttt,
		u32 buffer_offset, const void *data, u32 data_len);
void build_other(struct build *b, u8 opcode, u32 itt, const void *data,
		 u32 data_len);

/* A whole connection, different for every @seed; digests as in @b's fields. */
void build_session(struct build *b, enum iscsi_role role, u32 seed);

u32 build_random(u32 *state);
void build_put32(u8 *p, u32 value);

#endif /* _ISCSI_PARSE_BUILD_H */
