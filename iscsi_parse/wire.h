/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iSCSI PDU heads as they are on the wire (RFC 7143 section 11).
 *
 * All members are bytes: heads have no alignment in a TCP stream.
 */
#ifndef _ISCSI_PARSE_WIRE_H
#define _ISCSI_PARSE_WIRE_H

#include <asym/iscsi_parse.h>

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/stddef.h>
#else
#include <assert.h>
#endif

/* Bits of the first byte. */
#define WIRE_OPCODE_MASK	0x3f

/* Flags of a SCSI Command. */
#define WIRE_COMMAND_READ	0x40
#define WIRE_COMMAND_WRITE	0x20

/* Flags of login PDUs; text PDUs have F in place of T. */
#define WIRE_TEXT_TRANSIT	0x80
#define WIRE_TEXT_CONTINUE	0x40
#define WIRE_LOGIN_NSG		0x03
#define WIRE_LOGIN_FULL_FEATURE	0x03

/* Data-In: A, the LUN and TTT fields are only valid with it. */
#define WIRE_DATA_IN_ACK	0x40

#define WIRE_AHS_TYPE_MASK	0x3f
#define WIRE_AHS_CDB		1
#define WIRE_AHS_BIDI		2
/* AHSLength of a bidirectional read length: a reserved byte and 4 bytes. */
#define WIRE_AHS_BIDI_LENGTH	5

#define WIRE_CDB_BYTES		16

/**
 * struct wire_bhs - basic header segment
 * @opcode: opcode and immediate bit
 * @flags: depend on the opcode
 * @reserved: or fields of other meaning
 * @ahs_words: TotalAHSLength, in words of 4 bytes
 * @data_length: DataSegmentLength, 24 bits
 * @lun: logical unit, or fields of other meaning
 * @itt: initiator task tag
 * @ttt: target transfer tag, where the PDU has one
 * @command: rest of a SCSI Command; @command.expected_length is where others
 *	have @ttt
 * @data: rest of Data-Out and Data-In
 * @login_response: rest of a Login Response
 */
struct wire_bhs {
	u8	opcode;
	u8	flags;
	u8	reserved[2];
	u8	ahs_words;
	u8	data_length[3];
	u8	lun[8];
	u8	itt[4];
	union {
		u8	ttt[4];
		struct {
			u8	expected_length[4];
			u8	cmdsn[4];
			u8	exp_statsn[4];
			u8	cdb[WIRE_CDB_BYTES];
		} command;
		struct {
			u8	ttt[4];
			u8	statsn[4];
			u8	exp_cmdsn[4];
			u8	max_cmdsn[4];
			u8	datasn[4];
			u8	buffer_offset[4];
			u8	residual[4];
		} data;
		struct {
			u8	reserved[4];
			u8	statsn[4];
			u8	exp_cmdsn[4];
			u8	max_cmdsn[4];
			u8	status_class;
			u8	status_detail;
			u8	reserved2[10];
		} login_response;
	};
};

static_assert(sizeof(struct wire_bhs) == ISCSI_BHS_BYTES, "size of a BHS");
static_assert(offsetof(struct wire_bhs, command.cdb) == 32, "CDB");
static_assert(offsetof(struct wire_bhs, data.buffer_offset) == 40,
	      "Buffer Offset");
static_assert(offsetof(struct wire_bhs, login_response.status_class) == 36,
	      "Status-Class");

/**
 * struct wire_ahs - start of an additional header segment
 * @length: AHSLength: bytes after @type, without padding
 * @type: AHSType
 * @reserved: first of the @length bytes, in all types there are
 *
 * The type's own bytes follow, and padding to a multiple of 4.
 */
struct wire_ahs {
	u8	length[2];
	u8	type;
	u8	reserved;
};

static_assert(sizeof(struct wire_ahs) == 4, "start of an AHS");

static inline u16 wire_be16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static inline u32 wire_be24(const u8 *p)
{
	return (u32)p[0] << 16 | (u32)p[1] << 8 | p[2];
}

static inline u32 wire_be32(const u8 *p)
{
	return (u32)p[0] << 24 | wire_be24(p + 1);
}

static inline u64 wire_be64(const u8 *p)
{
	return (u64)wire_be32(p) << 32 | wire_be32(p + 4);
}

#endif /* _ISCSI_PARSE_WIRE_H */
