// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as an iSCSI stream: however they are cut, the parser says the same
 * and keeps the promises of its interface, and no CDB leads astray.
 *
 * Input: a byte of options, the seed of the cuts, the stream.
 */
#include <stdio.h>
#include <stdlib.h>

#include "follow.h"

#define OPTION_TARGET		0x01
#define OPTION_TOLD		0x02
#define OPTION_HEADER_DIGEST	0x04
#define OPTION_DATA_DIGEST	0x08

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	abort();
}

static void fuzz_pass(struct follow *f, const u8 *input, size_t len, u32 cuts)
{
	*f = (struct follow) {
		.told = input[0] & OPTION_TOLD,
		.header_digest = input[0] & OPTION_HEADER_DIGEST,
		.data_digest = input[0] & OPTION_DATA_DIGEST,
	};
	follow(f, input[0] & OPTION_TARGET ? ISCSI_ROLE_TARGET :
					     ISCSI_ROLE_INITIATOR,
	       input + 2, len - 2, cuts);
}

static void fuzz_params(const struct iscsi_params *p)
{
	const u32 lengths[] = {
		p->max_recv_data_segment_length,
		p->first_burst_length,
		p->max_burst_length,
	};
	u32 i;

	for (i = 0; i < 3; i++) {
		if (lengths[i] && (lengths[i] < 512 || lengths[i] >= 1 << 24))
			fail("length out of range");
	}
	for (i = 0; p->target_name[i]; i++)
		;
	if (i > ISCSI_NAME_BYTES_MAX)
		fail("TargetName too long");
}

static void fuzz_command(const struct iscsi_pdu *pdu)
{
	const u64 blocks_max = (u64)-1 / 4096;
	struct scsi_access access;
	bool moves_blocks;

	scsi_classify(pdu->cdb, pdu->cdb_len, pdu->reads, pdu->writes, &access);
	if (access.class > SCSI_CLASS_REFUSED)
		fail("unknown class");
	moves_blocks = access.class == SCSI_CLASS_READ ||
		       access.class == SCSI_CLASS_WRITE ||
		       access.class == SCSI_CLASS_COMPARE;
	if (moves_blocks != !!access.blocks)
		fail("blocks do not fit the class");
	if (access.lba > blocks_max || access.blocks > blocks_max - access.lba)
		fail("bytes do not fit 64 bits");
	if (access.class == SCSI_CLASS_NO_DATA && (pdu->reads || pdu->writes))
		fail("data of a command that has none");
	if (access.class != SCSI_CLASS_REFUSED && pdu->reads && pdu->writes)
		fail("bidirectional command accepted");
}

int LLVMFuzzerTestOneInput(const u8 *input, size_t len)
{
	struct follow whole, cut;
	const char *differ;
	u32 i;

	if (len < 2)
		return 0;
	fuzz_pass(&whole, input, len, FOLLOW_WHOLE);
	/* Seed 1 is one byte at a time. */
	fuzz_pass(&cut, input, len, input[1] | 1u);
	differ = follow_differ(&whole, &cut);
	if (differ)
		fail(differ);

	fuzz_params(&whole.stream.params);
	for (i = 0; i < whole.head_count; i++) {
		if (whole.heads[i].kind == ISCSI_KIND_COMMAND)
			fuzz_command(&whole.heads[i]);
	}
	follow_free(&whole);
	follow_free(&cut);
	return 0;
}
