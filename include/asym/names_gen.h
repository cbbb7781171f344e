/* SPDX-License-Identifier: GPL-2.0 */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/asym.yaml */

#ifndef _ASYM_NAMES_GEN_H
#define _ASYM_NAMES_GEN_H

#define ASYM_REASON_NAMES {					\
	[ASYM_REASON_UNBOUND_LUN] = "unbound-lun",		\
	[ASYM_REASON_REFUSED_COMMAND] = "refused-command",	\
	[ASYM_REASON_KEY_MISSING] = "key-missing",		\
	[ASYM_REASON_BLOCK_SIZE_UNKNOWN] = "block-size-unknown",\
	[ASYM_REASON_BLOCK_SIZE_CHANGED] = "block-size-changed",\
	[ASYM_REASON_NOT_FROM_SYN] = "not-from-syn",		\
	[ASYM_REASON_NO_SA] = "no-sa",				\
	[ASYM_REASON_BAD_STREAM] = "bad-stream",		\
	[ASYM_REASON_BAD_SEGMENT_LENGTH] = "bad-segment-length",\
	[ASYM_REASON_SOCKET_BUSY] = "socket-busy",		\
	[ASYM_REASON_STREAM_BYPASSED] = "stream-bypassed",	\
	[ASYM_REASON_METADATA_OVERFLOW] = "metadata-overflow",	\
	[ASYM_REASON_TASK_UNKNOWN] = "task-unknown",		\
	[ASYM_REASON_TASK_RANGE] = "task-range",		\
	[ASYM_REASON_BAD_PACKET] = "bad-packet",		\
	[ASYM_REASON_BAD_VERSION] = "bad-version",		\
	[ASYM_REASON_BAD_ICV] = "bad-icv",			\
	[ASYM_REASON_NO_FLOW] = "no-flow",			\
	[ASYM_REASON_NO_MEMORY] = "no-memory",			\
	[ASYM_REASON_CRYPTO_ERROR] = "crypto-error",		\
	[ASYM_REASON_UNSEALED_DATA] = "unsealed-data",		\
	[ASYM_REASON_SEAL_BYPASSED] = "seal-bypassed",		\
}

#define ASYM_STATE_NAMES {					\
	[ASYM_STATE_USABLE] = "usable",				\
	[ASYM_STATE_NO_KEY] = "no-key",				\
	[ASYM_STATE_BLOCK_SIZE_CONFLICT] = "block-size-conflict",\
}

#endif /* _ASYM_NAMES_GEN_H */
