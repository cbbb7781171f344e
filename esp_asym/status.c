// SPDX-License-Identifier: GPL-2.0
/*
 * What a SCSI status makes of a READ.  The SCSI layer takes the buffer of a
 * command that has succeeded for filled, with whatever its pages held before
 * where no data have come.
 */
#include <linux/unaligned.h>

#include "record.h"
#include "task.h"

/* RFC 7143 sections 11.4 and 11.7: in SCSI Response, and Data-In with status. */
#define RESPONSE_OFFSET		2
#define STATUS_OFFSET		3
#define RESIDUAL_OFFSET		44
#define FLAG_STATUS		0x01	/* Data-In */
#define FLAGS_RESIDUAL		0x06	/* overflow, underflow */

/* SAM-5: those that stand for no data, or might. */
#define STATUS_CHECK_CONDITION	0x02
#define STATUS_BUSY		0x08
#define STATUS_CONFLICT		0x18
#define STATUS_TASK_SET_FULL	0x28
#define STATUS_ACA_ACTIVE	0x30
#define STATUS_TASK_ABORTED	0x40

/* SPC-4 section 4.5. */
#define SENSE_NO_SENSE		0
#define SENSE_RECOVERED		1
#define SENSE_VALID		0x80
#define SENSE_DESCRIPTORS	0x72
#define INFORMATION_BYTES	0x0a

/**
 * asym_status_comes() - does the current PDU end a task?
 * @s: received stream, behind a head
 *
 * Return: true when it brings a SCSI status
 */
bool asym_status_comes(const struct iscsi_stream *s)
{
	const struct iscsi_pdu *pdu = &s->pdu;

	return pdu->opcode == ISCSI_OPCODE_SCSI_RESPONSE ||
	       (pdu->kind == ISCSI_KIND_DATA_IN && pdu->flags & FLAG_STATUS);
}

/* An error at a block: those in front of it have been read, it says. */
static u32 read_up_to(const struct asym_task *task, u64 lba)
{
	u32 size;
	u64 first;

	/* Of a command that was refused nobody knows the blocks. */
	if (task->treatment == ASYM_TREAT_ZEROED)
		return task->len;
	size = asym_binding_block_size(task->binding);
	first = task->offset / size;
	if (lba < first || lba - first >= task->len / size)
		return 0;
	return (lba - first) * size;
}

static u32 claimed_by_sense(const u8 *segment, const struct asym_task *task)
{
	u8 sense[ASYM_SENSE_BYTES] = {};
	bool descriptors;
	u8 code, key;

	/* Whoever reads it sees zeros behind its end. */
	memcpy(sense, segment + 2, min_t(u32, get_unaligned_be16(segment),
					 sizeof(sense)));
	code = sense[0] & ~SENSE_VALID;
	descriptors = code >= SENSE_DESCRIPTORS;

	if ((code & 0x70) != 0x70)
		return 0;
	key = sense[descriptors ? 1 : 2] & 0xf;
	if (key == SENSE_NO_SENSE || key == SENSE_RECOVERED)
		return task->len;
	if (!descriptors)
		return sense[0] & SENSE_VALID ?
		       read_up_to(task, get_unaligned_be32(sense + 3)) : 0;
	if (!sense[7])
		return 0;
	/* Where others come first nobody has looked what they hide. */
	if (sense[8] || sense[9] != INFORMATION_BYTES)
		return task->len;
	return read_up_to(task, get_unaligned_be64(sense + 12));
}

/**
 * asym_status_claims() - how much of a READ has been read, says the target?
 * @s: received stream, behind the head of a PDU with a status
 * @segment: start of its data segment, %ASYM_SENSE_SEGMENT, or zeros
 * @task: the task, that reads user data or was refused
 *
 * Return: bytes from the start that the SCSI layer might take for data
 */
u32 asym_status_claims(const struct iscsi_stream *s, const u8 *segment,
		       const struct asym_task *task)
{
	u32 residual = get_unaligned_be32(s->head + RESIDUAL_OFFSET);
	u32 claims = task->len;

	if (s->pdu.opcode == ISCSI_OPCODE_SCSI_RESPONSE &&
	    s->head[RESPONSE_OFFSET])
		return 0;
	if (s->pdu.flags & FLAGS_RESIDUAL && residual <= task->len)
		claims -= residual;
	switch (s->head[STATUS_OFFSET]) {
	case STATUS_CHECK_CONDITION:
		return min(claims, claimed_by_sense(segment, task));
	case STATUS_BUSY:
	case STATUS_CONFLICT:
	case STATUS_TASK_SET_FULL:
	case STATUS_ACA_ACTIVE:
	case STATUS_TASK_ABORTED:
		return 0;
	default:
		return claims;
	}
}
