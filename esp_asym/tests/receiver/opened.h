/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What must be true of a packet when the receive path is done with it.
 */
#ifndef _RECEIVER_OPENED_H
#define _RECEIVER_OPENED_H

#include "packet.h"

/* It holds what was sent. */
void opened_check(const struct packet *p, const struct sk_buff *skb);
/* Whoever else has the memory of the packet sees no change. */
void opened_check_frags(struct packet *p);

#endif /* _RECEIVER_OPENED_H */
