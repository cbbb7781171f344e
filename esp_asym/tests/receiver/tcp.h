/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The TCP of the host: brings segments into order and tells the reader.
 */
#ifndef _RECEIVER_TCP_H
#define _RECEIVER_TCP_H

#include "kernel.h"

/* As tcp_v4_rcv(): takes the packet. */
void tcp_receive(struct sk_buff *skb);
/* What waits for a gap to close is dropped. */
void tcp_end(void);

#endif /* _RECEIVER_TCP_H */
