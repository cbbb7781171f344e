/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iscsi_parse: one direction of an iSCSI connection (RFC 7143) as PDUs,
 * and SCSI commands as accesses to the blocks of a logical unit.
 *
 * Everything here is a pure function over bytes: no allocation, no locks, no
 * packets.  The same sources build as iscsi_parse.ko and in user space.
 * Numbers are in host byte order unless a name ends in _be.
 */
#ifndef _ASYM_ISCSI_PARSE_H
#define _ASYM_ISCSI_PARSE_H

#include <asym/types.h>

#define ISCSI_BHS_BYTES		48
#define ISCSI_AHS_BYTES_MAX	(255 * 4)
#define ISCSI_DIGEST_BYTES	4
/* Longest PDU head: BHS, AHS and header digest. */
#define ISCSI_HEAD_BYTES_MAX	(ISCSI_BHS_BYTES + ISCSI_AHS_BYTES_MAX + \
				 ISCSI_DIGEST_BYTES)
#define ISCSI_NAME_BYTES_MAX	223	/* RFC 7143 section 4.2.7.2 */
#define SCSI_CDB_BYTES_MAX	32
/* Longest data segment of a login or text PDU that is followed. */
#define ISCSI_TEXT_BYTES_MAX	65536
#define ISCSI_TAG_NONE		0xffffffffu	/* reserved value of ITT and TTT */

/* Opcodes (RFC 7143 section 11.2.1.2) as in &iscsi_pdu.opcode. */
enum iscsi_opcode {
	ISCSI_OPCODE_NOP_OUT		= 0x00,
	ISCSI_OPCODE_SCSI_COMMAND	= 0x01,
	ISCSI_OPCODE_TASK_MANAGEMENT	= 0x02,
	ISCSI_OPCODE_LOGIN_REQUEST	= 0x03,
	ISCSI_OPCODE_TEXT_REQUEST	= 0x04,
	ISCSI_OPCODE_DATA_OUT		= 0x05,
	ISCSI_OPCODE_LOGOUT_REQUEST	= 0x06,
	ISCSI_OPCODE_SNACK_REQUEST	= 0x10,
	ISCSI_OPCODE_NOP_IN		= 0x20,
	ISCSI_OPCODE_SCSI_RESPONSE	= 0x21,
	ISCSI_OPCODE_TASK_RESPONSE	= 0x22,
	ISCSI_OPCODE_LOGIN_RESPONSE	= 0x23,
	ISCSI_OPCODE_TEXT_RESPONSE	= 0x24,
	ISCSI_OPCODE_DATA_IN		= 0x25,
	ISCSI_OPCODE_LOGOUT_RESPONSE	= 0x26,
	ISCSI_OPCODE_R2T		= 0x31,
	ISCSI_OPCODE_ASYNC_MESSAGE	= 0x32,
	ISCSI_OPCODE_REJECT		= 0x3f,
};

/**
 * enum iscsi_role - who sends the stream
 * @ISCSI_ROLE_INITIATOR: the stream carries requests
 * @ISCSI_ROLE_TARGET: the stream carries responses
 */
enum iscsi_role {
	ISCSI_ROLE_INITIATOR,
	ISCSI_ROLE_TARGET,
};

/**
 * enum iscsi_part - the parts of a PDU, in the order of the stream
 * @ISCSI_PART_HEAD: BHS, AHS and header digest
 * @ISCSI_PART_DATA: the data segment without padding
 * @ISCSI_PART_TAIL: padding and data digest
 */
enum iscsi_part {
	ISCSI_PART_HEAD,
	ISCSI_PART_DATA,
	ISCSI_PART_TAIL,
};

/**
 * enum iscsi_kind - what a PDU means for the protection of its data segment
 * @ISCSI_KIND_OTHER: nothing to follow: NOP, TMF, logout, SNACK, async, reject,
 *	R2T, SCSI Response ...; its data segment is no user data
 * @ISCSI_KIND_LOGIN: Login Request or Login Response; data are text keys
 * @ISCSI_KIND_TEXT: Text Request or Text Response; data are text keys
 * @ISCSI_KIND_COMMAND: SCSI Command; data are immediate data
 * @ISCSI_KIND_DATA_OUT: SCSI Data-Out
 * @ISCSI_KIND_DATA_IN: SCSI Data-In
 */
enum iscsi_kind {
	ISCSI_KIND_OTHER,
	ISCSI_KIND_LOGIN,
	ISCSI_KIND_TEXT,
	ISCSI_KIND_COMMAND,
	ISCSI_KIND_DATA_OUT,
	ISCSI_KIND_DATA_IN,
};

/**
 * struct iscsi_pdu - one PDU, valid once its head is complete
 * @kind: what it is
 * @opcode: enum iscsi_opcode, without the immediate bit
 * @flags: byte 1 of the BHS as it is
 * @itt: initiator task tag, in host byte order
 * @ttt: target transfer tag, %ISCSI_TAG_NONE where the PDU has none
 * @lun: the 8 bytes of the LUN field as one big-endian number; 0 where the PDU
 *	has none
 * @head_len: bytes of BHS, AHS and header digest
 * @data_len: bytes of the data segment, without padding
 * @tail_len: bytes of padding and data digest
 * @buffer_offset: of the data segment in the task's buffer, bytes; 0 for
 *	immediate data
 * @expected_len: Expected Data Transfer Length of a SCSI Command, bytes
 * @reads: SCSI Command with the R bit
 * @writes: SCSI Command with the W bit
 * @cdb: SCSI Command: the CDB with its extension from the AHS, zero padded
 * @cdb_len: valid bytes of @cdb: 16, or more with an extended CDB AHS.  The rest
 *	of a CDB above %SCSI_CDB_BYTES_MAX is dropped; scsi_classify() refuses it
 * @bidi: SCSI Command with an Expected Bidirectional Read AHS
 * @final_login: Login Response with T=1, NSG=3 and status 0, or Login Request
 *	with T=1 and NSG=3
 */
struct iscsi_pdu {
	enum iscsi_kind	kind;
	u8		opcode;
	u8		flags;
	u32		itt;
	u32		ttt;
	u64		lun;
	u32		head_len;
	u32		data_len;
	u32		tail_len;
	u32		buffer_offset;
	u32		expected_len;
	bool		reads;
	bool		writes;
	bool		bidi;
	bool		final_login;
	u8		cdb[SCSI_CDB_BYTES_MAX];
	u8		cdb_len;
};

/*
 * Digest keys as declared in text: which values a list contains.  The answers
 * Reject, Irrelevant and NotUnderstood leave the default, which is None.
 */
#define ISCSI_DIGEST_NONE	0x1
#define ISCSI_DIGEST_CRC32C	0x2
#define ISCSI_DIGEST_UNKNOWN	0x4	/* any other value in the list */

/**
 * struct iscsi_params - text keys seen in login and text PDUs of one sender
 * @target_name: value of TargetName in a Login Request, zero terminated; "" while
 *	not seen.  (Targets send TargetName too, any number of them, as the answer
 *	to SendTargets; those do not count.)
 * @header_digest: ISCSI_DIGEST_* of HeaderDigest as last declared, 0: not seen
 * @data_digest: likewise for DataDigest
 * @max_recv_data_segment_length: bytes, 0: not seen
 * @first_burst_length: bytes, 0: not seen
 * @max_burst_length: bytes, 0: not seen
 * @discovery: SessionType=Discovery was declared in a Login Request
 * @out_of_order: DataPDUInOrder=No or DataSequenceInOrder=No was declared in a
 *	login PDU
 */
struct iscsi_params {
	char	target_name[ISCSI_NAME_BYTES_MAX + 1];
	u8	header_digest;
	u8	data_digest;
	u32	max_recv_data_segment_length;
	u32	first_burst_length;
	u32	max_burst_length;
	bool	discovery;
	bool	out_of_order;
};

/**
 * enum iscsi_event - what a fed stretch of bytes completed
 * @ISCSI_EVENT_NONE: nothing yet
 * @ISCSI_EVENT_HEAD: the head is complete, &iscsi_stream.pdu is valid
 * @ISCSI_EVENT_PDU: the PDU is complete (also reported, instead of
 *	@ISCSI_EVENT_NONE, with the last byte of data or tail)
 * A PDU without data and tail reports @ISCSI_EVENT_HEAD only; the stream then
 * stands at the next head.
 */
enum iscsi_event {
	ISCSI_EVENT_NONE,
	ISCSI_EVENT_HEAD,
	ISCSI_EVENT_PDU,
};

/*
 * Key and value under assembly.  A longer key is cut, which makes it none of
 * those that matter; a longer value is skipped unless it is one that must be
 * understood, which is an error.
 */
#define ISCSI_KEY_BYTES_MAX	63
#define ISCSI_VALUE_BYTES_MAX	255

/**
 * struct iscsi_stream - parser of one direction of one connection
 * @role: who sends
 * @part: the part that the next byte belongs to
 * @left: bytes to the end of that part as far as known; in the head it may
 *	grow when the BHS tells the length of the AHS.  Never 0.
 * @pdu: the current PDU, valid after %ISCSI_EVENT_HEAD until the next head
 *	is complete
 * @params: text keys seen so far
 * @error: why the stream cannot be followed any further, NULL while it can
 * @head: bytes of the current head; a complete head stays until the first byte
 *	of the next one is fed
 * @head_len: how many of them there are
 * The rest is private to iscsi_parse.
 */
struct iscsi_stream {
	enum iscsi_role		role;
	enum iscsi_part		part;
	u32			left;
	struct iscsi_pdu	pdu;
	struct iscsi_params	params;
	const char		*error;
	u8			head[ISCSI_HEAD_BYTES_MAX];
	u32			head_len;
	/* private: */
	u32			head_total;
	u32			tail_total;
	u32			text_itt;
	bool			head_complete;
	bool			header_digest;
	bool			data_digest;
	bool			digests_told;
	bool			login_final;
	bool			full_feature;
	bool			session_type_seen;
	bool			in_value;
	bool			value_too_long;
	char			key[ISCSI_KEY_BYTES_MAX + 1];
	char			value[ISCSI_VALUE_BYTES_MAX + 1];
	u16			key_len;
	u16			value_len;
};

/**
 * iscsi_stream_init() - start at the first byte of a connection
 * @s: parser
 * @role: who sends the stream
 */
void iscsi_stream_init(struct iscsi_stream *s, enum iscsi_role role);

/**
 * iscsi_stream_feed() - consume bytes of the current part
 * @s: parser
 * @bytes: the bytes; may be NULL in %ISCSI_PART_TAIL, and in %ISCSI_PART_DATA
 *	unless iscsi_stream_wants_data()
 * @len: how many, 1 to @s->left
 *
 * Context: any; the caller serialises.
 * Return: enum iscsi_event, or a negative errno with @s->error set: -EPROTO for
 * a stream that is not iSCSI or violates RFC 7143, -EINVAL for @len.
 */
int iscsi_stream_feed(struct iscsi_stream *s, const u8 *bytes, u32 len);

/**
 * iscsi_stream_wants_data() - are the bytes of the data segment parsed?
 * @s: parser, in %ISCSI_PART_DATA
 *
 * Return: true for login and text PDUs
 */
bool iscsi_stream_wants_data(const struct iscsi_stream *s);

/**
 * iscsi_stream_set_digests() - tell the outcome of the digest negotiation
 * @s: parser
 * @header: PDUs after the login phase carry a header digest
 * @data: and a data digest behind a data segment
 *
 * It applies to every PDU whose BHS is not complete yet, except Login Requests
 * and Login Responses, which never carry digests (RFC 7143 section 6.3).
 *
 * A target's own stream needs no call: the single value the target declared is
 * the outcome.  An initiator's stream needs none if it never offered anything
 * but None; if it did, its first PDU after the login phase is an error until
 * the outcome has been told.
 */
void iscsi_stream_set_digests(struct iscsi_stream *s, bool header, bool data);

/**
 * enum scsi_class - how a SCSI command is treated on a bound logical unit
 * @SCSI_CLASS_WRITE: data-out goes to blocks: WRITE 6/10/12/16/32, WRITE AND
 *	VERIFY, WRITE ATOMIC (16), VERIFY with BYTCHK=1
 * @SCSI_CLASS_READ: data-in comes from blocks: READ 6/10/12/16/32
 * @SCSI_CLASS_COMPARE: COMPARE AND WRITE: two runs of the same blocks
 * @SCSI_CLASS_NO_DATA: no data at all: SYNCHRONIZE CACHE, TEST UNIT READY,
 *	PRE-FETCH, START STOP UNIT, reservations, VERIFY without data, commands of
 *	the other classes with a length of 0, unknown commands without data
 * @SCSI_CLASS_PARAMETER: parameter data, in or out: INQUIRY, MODE SENSE, REPORT
 *	LUNS, UNMAP, MODE SELECT, PERSISTENT RESERVE OUT ...
 * @SCSI_CLASS_READ_CAPACITY_10: parameter data that tell the block size
 * @SCSI_CLASS_READ_CAPACITY_16: likewise
 * @SCSI_CLASS_REFUSED: would corrupt or leak: WRITE SAME, EXTENDED COPY, POPULATE
 *	TOKEN, WRITE USING TOKEN, ORWRITE, XD*, READ/WRITE LONG, READ/WRITE BUFFER,
 *	ATA PASS-THROUGH, any command with protection information
 *	(RDPROTECT/WRPROTECT/VRPROTECT), VERIFY with BYTCHK=3, and every opcode
 *	this table does not know that moves data
 *
 * WRITE SAME is refused with NDOB=1 too: the target would write blocks of zeros
 * where the initiator's upper layers expect to read zeros, and would read what
 * zeros decrypt to.
 */
enum scsi_class {
	SCSI_CLASS_WRITE,
	SCSI_CLASS_READ,
	SCSI_CLASS_COMPARE,
	SCSI_CLASS_NO_DATA,
	SCSI_CLASS_PARAMETER,
	SCSI_CLASS_READ_CAPACITY_10,
	SCSI_CLASS_READ_CAPACITY_16,
	SCSI_CLASS_REFUSED,
};

/**
 * struct scsi_access - what a command does to the blocks of its unit
 * @class: see enum scsi_class
 * @lba: first logical block, for WRITE, READ and COMPARE
 * @blocks: number of logical blocks; for COMPARE of one of the two runs
 */
struct scsi_access {
	enum scsi_class	class;
	u64		lba;
	u32		blocks;
};

/**
 * scsi_classify() - read a CDB
 * @cdb: the CDB
 * @len: valid bytes, 16 or 32
 * @reads: the command announces data-in (R bit)
 * @writes: the command announces data-out (W bit)
 * @access: result
 *
 * A READ or WRITE with transfer length 0 is %SCSI_CLASS_NO_DATA (6-byte CDBs: 0
 * means 256 blocks, SBC-4), and so is a parameter data command that announces
 * no data.  A command whose direction contradicts @reads or @writes, or that is
 * bidirectional, is %SCSI_CLASS_REFUSED.  @access->lba and @access->blocks are
 * such that byte offsets at 4096 bytes per block fit 64 bits.
 */
void scsi_classify(const u8 *cdb, u32 len, bool reads, bool writes,
		   struct scsi_access *access);

/**
 * scsi_read_capacity_block_size() - the block size from READ CAPACITY data
 * @class: %SCSI_CLASS_READ_CAPACITY_10 or %SCSI_CLASS_READ_CAPACITY_16
 * @data: first bytes of the parameter data
 * @len: how many are at hand
 *
 * Return: bytes per logical block, 0 while @len does not reach it (SBC-4
 * sections 5.20 and 5.21).
 */
u32 scsi_read_capacity_block_size(enum scsi_class class, const u8 *data,
				  u32 len);

#endif /* _ASYM_ISCSI_PARSE_H */
