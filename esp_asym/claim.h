/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was received.
 */
#ifndef _ESP_ASYM_CLAIM_H
#define _ESP_ASYM_CLAIM_H

#include <asym/wire.h>
#include <linux/skbuff.h>
#include <net/sock.h>

/* ---- claim.c ---- */

/**
 * struct asym_claim - how a stretch of the received stream came
 * @node: in asym_claims.list
 * @seq: first byte
 * @end: behind the last byte
 * @opaque: sealed under the local key, and opened
 * @itt: task that the packet named, if @opaque
 * @generation: which of the tasks that use this tag one after the other
 * @buffer_offset: of @seq in the buffer of the task, if @opaque
 * @crc: CRC32C, begun with 0, of the bytes as they came, if @opaque and data
 *	digests are on
 * @crc_len: of how many: @seq moves on when bytes are compared
 */
struct asym_claim {
	struct list_head	node;
	u32			seq;
	u32			end;
	bool			opaque;
	u32			itt;
	u32			generation;
	u32			buffer_offset;
	u32			crc;
	u32			crc_len;
};

/**
 * struct asym_claims - how the bytes came that are not compared yet
 * @list: of struct asym_claim, ascending, disjoint
 * @count: entries
 * @started: @next is valid
 * @next: first byte that is not compared yet
 */
struct asym_claims {
	struct list_head	list;
	u32			count;
	bool			started;
	u32			next;
};

/**
 * struct asym_claimed - the bytes that a claim is about
 * @sum: CRC32C of @len of them from @off on, begun with @crc
 * @packet: where they are
 * @origin: sequence number that is @off 0
 */
struct asym_claimed {
	u32		(*sum)(const void *packet, u32 off, u32 len, u32 crc);
	const void	*packet;
	u32		origin;
};

void asym_claims_init(struct asym_claims *claims);
void asym_claims_free(struct asym_claims *claims);
void asym_claims_start(struct asym_claims *claims, u32 seq);
int asym_claims_add(struct asym_claims *claims, const struct asym_claim *claim,
		    const struct asym_claimed *bytes);
bool asym_claims_agree(const struct asym_claims *claims,
		       const struct asym_claim *truth);
void asym_claims_pass(struct asym_claims *claims, u32 len, u32 *crc);

/* ---- received.c ---- */

u32 asym_received_crc(const struct sk_buff *skb, u32 off, u32 len, u32 crc);
bool asym_received_copy(const struct sock *sk, u32 seq, u8 *buf, u32 len);
bool asym_received_sum(const struct sock *sk, u32 seq, u32 len, u32 *crc);
bool asym_received_exchange(struct sock *sk, u32 seq, const u8 *bytes, u32 len);

#endif /* _ESP_ASYM_CLAIM_H */
