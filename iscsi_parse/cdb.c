// SPDX-License-Identifier: GPL-2.0
/*
 * SCSI commands as accesses to the blocks of a logical unit (SPC-5, SBC-4).
 *
 * The tables name what a command moves; what they do not name is refused if it
 * moves data.  A command that is named as refused is refused without data too:
 * it would have the target read or write blocks on its own.
 */
#include "internal.h"
#include "wire.h"

enum scsi_opcode {
	TEST_UNIT_READY			= 0x00,
	REZERO_UNIT			= 0x01,
	REQUEST_SENSE			= 0x03,
	FORMAT_UNIT			= 0x04,
	REASSIGN_BLOCKS			= 0x07,
	READ_6				= 0x08,
	WRITE_6				= 0x0a,
	SEEK_6				= 0x0b,
	INQUIRY				= 0x12,
	MODE_SELECT_6			= 0x15,
	RESERVE_6			= 0x16,
	RELEASE_6			= 0x17,
	COPY				= 0x18,
	MODE_SENSE_6			= 0x1a,
	START_STOP_UNIT			= 0x1b,
	RECEIVE_DIAGNOSTIC_RESULTS	= 0x1c,
	SEND_DIAGNOSTIC			= 0x1d,
	PREVENT_ALLOW_MEDIUM_REMOVAL	= 0x1e,
	READ_CAPACITY_10		= 0x25,
	READ_10				= 0x28,
	WRITE_10			= 0x2a,
	SEEK_10				= 0x2b,
	WRITE_AND_VERIFY_10		= 0x2e,
	VERIFY_10			= 0x2f,
	SEARCH_HIGH_10			= 0x30,
	SEARCH_EQUAL_10			= 0x31,
	SEARCH_LOW_10			= 0x32,
	PRE_FETCH_10			= 0x34,
	SYNCHRONIZE_CACHE_10		= 0x35,
	LOCK_UNLOCK_CACHE_10		= 0x36,
	READ_DEFECT_DATA_10		= 0x37,
	FORMAT_WITH_PRESET		= 0x38,
	COMPARE				= 0x39,
	COPY_AND_VERIFY			= 0x3a,
	WRITE_BUFFER			= 0x3b,
	READ_BUFFER_10			= 0x3c,
	UPDATE_BLOCK			= 0x3d,
	READ_LONG_10			= 0x3e,
	WRITE_LONG_10			= 0x3f,
	WRITE_SAME_10			= 0x41,
	UNMAP				= 0x42,
	SANITIZE			= 0x48,
	LOG_SELECT			= 0x4c,
	LOG_SENSE			= 0x4d,
	XDWRITE_10			= 0x50,
	XPWRITE_10			= 0x51,
	XDREAD_10			= 0x52,
	XDWRITEREAD_10			= 0x53,
	MODE_SELECT_10			= 0x55,
	RESERVE_10			= 0x56,
	RELEASE_10			= 0x57,
	MODE_SENSE_10			= 0x5a,
	PERSISTENT_RESERVE_IN		= 0x5e,
	PERSISTENT_RESERVE_OUT		= 0x5f,
	VARIABLE_LENGTH			= 0x7f,
	XDWRITE_EXTENDED		= 0x80,
	REBUILD				= 0x81,
	REGENERATE			= 0x82,
	THIRD_PARTY_COPY_OUT		= 0x83,
	THIRD_PARTY_COPY_IN		= 0x84,
	ATA_PASS_THROUGH_16		= 0x85,
	ACCESS_CONTROL_IN		= 0x86,
	ACCESS_CONTROL_OUT		= 0x87,
	READ_16				= 0x88,
	COMPARE_AND_WRITE		= 0x89,
	WRITE_16			= 0x8a,
	ORWRITE_16			= 0x8b,
	READ_ATTRIBUTE			= 0x8c,
	WRITE_ATTRIBUTE			= 0x8d,
	WRITE_AND_VERIFY_16		= 0x8e,
	VERIFY_16			= 0x8f,
	PRE_FETCH_16			= 0x90,
	SYNCHRONIZE_CACHE_16		= 0x91,
	LOCK_UNLOCK_CACHE_16		= 0x92,
	WRITE_SAME_16			= 0x93,
	ZBC_OUT				= 0x94,
	ZBC_IN				= 0x95,
	READ_BUFFER_16			= 0x9b,
	WRITE_ATOMIC_16			= 0x9c,
	SERVICE_ACTION_IN_16		= 0x9e,
	SERVICE_ACTION_OUT_16		= 0x9f,
	REPORT_LUNS			= 0xa0,
	ATA_PASS_THROUGH_12		= 0xa1,
	SECURITY_PROTOCOL_IN		= 0xa2,
	MAINTENANCE_IN			= 0xa3,
	MAINTENANCE_OUT			= 0xa4,
	READ_12				= 0xa8,
	WRITE_12			= 0xaa,
	WRITE_AND_VERIFY_12		= 0xae,
	VERIFY_12			= 0xaf,
	SEARCH_HIGH_12			= 0xb0,
	SEARCH_EQUAL_12			= 0xb1,
	SEARCH_LOW_12			= 0xb2,
	SECURITY_PROTOCOL_OUT		= 0xb5,
	READ_DEFECT_DATA_12		= 0xb7,
};

/* Service actions of VARIABLE LENGTH commands of 32 bytes. */
enum scsi_variable {
	XDREAD_32			= 0x0003,
	XDWRITE_32			= 0x0004,
	XPWRITE_32			= 0x0006,
	XDWRITEREAD_32			= 0x0007,
	READ_32				= 0x0009,
	VERIFY_32			= 0x000a,
	WRITE_32			= 0x000b,
	WRITE_AND_VERIFY_32		= 0x000c,
	WRITE_SAME_32			= 0x000d,
	ORWRITE_32			= 0x000e,
	GET_LBA_STATUS_32		= 0x0012,
};

#define VARIABLE_ADDITIONAL_LENGTH	(SCSI_CDB_BYTES_MAX - 8)

/* What a command moves.  The medium rules have their blocks in the CDB. */
enum cdb_rule {
	RULE_UNKNOWN,
	RULE_REFUSED,
	RULE_NO_DATA,
	RULE_PARAMETER_IN,
	RULE_PARAMETER_OUT,
	RULE_CAPACITY_10,
	RULE_CAPACITY_16,
	RULE_READ,
	RULE_WRITE,
	RULE_VERIFY,
	RULE_WRITE_AND_VERIFY,
	RULE_COMPARE,
	/* These depend on a service action. */
	RULE_IN_16,
	RULE_OUT_16,
	RULE_MAINTENANCE_IN,
	RULE_ZBC_IN,
	RULE_VARIABLE,
};

static const u8 cdb_rules[256] = {
	[TEST_UNIT_READY]		= RULE_NO_DATA,
	[REZERO_UNIT]			= RULE_NO_DATA,
	[REQUEST_SENSE]			= RULE_PARAMETER_IN,
	[FORMAT_UNIT]			= RULE_PARAMETER_OUT,
	[REASSIGN_BLOCKS]		= RULE_PARAMETER_OUT,
	[READ_6]			= RULE_READ,
	[WRITE_6]			= RULE_WRITE,
	[SEEK_6]			= RULE_NO_DATA,
	[INQUIRY]			= RULE_PARAMETER_IN,
	[MODE_SELECT_6]			= RULE_PARAMETER_OUT,
	[RESERVE_6]			= RULE_PARAMETER_OUT,
	[RELEASE_6]			= RULE_PARAMETER_OUT,
	[COPY]				= RULE_REFUSED,
	[MODE_SENSE_6]			= RULE_PARAMETER_IN,
	[START_STOP_UNIT]		= RULE_NO_DATA,
	/* Pages are the vendor's; only the self-test, without data, is safe. */
	[RECEIVE_DIAGNOSTIC_RESULTS]	= RULE_REFUSED,
	[SEND_DIAGNOSTIC]		= RULE_NO_DATA,
	[PREVENT_ALLOW_MEDIUM_REMOVAL]	= RULE_NO_DATA,
	[READ_CAPACITY_10]		= RULE_CAPACITY_10,
	[READ_10]			= RULE_READ,
	[WRITE_10]			= RULE_WRITE,
	[SEEK_10]			= RULE_NO_DATA,
	[WRITE_AND_VERIFY_10]		= RULE_WRITE_AND_VERIFY,
	[VERIFY_10]			= RULE_VERIFY,
	[SEARCH_HIGH_10]		= RULE_REFUSED,
	[SEARCH_EQUAL_10]		= RULE_REFUSED,
	[SEARCH_LOW_10]			= RULE_REFUSED,
	[PRE_FETCH_10]			= RULE_NO_DATA,
	[SYNCHRONIZE_CACHE_10]		= RULE_NO_DATA,
	[LOCK_UNLOCK_CACHE_10]		= RULE_NO_DATA,
	[READ_DEFECT_DATA_10]		= RULE_PARAMETER_IN,
	[FORMAT_WITH_PRESET]		= RULE_NO_DATA,
	[COMPARE]			= RULE_REFUSED,
	[COPY_AND_VERIFY]		= RULE_REFUSED,
	/* The buffer may be the disk's cache. */
	[WRITE_BUFFER]			= RULE_REFUSED,
	[READ_BUFFER_10]		= RULE_REFUSED,
	[UPDATE_BLOCK]			= RULE_REFUSED,
	[READ_LONG_10]			= RULE_REFUSED,
	[WRITE_LONG_10]			= RULE_REFUSED,
	[WRITE_SAME_10]			= RULE_REFUSED,
	[UNMAP]				= RULE_PARAMETER_OUT,
	[SANITIZE]			= RULE_PARAMETER_OUT,
	[LOG_SELECT]			= RULE_PARAMETER_OUT,
	[LOG_SENSE]			= RULE_PARAMETER_IN,
	[XDWRITE_10]			= RULE_REFUSED,
	[XPWRITE_10]			= RULE_REFUSED,
	[XDREAD_10]			= RULE_REFUSED,
	[XDWRITEREAD_10]		= RULE_REFUSED,
	[MODE_SELECT_10]		= RULE_PARAMETER_OUT,
	[RESERVE_10]			= RULE_PARAMETER_OUT,
	[RELEASE_10]			= RULE_PARAMETER_OUT,
	[MODE_SENSE_10]			= RULE_PARAMETER_IN,
	[PERSISTENT_RESERVE_IN]		= RULE_PARAMETER_IN,
	[PERSISTENT_RESERVE_OUT]	= RULE_PARAMETER_OUT,
	[VARIABLE_LENGTH]		= RULE_VARIABLE,
	[XDWRITE_EXTENDED]		= RULE_REFUSED,
	[REBUILD]			= RULE_REFUSED,
	[REGENERATE]			= RULE_REFUSED,
	[THIRD_PARTY_COPY_OUT]		= RULE_REFUSED,
	/* RECEIVE DATA returns blocks, ROD TOKEN INFORMATION makes copies. */
	[THIRD_PARTY_COPY_IN]		= RULE_REFUSED,
	[ATA_PASS_THROUGH_16]		= RULE_REFUSED,
	[ACCESS_CONTROL_IN]		= RULE_PARAMETER_IN,
	[ACCESS_CONTROL_OUT]		= RULE_PARAMETER_OUT,
	[READ_16]			= RULE_READ,
	[COMPARE_AND_WRITE]		= RULE_COMPARE,
	[WRITE_16]			= RULE_WRITE,
	[ORWRITE_16]			= RULE_REFUSED,
	[READ_ATTRIBUTE]		= RULE_PARAMETER_IN,
	[WRITE_ATTRIBUTE]		= RULE_PARAMETER_OUT,
	[WRITE_AND_VERIFY_16]		= RULE_WRITE_AND_VERIFY,
	[VERIFY_16]			= RULE_VERIFY,
	[PRE_FETCH_16]			= RULE_NO_DATA,
	[SYNCHRONIZE_CACHE_16]		= RULE_NO_DATA,
	[LOCK_UNLOCK_CACHE_16]		= RULE_NO_DATA,
	[WRITE_SAME_16]			= RULE_REFUSED,
	[ZBC_OUT]			= RULE_NO_DATA,
	[ZBC_IN]			= RULE_ZBC_IN,
	[READ_BUFFER_16]		= RULE_REFUSED,
	[WRITE_ATOMIC_16]		= RULE_WRITE,
	[SERVICE_ACTION_IN_16]		= RULE_IN_16,
	[SERVICE_ACTION_OUT_16]		= RULE_OUT_16,
	[REPORT_LUNS]			= RULE_PARAMETER_IN,
	[ATA_PASS_THROUGH_12]		= RULE_REFUSED,
	[SECURITY_PROTOCOL_IN]		= RULE_PARAMETER_IN,
	[MAINTENANCE_IN]		= RULE_MAINTENANCE_IN,
	[MAINTENANCE_OUT]		= RULE_PARAMETER_OUT,
	[READ_12]			= RULE_READ,
	[WRITE_12]			= RULE_WRITE,
	[WRITE_AND_VERIFY_12]		= RULE_WRITE_AND_VERIFY,
	[VERIFY_12]			= RULE_VERIFY,
	[SEARCH_HIGH_12]		= RULE_REFUSED,
	[SEARCH_EQUAL_12]		= RULE_REFUSED,
	[SEARCH_LOW_12]			= RULE_REFUSED,
	[SECURITY_PROTOCOL_OUT]		= RULE_PARAMETER_OUT,
	[READ_DEFECT_DATA_12]		= RULE_PARAMETER_IN,
};

/* Service actions are 5 bits. */
#define SERVICE_ACTION_MASK	0x1f
#define SERVICE_ACTIONS		32

static const u8 cdb_rules_in_16[SERVICE_ACTIONS] = {
	[0x10] = RULE_CAPACITY_16,
	[0x11] = RULE_REFUSED,		/* READ LONG (16) */
	[0x12] = RULE_PARAMETER_IN,	/* GET LBA STATUS (16) */
	[0x13] = RULE_PARAMETER_IN,	/* REPORT REFERRALS */
	[0x14] = RULE_PARAMETER_IN,	/* STREAM CONTROL */
	[0x15] = RULE_NO_DATA,		/* BACKGROUND CONTROL */
	[0x16] = RULE_PARAMETER_IN,	/* GET STREAM STATUS */
	[0x17] = RULE_PARAMETER_IN,	/* GET PHYSICAL ELEMENT STATUS */
	[0x18] = RULE_NO_DATA,		/* REMOVE ELEMENT AND TRUNCATE */
	[0x19] = RULE_NO_DATA,		/* RESTORE ELEMENTS AND REBUILD */
};

static const u8 cdb_rules_out_16[SERVICE_ACTIONS] = {
	[0x11] = RULE_REFUSED,		/* WRITE LONG (16) */
	[0x12] = RULE_REFUSED,		/* WRITE SCATTERED (16) */
};

static const u8 cdb_rules_maintenance_in[SERVICE_ACTIONS] = {
	[0x05] = RULE_PARAMETER_IN,	/* REPORT IDENTIFYING INFORMATION */
	[0x0a] = RULE_PARAMETER_IN,	/* REPORT TARGET PORT GROUPS */
	[0x0b] = RULE_PARAMETER_IN,	/* REPORT ALIASES */
	[0x0c] = RULE_PARAMETER_IN,	/* REPORT SUPPORTED OPERATION CODES */
	[0x0d] = RULE_PARAMETER_IN,	/* REPORT SUPPORTED TASK MANAGEMENT */
	[0x0e] = RULE_PARAMETER_IN,	/* REPORT PRIORITY */
	[0x0f] = RULE_PARAMETER_IN,	/* REPORT TIMESTAMP */
	[0x10] = RULE_PARAMETER_IN,	/* MANAGEMENT PROTOCOL IN */
};

static const u8 cdb_rules_zbc_in[SERVICE_ACTIONS] = {
	[0x00] = RULE_PARAMETER_IN,	/* REPORT ZONES */
	[0x06] = RULE_PARAMETER_IN,	/* REPORT REALMS */
	[0x07] = RULE_PARAMETER_IN,	/* REPORT ZONE DOMAINS */
};

static enum cdb_rule cdb_variable_rule(const u8 *cdb, u32 len)
{
	if (len < SCSI_CDB_BYTES_MAX || cdb[7] != VARIABLE_ADDITIONAL_LENGTH)
		return RULE_REFUSED;

	switch (wire_be16(cdb + 8)) {
	case READ_32:
		return RULE_READ;
	case WRITE_32:
		return RULE_WRITE;
	case VERIFY_32:
		return RULE_VERIFY;
	case WRITE_AND_VERIFY_32:
		return RULE_WRITE_AND_VERIFY;
	case GET_LBA_STATUS_32:
		return RULE_PARAMETER_IN;
	case XDREAD_32:
	case XDWRITE_32:
	case XPWRITE_32:
	case XDWRITEREAD_32:
	case WRITE_SAME_32:
	case ORWRITE_32:
		return RULE_REFUSED;
	default:
		return RULE_UNKNOWN;
	}
}

static enum cdb_rule cdb_rule(const u8 *cdb, u32 len)
{
	const u8 service_action = cdb[1] & SERVICE_ACTION_MASK;
	const enum cdb_rule rule = cdb_rules[cdb[0]];

	switch (rule) {
	case RULE_IN_16:
		return cdb_rules_in_16[service_action];
	case RULE_OUT_16:
		return cdb_rules_out_16[service_action];
	case RULE_MAINTENANCE_IN:
		return cdb_rules_maintenance_in[service_action];
	case RULE_ZBC_IN:
		return cdb_rules_zbc_in[service_action];
	case RULE_VARIABLE:
		return cdb_variable_rule(cdb, len);
	default:
		return rule;
	}
}

/**
 * struct cdb_medium - fields that commands on blocks share
 * @lba: first block
 * @blocks: how many
 * @flags: byte with protection and BYTCHK
 * @relative: @lba counts from the block of the command before (SCSI-2)
 */
struct cdb_medium {
	u64	lba;
	u32	blocks;
	u8	flags;
	bool	relative;
};

#define MEDIUM_PROTECT(flags)	((flags) >> 5)
#define MEDIUM_BYTCHK(flags)	((flags) >> 1 & 0x3)
#define MEDIUM_RELADR		0x01

/* CDBs of one group have one layout; the group is in the opcode (SPC-5). */
static void cdb_medium(const u8 *cdb, struct cdb_medium *m)
{
	memset(m, 0, sizeof(*m));
	switch (cdb[0] >> 5) {
	case 0:
		m->lba = wire_be24(cdb + 1) & 0x1fffff;
		m->blocks = cdb[4] ? cdb[4] : 256;
		break;
	case 1:
		m->flags = cdb[1];
		m->relative = cdb[1] & MEDIUM_RELADR;
		m->lba = wire_be32(cdb + 2);
		m->blocks = wire_be16(cdb + 7);
		break;
	case 3:
		m->flags = cdb[10];
		m->lba = wire_be64(cdb + 12);
		m->blocks = wire_be32(cdb + 28);
		break;
	case 4:
		m->flags = cdb[1];
		m->lba = wire_be64(cdb + 2);
		if (cdb[0] == COMPARE_AND_WRITE)
			m->blocks = cdb[13];
		else if (cdb[0] == WRITE_ATOMIC_16)
			m->blocks = wire_be16(cdb + 12);
		else
			m->blocks = wire_be32(cdb + 10);
		break;
	case 5:
		m->flags = cdb[1];
		m->relative = cdb[1] & MEDIUM_RELADR;
		m->lba = wire_be32(cdb + 2);
		m->blocks = wire_be32(cdb + 6);
		break;
	}
}

static enum scsi_class cdb_medium_class(const u8 *cdb, enum cdb_rule rule,
					bool reads, bool writes,
					struct scsi_access *access)
{
	struct cdb_medium m;
	enum scsi_class class;
	bool in, out;
	u8 bytchk;

	cdb_medium(cdb, &m);
	bytchk = MEDIUM_BYTCHK(m.flags);
	/* Blocks with protection information are no multiples of a cipher's. */
	if (MEDIUM_PROTECT(m.flags) || m.relative)
		return SCSI_CLASS_REFUSED;

	switch (rule) {
	case RULE_READ:
		class = SCSI_CLASS_READ;
		break;
	case RULE_COMPARE:
		class = SCSI_CLASS_COMPARE;
		break;
	case RULE_VERIFY:
		/* 3 compares one block with every block of the range. */
		if (bytchk > 1)
			return SCSI_CLASS_REFUSED;
		class = bytchk ? SCSI_CLASS_WRITE : SCSI_CLASS_NO_DATA;
		break;
	case RULE_WRITE_AND_VERIFY:
		if (bytchk > 1)
			return SCSI_CLASS_REFUSED;
		class = SCSI_CLASS_WRITE;
		break;
	default:
		class = SCSI_CLASS_WRITE;
	}
	if (!m.blocks)
		class = SCSI_CLASS_NO_DATA;

	in = class == SCSI_CLASS_READ;
	out = class == SCSI_CLASS_WRITE || class == SCSI_CLASS_COMPARE;
	if (reads != in || writes != out)
		return SCSI_CLASS_REFUSED;
	if (class == SCSI_CLASS_NO_DATA)
		return class;

	/* No disk is larger than 2^64 bytes, and callers compute in bytes. */
	if (m.lba > (u64)-1 / 4096 - m.blocks)
		return SCSI_CLASS_REFUSED;
	access->lba = m.lba;
	access->blocks = m.blocks;
	return class;
}

static enum scsi_class cdb_class(const u8 *cdb, u32 len, bool reads,
				 bool writes, struct scsi_access *access)
{
	enum scsi_class class;
	enum cdb_rule rule;
	bool out = false;

	if (len < WIRE_CDB_BYTES || (reads && writes))
		return SCSI_CLASS_REFUSED;

	rule = cdb_rule(cdb, len);
	switch (rule) {
	case RULE_READ:
	case RULE_WRITE:
	case RULE_VERIFY:
	case RULE_WRITE_AND_VERIFY:
	case RULE_COMPARE:
		return cdb_medium_class(cdb, rule, reads, writes, access);
	case RULE_NO_DATA:
	case RULE_UNKNOWN:
		return reads || writes ? SCSI_CLASS_REFUSED :
					 SCSI_CLASS_NO_DATA;
	case RULE_CAPACITY_10:
		class = SCSI_CLASS_READ_CAPACITY_10;
		break;
	case RULE_CAPACITY_16:
		class = SCSI_CLASS_READ_CAPACITY_16;
		break;
	case RULE_PARAMETER_OUT:
		out = true;
		class = SCSI_CLASS_PARAMETER;
		break;
	case RULE_PARAMETER_IN:
		class = SCSI_CLASS_PARAMETER;
		break;
	default:
		return SCSI_CLASS_REFUSED;
	}
	if (!reads && !writes)
		return SCSI_CLASS_NO_DATA;
	return writes == out ? class : SCSI_CLASS_REFUSED;
}

void scsi_classify(const u8 *cdb, u32 len, bool reads, bool writes,
		   struct scsi_access *access)
{
	access->lba = 0;
	access->blocks = 0;
	access->class = cdb_class(cdb, len, reads, writes, access);
}
EXPORT_SYMBOL_GPL(scsi_classify);

u32 scsi_read_capacity_block_size(enum scsi_class class, const u8 *data,
				  u32 len)
{
	u32 offset;

	switch (class) {
	case SCSI_CLASS_READ_CAPACITY_10:
		offset = 4;
		break;
	case SCSI_CLASS_READ_CAPACITY_16:
		offset = 8;
		break;
	default:
		return 0;
	}
	return len < offset + 4 ? 0 : wire_be32(data + offset);
}
EXPORT_SYMBOL_GPL(scsi_read_capacity_block_size);
