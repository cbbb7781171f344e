/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One end of a connection: the flow that the modules keep, a TCP below it that
 * takes what it likes, and an application above it that says its talk.
 */
#ifndef _MODEL_HOST_H
#define _MODEL_HOST_H

#include "kernel.h"
#include "../../flow.h"
#include "inbox.h"
#include "talk.h"

struct host;

struct net {
	struct host	*host;
};

/**
 * struct piece - bytes in TCP's send queue
 * @seq: first byte
 * @len: bytes
 * @copy: the bytes, or NULL
 * @page: where they are, without @copy; referenced
 * @off: offset in @page
 */
struct piece {
	u32		seq;
	u32		len;
	u8		*copy;
	struct page	*page;
	u32		off;
};

/**
 * struct host - one end
 * @sk: its socket
 * @net: leads back here
 * @flow: under test
 * @peer: the other end
 * @inbox: what it hears
 * @talk: what it says
 * @isn: sequence number of the first byte of @talk
 * @said: bytes of @talk that the sockets has taken
 * @snd_nxt: first byte that has never been transmitted
 * @sndbuf: bytes that TCP holds
 * @tail: the last packet in TCP's send queue
 * @pieces: the send queue
 * @nr_pieces: entries
 * @record_ends: where segments must end
 * @nr_record_ends: entries
 * @most: most bytes that were neither acknowledged nor forgotten
 */
struct host {
	struct sock		sk;
	struct net		net;
	struct asym_flow	flow;
	struct host		*peer;
	struct inbox		inbox;
	struct talk		talk;
	u32			isn;
	u32			said;
	u32			snd_nxt;
	u32			sndbuf;
	struct sk_buff		tail;
	struct piece		*pieces;
	u32			nr_pieces;
	u32			*record_ends;
	u32			nr_record_ends;
	u32			most;
};

void host_start(struct host *h, struct host *peer, enum iscsi_role role,
		u32 isn, u32 mss);
void host_end(struct host *h);
void host_say(struct host *h);
void host_acked(struct host *h, u32 una);
void host_read(const struct host *h, u32 seq, u8 *buf, u32 len);
u32 host_record_end(const struct host *h, u32 seq);

static inline u32 host_unsent(const struct host *h)
{
	return h->sk.tcp.write_seq - h->snd_nxt;
}

/* Position in the talk of a host. */
static inline u32 host_pos(const struct host *h, u32 seq)
{
	return seq - h->isn;
}

#endif /* _MODEL_HOST_H */
