// SPDX-License-Identifier: GPL-2.0
/*
 * Text keys of login and text PDUs (RFC 7143 sections 6.1 to 6.3 and 13).
 *
 * A pair "key=value" ends with a zero byte.  It may go on in the next PDU of the
 * negotiation if the PDU has the C bit.
 */
#include "internal.h"
#include "wire.h"

#define TEXT_NUMBER_MIN		512
#define TEXT_NUMBER_MAX		((1u << 24) - 1)

static void text_pair_reset(struct iscsi_stream *s)
{
	s->in_value = false;
	s->value_too_long = false;
	s->key_len = 0;
	s->value_len = 0;
}

static bool text_pair_pending(const struct iscsi_stream *s)
{
	return s->in_value || s->key_len;
}

/* Answers that a negotiation may give in place of a value (section 6.2). */
static bool text_is_refusal(const char *value)
{
	return !strcmp(value, "Reject") || !strcmp(value, "Irrelevant") ||
	       !strcmp(value, "NotUnderstood");
}

/* Targets send it as the answer to SendTargets; only a login selects one. */
static int text_target_name(struct iscsi_stream *s)
{
	char *name = s->params.target_name;

	if (s->role != ISCSI_ROLE_INITIATOR || s->pdu.kind != ISCSI_KIND_LOGIN)
		return 0;
	if (!s->value_len)
		return iscsi_stream_fail(s, "TargetName without a value");
	if (s->value_too_long || s->value_len > ISCSI_NAME_BYTES_MAX)
		return iscsi_stream_fail(s,
			"TargetName of more than 223 bytes");
	if (name[0] && strcmp(name, s->value))
		return iscsi_stream_fail(s, "two different TargetNames");
	memcpy(name, s->value, s->value_len + 1u);
	return 0;
}

static int text_session_type(struct iscsi_stream *s)
{
	bool discovery;

	if (s->role != ISCSI_ROLE_INITIATOR || s->pdu.kind != ISCSI_KIND_LOGIN)
		return 0;
	if (s->value_too_long)
		return iscsi_stream_fail(s, "unknown SessionType");
	if (!strcmp(s->value, "Discovery"))
		discovery = true;
	else if (!strcmp(s->value, "Normal"))
		discovery = false;
	else
		return iscsi_stream_fail(s, "unknown SessionType");
	if (s->session_type_seen && discovery != s->params.discovery)
		return iscsi_stream_fail(s, "two different SessionTypes");
	s->session_type_seen = true;
	s->params.discovery = discovery;
	return 0;
}

static u8 text_digest_name(const char *name, u32 len)
{
	if (len == 4 && !memcmp(name, "None", 4))
		return ISCSI_DIGEST_NONE;
	if (len == 6 && !memcmp(name, "CRC32C", 6))
		return ISCSI_DIGEST_CRC32C;
	return ISCSI_DIGEST_UNKNOWN;
}

static int text_digest(struct iscsi_stream *s, u8 *digest)
{
	u32 start, end;
	u8 list = 0;

	if (s->value_too_long)
		return iscsi_stream_fail(s,
			"list of digests of more than 255 bytes");
	if (text_is_refusal(s->value)) {
		list = ISCSI_DIGEST_NONE;
	} else {
		for (start = 0; start <= s->value_len; start = end + 1) {
			for (end = start; end < s->value_len; end++) {
				if (s->value[end] == ',')
					break;
			}
			if (start == end)
				return iscsi_stream_fail(s,
					"digest without a name");
			list |= text_digest_name(s->value + start, end - start);
		}
		/* Were it accepted, heads would change their size. */
		if (s->pdu.kind != ISCSI_KIND_LOGIN)
			return iscsi_stream_fail(s,
				"digest declared after the login phase");
	}
	if (s->pdu.kind != ISCSI_KIND_LOGIN)
		return 0;
	if (*digest && *digest != list)
		return iscsi_stream_fail(s,
			"two different declarations of a digest");
	*digest = list;
	return 0;
}

static int text_header_digest(struct iscsi_stream *s)
{
	return text_digest(s, &s->params.header_digest);
}

static int text_data_digest(struct iscsi_stream *s)
{
	return text_digest(s, &s->params.data_digest);
}

static int text_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/*
 * A decimal number without leading zeros, which some would read as octal, or a
 * hexadecimal one (section 6.1).  Returns 0, which is no valid length, for
 * anything else and for numbers out of range.
 */
static u32 text_number_parse(const char *value, u32 len)
{
	u32 base = 10, number = 0, i = 0;

	if (len > 2 && value[0] == '0' && (value[1] == 'x' || value[1] == 'X')) {
		base = 16;
		i = 2;
	} else if (!len || value[0] == '0') {
		return 0;
	}
	for (; i < len; i++) {
		u32 digit = (u32)text_digit(value[i]);

		if (digit >= base)
			return 0;
		number = number * base + digit;
		if (number > TEXT_NUMBER_MAX)
			return 0;
	}
	return number;
}

static int text_length(struct iscsi_stream *s, u32 *length)
{
	u32 number;

	if (!s->value_too_long && text_is_refusal(s->value))
		return 0;
	number = s->value_too_long ?
		0 : text_number_parse(s->value, s->value_len);
	if (number < TEXT_NUMBER_MIN)
		return iscsi_stream_fail(s,
			"data segment or burst length is no number from 512 to 16777215");
	*length = number;
	return 0;
}

static int text_max_recv_data_segment_length(struct iscsi_stream *s)
{
	return text_length(s, &s->params.max_recv_data_segment_length);
}

static int text_first_burst_length(struct iscsi_stream *s)
{
	return text_length(s, &s->params.first_burst_length);
}

static int text_max_burst_length(struct iscsi_stream *s)
{
	return text_length(s, &s->params.max_burst_length);
}

static int text_in_order(struct iscsi_stream *s)
{
	if (s->pdu.kind == ISCSI_KIND_LOGIN && !strcmp(s->value, "No"))
		s->params.out_of_order = true;
	return 0;
}

static const struct {
	const char	*name;
	int		(*take)(struct iscsi_stream *s);
} text_keys[] = {
	{ "TargetName",			text_target_name },
	{ "SessionType",		text_session_type },
	{ "HeaderDigest",		text_header_digest },
	{ "DataDigest",			text_data_digest },
	{ "MaxRecvDataSegmentLength",	text_max_recv_data_segment_length },
	{ "FirstBurstLength",		text_first_burst_length },
	{ "MaxBurstLength",		text_max_burst_length },
	{ "DataPDUInOrder",		text_in_order },
	{ "DataSequenceInOrder",	text_in_order },
	{ NULL,				NULL }
};

static int text_pair_complete(struct iscsi_stream *s)
{
	int err = 0;
	u32 i;

	if (!s->in_value)
		return iscsi_stream_fail(s, "text key without a value");
	s->key[s->key_len] = '\0';
	s->value[s->value_len] = '\0';
	for (i = 0; text_keys[i].name; i++) {
		if (strcmp(s->key, text_keys[i].name))
			continue;
		err = text_keys[i].take(s);
		break;
	}
	text_pair_reset(s);
	return err;
}

static int text_key_byte(struct iscsi_stream *s, char c)
{
	if (c == '=') {
		if (!s->key_len)
			return iscsi_stream_fail(s,
				"text value without a key");
		s->in_value = true;
	} else if (s->key_len < ISCSI_KEY_BYTES_MAX) {
		s->key[s->key_len++] = c;
	}
	return 0;
}

static void text_value_byte(struct iscsi_stream *s, char c)
{
	if (s->value_len < ISCSI_VALUE_BYTES_MAX)
		s->value[s->value_len++] = c;
	else
		s->value_too_long = true;
}

/*
 * iscsi_text_begin() - the head of a login or text PDU is complete
 *
 * A pair cut off in the PDU before goes on in this one, unless this one starts
 * another negotiation, which discards the one before (section 6.4).
 */
int iscsi_text_begin(struct iscsi_stream *s)
{
	const struct iscsi_pdu *pdu = &s->pdu;

	if ((pdu->flags & (WIRE_TEXT_TRANSIT | WIRE_TEXT_CONTINUE)) ==
	    (WIRE_TEXT_TRANSIT | WIRE_TEXT_CONTINUE))
		return iscsi_stream_fail(s,
			"login or text PDU that both continues and ends");
	if (pdu->kind == ISCSI_KIND_TEXT &&
	    (pdu->itt != s->text_itt || (s->role == ISCSI_ROLE_INITIATOR &&
					 pdu->ttt == ISCSI_TAG_NONE)))
		text_pair_reset(s);
	s->text_itt = pdu->itt;
	return 0;
}

/*
 * iscsi_text_feed() - bytes of the data segment of a login or text PDU
 */
int iscsi_text_feed(struct iscsi_stream *s, const u8 *bytes, u32 len)
{
	u32 i;
	int err;

	for (i = 0; i < len; i++) {
		const char c = (char)bytes[i];

		if (!c) {
			/* More than one separator is allowed. */
			if (!text_pair_pending(s))
				continue;
			err = text_pair_complete(s);
			if (err)
				return err;
		} else if (s->in_value) {
			text_value_byte(s, c);
		} else {
			err = text_key_byte(s, c);
			if (err)
				return err;
		}
	}
	return 0;
}

/*
 * iscsi_text_end() - the data segment of a login or text PDU is complete
 */
int iscsi_text_end(struct iscsi_stream *s)
{
	if (text_pair_pending(s) && !(s->pdu.flags & WIRE_TEXT_CONTINUE))
		return iscsi_stream_fail(s,
			"text key cut off at the end of a PDU without the C bit");
	return 0;
}
