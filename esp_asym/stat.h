/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is counted and told: by stat.c.
 */
#ifndef _ESP_ASYM_STAT_H
#define _ESP_ASYM_STAT_H

#include <asym/keystore.h>

/* ---- stat.c ---- */

/**
 * enum asym_stat - counters of a network namespace
 * @ASYM_STAT_PACKETS_SEALED: packets sent
 * @ASYM_STAT_PACKETS_OPENED: packets received
 * @ASYM_STAT_OPAQUE_BYTES_SENT: bytes in opaque ranges, sent
 * @ASYM_STAT_OPAQUE_BYTES_RECEIVED: bytes in opaque ranges, received
 * @ASYM_STAT_BYTES_HASHED: bytes that went through the hash of the ICV
 * @ASYM_STAT_BYTES_STREAMED: bytes that went through the stream cipher
 * @ASYM_STAT_BLOCKS_SEALED: cipher blocks encrypted under a local key
 * @ASYM_STAT_BLOCKS_OPENED: cipher blocks decrypted under a local key
 * @ASYM_STAT_EDGE_BYTES_RECEIVED: bytes that completed cut blocks
 * @ASYM_STAT_BLOCKS_CUT: blocks that a sender handed over in pieces
 * @ASYM_STAT_BYTES_HELD: bytes that waited for the rest of their block
 * @ASYM_STAT_RECORD_ENDS: segments ended early to make room for metadata
 * @ASYM_STAT_ASYNC_COMPLETIONS: ciphers that called back
 * @ASYM_STAT_FLOWS_STARTED: connections followed
 * @ASYM_STAT_FLOWS_ENDED: of these, closed
 * @ASYM_STAT_FLOWS_BROKEN: of these, refused
 * @ASYM_STAT_MAX: number of counters; refusals by reason follow
 */
enum asym_stat {
	ASYM_STAT_PACKETS_SEALED,
	ASYM_STAT_PACKETS_OPENED,
	ASYM_STAT_OPAQUE_BYTES_SENT,
	ASYM_STAT_OPAQUE_BYTES_RECEIVED,
	ASYM_STAT_BYTES_HASHED,
	ASYM_STAT_BYTES_STREAMED,
	ASYM_STAT_BLOCKS_SEALED,
	ASYM_STAT_BLOCKS_OPENED,
	ASYM_STAT_EDGE_BYTES_RECEIVED,
	ASYM_STAT_BLOCKS_CUT,
	ASYM_STAT_BYTES_HELD,
	ASYM_STAT_RECORD_ENDS,
	ASYM_STAT_ASYNC_COMPLETIONS,
	ASYM_STAT_FLOWS_STARTED,
	ASYM_STAT_FLOWS_ENDED,
	ASYM_STAT_FLOWS_BROKEN,
	ASYM_STAT_MAX
};

int asym_stat_init(void);
void asym_stat_exit(void);
void asym_count(struct net *net, enum asym_stat stat, u64 n);
void asym_count_sealed(struct net *net, u32 opaque, u32 streamed);
void asym_count_opened(struct net *net, u32 opaque, u32 edges, u32 streamed);
void asym_count_reason(struct net *net, enum asym_reason reason);

/**
 * asym_refuse() - count, trace, log and report a refusal
 * @net: network namespace
 * @reason: why
 * @target: target name or NULL
 * @lun: LUN if @target is given
 * @detail: sentence or NULL
 */
void asym_refuse(struct net *net, enum asym_reason reason, const char *target,
		 u64 lun, const char *detail);

#endif /* _ESP_ASYM_STAT_H */
