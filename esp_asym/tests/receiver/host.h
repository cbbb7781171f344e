/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host that receives: its SA, its flow, its initiator, and what else the
 * receive path asks of the modules.
 */
#ifndef _RECEIVER_HOST_H
#define _RECEIVER_HOST_H

#include "kernel.h"
#include "reader.h"
#include "../../flow.h"

extern struct net net;
extern struct xfrm_state sa;
extern struct asym_flow flow;
extern struct reader reader;

/* @isn: number of the first byte that will come */
void host_start(enum iscsi_role role, u32 isn);
/* Digests that its initiator offers. */
void host_offer(bool header_digest, bool data_digest);
/* Everything is given back. */
void host_end(void);

#endif /* _RECEIVER_HOST_H */
