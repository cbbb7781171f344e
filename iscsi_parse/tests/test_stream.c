// SPDX-License-Identifier: GPL-2.0
/*
 * PDU framing: the parser finds what the builder built, however it is cut.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "follow.h"
#include "tap.h"
#include "tests.h"

#define SESSIONS	500
#define CUTS		20

static const char *role_name(enum iscsi_role role)
{
	return role == ISCSI_ROLE_TARGET ? "target" : "initiator";
}

/* Feeds @b; initiators are told what @b's login agreed on. */
static void follow_build(struct follow *f, const struct build *b, u32 cuts)
{
	memset(f, 0, sizeof(*f));
	f->told = b->role == ISCSI_ROLE_INITIATOR;
	f->header_digest = b->header_digest;
	f->data_digest = b->data_digest;
	follow(f, b->role, b->bytes, b->len, cuts);
}

static bool same_as_built(const struct follow *f, const struct build *b)
{
	u32 i;

	if (f->broken || f->stream.error) {
		tap_note("%s", f->broken ? f->broken : f->stream.error);
		return false;
	}
	for (i = 0; i < b->count && i < f->count; i++) {
		const struct stretch *x = &f->stretches[i];
		const struct stretch *y = &b->stretches[i];

		if (x->part != y->part || x->pdu != y->pdu ||
		    x->offset != y->offset || x->len != y->len) {
			tap_note("stretch %u: PDU %u part %u, %zu + %u; built: %u, %u, %zu + %u",
				 i, x->pdu, x->part, x->offset, x->len,
				 y->pdu, y->part, y->offset, y->len);
			return false;
		}
	}
	return f->count == b->count && f->head_count == b->pdus;
}

static void test_sessions(enum iscsi_role role)
{
	bool built = true, bytes = true, cuts = true;
	const char *differ;
	u32 seed, cut;

	for (seed = 0; seed < SESSIONS; seed++) {
		struct follow whole, other;
		struct build b;

		build_session(&b, role, seed);
		follow_build(&whole, &b, FOLLOW_WHOLE);
		if (built && !same_as_built(&whole, &b)) {
			tap_note("session %u", seed);
			built = false;
		}

		follow_build(&other, &b, FOLLOW_BYTES);
		differ = follow_differ(&whole, &other);
		if (differ && bytes) {
			tap_note("session %u: %s", seed, differ);
			bytes = false;
		}
		follow_free(&other);

		for (cut = 0; cut < CUTS; cut++) {
			follow_build(&other, &b, 2 + seed * CUTS + cut);
			differ = follow_differ(&whole, &other);
			if (differ && cuts) {
				tap_note("session %u, cut %u: %s", seed, cut,
					 differ);
				cuts = false;
			}
			follow_free(&other);
		}
		follow_free(&whole);
		build_free(&b);
	}
	tap_ok(built, "%u %s streams fed whole fall into the parts they were built of",
	       SESSIONS, role_name(role));
	tap_ok(bytes, "fed one byte at a time they give the same");
	tap_ok(cuts, "fed in %u random cuts they give the same",
	       SESSIONS * CUTS);
}

/* Every prefix, because a connection may end, or be asked, anywhere. */
static void test_prefixes(enum iscsi_role role)
{
	struct follow whole, bytes;
	const char *differ = NULL;
	struct build b;
	size_t len;

	build_session(&b, role, 7);
	for (len = 0; len <= b.len && len < 6000 && !differ; len++) {
		struct build prefix = b;

		prefix.len = len;
		follow_build(&whole, &prefix, FOLLOW_WHOLE);
		follow_build(&bytes, &prefix, FOLLOW_BYTES);
		differ = follow_differ(&whole, &bytes);
		follow_free(&whole);
		follow_free(&bytes);
	}
	build_free(&b);
	tap_ok(!differ, "every prefix of a %s stream leaves the same state whole and in bytes",
	       role_name(role));
}

/* The PDU after a login in @b, alone in it. */
static const struct iscsi_pdu *second_pdu(struct follow *f,
					  const struct build *b)
{
	static const struct iscsi_pdu none;

	follow_build(f, b, FOLLOW_WHOLE);
	if (f->stream.error || f->broken)
		tap_note("%s", f->broken ? f->broken : f->stream.error);
	return f->head_count == 2 ? &f->heads[1] : &none;
}

static void test_command(void)
{
	u8 cdb[260];
	const struct iscsi_pdu *pdu;
	struct follow f;
	struct build b;
	u32 i;

	for (i = 0; i < sizeof(cdb); i++)
		cdb[i] = (u8)(i + 1);

	build_start(&b, ISCSI_ROLE_INITIATOR);
	BUILD_LOGIN(&b, "HeaderDigest=None");
	build_command(&b, 0xa1, 0x12345678, 0x0001000200030004, 8192, cdb, 16,
		      NULL, 4095);
	pdu = second_pdu(&f, &b);
	tap_ok(pdu->kind == ISCSI_KIND_COMMAND && pdu->itt == 0x12345678 &&
	       pdu->lun == 0x0001000200030004 && pdu->expected_len == 8192 &&
	       pdu->writes && !pdu->reads && !pdu->bidi && pdu->flags == 0xa1 &&
	       pdu->opcode == ISCSI_OPCODE_SCSI_COMMAND &&
	       pdu->ttt == ISCSI_TAG_NONE && !pdu->buffer_offset &&
	       pdu->cdb_len == 16 && !memcmp(pdu->cdb, cdb, 16) &&
	       !pdu->cdb[16] && !pdu->cdb[31],
	       "a SCSI Command tells ITT, LUN, direction, length and CDB");
	tap_ok(pdu->head_len == 48 && pdu->data_len == 4095 &&
	       pdu->tail_len == 1, "immediate data are padded to 4 bytes");
	follow_free(&f);
	build_free(&b);

	for (i = 17; i <= sizeof(cdb); i++) {
		const u32 valid = i < 32 ? i : 32;
		bool same;

		build_start(&b, ISCSI_ROLE_INITIATOR);
		BUILD_LOGIN(&b, "");
		build_command(&b, 0xc1, 1, 0, 512, cdb, i, NULL, 0);
		pdu = second_pdu(&f, &b);
		same = pdu->cdb_len == valid && !memcmp(pdu->cdb, cdb, valid) &&
		       (valid == 32 || !pdu->cdb[valid]) && !pdu->bidi &&
		       pdu->head_len == 48 + (4 + i - 16 + 3) / 4 * 4;
		follow_free(&f);
		build_free(&b);
		if (!same)
			break;
	}
	tap_ok(i > sizeof(cdb),
	       "extended CDBs of 17 to 260 bytes are read up to the 32nd");

	build_start(&b, ISCSI_ROLE_INITIATOR);
	BUILD_LOGIN(&b, "");
	build_command(&b, 0xe1, 1, 0, 512, cdb, 32, NULL, 0);
	pdu = second_pdu(&f, &b);
	tap_ok(pdu->bidi && pdu->reads && pdu->writes && pdu->cdb_len == 32 &&
	       pdu->head_len == 48 + 20 + 8,
	       "a bidirectional read length beside an extended CDB is seen");
	follow_free(&f);
	build_free(&b);
}

static void test_data(void)
{
	const struct iscsi_pdu *pdu;
	struct follow f;
	struct build b;

	build_start(&b, ISCSI_ROLE_INITIATOR);
	BUILD_LOGIN(&b, "");
	build_data(&b, 0x80, 77, 3ull << 48, 0xabcdef01, 0xfffff000, NULL, 4095);
	pdu = second_pdu(&f, &b);
	tap_ok(pdu->kind == ISCSI_KIND_DATA_OUT && pdu->itt == 77 &&
	       pdu->ttt == 0xabcdef01 && pdu->lun == 3ull << 48 &&
	       pdu->buffer_offset == 0xfffff000 && pdu->data_len == 4095 &&
	       pdu->flags == 0x80,
	       "Data-Out tells ITT, TTT, LUN and buffer offset");
	follow_free(&f);
	build_free(&b);

	build_start(&b, ISCSI_ROLE_TARGET);
	BUILD_LOGIN(&b, "");
	build_data(&b, 0x81, 78, 3ull << 48, 5, 65536, NULL, 512);
	pdu = second_pdu(&f, &b);
	tap_ok(pdu->kind == ISCSI_KIND_DATA_IN && pdu->itt == 78 &&
	       pdu->buffer_offset == 65536 && pdu->data_len == 512 &&
	       pdu->tail_len == 0 && pdu->ttt == ISCSI_TAG_NONE && !pdu->lun &&
	       pdu->flags == 0x81,
	       "Data-In tells ITT and buffer offset, LUN and TTT not without A");
	follow_free(&f);
	build_free(&b);

	build_start(&b, ISCSI_ROLE_TARGET);
	BUILD_LOGIN(&b, "");
	build_data(&b, 0xc0, 78, 3ull << 48, 5, 65536, NULL, 512);
	pdu = second_pdu(&f, &b);
	tap_ok(pdu->ttt == 5 && pdu->lun == 3ull << 48,
	       "Data-In with A tells LUN and TTT");
	follow_free(&f);
	build_free(&b);
}

static void test_digests(void)
{
	const struct iscsi_pdu *pdu;
	struct follow f;
	struct build b;

	build_start(&b, ISCSI_ROLE_TARGET);
	b.header_digest = true;
	b.data_digest = true;
	BUILD_LOGIN(&b, "HeaderDigest=CRC32C\0DataDigest=CRC32C");
	build_data(&b, 0x80, 1, 0, 0, 0, NULL, 5);
	pdu = second_pdu(&f, &b);
	tap_ok(f.heads[0].head_len == 48 && f.heads[0].tail_len < 4 &&
	       f.heads[0].final_login,
	       "the final Login Response has no digests");
	tap_ok(pdu->head_len == 52 && pdu->tail_len == 3 + 4,
	       "behind it a target's stream has the digests it declared");
	follow_free(&f);
	build_free(&b);

	build_start(&b, ISCSI_ROLE_TARGET);
	BUILD_LOGIN(&b, "HeaderDigest=CRC32C\0DataDigest=CRC32C");
	b.header_digest = true;
	b.data_digest = true;
	build_other(&b, 0x31, 1, NULL, 0);
	pdu = second_pdu(&f, &b);
	tap_ok(pdu->head_len == 52 && !pdu->tail_len &&
	       f.stream.part == ISCSI_PART_HEAD && f.stream.left == 48,
	       "a PDU without data has no data digest");
	follow_free(&f);
	build_free(&b);

	build_start(&b, ISCSI_ROLE_TARGET);
	BUILD_LOGIN(&b, "HeaderDigest=Reject\0DataDigest=NotUnderstood");
	build_data(&b, 0x80, 1, 0, 0, 0, NULL, 4);
	pdu = second_pdu(&f, &b);
	tap_ok(pdu->head_len == 48 && !pdu->tail_len,
	       "a digest turned down leaves heads without");
	follow_free(&f);
	build_free(&b);

	build_start(&b, ISCSI_ROLE_TARGET);
	b.header_digest = true;
	build_text(&b, 0x23, 0x87, 0, 0, "HeaderDigest=CRC32C,None", 25);
	build_data(&b, 0x80, 1, 0, 0, 0, NULL, 4);
	memset(&f, 0, sizeof(f));
	f.told = true;
	f.header_digest = true;
	follow(&f, b.role, b.bytes, b.len, FOLLOW_WHOLE);
	tap_ok(same_as_built(&f, &b),
	       "a target's own proposal is settled by iscsi_stream_set_digests()");
	follow_free(&f);
	build_free(&b);
}

static void test_digests_later(void)
{
	static const u8 nop[48];
	struct iscsi_stream s;
	u8 login[48] = { 0x43, 0x87 };

	iscsi_stream_init(&s, ISCSI_ROLE_INITIATOR);
	iscsi_stream_feed(&s, login, sizeof(login));
	iscsi_stream_feed(&s, nop, 47);
	iscsi_stream_set_digests(&s, true, true);
	tap_ok(iscsi_stream_feed(&s, nop, 1) == ISCSI_EVENT_NONE &&
	       s.left == 4 &&
	       iscsi_stream_feed(&s, nop, 4) == ISCSI_EVENT_HEAD,
	       "digests apply to the PDU whose BHS is not complete yet");
	iscsi_stream_feed(&s, nop, 48);
	iscsi_stream_set_digests(&s, false, false);
	tap_ok(s.left == 4 && iscsi_stream_feed(&s, nop, 4) == ISCSI_EVENT_HEAD &&
	       s.pdu.head_len == 52 &&
	       iscsi_stream_feed(&s, nop, 48) == ISCSI_EVENT_HEAD,
	       "and not to the one whose BHS is complete");
}

static void test_digests_early(void)
{
	u8 login[48] = { 0x43, 0x87, [7] = 5 };
	struct iscsi_stream s;

	iscsi_stream_init(&s, ISCSI_ROLE_INITIATOR);
	iscsi_stream_set_digests(&s, true, true);
	tap_ok(iscsi_stream_feed(&s, login, 48) == ISCSI_EVENT_HEAD &&
	       s.pdu.head_len == 48 && s.pdu.tail_len == 3,
	       "login PDUs have no digests even if told so");
}

static void test_login_end(void)
{
	static const struct {
		enum iscsi_role role;
		u8 flags, status;
		bool final;
		const char *what;
	} cases[] = {
		{ ISCSI_ROLE_INITIATOR, 0x87, 0, true,
		  "a Login Request with T=1 and NSG=3 is final" },
		{ ISCSI_ROLE_INITIATOR, 0x81, 0, false,
		  "a Login Request with NSG=1 is not" },
		{ ISCSI_ROLE_INITIATOR, 0x07, 0, false,
		  "a Login Request with T=0 is not" },
		{ ISCSI_ROLE_INITIATOR, 0x87, 2, true,
		  "a Login Request has no status" },
		{ ISCSI_ROLE_TARGET, 0x87, 0, true,
		  "a Login Response with T=1, NSG=3, status 0 is final" },
		{ ISCSI_ROLE_TARGET, 0x87, 2, false,
		  "a Login Response with another status is not" },
		{ ISCSI_ROLE_TARGET, 0x07, 0, false,
		  "a Login Response with T=0 is not" },
	};
	struct iscsi_stream s;
	u8 bhs[48];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const enum iscsi_role role = cases[i].role;

		memset(bhs, 0, sizeof(bhs));
		bhs[0] = role == ISCSI_ROLE_INITIATOR ? 0x43 : 0x23;
		bhs[1] = cases[i].flags;
		bhs[36] = cases[i].status;
		iscsi_stream_init(&s, role);
		tap_ok(iscsi_stream_feed(&s, bhs, 48) == ISCSI_EVENT_HEAD &&
		       s.pdu.kind == ISCSI_KIND_LOGIN && !s.pdu.lun &&
		       s.pdu.final_login == cases[i].final, "%s",
		       cases[i].what);
	}
}

static void test_head_stays(void)
{
	u8 bhs[48] = { 0x43, 0x87 };
	struct iscsi_stream s;

	iscsi_stream_init(&s, ISCSI_ROLE_INITIATOR);
	iscsi_stream_feed(&s, bhs, 48);
	tap_ok(s.head_len == 48 && !memcmp(s.head, bhs, 48),
	       "the bytes of a head stay until the next one starts");
	bhs[0] = 0x00;
	bhs[4] = 1;
	bhs[7] = 5;
	iscsi_stream_feed(&s, bhs, 48);
	iscsi_stream_feed(&s, bhs, 3);
	tap_ok(s.head_len == 51 && s.left == 1 && !s.head[0] &&
	       s.pdu.opcode == ISCSI_OPCODE_LOGIN_REQUEST && !s.pdu.data_len &&
	       s.pdu.head_len == 48 && !s.pdu.tail_len,
	       "the PDU stays until the next head is complete");
}

static void test_misuse(void)
{
	u8 bhs[49] = { 0x43, 0x87 };
	struct iscsi_stream s;

	iscsi_stream_init(&s, ISCSI_ROLE_INITIATOR);
	tap_ok(iscsi_stream_feed(&s, bhs, 0) == -EINVAL && s.error,
	       "0 bytes are refused");
	iscsi_stream_init(&s, ISCSI_ROLE_INITIATOR);
	tap_ok(iscsi_stream_feed(&s, bhs, 49) == -EINVAL && s.error && s.left,
	       "more bytes than are left are refused");
	iscsi_stream_init(&s, ISCSI_ROLE_INITIATOR);
	tap_ok(iscsi_stream_feed(&s, NULL, 48) == -EINVAL && s.error,
	       "a head without its bytes is refused");
	iscsi_stream_init(&s, ISCSI_ROLE_INITIATOR);
	bhs[7] = 4;
	iscsi_stream_feed(&s, bhs, 48);
	tap_ok(iscsi_stream_wants_data(&s) &&
	       iscsi_stream_feed(&s, NULL, 4) == -EINVAL && s.error,
	       "text without its bytes is refused");
}

/* A file as fuzz_stream.c has them. */
void test_captured(const char *path)
{
	static u8 bytes[8 << 20];
	struct follow whole = { 0 }, cut = { 0 };
	const char *differ;
	FILE *file = fopen(path, "rb");
	size_t len = 0;

	if (file) {
		len = fread(bytes, 1, sizeof(bytes), file);
		fclose(file);
	}
	if (len < 2) {
		tap_ok(false, "%s can be read", path);
		return;
	}
	whole.told = true;
	whole.header_digest = bytes[0] & 4;
	cut.told = true;
	cut.header_digest = whole.header_digest;
	follow(&whole, bytes[0] & 1, bytes + 2, len - 2, FOLLOW_WHOLE);
	follow(&cut, bytes[0] & 1, bytes + 2, len - 2, 2);
	differ = follow_differ(&whole, &cut);
	if (!differ)
		differ = whole.stream.error;
	if (!differ && (whole.stream.part != ISCSI_PART_HEAD ||
			whole.stream.left != ISCSI_BHS_BYTES))
		differ = "ends within a PDU";
	if (differ)
		tap_note("%s", differ);
	tap_ok(!differ && whole.head_count > 1,
	       "%s: %u PDUs of a real session are followed to the end", path,
	       whole.head_count);
	follow_free(&whole);
	follow_free(&cut);
}

void test_stream(void)
{
	test_sessions(ISCSI_ROLE_INITIATOR);
	test_sessions(ISCSI_ROLE_TARGET);
	test_prefixes(ISCSI_ROLE_INITIATOR);
	test_prefixes(ISCSI_ROLE_TARGET);
	test_command();
	test_data();
	test_digests();
	test_digests_early();
	test_digests_later();
	test_login_end();
	test_head_stays();
	test_misuse();
}
