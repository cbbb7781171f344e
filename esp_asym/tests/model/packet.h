/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stretches of a stream on their way from one host to the other, one packet each,
 * and all that must be true of a packet whatever happened to the others.
 */
#ifndef _MODEL_PACKET_H
#define _MODEL_PACKET_H

#include "host.h"

/**
 * struct packet - what the SA protects
 * @from: sender
 * @seq: first byte of the stretch
 * @len: bytes
 * @head_len: TCP header
 * @ack: what the sender had received
 * @meta: metadata as sent
 * @inner: inner packet: TCP header and the bytes
 * @lie: @meta are not true, see lie.c
 * @lie_event: in what way
 * @lies: positions of the bytes that this is about, in order
 * @nr_lies: stretches of them
 */
struct packet {
	struct host	*from;
	u32		seq;
	u32		len;
	u32		head_len;
	u32		ack;
	u8		meta[ASYM_META_BYTES];
	u8		*inner;
	bool		lie;
	u32		lie_event;
	struct {
		u32	first;
		u32	end;
	} lies[ASYM_RANGES_MAX];
	u32		nr_lies;
};

bool packet_make(struct packet *p, struct host *from, u32 seq, u32 len);
void packet_take(const struct packet *p, bool tcp_drops);
void packet_free(struct packet *p);
void packet_probe(struct host *h);
void packet_probe_limits(struct host *h);

#endif /* _MODEL_PACKET_H */
