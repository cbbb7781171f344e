// SPDX-License-Identifier: GPL-2.0
/*
 * Text keys: what is taken from them, and that splitting changes nothing.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "follow.h"
#include "tap.h"
#include "tests.h"

#define NAME_223 \
	"iqn.2003-01.org.example:" \
	"0123456789012345678901234567890123456789" \
	"0123456789012345678901234567890123456789" \
	"0123456789012345678901234567890123456789" \
	"0123456789012345678901234567890123456789" \
	"012345678901234567890123456789012345678"

static_assert(sizeof(NAME_223) - 1 == 223, "longest name");

static struct iscsi_params text_params(enum iscsi_role role, const void *text,
				       u32 len)
{
	struct iscsi_params params;
	struct follow f = { 0 };
	struct build b;

	build_start(&b, role);
	build_login(&b, text, len);
	follow(&f, role, b.bytes, b.len, FOLLOW_WHOLE);
	params = f.stream.params;
	if (f.stream.error || f.broken)
		tap_note("%s", f.broken ? f.broken : f.stream.error);
	follow_free(&f);
	build_free(&b);
	return params;
}

#define PARAMS(role, text) \
	text_params(ISCSI_ROLE_ ## role, text, sizeof(text))

static void test_values(void)
{
	struct iscsi_params p;

	p = PARAMS(INITIATOR, "InitiatorName=iqn.x\0SessionType=Normal\0"
		   "TargetName=iqn.2003-01.org.example:a=b\0"
		   "HeaderDigest=CRC32C,None\0DataDigest=None\0"
		   "MaxRecvDataSegmentLength=262144\0"
		   "MaxBurstLength=16776192\0FirstBurstLength=0X1000");
	tap_ok(!strcmp(p.target_name, "iqn.2003-01.org.example:a=b"),
	       "TargetName is read, with '=' in it");
	tap_ok(p.header_digest == (ISCSI_DIGEST_CRC32C | ISCSI_DIGEST_NONE) &&
	       p.data_digest == ISCSI_DIGEST_NONE, "digest lists are read");
	tap_ok(p.max_recv_data_segment_length == 262144 &&
	       p.max_burst_length == 16776192 && p.first_burst_length == 4096,
	       "lengths are read, decimal and hexadecimal");
	tap_ok(!p.discovery, "SessionType=Normal is no discovery");

	tap_ok(!p.out_of_order, "data come in order where nothing is said of it");
	p = PARAMS(TARGET, "DataPDUInOrder=Yes\0DataSequenceInOrder=Yes");
	tap_ok(!p.out_of_order, "... or where that is said");
	p = PARAMS(TARGET, "DataPDUInOrder=No\0DataSequenceInOrder=Yes");
	tap_ok(p.out_of_order, "DataPDUInOrder=No is read");
	p = PARAMS(TARGET, "DataPDUInOrder=Yes\0DataSequenceInOrder=No");
	tap_ok(p.out_of_order, "DataSequenceInOrder=No is read");
	p = PARAMS(INITIATOR, "SessionType=Discovery");
	tap_ok(p.discovery, "SessionType=Discovery is");
	p = PARAMS(INITIATOR, "TargetName=" NAME_223);
	tap_ok(!strcmp(p.target_name, NAME_223),
	       "a TargetName of 223 bytes is read");
	p = PARAMS(INITIATOR, "HeaderDigest=X-org.example,CRC32C");
	tap_ok(p.header_digest == (ISCSI_DIGEST_CRC32C | ISCSI_DIGEST_UNKNOWN),
	       "a digest nobody knows shows in the list");
	p = PARAMS(INITIATOR, "HeaderDigest=crc32c");
	tap_ok(p.header_digest == ISCSI_DIGEST_UNKNOWN,
	       "values are case-sensitive");
	p = PARAMS(INITIATOR, "headerdigest=CRC32C\0HeaderDigestX=CRC32C\0"
		   "XHeaderDigest=CRC32C\0HeaderDiges=CRC32C");
	tap_ok(!p.header_digest, "other keys are other keys");
	p = PARAMS(INITIATOR, "MaxBurstLength=512\0FirstBurstLength=16777215\0"
		   "MaxRecvDataSegmentLength=0xffFFff");
	tap_ok(p.max_burst_length == 512 && p.first_burst_length == 16777215 &&
	       p.max_recv_data_segment_length == 16777215,
	       "lengths from 512 to 16777215 are read");
	p = PARAMS(TARGET, "MaxBurstLength=Irrelevant\0"
		   "FirstBurstLength=Reject\0HeaderDigest=NotUnderstood");
	tap_ok(!p.max_burst_length && !p.first_burst_length &&
	       p.header_digest == ISCSI_DIGEST_NONE,
	       "Irrelevant, Reject and NotUnderstood are no values");
	p = PARAMS(INITIATOR, "MaxRecvDataSegmentLength=512\0"
		   "MaxRecvDataSegmentLength=1024");
	tap_ok(p.max_recv_data_segment_length == 1024,
	       "MaxRecvDataSegmentLength may be declared again");
	p = PARAMS(INITIATOR, "HeaderDigest=None\0HeaderDigest=None\0"
		   "TargetName=iqn.a\0TargetName=iqn.a");
	tap_ok(p.header_digest == ISCSI_DIGEST_NONE &&
	       !strcmp(p.target_name, "iqn.a"), "equal duplicates are harmless");
	p = PARAMS(TARGET, "TargetName=iqn.a\0SessionType=Discovery");
	tap_ok(!p.target_name[0] && !p.discovery,
	       "TargetName and SessionType of a target do not count");
}

static void test_separators(void)
{
	struct iscsi_params p;

	p = PARAMS(INITIATOR, "\0\0\0TargetName=iqn.a\0\0\0\0HeaderDigest=None\0\0");
	tap_ok(!strcmp(p.target_name, "iqn.a") &&
	       p.header_digest == ISCSI_DIGEST_NONE,
	       "any number of zero bytes may separate pairs");
	p = PARAMS(INITIATOR, "\0");
	tap_ok(!p.target_name[0], "text of zero bytes only is accepted");
	p = PARAMS(INITIATOR, "TargetAlias=\0TargetName=iqn.a");
	tap_ok(!strcmp(p.target_name, "iqn.a"),
	       "an empty value of an unknown key is skipped");
}

static void test_long(void)
{
	char text[4096];
	struct iscsi_params p;
	u32 len;

	len = (u32)sprintf(text, "X%0*u=1", 62, 0) + 1;
	len += (u32)sprintf(text + len, "TargetName=iqn.a") + 1;
	p = text_params(ISCSI_ROLE_INITIATOR, text, len);
	tap_ok(!strcmp(p.target_name, "iqn.a"), "a key of 63 bytes is skipped");

	len = (u32)sprintf(text, "TargetName%0*u=iqn.b", 1000, 0) + 1;
	len += (u32)sprintf(text + len, "TargetName=iqn.a") + 1;
	p = text_params(ISCSI_ROLE_INITIATOR, text, len);
	tap_ok(!strcmp(p.target_name, "iqn.a"), "a longer key is skipped");

	len = (u32)sprintf(text, "X-key=%0*u", 3000, 0) + 1;
	len += (u32)sprintf(text + len, "TargetName=iqn.a") + 1;
	p = text_params(ISCSI_ROLE_INITIATOR, text, len);
	tap_ok(!strcmp(p.target_name, "iqn.a"),
	       "a long value of an unknown key is skipped");
}

static void test_continued(void)
{
	static const char text[] = "TargetName=iqn.2003-01.org.example:disk\0"
		"HeaderDigest=CRC32C,None\0\0MaxBurstLength=0x4000";
	const u32 len = sizeof(text);
	struct iscsi_params p = PARAMS(INITIATOR,
				       "TargetName=iqn.2003-01.org.example:disk\0"
				       "HeaderDigest=CRC32C,None\0"
				       "MaxBurstLength=16384");
	const char *differ = NULL;
	struct build b;
	u32 i, j;

	/* Also empty pieces, and empty PDUs with the C bit. */
	for (i = 0; i <= len && !differ; i++) {
		for (j = i; j < len && !differ; j++) {
			struct follow f = { 0 };

			build_start(&b, ISCSI_ROLE_INITIATOR);
			build_text(&b, 0x43, 0x44, 0, 0, text, i);
			build_text(&b, 0x43, 0x44, 0, 0, text + i, j - i);
			build_login(&b, text + j, len - j);
			follow(&f, b.role, b.bytes, b.len, FOLLOW_WHOLE);
			differ = f.broken ? f.broken : f.stream.error;
			if (memcmp(&p, &f.stream.params, sizeof(p)))
				differ = "params";
			if (differ)
				tap_note("cut at %u and %u: %s", i, j, differ);
			follow_free(&f);
			build_free(&b);
		}
	}
	tap_ok(!differ, "text cut anywhere over three PDUs with the C bit reads the same");
}

static void test_negotiations(void)
{
	struct follow f = { 0 };
	struct build b;

	build_start(&b, ISCSI_ROLE_INITIATOR);
	BUILD_LOGIN(&b, "TargetName=iqn.a");
	build_text(&b, 0x04, 0x40, 5, ISCSI_TAG_NONE, "MaxRecvDataSegm", 15);
	build_other(&b, 0x00, 9, "HeaderDigest=CRC32C", 20);
	build_text(&b, 0x04, 0x80, 5, 77, "entLength=1024", 15);
	follow(&f, b.role, b.bytes, b.len, FOLLOW_WHOLE);
	tap_ok(!f.stream.error && !f.broken && !f.stream.params.header_digest &&
	       f.stream.params.max_recv_data_segment_length == 1024,
	       "other PDUs between the parts of a key are no text");
	follow_free(&f);
	build_free(&b);

	build_start(&b, ISCSI_ROLE_INITIATOR);
	BUILD_LOGIN(&b, "TargetName=iqn.a");
	build_text(&b, 0x04, 0x40, 5, ISCSI_TAG_NONE, "X-half", 6);
	build_text(&b, 0x04, 0x80, 5, ISCSI_TAG_NONE,
		   "MaxRecvDataSegmentLength=1024", 30);
	follow(&f, b.role, b.bytes, b.len, FOLLOW_WHOLE);
	tap_ok(!f.stream.error &&
	       f.stream.params.max_recv_data_segment_length == 1024,
	       "a new negotiation discards the unfinished one");
	follow_free(&f);
	build_free(&b);

	build_start(&b, ISCSI_ROLE_TARGET);
	BUILD_LOGIN(&b, "HeaderDigest=None");
	build_text(&b, 0x24, 0x40, 5, 1, "X-half", 6);
	build_text(&b, 0x24, 0x80, 6, ISCSI_TAG_NONE,
		   "MaxRecvDataSegmentLength=1024\0HeaderDigest=Reject", 50);
	follow(&f, b.role, b.bytes, b.len, FOLLOW_WHOLE);
	tap_ok(!f.stream.error &&
	       f.stream.params.max_recv_data_segment_length == 1024 &&
	       f.stream.params.header_digest == ISCSI_DIGEST_NONE,
	       "so does one of a target, which may reject a digest after login");
	follow_free(&f);
	build_free(&b);

	build_start(&b, ISCSI_ROLE_TARGET);
	build_text(&b, 0x23, 0x04, 0, 0, "HeaderDigest=None", 18);
	BUILD_LOGIN(&b, "DataDigest=None");
	follow(&f, b.role, b.bytes, b.len, FOLLOW_WHOLE);
	tap_ok(!f.stream.error &&
	       f.stream.params.header_digest == ISCSI_DIGEST_NONE &&
	       f.stream.params.data_digest == ISCSI_DIGEST_NONE,
	       "keys of several Login Responses add up");
	follow_free(&f);
	build_free(&b);

	build_start(&b, ISCSI_ROLE_TARGET);
	BUILD_LOGIN(&b, "");
	build_text(&b, 0x24, 0x80, 6, ISCSI_TAG_NONE,
		   "TargetName=iqn.a\0TargetName=iqn.b", 34);
	follow(&f, b.role, b.bytes, b.len, FOLLOW_WHOLE);
	tap_ok(!f.stream.error && !f.broken,
	       "an answer to SendTargets names many targets");
	follow_free(&f);
	build_free(&b);
}

void test_text(void)
{
	test_values();
	test_separators();
	test_long();
	test_continued();
	test_negotiations();
}
