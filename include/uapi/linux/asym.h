/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/asym.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_ASYM_H
#define _UAPI_LINUX_ASYM_H

#define ASYM_FAMILY_NAME	"asym"
#define ASYM_FAMILY_VERSION	1

#define ASYM_KEY_NAME_LEN	63
#define ASYM_CIPHER_LEN		63
#define ASYM_KEYRING_TYPE_LEN	31
#define ASYM_KEYRING_DESC_LEN	4095
#define ASYM_TARGET_LEN		223
#define ASYM_LUN_MAX		16383
#define ASYM_BLOCK_SIZE_MIN	512
#define ASYM_BLOCK_SIZE_MAX	4096

/**
 * enum asym_reason - why something was refused; also the names of the refusal
 *   counters
 * @ASYM_REASON_UNBOUND_LUN: data command for a unit that is neither bound nor
 *   allowed in plain
 * @ASYM_REASON_REFUSED_COMMAND: SCSI command that would write or show
 *   ciphertext in the wrong place
 * @ASYM_REASON_KEY_MISSING: the key or the binding of the unit has been
 *   deleted
 * @ASYM_REASON_BLOCK_SIZE_UNKNOWN: data command before the block size of the
 *   unit is known, or the unit has a block size that is not supported
 * @ASYM_REASON_BLOCK_SIZE_CHANGED: the unit reports another block size than
 *   the one bound or learned
 * @ASYM_REASON_NOT_FROM_SYN: iSCSI connection that was not seen from its SYN
 * @ASYM_REASON_NO_SA: iSCSI data of a bound unit would leave without an
 *   asymmetric SA
 * @ASYM_REASON_BAD_STREAM: bytes on an iSCSI connection that are not iSCSI
 * @ASYM_REASON_BAD_SEGMENT_LENGTH: MaxRecvDataSegmentLength or a burst length
 *   that is not a multiple of 512 bytes
 * @ASYM_REASON_SOCKET_BUSY: something else sits on the socket of an iSCSI
 *   connection, or it had another connection before
 * @ASYM_REASON_STREAM_BYPASSED: bytes of the connection left the host without
 *   being seen
 * @ASYM_REASON_METADATA_OVERFLOW: the map or the notes do not fit into one
 *   packet
 * @ASYM_REASON_TASK_UNKNOWN: data for a task that is not known
 * @ASYM_REASON_TASK_RANGE: data outside of the buffer of its task
 * @ASYM_REASON_BAD_PACKET: malformed map, notes or lengths in a received
 *   packet
 * @ASYM_REASON_BAD_VERSION: wire format version that is not known
 * @ASYM_REASON_BAD_ICV: integrity check failed
 * @ASYM_REASON_NO_FLOW: payload of a bound unit for a connection that is not
 *   known
 * @ASYM_REASON_NO_MEMORY: out of memory
 * @ASYM_REASON_CRYPTO_ERROR: the crypto API returned an error
 * @ASYM_REASON_UNSEALED_DATA: the target sent data of a bound unit that were
 *   not sealed under the local key
 * @ASYM_REASON_SEAL_BYPASSED: the kernel would have sent a packet without
 *   sealing it
 */
enum asym_reason {
	ASYM_REASON_UNBOUND_LUN,
	ASYM_REASON_REFUSED_COMMAND,
	ASYM_REASON_KEY_MISSING,
	ASYM_REASON_BLOCK_SIZE_UNKNOWN,
	ASYM_REASON_BLOCK_SIZE_CHANGED,
	ASYM_REASON_NOT_FROM_SYN,
	ASYM_REASON_NO_SA,
	ASYM_REASON_BAD_STREAM,
	ASYM_REASON_BAD_SEGMENT_LENGTH,
	ASYM_REASON_SOCKET_BUSY,
	ASYM_REASON_STREAM_BYPASSED,
	ASYM_REASON_METADATA_OVERFLOW,
	ASYM_REASON_TASK_UNKNOWN,
	ASYM_REASON_TASK_RANGE,
	ASYM_REASON_BAD_PACKET,
	ASYM_REASON_BAD_VERSION,
	ASYM_REASON_BAD_ICV,
	ASYM_REASON_NO_FLOW,
	ASYM_REASON_NO_MEMORY,
	ASYM_REASON_CRYPTO_ERROR,
	ASYM_REASON_UNSEALED_DATA,
	ASYM_REASON_SEAL_BYPASSED,

	/* private: */
	__ASYM_REASON_MAX,
	ASYM_REASON_MAX = (__ASYM_REASON_MAX - 1)
};

/**
 * enum asym_state - whether data can be sealed and opened under a binding
 * @ASYM_STATE_USABLE: data is sealed and opened, or passes in the clear for a
 *   plain unit
 * @ASYM_STATE_NO_KEY: the key has been deleted; data commands are refused
 * @ASYM_STATE_BLOCK_SIZE_CONFLICT: the unit reported another block size; data
 *   commands are refused
 */
enum asym_state {
	ASYM_STATE_USABLE,
	ASYM_STATE_NO_KEY,
	ASYM_STATE_BLOCK_SIZE_CONFLICT,

	/* private: */
	__ASYM_STATE_MAX,
	ASYM_STATE_MAX = (__ASYM_STATE_MAX - 1)
};

enum {
	ASYM_A_KEY_NAME = 1,
	ASYM_A_KEY_CIPHER,
	ASYM_A_KEY_KEYRING_TYPE,
	ASYM_A_KEY_KEYRING_DESC,
	ASYM_A_KEY_BITS,
	ASYM_A_KEY_BINDINGS,

	__ASYM_A_KEY_MAX,
	ASYM_A_KEY_MAX = (__ASYM_A_KEY_MAX - 1)
};

enum {
	ASYM_A_BINDING_TARGET = 1,
	ASYM_A_BINDING_LUN,
	ASYM_A_BINDING_KEY,
	ASYM_A_BINDING_PLAIN,
	ASYM_A_BINDING_SECTOR_SIZE,
	ASYM_A_BINDING_IV_OFFSET,
	ASYM_A_BINDING_IV_LARGE_SECTORS,
	ASYM_A_BINDING_BLOCK_SIZE,
	ASYM_A_BINDING_BLOCK_SIZE_PINNED,
	ASYM_A_BINDING_STATE,
	ASYM_A_BINDING_PAD,

	__ASYM_A_BINDING_MAX,
	ASYM_A_BINDING_MAX = (__ASYM_A_BINDING_MAX - 1)
};

enum {
	ASYM_A_EVENT_REASON = 1,
	ASYM_A_EVENT_TARGET,
	ASYM_A_EVENT_LUN,
	ASYM_A_EVENT_LUN_FIELD,
	ASYM_A_EVENT_DETAIL,
	ASYM_A_EVENT_SUPPRESSED,
	ASYM_A_EVENT_PAD,

	__ASYM_A_EVENT_MAX,
	ASYM_A_EVENT_MAX = (__ASYM_A_EVENT_MAX - 1)
};

enum {
	ASYM_CMD_KEY_NEW = 1,
	ASYM_CMD_KEY_DEL,
	ASYM_CMD_KEY_GET,
	ASYM_CMD_BINDING_NEW,
	ASYM_CMD_BINDING_DEL,
	ASYM_CMD_BINDING_GET,
	ASYM_CMD_EVENT,

	__ASYM_CMD_MAX,
	ASYM_CMD_MAX = (__ASYM_CMD_MAX - 1)
};

#define ASYM_MCGRP_EVENTS	"events"

#endif /* _UAPI_LINUX_ASYM_H */
