// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"

u32 build_random(u32 *state)
{
	/* xorshift32 */
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

void build_put32(u8 *p, u32 value)
{
	p[0] = (u8)(value >> 24);
	p[1] = (u8)(value >> 16);
	p[2] = (u8)(value >> 8);
	p[3] = (u8)value;
}

static void build_put64(u8 *p, u64 value)
{
	build_put32(p, (u32)(value >> 32));
	build_put32(p + 4, (u32)value);
}

void build_start(struct build *b, enum iscsi_role role)
{
	memset(b, 0, sizeof(*b));
	b->role = role;
}

void build_free(struct build *b)
{
	free(b->bytes);
	free(b->stretches);
	memset(b, 0, sizeof(*b));
}

void build_raw(struct build *b, const void *bytes, size_t len)
{
	if (b->len + len > b->room) {
		b->room = (b->len + len) * 2;
		b->bytes = realloc(b->bytes, b->room);
		if (!b->bytes)
			abort();
	}
	if (bytes)
		memcpy(b->bytes + b->len, bytes, len);
	else
		memset(b->bytes + b->len, 0xdd, len);
	b->len += len;
}

static void build_stretch(struct build *b, enum iscsi_part part, size_t len)
{
	struct stretch *stretch;

	if (!len)
		return;
	if (b->count == b->count_room) {
		b->count_room = b->count_room * 2 + 16;
		b->stretches = realloc(b->stretches, b->count_room *
				       sizeof(*b->stretches));
		if (!b->stretches)
			abort();
	}
	stretch = &b->stretches[b->count++];
	stretch->part = part;
	stretch->pdu = b->pdus;
	stretch->offset = b->len - len;
	stretch->len = (u32)len;
}

void build_pdu(struct build *b, const u8 *bhs, const void *ahs, u32 ahs_len,
	       const void *data, u32 data_len)
{
	static const u8 zeros[4];
	const u8 opcode = bhs[0] & 0x3f;
	const bool login = opcode == 0x03 || opcode == 0x23;
	size_t start = b->len;
	u8 head[48];

	memcpy(head, bhs, sizeof(head));
	head[4] = (u8)(ahs_len / 4);
	head[5] = (u8)(data_len >> 16);
	head[6] = (u8)(data_len >> 8);
	head[7] = (u8)data_len;
	build_raw(b, head, sizeof(head));
	if (ahs_len)
		build_raw(b, ahs, ahs_len);
	if (b->header_digest && !login)
		build_raw(b, NULL, 4);
	build_stretch(b, ISCSI_PART_HEAD, b->len - start);

	if (data_len) {
		build_raw(b, data, data_len);
		build_stretch(b, ISCSI_PART_DATA, data_len);
		start = b->len;
		while (data_len++ % 4)
			build_raw(b, zeros, 1);
		if (b->data_digest && !login)
			build_raw(b, NULL, 4);
		build_stretch(b, ISCSI_PART_TAIL, b->len - start);
	}
	b->pdus++;
}

void build_text(struct build *b, u8 opcode, u8 flags, u32 itt, u32 ttt,
		const void *text, u32 len)
{
	u8 bhs[48] = { opcode, flags };

	build_put32(bhs + 16, itt);
	build_put32(bhs + 20, ttt);
	build_pdu(b, bhs, NULL, 0, text, len);
}

void build_login(struct build *b, const void *text, u32 len)
{
	/* T=1, CSG=1, NSG=3 */
	build_text(b, b->role == ISCSI_ROLE_INITIATOR ? 0x43 : 0x23, 0x87, 0,
		   0, text, len);
}

void build_command(struct build *b, u8 flags, u32 itt, u64 lun,
		   u32 expected_len, const u8 *cdb, u32 cdb_len,
		   const void *data, u32 data_len)
{
	u8 bhs[48] = { 0x01, flags };
	u8 ahs[260] = { 0 };
	u32 ahs_len = 0, extra;

	build_put64(bhs + 8, lun);
	build_put32(bhs + 16, itt);
	build_put32(bhs + 20, expected_len);
	memcpy(bhs + 32, cdb, cdb_len < 16 ? cdb_len : 16);
	if (cdb_len > 16) {
		extra = cdb_len - 16;
		ahs[0] = (u8)((extra + 1) >> 8);
		ahs[1] = (u8)(extra + 1);
		ahs[2] = 1;
		memcpy(ahs + 4, cdb + 16, extra);
		ahs_len = (4 + extra + 3) / 4 * 4;
	}
	if ((flags & 0x60) == 0x60) {
		u8 *bidi = ahs + ahs_len;

		bidi[1] = 5;
		bidi[2] = 2;
		build_put32(bidi + 4, 512);
		ahs_len += 8;
	}
	build_pdu(b, bhs, ahs, ahs_len, data, data_len);
}

void build_data(struct build *b, u8 flags, u32 itt, u64 lun, u32 ttt,
		u32 buffer_offset, const void *data, u32 data_len)
{
	u8 bhs[48] = { b->role == ISCSI_ROLE_INITIATOR ? 0x05 : 0x25, flags };

	build_put64(bhs + 8, lun);
	build_put32(bhs + 16, itt);
	build_put32(bhs + 20, ttt);
	build_put32(bhs + 40, buffer_offset);
	build_pdu(b, bhs, NULL, 0, data, data_len);
}

void build_other(struct build *b, u8 opcode, u32 itt, const void *data,
		 u32 data_len)
{
	u8 bhs[48] = { opcode, 0x80 };

	build_put32(bhs + 16, itt);
	build_put32(bhs + 20, 0xffffffff);
	build_pdu(b, bhs, NULL, 0, data, data_len);
}

/*
 * The login phase: keys cut anywhere over PDUs with the C bit, empty PDUs and
 * separators in between.
 */
static void build_session_login(struct build *b, u32 *state)
{
	static const char *const digests[] = { "None", "CRC32C" };
	const u8 opcode = b->role == ISCSI_ROLE_INITIATOR ? 0x43 : 0x23;
	u32 len, done = 0, piece, i;
	char text[2048];

	len = (u32)sprintf(text, "InitiatorName=iqn.2003-01.org.example:%u",
			   build_random(state) % 1000) + 1;
	for (i = build_random(state) % 3; i; i--)
		text[len++] = '\0';
	if (b->role == ISCSI_ROLE_INITIATOR)
		len += (u32)sprintf(text + len,
				    "TargetName=iqn.2003-01.org.example:disk%u",
				    build_random(state)) + 1;
	len += (u32)sprintf(text + len, "HeaderDigest=%s",
			    digests[b->header_digest]) + 1;
	len += (u32)sprintf(text + len, "DataDigest=%s",
			    digests[b->data_digest]) + 1;
	len += (u32)sprintf(text + len, "X-org.example.long=%0*u",
			    (int)(build_random(state) % 400), 1) + 1;
	len += (u32)sprintf(text + len, "MaxRecvDataSegmentLength=0x%x",
			    512 + build_random(state) % 65536) + 1;
	len += (u32)sprintf(text + len, "MaxBurstLength=%u",
			    512 + build_random(state) % 65536) + 1;

	while (done < len) {
		piece = build_random(state) % 2 ?
			build_random(state) % 9 : build_random(state) % 700;
		if (piece >= len - done) {
			build_login(b, text + done, len - done);
			break;
		}
		build_text(b, opcode, 0x44, 0, 0, text + done, piece);
		done += piece;
	}
}

static void build_session_requests(struct build *b, u32 *state)
{
	static const u8 opcodes[] = { 0x00, 0x02, 0x06, 0x10 };
	u8 cdb[260] = { 0x2a, 0, 0, 0, 0, 1 };
	const u64 lun = (u64)(build_random(state) % 4) << 48;
	u32 len = build_random(state) % 2000;

	switch (build_random(state) % 6) {
	case 0:
		build_command(b, 0xa1, build_random(state), lun, 4096, cdb, 16,
			      NULL, len);
		break;
	case 1:
		cdb[0] = 0x7f;
		build_command(b, 0xc1, build_random(state), lun, 4096, cdb, 32,
			      NULL, 0);
		break;
	case 2:
		build_command(b, 0xe1, build_random(state), lun, 8192, cdb,
			      17 + build_random(state) % 200, NULL, len);
		break;
	case 3:
		build_text(b, 0x04, 0x80, build_random(state), ISCSI_TAG_NONE,
			   "SendTargets=All", 16);
		break;
	case 4:
		build_data(b, 0x80, build_random(state), lun, 7,
			   build_random(state) % 65536, NULL, len);
		break;
	default:
		build_other(b, opcodes[build_random(state) % 4],
			    build_random(state), NULL,
			    build_random(state) % 2 * (len % 70));
	}
}

static void build_session_responses(struct build *b, u32 *state)
{
	static const u8 opcodes[] = {
		0x20, 0x21, 0x22, 0x26, 0x31, 0x32, 0x3f
	};
	static const char targets[] = "TargetName=iqn.a\0TargetAddress=[::1],1\0"
				      "TargetName=iqn.b";
	u32 itt, cut;

	switch (build_random(state) % 4) {
	case 0:
		itt = build_random(state);
		cut = 1 + build_random(state) % (u32)(sizeof(targets) - 1);
		build_text(b, 0x24, 0x40, itt, 5, targets, cut);
		build_text(b, 0x24, 0x80, itt, ISCSI_TAG_NONE, targets + cut,
			   (u32)sizeof(targets) - cut);
		break;
	case 1:
	case 2:
		build_data(b, 0x80, build_random(state), 0, ISCSI_TAG_NONE,
			   build_random(state) % 65536, NULL,
			   build_random(state) % 9000);
		break;
	default:
		build_other(b, opcodes[build_random(state) % 7],
			    build_random(state), NULL,
			    build_random(state) % 2 * 5);
	}
}

void build_session(struct build *b, enum iscsi_role role, u32 seed)
{
	u32 state = seed * 2654435761u + 1, pdus;

	build_start(b, role);
	b->header_digest = seed & 1;
	b->data_digest = seed & 2;
	build_session_login(b, &state);
	for (pdus = build_random(&state) % 12; pdus; pdus--) {
		if (role == ISCSI_ROLE_INITIATOR)
			build_session_requests(b, &state);
		else
			build_session_responses(b, &state);
	}
}
