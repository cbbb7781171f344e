/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The target: what it has to say, in which segments it says it, and whether they
 * say the truth of it.
 */
#ifndef _RECEIVER_PEER_H
#define _RECEIVER_PEER_H

#include "kernel.h"

/**
 * struct peer - the target
 * @honest: it never lies, and its packets come as they were sent
 * @isn: number of the first byte of its stream
 * @len: bytes of the stream so far
 * @sent: ... that were sent, truthfully and in a row
 */
struct peer {
	bool	honest;
	u32	isn;
	u32	len;
	u32	sent;
};

extern struct peer peer;

void peer_start(bool honest, u32 isn);

/* To the end of the stream.  @i: task; honest: what makes sense, if anything */
void peer_say_login(void);
void peer_say_data(u32 i, bool honest);
void peer_say_response(u32 i, bool honest);
void peer_say_other(void);
void peer_say_anything(void);
/* A READ with this tag has begun. */
void peer_forget(u32 i);
/* Other bytes than were sent before. */
void peer_change(u32 at, u8 by);

/* Bytes of the stream in a packet; lies: of which it says something else. */
void peer_send(u32 from, u32 len, bool lies);
/* Part of the rest; all of it. */
void peer_send_to_target(void);

#endif /* _RECEIVER_PEER_H */
