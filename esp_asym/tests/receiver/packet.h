/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets of the peer, from when they are sent until they have been opened or
 * refused.
 */
#ifndef _RECEIVER_PACKET_H
#define _RECEIVER_PACKET_H

#include "kernel.h"

#define PACKET_INNER_MAX	2048

/**
 * struct packet - what was sent, while it is being opened
 * @used: by a packet
 * @inner: inner packet as the receiver has to see it, but for opaque ranges
 * @len: bytes
 * @proto: what it is
 * @readable: @meta holds
 * @icv_is_good: likewise
 * @meta: metadata
 * @frags: fragments that somebody else refers to as well
 * @nr_frags: entries
 * @bytes: what they held
 * @refusals: that had been reported before
 */
struct packet {
	bool			used;
	u8			inner[PACKET_INNER_MAX] __aligned(16);
	u32			len;
	u8			proto;
	bool			readable;
	bool			icv_is_good;
	struct asym_meta	meta;
	skb_frag_t		frags[MAX_SKB_FRAGS];
	u32			nr_frags;
	u8			bytes[2 * PACKET_INNER_MAX];
	u32			refusals;
};

/* One that is not under way, or NULL: then all that wait are done. */
struct packet *packet_new(void);
/* Encrypted but for its ranges, with an ICV that is right or not. */
void packet_send(struct packet *p, const u8 *meta, u32 padding,
		 u8 claimed_padding);
void packets_start(void);
/* None is under way any more. */
void packets_check(void);

#endif /* _RECEIVER_PACKET_H */
