// SPDX-License-Identifier: GPL-2.0
/*
 * One direction of an iSCSI connection as PDUs (RFC 7143).
 *
 * Nothing of the current head is acted upon before it is complete, except the
 * lengths that the BHS tells: &iscsi_stream.pdu still describes the PDU before.
 */
#include "internal.h"
#include "wire.h"

/* Whatever is wrong with a stream, nobody can know where its next PDU starts. */
int iscsi_stream_fail(struct iscsi_stream *s, const char *error)
{
	s->error = error;
	if (!s->left)
		s->left = 1;
	return -EPROTO;
}

void iscsi_stream_init(struct iscsi_stream *s, enum iscsi_role role)
{
	memset(s, 0, sizeof(*s));
	s->role = role;
	s->part = ISCSI_PART_HEAD;
	s->left = ISCSI_BHS_BYTES;
}
EXPORT_SYMBOL_GPL(iscsi_stream_init);

void iscsi_stream_set_digests(struct iscsi_stream *s, bool header, bool data)
{
	s->header_digest = header;
	s->data_digest = data;
	s->digests_told = true;
}
EXPORT_SYMBOL_GPL(iscsi_stream_set_digests);

static bool iscsi_kind_has_text(enum iscsi_kind kind)
{
	return kind == ISCSI_KIND_LOGIN || kind == ISCSI_KIND_TEXT;
}

bool iscsi_stream_wants_data(const struct iscsi_stream *s)
{
	return s->part == ISCSI_PART_DATA && iscsi_kind_has_text(s->pdu.kind);
}
EXPORT_SYMBOL_GPL(iscsi_stream_wants_data);

/* Vendor-specific opcodes are not among them: who knows what they carry. */
static bool iscsi_opcode_valid(enum iscsi_role role, u8 opcode)
{
	switch (opcode) {
	case ISCSI_OPCODE_NOP_OUT:
	case ISCSI_OPCODE_SCSI_COMMAND:
	case ISCSI_OPCODE_TASK_MANAGEMENT:
	case ISCSI_OPCODE_LOGIN_REQUEST:
	case ISCSI_OPCODE_TEXT_REQUEST:
	case ISCSI_OPCODE_DATA_OUT:
	case ISCSI_OPCODE_LOGOUT_REQUEST:
	case ISCSI_OPCODE_SNACK_REQUEST:
		return role == ISCSI_ROLE_INITIATOR;
	case ISCSI_OPCODE_NOP_IN:
	case ISCSI_OPCODE_SCSI_RESPONSE:
	case ISCSI_OPCODE_TASK_RESPONSE:
	case ISCSI_OPCODE_LOGIN_RESPONSE:
	case ISCSI_OPCODE_TEXT_RESPONSE:
	case ISCSI_OPCODE_DATA_IN:
	case ISCSI_OPCODE_LOGOUT_RESPONSE:
	case ISCSI_OPCODE_R2T:
	case ISCSI_OPCODE_ASYNC_MESSAGE:
	case ISCSI_OPCODE_REJECT:
		return role == ISCSI_ROLE_TARGET;
	default:
		return false;
	}
}

static enum iscsi_kind iscsi_opcode_kind(u8 opcode)
{
	switch (opcode) {
	case ISCSI_OPCODE_LOGIN_REQUEST:
	case ISCSI_OPCODE_LOGIN_RESPONSE:
		return ISCSI_KIND_LOGIN;
	case ISCSI_OPCODE_TEXT_REQUEST:
	case ISCSI_OPCODE_TEXT_RESPONSE:
		return ISCSI_KIND_TEXT;
	case ISCSI_OPCODE_SCSI_COMMAND:
		return ISCSI_KIND_COMMAND;
	case ISCSI_OPCODE_DATA_OUT:
		return ISCSI_KIND_DATA_OUT;
	case ISCSI_OPCODE_DATA_IN:
		return ISCSI_KIND_DATA_IN;
	default:
		return ISCSI_KIND_OTHER;
	}
}

/* What this side declared must leave no doubt whether heads have a digest. */
static int iscsi_settle_digest(struct iscsi_stream *s, u8 declared, bool *digest)
{
	switch (declared) {
	case 0:
	case ISCSI_DIGEST_NONE:
		*digest = false;
		return 0;
	case ISCSI_DIGEST_CRC32C:
		/* From an initiator it may be an offer that was turned down. */
		if (s->role == ISCSI_ROLE_TARGET) {
			*digest = true;
			return 0;
		}
	}
	return iscsi_stream_fail(s, s->role == ISCSI_ROLE_TARGET ?
		"target declared no single digest, None or CRC32C, at login" :
		"outcome of the digest negotiation at login is not known");
}

/* The first PDU that is no login PDU shows that the login phase is over. */
static int iscsi_enter_full_feature(struct iscsi_stream *s)
{
	int err;

	if (!s->login_final)
		return iscsi_stream_fail(s,
			"PDU other than login before the end of the login phase");
	s->full_feature = true;
	if (s->digests_told)
		return 0;
	err = iscsi_settle_digest(s, s->params.header_digest,
				  &s->header_digest);
	if (err)
		return err;
	return iscsi_settle_digest(s, s->params.data_digest, &s->data_digest);
}

/* The BHS is there: learn how long the PDU is. */
static int iscsi_bhs_complete(struct iscsi_stream *s)
{
	const struct wire_bhs *bhs = (const struct wire_bhs *)s->head;
	const u8 opcode = bhs->opcode & WIRE_OPCODE_MASK;
	const enum iscsi_kind kind = iscsi_opcode_kind(opcode);
	const u32 data_len = wire_be24(bhs->data_length);
	bool header_digest, data_digest;
	int err;

	if (!iscsi_opcode_valid(s->role, opcode))
		return iscsi_stream_fail(s, s->role == ISCSI_ROLE_TARGET ?
			"not an iSCSI response opcode" :
			"not an iSCSI request opcode");
	if (iscsi_kind_has_text(kind) && data_len > ISCSI_TEXT_BYTES_MAX)
		return iscsi_stream_fail(s,
			"login or text PDU with more than 64 KiB of data");

	if (kind == ISCSI_KIND_LOGIN) {
		/* An initiator goes on when its wish to end was not granted. */
		if (s->full_feature ||
		    (s->login_final && s->role == ISCSI_ROLE_TARGET))
			return iscsi_stream_fail(s,
				"login PDU after the end of the login phase");
	} else if (!s->full_feature) {
		err = iscsi_enter_full_feature(s);
		if (err)
			return err;
	}
	header_digest = s->header_digest && kind != ISCSI_KIND_LOGIN;
	data_digest = s->data_digest && kind != ISCSI_KIND_LOGIN && data_len;

	s->head_total = ISCSI_BHS_BYTES + bhs->ahs_words * 4u +
			(header_digest ? ISCSI_DIGEST_BYTES : 0);
	s->tail_total = -data_len % 4u + (data_digest ? ISCSI_DIGEST_BYTES : 0);
	s->left = s->head_total - ISCSI_BHS_BYTES;
	return 0;
}

/* An extended CDB: the bytes of the CDB from the 17th on. */
static int iscsi_ahs_cdb(struct iscsi_stream *s, const u8 *bytes, u32 len)
{
	struct iscsi_pdu *pdu = &s->pdu;
	const u32 room = SCSI_CDB_BYTES_MAX - WIRE_CDB_BYTES;

	if (pdu->cdb_len > WIRE_CDB_BYTES)
		return iscsi_stream_fail(s,
			"SCSI Command with two extended CDBs");
	if (len > room)
		len = room;
	memcpy(pdu->cdb + WIRE_CDB_BYTES, bytes, len);
	pdu->cdb_len = (u8)(WIRE_CDB_BYTES + len);
	return 0;
}

static int iscsi_ahs_parse(struct iscsi_stream *s, const u8 *bytes, u32 len)
{
	while (len) {
		const struct wire_ahs *ahs = (const struct wire_ahs *)bytes;
		u32 ahs_len, padded;
		int err;

		/* @len is a multiple of 4, so the fixed part is always there. */
		ahs_len = wire_be16(ahs->length);
		padded = (3 + ahs_len + 3) / 4 * 4;
		if (!ahs_len || padded > len)
			return iscsi_stream_fail(s,
				"additional header segment of invalid length");

		switch (ahs->type & WIRE_AHS_TYPE_MASK) {
		case WIRE_AHS_CDB:
			err = iscsi_ahs_cdb(s, bytes + sizeof(*ahs),
					    ahs_len - 1);
			if (err)
				return err;
			break;
		case WIRE_AHS_BIDI:
			if (ahs_len != WIRE_AHS_BIDI_LENGTH || s->pdu.bidi)
				return iscsi_stream_fail(s,
					"invalid bidirectional read length in a SCSI Command");
			s->pdu.bidi = true;
			break;
		default:
			return iscsi_stream_fail(s,
				"additional header segment of unknown type");
		}
		bytes += padded;
		len -= padded;
	}
	return 0;
}

static int iscsi_command_parse(struct iscsi_stream *s)
{
	const struct wire_bhs *bhs = (const struct wire_bhs *)s->head;
	struct iscsi_pdu *pdu = &s->pdu;

	pdu->reads = bhs->flags & WIRE_COMMAND_READ;
	pdu->writes = bhs->flags & WIRE_COMMAND_WRITE;
	pdu->expected_len = wire_be32(bhs->command.expected_length);
	memcpy(pdu->cdb, bhs->command.cdb, WIRE_CDB_BYTES);
	pdu->cdb_len = WIRE_CDB_BYTES;

	if (pdu->data_len && !pdu->writes)
		return iscsi_stream_fail(s,
			"immediate data in a SCSI Command that does not write");
	if (pdu->data_len > pdu->expected_len)
		return iscsi_stream_fail(s,
			"immediate data exceed the expected data transfer length");
	return iscsi_ahs_parse(s, s->head + ISCSI_BHS_BYTES,
			       bhs->ahs_words * 4u);
}

static int iscsi_data_parse(struct iscsi_stream *s)
{
	const struct wire_bhs *bhs = (const struct wire_bhs *)s->head;
	struct iscsi_pdu *pdu = &s->pdu;

	pdu->buffer_offset = wire_be32(bhs->data.buffer_offset);
	if (pdu->data_len > (u32)-1 - pdu->buffer_offset)
		return iscsi_stream_fail(s,
			"data segment ends beyond 4 GiB of the task's buffer");
	return 0;
}

static void iscsi_login_parse(struct iscsi_stream *s)
{
	const struct wire_bhs *bhs = (const struct wire_bhs *)s->head;

	s->pdu.final_login = bhs->flags & WIRE_TEXT_TRANSIT &&
		(bhs->flags & WIRE_LOGIN_NSG) == WIRE_LOGIN_FULL_FEATURE &&
		(s->role == ISCSI_ROLE_INITIATOR ||
		 !bhs->login_response.status_class);
}

/* Fields that many PDUs share, and many have something else in their place. */
static void iscsi_tags_parse(struct iscsi_stream *s)
{
	const struct wire_bhs *bhs = (const struct wire_bhs *)s->head;
	struct iscsi_pdu *pdu = &s->pdu;

	pdu->itt = wire_be32(bhs->itt);
	pdu->ttt = ISCSI_TAG_NONE;

	switch (pdu->opcode) {
	case ISCSI_OPCODE_SCSI_COMMAND:
	case ISCSI_OPCODE_TASK_MANAGEMENT:
	case ISCSI_OPCODE_ASYNC_MESSAGE:
		pdu->lun = wire_be64(bhs->lun);
		break;
	case ISCSI_OPCODE_DATA_IN:
		if (pdu->flags & WIRE_DATA_IN_ACK) {
			pdu->lun = wire_be64(bhs->lun);
			pdu->ttt = wire_be32(bhs->ttt);
		}
		break;
	case ISCSI_OPCODE_NOP_OUT:
	case ISCSI_OPCODE_NOP_IN:
	case ISCSI_OPCODE_TEXT_REQUEST:
	case ISCSI_OPCODE_TEXT_RESPONSE:
	case ISCSI_OPCODE_DATA_OUT:
	case ISCSI_OPCODE_R2T:
	case ISCSI_OPCODE_SNACK_REQUEST:
		pdu->lun = wire_be64(bhs->lun);
		pdu->ttt = wire_be32(bhs->ttt);
		break;
	}
}

static int iscsi_head_parse(struct iscsi_stream *s)
{
	const struct wire_bhs *bhs = (const struct wire_bhs *)s->head;
	struct iscsi_pdu *pdu = &s->pdu;
	int err;

	memset(pdu, 0, sizeof(*pdu));
	pdu->opcode = bhs->opcode & WIRE_OPCODE_MASK;
	pdu->kind = iscsi_opcode_kind(pdu->opcode);
	pdu->flags = bhs->flags;
	pdu->head_len = s->head_total;
	pdu->data_len = wire_be24(bhs->data_length);
	pdu->tail_len = s->tail_total;
	iscsi_tags_parse(s);

	switch (pdu->kind) {
	case ISCSI_KIND_LOGIN:
		iscsi_login_parse(s);
		s->login_final = pdu->final_login;
		return iscsi_text_begin(s);
	case ISCSI_KIND_TEXT:
		return iscsi_text_begin(s);
	case ISCSI_KIND_COMMAND:
		err = iscsi_command_parse(s);
		break;
	case ISCSI_KIND_DATA_OUT:
	case ISCSI_KIND_DATA_IN:
		err = iscsi_data_parse(s);
		break;
	default:
		err = 0;
	}
	return err;
}

static void iscsi_stream_next_part(struct iscsi_stream *s, enum iscsi_part part,
				   u32 left)
{
	s->part = part;
	s->left = left;
}

static int iscsi_head_feed(struct iscsi_stream *s, const u8 *bytes, u32 len)
{
	int err;

	if (s->head_complete) {
		s->head_complete = false;
		s->head_len = 0;
	}
	memcpy(s->head + s->head_len, bytes, len);
	s->head_len += len;
	s->left -= len;
	if (s->left)
		return ISCSI_EVENT_NONE;

	if (s->head_len == ISCSI_BHS_BYTES) {
		err = iscsi_bhs_complete(s);
		if (err)
			return err;
		if (s->left)
			return ISCSI_EVENT_NONE;
	}

	err = iscsi_head_parse(s);
	if (err)
		return err;
	s->head_complete = true;
	if (s->pdu.data_len) {
		iscsi_stream_next_part(s, ISCSI_PART_DATA, s->pdu.data_len);
		return ISCSI_EVENT_HEAD;
	}
	if (iscsi_kind_has_text(s->pdu.kind)) {
		err = iscsi_text_end(s);
		if (err)
			return err;
	}
	iscsi_stream_next_part(s, ISCSI_PART_HEAD, ISCSI_BHS_BYTES);
	return ISCSI_EVENT_HEAD;
}

static int iscsi_data_feed(struct iscsi_stream *s, const u8 *bytes, u32 len)
{
	const bool text = iscsi_kind_has_text(s->pdu.kind);
	int err;

	s->left -= len;
	if (text) {
		err = iscsi_text_feed(s, bytes, len);
		if (err)
			return err;
	}
	if (s->left)
		return ISCSI_EVENT_NONE;
	if (text) {
		err = iscsi_text_end(s);
		if (err)
			return err;
	}

	if (s->pdu.tail_len) {
		iscsi_stream_next_part(s, ISCSI_PART_TAIL, s->pdu.tail_len);
		return ISCSI_EVENT_NONE;
	}
	iscsi_stream_next_part(s, ISCSI_PART_HEAD, ISCSI_BHS_BYTES);
	return ISCSI_EVENT_PDU;
}

static int iscsi_tail_feed(struct iscsi_stream *s, u32 len)
{
	s->left -= len;
	if (s->left)
		return ISCSI_EVENT_NONE;
	iscsi_stream_next_part(s, ISCSI_PART_HEAD, ISCSI_BHS_BYTES);
	return ISCSI_EVENT_PDU;
}

static bool iscsi_stream_needs_bytes(const struct iscsi_stream *s)
{
	return s->part == ISCSI_PART_HEAD || iscsi_stream_wants_data(s);
}

int iscsi_stream_feed(struct iscsi_stream *s, const u8 *bytes, u32 len)
{
	if (s->error)
		return -EPROTO;
	if (!len || len > s->left || (!bytes && iscsi_stream_needs_bytes(s))) {
		s->error = "bytes fed to the parser do not fit the current part";
		return -EINVAL;
	}

	switch (s->part) {
	case ISCSI_PART_HEAD:
		return iscsi_head_feed(s, bytes, len);
	case ISCSI_PART_DATA:
		return iscsi_data_feed(s, bytes, len);
	case ISCSI_PART_TAIL:
		break;
	}
	return iscsi_tail_feed(s, len);
}
EXPORT_SYMBOL_GPL(iscsi_stream_feed);
