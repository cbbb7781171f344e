/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sent stream, above TCP.
 */
#ifndef _ESP_ASYM_STREAM_H
#define _ESP_ASYM_STREAM_H

#include <net/sock.h>

#include "flow.h"

/* ---- stream.c ---- */

#define ASYM_BOUNCE_BYTES	2048

int asym_stream_send(struct sock *sk, struct asym_flow *flow,
		     struct msghdr *msg);

/* ---- block.c ---- */

int asym_block_send(struct sock *sk, struct asym_flow *flow,
		    struct msghdr *msg, size_t *taken);

/* ---- push.c ---- */

int asym_push(struct sock *sk, struct asym_flow *flow, const u8 *bytes,
	      struct page *page, u32 off, u32 len, int flags);
int asym_push_pending(struct sock *sk, struct asym_flow *flow,
		      struct msghdr *msg);
int asym_push_or_owe(struct sock *sk, struct asym_flow *flow,
		     struct msghdr *msg, size_t *taken);

/* ---- message.c ---- */

int asym_message_flags(struct msghdr *msg, size_t len);
bool asym_message_take(struct msghdr *msg, u8 *to, u32 len);
bool asym_message_peek(struct msghdr *msg, void *to, u32 len);
bool asym_message_splices(struct msghdr *msg);
u32 asym_message_piece(struct msghdr *msg, struct page **page, u32 *off);

/* ---- pdu.c ---- */

int asym_pdu_feed(struct asym_flow *flow, const u8 *bytes, u32 len);
int asym_pdu_begin(struct sock *sk, struct asym_flow *flow);
int asym_pdu_text(struct asym_flow *flow);
void asym_pdu_data(struct asym_flow *flow, const u8 *bytes, u32 len);
u8 asym_pdu_digests(const struct iscsi_params *p);

#endif /* _ESP_ASYM_STREAM_H */
