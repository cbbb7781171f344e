// SPDX-License-Identifier: GPL-2.0
/*
 * Every way in which a stream is refused, and that cuts do not change it.
 */
#include <stdio.h>
#include <string.h>

#include "follow.h"
#include "tap.h"
#include "tests.h"

#define INITIATOR	ISCSI_ROLE_INITIATOR
#define TARGET		ISCSI_ROLE_TARGET

/* Begin a stream that has its login behind it. */
static void log_in(struct build *b, enum iscsi_role role)
{
	build_start(b, role);
	BUILD_LOGIN(b, "");
}

/* NULL: the stream is fine. */
static void expect(const struct build *b, const char *error, const char *what)
{
	const char *differ = NULL;
	struct follow whole = { 0 };
	u32 cut;
	bool same;

	follow(&whole, b->role, b->bytes, b->len, FOLLOW_WHOLE);
	same = error ? whole.stream.error && !strcmp(whole.stream.error, error) :
		       !whole.stream.error;
	if (!same)
		tap_note("%s", whole.stream.error ? whole.stream.error :
						    "no error");
	for (cut = FOLLOW_BYTES; cut < 50 && !differ; cut++) {
		struct follow other = { 0 };

		follow(&other, b->role, b->bytes, b->len, cut);
		differ = follow_differ(&whole, &other);
		if (differ)
			tap_note("cut %u: %s", cut, differ);
		follow_free(&other);
	}
	tap_ok(same && !differ, "%s: %s", what, error ? error : "accepted");
	follow_free(&whole);
}

static void expect_text(enum iscsi_role role, const void *text, u32 len,
			const char *error, const char *what)
{
	struct build b;

	build_start(&b, role);
	build_login(&b, text, len);
	expect(&b, error, what);
	build_free(&b);
}

#define EXPECT_TEXT(role, text, error, what) \
	expect_text(role, text, sizeof(text), error, what)

static void test_opcodes(void)
{
	static const u8 requests[] = {
		0x00, 0x01, 0x02, 0x04, 0x05, 0x06, 0x10
	};
	static const u8 responses[] = {
		0x20, 0x21, 0x22, 0x24, 0x25, 0x26, 0x31, 0x32, 0x3f
	};
	u32 opcode, wrong = 0;
	enum iscsi_role role;

	for (role = INITIATOR; role <= TARGET; role++) {
		const u8 *valid = role == INITIATOR ? requests : responses;
		const u32 count = role == INITIATOR ? sizeof(requests) :
						      sizeof(responses);

		for (opcode = 0; opcode < 0x40; opcode++) {
			struct follow f = { 0 };
			struct build b;

			if (opcode == 0x03 || opcode == 0x23)
				continue;
			log_in(&b, role);
			build_other(&b, (u8)opcode, 1, NULL, 0);
			follow(&f, role, b.bytes, b.len, FOLLOW_WHOLE);
			wrong += !f.stream.error !=
				 !!memchr(valid, (int)opcode, count);
			follow_free(&f);
			build_free(&b);
		}
	}
	tap_ok(!wrong, "each role may send its own opcodes of RFC 7143 and no other");
}

static void test_phases(void)
{
	struct build b;

	build_start(&b, INITIATOR);
	build_raw(&b, "GET / HTTP/1.1\r\nHost: www.example.org\r\nAccept: */*\r\n\r\n", 54);
	expect(&b, "not an iSCSI request opcode", "HTTP");
	build_free(&b);

	build_start(&b, TARGET);
	build_raw(&b, NULL, 48);
	expect(&b, "not an iSCSI response opcode", "garbage");
	build_free(&b);

	build_start(&b, INITIATOR);
	build_other(&b, 0x00, 1, NULL, 0);
	expect(&b, "PDU other than login before the end of the login phase",
	       "a stream that starts with NOP-Out");
	build_free(&b);

	build_start(&b, TARGET);
	build_text(&b, 0x23, 0x04, 0, 0, NULL, 0);
	build_other(&b, 0x20, 1, NULL, 0);
	expect(&b, "PDU other than login before the end of the login phase",
	       "NOP-In in the login phase");
	build_free(&b);

	log_in(&b, INITIATOR);
	build_text(&b, 0x43, 0x04, 0, 0, NULL, 0);
	build_other(&b, 0x00, 1, NULL, 0);
	expect(&b, "PDU other than login before the end of the login phase",
	       "an initiator that wished to end the login and went on with it");
	build_free(&b);

	log_in(&b, INITIATOR);
	build_other(&b, 0x00, 1, NULL, 0);
	BUILD_LOGIN(&b, "");
	expect(&b, "login PDU after the end of the login phase",
	       "Login Request after NOP-Out");
	build_free(&b);

	log_in(&b, TARGET);
	BUILD_LOGIN(&b, "");
	expect(&b, "login PDU after the end of the login phase",
	       "Login Response after the final one");
	build_free(&b);

	log_in(&b, INITIATOR);
	BUILD_LOGIN(&b, "");
	build_other(&b, 0x00, 1, NULL, 0);
	expect(&b, NULL, "Login Request after one whose wish was not granted");
	build_free(&b);
}

static void test_undecided(void)
{
	static const char unknown[] =
		"outcome of the digest negotiation at login is not known";
	static const char several[] =
		"target declared no single digest, None or CRC32C, at login";
	static const struct {
		enum iscsi_role role;
		const char *text;
		const char *error;
	} cases[] = {
		{ INITIATOR, "HeaderDigest=CRC32C", unknown },
		{ INITIATOR, "HeaderDigest=CRC32C,None", unknown },
		{ INITIATOR, "DataDigest=None,CRC32C", unknown },
		{ INITIATOR, "HeaderDigest=X-a", unknown },
		{ INITIATOR, "HeaderDigest=None", NULL },
		{ TARGET, "HeaderDigest=CRC32C,None", several },
		{ TARGET, "DataDigest=CRC32C,None", several },
		{ TARGET, "HeaderDigest=X-a", several },
		{ TARGET, "HeaderDigest=None", NULL },
	};
	struct build b;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const enum iscsi_role role = cases[i].role;

		build_start(&b, role);
		build_login(&b, cases[i].text, (u32)strlen(cases[i].text) + 1);
		expect(&b, NULL, cases[i].text);
		build_other(&b, role == INITIATOR ? 0x00 : 0x20, 1, NULL, 0);
		expect(&b, cases[i].error, "PDU after it");
		build_free(&b);
	}
}

static void test_sizes(void)
{
	static const char length[] =
		"additional header segment of invalid length";
	static const char long_text[] =
		"login or text PDU with more than 64 KiB of data";
	static const u8 zeros[65537];
	static const struct {
		u8 ahs[12];
		u32 len;
		const char *error;
		const char *what;
	} cases[] = {
		{ { 0, 0, 1 }, 4, length, "AHS of no bytes" },
		{ { 0, 6, 1 }, 8, length, "AHS that ends behind the head" },
		{ { 0xff, 0xff, 1 }, 12, length, "AHS of 64 KiB" },
		{ { 0xff, 0xfd, 1 }, 12, length, "AHS of 64 KiB with padding" },
		{ { 0, 1, 1, 0, 0, 0, 1, 0 }, 8, length,
		  "no bytes in the second AHS" },
		{ { 0, 1, 3 }, 4, "additional header segment of unknown type",
		  "AHS of type 3" },
		{ { 0, 1, 0 }, 4, "additional header segment of unknown type",
		  "AHS of type 0" },
		{ { 0, 4, 2 }, 8,
		  "invalid bidirectional read length in a SCSI Command",
		  "short bidirectional AHS" },
		{ { 0, 1, 1, 0, 0, 5, 2 }, 12, NULL, "empty extended CDB" },
	};
	static const u8 twice[] = {
		0, 2, 1, 0, 9, 0, 0, 0,	0, 2, 1, 0, 9, 0, 0, 0,
	};
	static const u8 bidi_twice[] = {
		0, 5, 2, 0, 0, 0, 2, 0,	0, 5, 2, 0, 0, 0, 2, 0,
	};
	u8 command[48] = { 0x01, 0xe1 };
	u8 cdb[16] = { 0x2a };
	struct build b;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		log_in(&b, INITIATOR);
		build_pdu(&b, command, cases[i].ahs, cases[i].len, NULL, 0);
		expect(&b, cases[i].error, cases[i].what);
		build_free(&b);
	}

	log_in(&b, INITIATOR);
	build_pdu(&b, command, twice, sizeof(twice), NULL, 0);
	expect(&b, "SCSI Command with two extended CDBs", "two AHS of type 1");
	build_free(&b);

	log_in(&b, INITIATOR);
	build_pdu(&b, command, bidi_twice, sizeof(bidi_twice), NULL, 0);
	expect(&b, "invalid bidirectional read length in a SCSI Command",
	       "two AHS of type 2");
	build_free(&b);

	log_in(&b, INITIATOR);
	build_command(&b, 0x81, 1, 0, 512, cdb, 16, NULL, 1);
	expect(&b, "immediate data in a SCSI Command that does not write",
	       "data without W");
	build_free(&b);

	log_in(&b, INITIATOR);
	build_command(&b, 0xa1, 1, 0, 511, cdb, 16, NULL, 512);
	expect(&b, "immediate data exceed the expected data transfer length",
	       "512 bytes of 511");
	build_free(&b);

	log_in(&b, INITIATOR);
	build_data(&b, 0x80, 1, 0, 1, 0xffffffff, NULL, 1);
	expect(&b, "data segment ends beyond 4 GiB of the task's buffer",
	       "Data-Out at the last byte");
	build_free(&b);

	log_in(&b, TARGET);
	build_data(&b, 0x80, 1, 0, 1, 0xfffffffe, NULL, 2);
	expect(&b, "data segment ends beyond 4 GiB of the task's buffer",
	       "Data-In at the last two bytes");
	build_free(&b);

	log_in(&b, TARGET);
	build_data(&b, 0x80, 1, 0, 1, 0, NULL, (1 << 24) - 1);
	expect(&b, NULL, "Data-In of 2^24 - 1 bytes");
	build_free(&b);

	expect_text(INITIATOR, zeros, 65536, NULL, "login of 64 KiB");
	expect_text(INITIATOR, zeros, 65537, long_text, "login of 64 KiB + 1");
	log_in(&b, TARGET);
	build_text(&b, 0x24, 0x80, 1, 1, zeros, 65537);
	expect(&b, long_text, "text of 64 KiB + 1");
	build_free(&b);
}

static void test_keys(void)
{
	static const char number[] =
		"data segment or burst length is no number from 512 to 16777215";
	static const char *const numbers[] = {
		"511", "0", "16777216", "4294967808", "18446744073709552128",
		"0x", "0x1000000", "0x100000200", "x200", "01000", "1024 ",
		" 1024", "+1024", "-1024", "1024k", "0xfg0", "512~1024", "",
		"1024,2048", "0b1024", "None",
	};
	char text[1000];
	u32 i;
	int len;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		len = sprintf(text, "MaxRecvDataSegmentLength=%s", numbers[i]);
		expect_text(INITIATOR, text, (u32)len + 1, number, text);
	}
	EXPECT_TEXT(TARGET, "FirstBurstLength=1", number, "FirstBurstLength=1");
	EXPECT_TEXT(TARGET, "MaxBurstLength=1", number, "MaxBurstLength=1");
	len = sprintf(text, "MaxBurstLength=%0*u", 300, 512);
	expect_text(TARGET, text, (u32)len + 1, number, "number of 300 digits");

	EXPECT_TEXT(INITIATOR, "TargetName", "text key without a value",
		    "key without '='");
	EXPECT_TEXT(INITIATOR, "=iqn.a", "text value without a key",
		    "'=' without a key");
	EXPECT_TEXT(INITIATOR, "TargetName=", "TargetName without a value",
		    "empty TargetName");
	len = sprintf(text, "TargetName=%0*u", 224, 0);
	expect_text(INITIATOR, text, (u32)len + 1,
		    "TargetName of more than 223 bytes", "224 bytes");
	len = sprintf(text, "TargetName=%0*u", 300, 0);
	expect_text(INITIATOR, text, (u32)len + 1,
		    "TargetName of more than 223 bytes", "300 bytes");
	EXPECT_TEXT(INITIATOR, "TargetName=iqn.a\0TargetName=iqn.b",
		    "two different TargetNames", "iqn.a and iqn.b");
	EXPECT_TEXT(INITIATOR, "SessionType=discovery", "unknown SessionType",
		    "lower case");
	len = sprintf(text, "SessionType=%0*u", 300, 0);
	expect_text(INITIATOR, text, (u32)len + 1, "unknown SessionType",
		    "300 bytes");
	EXPECT_TEXT(INITIATOR, "SessionType=Normal\0SessionType=Discovery",
		    "two different SessionTypes", "Normal and Discovery");
	EXPECT_TEXT(INITIATOR, "SessionType=Discovery\0SessionType=Normal",
		    "two different SessionTypes", "Discovery and Normal");
	EXPECT_TEXT(INITIATOR, "HeaderDigest=", "digest without a name",
		    "empty list");
	EXPECT_TEXT(INITIATOR, "HeaderDigest=CRC32C,", "digest without a name",
		    "comma at the end");
	EXPECT_TEXT(INITIATOR, "DataDigest=,None", "digest without a name",
		    "comma at the start");
	len = sprintf(text, "HeaderDigest=CRC32C,%0*u", 300, 0);
	expect_text(INITIATOR, text, (u32)len + 1,
		    "list of digests of more than 255 bytes", "300 bytes");
	EXPECT_TEXT(TARGET, "HeaderDigest=CRC32C\0HeaderDigest=None",
		    "two different declarations of a digest", "CRC32C and None");
	EXPECT_TEXT(INITIATOR, "DataDigest=None\0DataDigest=None,CRC32C",
		    "two different declarations of a digest", "with CRC32C");
}

static void test_ends(void)
{
	static const char cut[] =
		"text key cut off at the end of a PDU without the C bit";
	struct build b;

	expect_text(INITIATOR, "TargetName=iqn.a", 16, cut, "value without 0");
	expect_text(INITIATOR, "TargetName=", 11, cut, "key up to '='");
	expect_text(INITIATOR, "T", 1, cut, "key of one byte");

	build_start(&b, INITIATOR);
	build_text(&b, 0x43, 0x44, 0, 0, "TargetName=iqn.a", 16);
	build_text(&b, 0x43, 0x04, 0, 0, NULL, 0);
	expect(&b, cut, "empty PDU in place of the rest");
	build_free(&b);

	build_start(&b, TARGET);
	build_text(&b, 0x23, 0xc7, 0, 0, NULL, 0);
	expect(&b, "login or text PDU that both continues and ends",
	       "login with T and C");
	build_free(&b);

	log_in(&b, INITIATOR);
	build_text(&b, 0x04, 0xc0, 0, ISCSI_TAG_NONE, NULL, 0);
	expect(&b, "login or text PDU that both continues and ends",
	       "text with F and C");
	build_free(&b);

	log_in(&b, INITIATOR);
	build_text(&b, 0x04, 0x80, 0, ISCSI_TAG_NONE, "DataDigest=None", 16);
	expect(&b, "digest declared after the login phase", "text request");
	build_free(&b);
}

void test_errors(void)
{
	test_opcodes();
	test_phases();
	test_undecided();
	test_sizes();
	test_keys();
	test_ends();
}
