// SPDX-License-Identifier: GPL-2.0
/*
 * SCSI commands, byte for byte from SPC-5 and SBC-4.
 */
#include <stdio.h>
#include <string.h>

#include <asym/iscsi_parse.h>

#include "tap.h"
#include "tests.h"

#define N	0
#define R	1
#define W	2
#define B	(R | W)

/* What a command must be read as. */
#define IS(class)		{ SCSI_CLASS_ ## class, 0, 0 }
#define AT(class, lba, blocks)	{ SCSI_CLASS_ ## class, lba, blocks }

/* CDBs of 16 and of 32 bytes with the same LBA in their places for it. */
#define LBA			0x0001020304050607
#define SIXTEEN(opcode, flags) \
	{ opcode, flags, 0, 1, 2, 3, 4, 5, 6, 7, 0x11, 0x12, 0x13, 0x14 }
#define VARIABLE(action, flags) \
	{ 0x7f, 0, 0, 0, 0, 0, 0, 0x18, 0, action, flags, 0, \
	  0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4 }

static const struct cdb_case {
	const char		*what;
	u8			direction;
	u8			cdb[SCSI_CDB_BYTES_MAX];
	struct scsi_access	access;
} cases[] = {
	/* data in */
	{ "READ (6)", R, { 0x08, 0x1f, 2, 3, 4 }, AT(READ, 0x1f0203, 4) },
	{ "READ (6) of 256 blocks", R, { 0x08, 0, 2, 3, 0 },
	  AT(READ, 0x000203, 256) },
	{ "READ (6), reserved bits in the LBA's byte", R,
	  { 0x08, 0xe1, 2, 3, 1 }, AT(READ, 0x010203, 1) },
	{ "READ (10)", R, { 0x28, 0x18, 0xf1, 2, 3, 4, 0, 0xf8, 9 },
	  AT(READ, 0xf1020304, 0xf809) },
	{ "READ (12)", R, { 0xa8, 0, 0xf1, 2, 3, 4, 0xf6, 7, 8, 9 },
	  AT(READ, 0xf1020304, 0xf6070809) },
	{ "READ (16)", R, SIXTEEN(0x88, 0x1f),
	  AT(READ, LBA, 0x11121314) },
	{ "READ (32)", R, VARIABLE(0x09, 0x18),
	  AT(READ, LBA, 0x01020304) },
	{ "READ (10) of no blocks", N, { 0x28 }, IS(NO_DATA) },
	{ "READ (12) of no blocks", N, { 0xa8 }, IS(NO_DATA) },
	{ "READ (16) of no blocks", N, { 0x88 }, IS(NO_DATA) },
	{ "READ (32) of no blocks", N, { 0x7f, [7] = 0x18, [9] = 0x09 }, IS(NO_DATA) },
	{ "READ (10) of no blocks, with R", R, { 0x28 }, IS(REFUSED) },
	{ "READ (10) without R", N, { 0x28, [8] = 1 }, IS(REFUSED) },
	{ "READ (10) with W", W, { 0x28, [8] = 1 }, IS(REFUSED) },
	{ "READ (10) with R and W", B, { 0x28, [8] = 1 }, IS(REFUSED) },
	{ "READ (10), RDPROTECT=1", R, { 0x28, 0x20, [8] = 1 }, IS(REFUSED) },
	{ "READ (10), RDPROTECT=7", R, { 0x28, 0xe0, [8] = 1 }, IS(REFUSED) },
	{ "READ (12), RDPROTECT=1", R, { 0xa8, 0x20, [9] = 1 }, IS(REFUSED) },
	{ "READ (16), RDPROTECT=4", R, { 0x88, 0x80, [13] = 1 }, IS(REFUSED) },
	{ "READ (32), RDPROTECT=1", R, VARIABLE(0x09, 0x20),
	  IS(REFUSED) },
	{ "READ (10), RELADR", R, { 0x28, 0x01, [8] = 1 }, IS(REFUSED) },
	{ "READ (12), RELADR", R, { 0xa8, 0x01, [9] = 1 }, IS(REFUSED) },
	{ "READ (16) up to 2^64 bytes of 4096-byte blocks", R,
	  { 0x88, 0, 0, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 1 },
	  AT(READ, 0x000ffffffffffffe, 1) },
	{ "READ (16) beyond them", R,
	  { 0x88, 0, 0, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 2 },
	  IS(REFUSED) },
	{ "READ (16) at the last LBA there is", R,
	  { 0x88, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff }, IS(REFUSED) },

	/* data out */
	{ "WRITE (6)", W, { 0x0a, 0x01, 2, 3, 0xff }, AT(WRITE, 0x010203, 255) },
	{ "WRITE (6) of 256 blocks", W, { 0x0a, 0, 0, 0, 0 }, AT(WRITE, 0, 256) },
	{ "WRITE (10)", W, { 0x2a, 0x08, 1, 2, 3, 4, 0, 8, 9 },
	  AT(WRITE, 0x01020304, 0x0809) },
	{ "WRITE (12)", W, { 0xaa, 0, 1, 2, 3, 4, 6, 7, 8, 9 },
	  AT(WRITE, 0x01020304, 0x06070809) },
	{ "WRITE (16)", W, SIXTEEN(0x8a, 0x08),
	  AT(WRITE, LBA, 0x11121314) },
	{ "WRITE (32)", W, VARIABLE(0x0b, 0),
	  AT(WRITE, LBA, 0x01020304) },
	{ "WRITE (10) of no blocks", N, { 0x2a }, IS(NO_DATA) },
	{ "WRITE (10) of no blocks, with W", W, { 0x2a }, IS(REFUSED) },
	{ "WRITE (10) without W", N, { 0x2a, [8] = 1 }, IS(REFUSED) },
	{ "WRITE (10) with R", R, { 0x2a, [8] = 1 }, IS(REFUSED) },
	{ "WRITE (10), WRPROTECT=1", W, { 0x2a, 0x20, [8] = 1 }, IS(REFUSED) },
	{ "WRITE (12), WRPROTECT=2", W, { 0xaa, 0x40, [9] = 1 }, IS(REFUSED) },
	{ "WRITE (16), WRPROTECT=5", W, { 0x8a, 0xa0, [13] = 1 }, IS(REFUSED) },
	{ "WRITE (32), WRPROTECT=1", W, VARIABLE(0x0b, 0x20),
	  IS(REFUSED) },
	{ "WRITE (10), RELADR", W, { 0x2a, 0x01, [8] = 1 }, IS(REFUSED) },
	{ "WRITE (32) of another length", W,
	  { 0x7f, [7] = 0x19, [9] = 0x0b, [31] = 1 }, IS(REFUSED) },
	{ "WRITE ATOMIC (16)", W,
	  { 0x9c, 0x08, 0, 1, 2, 3, 4, 5, 6, 7, 0, 8, 0x12, 0x13 },
	  AT(WRITE, LBA, 0x1213) },
	{ "WRITE AND VERIFY (10), BYTCHK=0", W,
	  { 0x2e, 0, 1, 2, 3, 4, 0, 8, 9 }, AT(WRITE, 0x01020304, 0x0809) },
	{ "WRITE AND VERIFY (10), BYTCHK=1", W,
	  { 0x2e, 0x02, 1, 2, 3, 4, 0, 8, 9 }, AT(WRITE, 0x01020304, 0x0809) },
	{ "WRITE AND VERIFY (10), BYTCHK=3", W, { 0x2e, 0x06, [8] = 1 },
	  IS(REFUSED) },
	{ "WRITE AND VERIFY (12)", W, { 0xae, 0, 1, 2, 3, 4, 6, 7, 8, 9 },
	  AT(WRITE, 0x01020304, 0x06070809) },
	{ "WRITE AND VERIFY (16)", W, SIXTEEN(0x8e, 0),
	  AT(WRITE, LBA, 0x11121314) },
	{ "WRITE AND VERIFY (32)", W, VARIABLE(0x0c, 0x02),
	  AT(WRITE, LBA, 0x01020304) },
	{ "WRITE AND VERIFY (16), WRPROTECT=1", W, { 0x8e, 0x20, [13] = 1 },
	  IS(REFUSED) },
	{ "WRITE AND VERIFY (10) without W", N, { 0x2e, [8] = 1 },
	  IS(REFUSED) },
	{ "VERIFY (10), BYTCHK=1", W, { 0x2f, 0x02, 1, 2, 3, 4, 0, 8, 9 },
	  AT(WRITE, 0x01020304, 0x0809) },
	{ "VERIFY (12), BYTCHK=1", W, { 0xaf, 0x02, 1, 2, 3, 4, 6, 7, 8, 9 },
	  AT(WRITE, 0x01020304, 0x06070809) },
	{ "VERIFY (16), BYTCHK=1", W, SIXTEEN(0x8f, 0x02),
	  AT(WRITE, LBA, 0x11121314) },
	{ "VERIFY (32), BYTCHK=1", W, VARIABLE(0x0a, 0x02),
	  AT(WRITE, LBA, 0x01020304) },
	{ "VERIFY (10), BYTCHK=1, no blocks", N, { 0x2f, 0x02 }, IS(NO_DATA) },
	{ "VERIFY (10), BYTCHK=1, without W", N, { 0x2f, 0x02, [8] = 1 },
	  IS(REFUSED) },
	{ "VERIFY (10), BYTCHK=0", N, { 0x2f, 0, [8] = 1 }, IS(NO_DATA) },
	{ "VERIFY (12), BYTCHK=0", N, { 0xaf, 0, [9] = 1 }, IS(NO_DATA) },
	{ "VERIFY (16), BYTCHK=0", N, { 0x8f, 0, [13] = 1 }, IS(NO_DATA) },
	{ "VERIFY (32), BYTCHK=0", N, VARIABLE(0x0a, 0),
	  IS(NO_DATA) },
	{ "VERIFY (10), BYTCHK=0, with W", W, { 0x2f, 0, [8] = 1 },
	  IS(REFUSED) },
	{ "VERIFY (10), BYTCHK=2", W, { 0x2f, 0x04, [8] = 1 }, IS(REFUSED) },
	{ "VERIFY (10), BYTCHK=3", W, { 0x2f, 0x06, [8] = 1 }, IS(REFUSED) },
	{ "VERIFY (32), BYTCHK=3", W, VARIABLE(0x0a, 0x06),
	  IS(REFUSED) },
	{ "VERIFY (10), VRPROTECT=1", N, { 0x2f, 0x20, [8] = 1 }, IS(REFUSED) },

	/* compare */
	{ "COMPARE AND WRITE", W,
	  { 0x89, 0x08, 0, 1, 2, 3, 4, 5, 6, 7, 0xff, 0xff, 0xff, 5 },
	  AT(COMPARE, LBA, 5) },
	{ "COMPARE AND WRITE of no blocks", N, { 0x89 }, IS(NO_DATA) },
	{ "COMPARE AND WRITE without W", N, { 0x89, [13] = 1 }, IS(REFUSED) },
	{ "COMPARE AND WRITE, WRPROTECT=1", W, { 0x89, 0x20, [13] = 1 },
	  IS(REFUSED) },

	/* no data */
	{ "TEST UNIT READY", N, { 0x00 }, IS(NO_DATA) },
	{ "TEST UNIT READY with R", R, { 0x00 }, IS(REFUSED) },
	{ "TEST UNIT READY with W", W, { 0x00 }, IS(REFUSED) },
	{ "REZERO UNIT", N, { 0x01 }, IS(NO_DATA) },
	{ "SEEK (6)", N, { 0x0b }, IS(NO_DATA) },
	{ "SEEK (10)", N, { 0x2b }, IS(NO_DATA) },
	{ "RESERVE (6)", N, { 0x16 }, IS(NO_DATA) },
	{ "RELEASE (6)", N, { 0x17 }, IS(NO_DATA) },
	{ "RESERVE (10)", N, { 0x56 }, IS(NO_DATA) },
	{ "RELEASE (10)", N, { 0x57 }, IS(NO_DATA) },
	{ "START STOP UNIT", N, { 0x1b, [4] = 1 }, IS(NO_DATA) },
	{ "SEND DIAGNOSTIC, self-test", N, { 0x1d, 0x04 }, IS(NO_DATA) },
	{ "PREVENT ALLOW MEDIUM REMOVAL", N, { 0x1e }, IS(NO_DATA) },
	{ "PRE-FETCH (10)", N, { 0x34, [8] = 1 }, IS(NO_DATA) },
	{ "PRE-FETCH (16)", N, { 0x90, [13] = 1 }, IS(NO_DATA) },
	{ "SYNCHRONIZE CACHE (10)", N, { 0x35 }, IS(NO_DATA) },
	{ "SYNCHRONIZE CACHE (16)", N, { 0x91 }, IS(NO_DATA) },
	{ "LOCK UNLOCK CACHE (10)", N, { 0x36 }, IS(NO_DATA) },
	{ "LOCK UNLOCK CACHE (16)", N, { 0x92 }, IS(NO_DATA) },
	{ "FORMAT WITH PRESET", N, { 0x38 }, IS(NO_DATA) },
	{ "ZBC OUT, reset write pointer", N, { 0x94, 0x04 }, IS(NO_DATA) },
	{ "BACKGROUND CONTROL", N, { 0x9e, 0x15 }, IS(NO_DATA) },
	{ "REMOVE ELEMENT AND TRUNCATE", N, { 0x9e, 0x18 }, IS(NO_DATA) },
	{ "RESTORE ELEMENTS AND REBUILD", N, { 0x9e, 0x19 }, IS(NO_DATA) },
	{ "INQUIRY of no bytes", N, { 0x12 }, IS(NO_DATA) },
	{ "FORMAT UNIT without parameters", N, { 0x04 }, IS(NO_DATA) },
	{ "SANITIZE, block erase", N, { 0x48, 0x02 }, IS(NO_DATA) },
	{ "UNMAP of nothing", N, { 0x42 }, IS(NO_DATA) },

	/* parameter data */
	{ "REQUEST SENSE", R, { 0x03 }, IS(PARAMETER) },
	{ "INQUIRY", R, { 0x12, [4] = 36 }, IS(PARAMETER) },
	{ "INQUIRY with W", W, { 0x12, [4] = 36 }, IS(REFUSED) },
	{ "INQUIRY with R and W", B, { 0x12, [4] = 36 }, IS(REFUSED) },
	{ "MODE SENSE (6)", R, { 0x1a }, IS(PARAMETER) },
	{ "MODE SENSE (10)", R, { 0x5a }, IS(PARAMETER) },
	{ "MODE SELECT (6)", W, { 0x15 }, IS(PARAMETER) },
	{ "MODE SELECT (10)", W, { 0x55 }, IS(PARAMETER) },
	{ "MODE SELECT (10) with R", R, { 0x55 }, IS(REFUSED) },
	{ "LOG SENSE", R, { 0x4d }, IS(PARAMETER) },
	{ "LOG SELECT", W, { 0x4c }, IS(PARAMETER) },
	{ "READ DEFECT DATA (10)", R, { 0x37 }, IS(PARAMETER) },
	{ "READ DEFECT DATA (12)", R, { 0xb7 }, IS(PARAMETER) },
	{ "REASSIGN BLOCKS", W, { 0x07 }, IS(PARAMETER) },
	{ "FORMAT UNIT", W, { 0x04, 0x10 }, IS(PARAMETER) },
	{ "SANITIZE, overwrite", W, { 0x48, 0x01 }, IS(PARAMETER) },
	{ "UNMAP", W, { 0x42, [8] = 24 }, IS(PARAMETER) },
	{ "UNMAP with R", R, { 0x42, [8] = 24 }, IS(REFUSED) },
	{ "UNMAP with R and W", B, { 0x42, [8] = 24 }, IS(REFUSED) },
	{ "PERSISTENT RESERVE IN", R, { 0x5e }, IS(PARAMETER) },
	{ "PERSISTENT RESERVE OUT", W, { 0x5f }, IS(PARAMETER) },
	{ "ACCESS CONTROL IN", R, { 0x86 }, IS(PARAMETER) },
	{ "ACCESS CONTROL OUT", W, { 0x87 }, IS(PARAMETER) },
	{ "READ ATTRIBUTE", R, { 0x8c }, IS(PARAMETER) },
	{ "WRITE ATTRIBUTE", W, { 0x8d }, IS(PARAMETER) },
	{ "REPORT ZONES", R, { 0x95, 0x00 }, IS(PARAMETER) },
	{ "REPORT REALMS", R, { 0x95, 0x06 }, IS(PARAMETER) },
	{ "REPORT ZONE DOMAINS", R, { 0x95, 0x07 }, IS(PARAMETER) },
	{ "GET LBA STATUS (16)", R, { 0x9e, 0x12 }, IS(PARAMETER) },
	{ "GET LBA STATUS (32)", R, VARIABLE(0x12, 0),
	  IS(PARAMETER) },
	{ "REPORT REFERRALS", R, { 0x9e, 0x13 }, IS(PARAMETER) },
	{ "STREAM CONTROL", R, { 0x9e, 0x14 }, IS(PARAMETER) },
	{ "GET STREAM STATUS", R, { 0x9e, 0x16 }, IS(PARAMETER) },
	{ "GET PHYSICAL ELEMENT STATUS", R, { 0x9e, 0x17 }, IS(PARAMETER) },
	{ "REPORT LUNS", R, { 0xa0 }, IS(PARAMETER) },
	{ "SECURITY PROTOCOL IN", R, { 0xa2 }, IS(PARAMETER) },
	{ "SECURITY PROTOCOL OUT", W, { 0xb5 }, IS(PARAMETER) },
	{ "REPORT IDENTIFYING INFORMATION", R, { 0xa3, 0x05 }, IS(PARAMETER) },
	{ "REPORT TARGET PORT GROUPS", R, { 0xa3, 0x2a }, IS(PARAMETER) },
	{ "REPORT ALIASES", R, { 0xa3, 0x0b }, IS(PARAMETER) },
	{ "REPORT SUPPORTED OPERATION CODES", R, { 0xa3, 0x0c }, IS(PARAMETER) },
	{ "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS", R, { 0xa3, 0x0d },
	  IS(PARAMETER) },
	{ "REPORT PRIORITY", R, { 0xa3, 0x0e }, IS(PARAMETER) },
	{ "REPORT TIMESTAMP", R, { 0xa3, 0x0f }, IS(PARAMETER) },
	{ "MANAGEMENT PROTOCOL IN", R, { 0xa3, 0x10 }, IS(PARAMETER) },
	{ "SET TARGET PORT GROUPS", W, { 0xa4, 0x0a }, IS(PARAMETER) },
	{ "READ CAPACITY (10)", R, { 0x25 }, IS(READ_CAPACITY_10) },
	{ "READ CAPACITY (16)", R, { 0x9e, 0x10 }, IS(READ_CAPACITY_16) },
	{ "READ CAPACITY (10) with W", W, { 0x25 }, IS(REFUSED) },

	/* would corrupt or leak */
	{ "WRITE SAME (10)", W, { 0x41, [8] = 1 }, IS(REFUSED) },
	{ "WRITE SAME (16)", W, { 0x93, [13] = 1 }, IS(REFUSED) },
	{ "WRITE SAME (16), UNMAP", W, { 0x93, 0x08, [13] = 1 }, IS(REFUSED) },
	{ "WRITE SAME (16), NDOB", N, { 0x93, 0x01, [13] = 1 }, IS(REFUSED) },
	{ "WRITE SAME (32)", W, VARIABLE(0x0d, 0), IS(REFUSED) },
	{ "WRITE SAME (32), NDOB", N, VARIABLE(0x0d, 1),
	  IS(REFUSED) },
	{ "EXTENDED COPY", W, { 0x83, 0x00 }, IS(REFUSED) },
	{ "POPULATE TOKEN", W, { 0x83, 0x10 }, IS(REFUSED) },
	{ "WRITE USING TOKEN", W, { 0x83, 0x11 }, IS(REFUSED) },
	{ "EXTENDED COPY without data", N, { 0x83, 0x00 }, IS(REFUSED) },
	{ "RECEIVE COPY DATA", R, { 0x84, 0x01 }, IS(REFUSED) },
	{ "RECEIVE ROD TOKEN INFORMATION", R, { 0x84, 0x07 }, IS(REFUSED) },
	{ "ORWRITE (16)", W, { 0x8b, [13] = 1 }, IS(REFUSED) },
	{ "ORWRITE (32)", W, VARIABLE(0x0e, 0), IS(REFUSED) },
	{ "XDWRITE (10)", W, { 0x50 }, IS(REFUSED) },
	{ "XPWRITE (10)", W, { 0x51 }, IS(REFUSED) },
	{ "XDREAD (10)", R, { 0x52 }, IS(REFUSED) },
	{ "XDWRITEREAD (10)", B, { 0x53 }, IS(REFUSED) },
	{ "XDREAD (32)", R, VARIABLE(0x03, 0), IS(REFUSED) },
	{ "XDWRITE (32)", W, VARIABLE(0x04, 0), IS(REFUSED) },
	{ "XPWRITE (32)", W, VARIABLE(0x06, 0), IS(REFUSED) },
	{ "XDWRITEREAD (32)", B, VARIABLE(0x07, 0), IS(REFUSED) },
	{ "XDWRITE EXTENDED", W, { 0x80 }, IS(REFUSED) },
	{ "REBUILD", W, { 0x81 }, IS(REFUSED) },
	{ "REGENERATE", W, { 0x82 }, IS(REFUSED) },
	{ "READ LONG (10)", R, { 0x3e }, IS(REFUSED) },
	{ "READ LONG (16)", R, { 0x9e, 0x11 }, IS(REFUSED) },
	{ "WRITE LONG (10)", W, { 0x3f }, IS(REFUSED) },
	{ "WRITE LONG (10) without data", N, { 0x3f, 0x40 }, IS(REFUSED) },
	{ "WRITE LONG (16)", W, { 0x9f, 0x11 }, IS(REFUSED) },
	{ "WRITE SCATTERED (16)", W, { 0x9f, 0x12 }, IS(REFUSED) },
	{ "WRITE SCATTERED (32)", W, VARIABLE(0x11, 0),
	  IS(REFUSED) },
	{ "WRITE STREAM (16)", W, { 0x9a, [13] = 1 }, IS(REFUSED) },
	{ "WRITE BUFFER", W, { 0x3b }, IS(REFUSED) },
	{ "READ BUFFER (10)", R, { 0x3c }, IS(REFUSED) },
	{ "READ BUFFER (16)", R, { 0x9b }, IS(REFUSED) },
	{ "SEND DIAGNOSTIC with a page", W, { 0x1d, 0x10 }, IS(REFUSED) },
	{ "RECEIVE DIAGNOSTIC RESULTS", R, { 0x1c }, IS(REFUSED) },
	{ "ATA PASS-THROUGH (12)", R, { 0xa1 }, IS(REFUSED) },
	{ "ATA PASS-THROUGH (16)", W, { 0x85 }, IS(REFUSED) },
	{ "ATA PASS-THROUGH (16) without data", N, { 0x85 }, IS(REFUSED) },
	{ "ATA PASS-THROUGH (32)", R,
	  { 0x7f, [7] = 0x18, [8] = 0x1f, [9] = 0xf0 }, IS(REFUSED) },
	{ "COPY", W, { 0x18 }, IS(REFUSED) },
	{ "COMPARE", W, { 0x39 }, IS(REFUSED) },
	{ "COPY AND VERIFY", W, { 0x3a }, IS(REFUSED) },
	{ "UPDATE BLOCK", W, { 0x3d }, IS(REFUSED) },
	{ "SEARCH DATA HIGH (10)", W, { 0x30 }, IS(REFUSED) },
	{ "SEARCH DATA EQUAL (10)", W, { 0x31 }, IS(REFUSED) },
	{ "SEARCH DATA LOW (10)", W, { 0x32 }, IS(REFUSED) },
	{ "SEARCH DATA HIGH (12)", W, { 0xb0 }, IS(REFUSED) },
	{ "SEARCH DATA EQUAL (12)", W, { 0xb1 }, IS(REFUSED) },
	{ "SEARCH DATA LOW (12)", W, { 0xb2 }, IS(REFUSED) },
	{ "unknown SERVICE ACTION IN (16)", R, { 0x9e, 0x1f }, IS(REFUSED) },
	{ "unknown SERVICE ACTION OUT (16)", W, { 0x9f, 0x1f }, IS(REFUSED) },
	{ "unknown MAINTENANCE IN", R, { 0xa3, 0x1f }, IS(REFUSED) },
	{ "unknown ZBC IN", R, { 0x95, 0x1f }, IS(REFUSED) },
	{ "unknown VARIABLE LENGTH", W, VARIABLE(0xff, 0), IS(REFUSED) },
	{ "unknown VARIABLE LENGTH without data", N, VARIABLE(0xff, 0),
	  IS(NO_DATA) },
	{ "VARIABLE LENGTH of another length", N, { 0x7f, [7] = 0xc0 },
	  IS(REFUSED) },
};

static bool same(const struct cdb_case *c, const u8 *cdb, u32 len)
{
	struct scsi_access access = { SCSI_CLASS_WRITE, 1, 2 };

	scsi_classify(cdb, len, c->direction & R, c->direction & W, &access);
	if (access.class == c->access.class && access.lba == c->access.lba &&
	    access.blocks == c->access.blocks)
		return true;
	tap_note("class %u, LBA %#llx, %u blocks", access.class,
		 (unsigned long long)access.lba, access.blocks);
	return false;
}

static void test_table(void)
{
	static const char *const classes[] = {
		"write", "read", "compare", "no data", "parameter",
		"READ CAPACITY (10)", "READ CAPACITY (16)", "refused",
	};
	u8 cdb[16];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct cdb_case *c = &cases[i];
		bool passed = same(c, c->cdb, 32);

		/* All but the variable length ones have 16 valid bytes. */
		if (c->cdb[0] != 0x7f) {
			memcpy(cdb, c->cdb, 16);
			passed &= same(c, cdb, 16);
		}
		tap_ok(passed, "%s: %s", c->what, classes[c->access.class]);
	}
}

/* Opcodes that no case above names have no class that moves data. */
static void test_unknown(void)
{
	u32 opcode, i, wrong = 0, unknown = 0;
	struct scsi_access access;
	u8 cdb[16] = { 0 };

	for (opcode = 0; opcode < 256; opcode++) {
		for (i = 0; i < ARRAY_SIZE(cases); i++) {
			if (cases[i].cdb[0] == opcode &&
			    cases[i].access.class != SCSI_CLASS_REFUSED)
				break;
		}
		if (i < ARRAY_SIZE(cases))
			continue;
		unknown++;
		cdb[0] = (u8)opcode;
		for (i = 0; i < 256; i++) {
			cdb[1] = (u8)i;
			scsi_classify(cdb, 16, true, false, &access);
			wrong += access.class != SCSI_CLASS_REFUSED;
			scsi_classify(cdb, 16, false, true, &access);
			wrong += access.class != SCSI_CLASS_REFUSED;
			scsi_classify(cdb, 16, false, false, &access);
			wrong += access.class != SCSI_CLASS_REFUSED &&
				 access.class != SCSI_CLASS_NO_DATA;
		}
	}
	tap_ok(unknown > 100 && !wrong,
	       "%u opcodes that are not in the table are refused if they move data",
	       unknown);
}

static void test_short(void)
{
	static const u8 variable[16] = { 0x7f, [7] = 0x18, [9] = 0x0b };
	static const u8 read[15] = { 0x28, [8] = 1 };
	struct scsi_access access;

	scsi_classify(variable, 16, false, true, &access);
	tap_ok(access.class == SCSI_CLASS_REFUSED,
	       "a VARIABLE LENGTH command without its extension is refused");
	scsi_classify(read, 15, true, false, &access);
	tap_ok(access.class == SCSI_CLASS_REFUSED,
	       "a CDB of less than 16 bytes is refused");
}

static void test_block_size(void)
{
	static const u8 data[12] = {
		0, 0, 0, 1, 0, 0, 0x10, 0, 0, 0, 2, 0
	};
	u32 len, wrong = 0;

	for (len = 0; len <= sizeof(data); len++) {
		wrong += scsi_read_capacity_block_size(SCSI_CLASS_READ_CAPACITY_10,
						       data, len) !=
			 (len < 8 ? 0 : 4096);
		wrong += scsi_read_capacity_block_size(SCSI_CLASS_READ_CAPACITY_16,
						       data, len) !=
			 (len < 12 ? 0 : 512);
	}
	tap_ok(!wrong, "READ CAPACITY data tell the block size once there are enough of them");
	tap_ok(!scsi_read_capacity_block_size(SCSI_CLASS_PARAMETER, data, 12),
	       "other parameter data do not");
}

void test_cdb(void)
{
	test_table();
	test_unknown();
	test_short();
	test_block_size();
}
