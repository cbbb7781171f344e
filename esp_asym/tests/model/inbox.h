/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the TCP of a host has received, and an application that reads it.  In the
 * place of received.c, which finds such bytes in a queue of packets.
 */
#ifndef _MODEL_INBOX_H
#define _MODEL_INBOX_H

#include <asym/types.h>

#define INBOX_NO_LIE	(~0u)

struct host;
struct sock;

/**
 * struct inbox - the talk of the peer, as far as TCP has it
 * @bytes: by their position in the talk
 * @room: allocated
 * @read: of these, read by the application
 * @lie: first byte that the peer has lied about in time, or %INBOX_NO_LIE
 * @lie_event: what kind of lie
 */
struct inbox {
	u8	*bytes;
	u32	room;
	u32	read;
	u32	lie;
	u32	lie_event;
};

void inbox_start(struct host *h);
void inbox_end(struct host *h);
void inbox_put(struct host *h, u32 pos, const u8 *bytes, u32 len);
void inbox_tell(struct host *h);

#endif /* _MODEL_INBOX_H */
