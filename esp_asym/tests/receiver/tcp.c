// SPDX-License-Identifier: GPL-2.0
#include "host.h"
#include "receiver.h"
#include "tcp.h"

#define EARLY		16

/* Packets in front of a gap. */
static struct sk_buff *early[EARLY];

/* As tcp_data_queue(): what goes beyond RCV.NXT is kept, all of it. */
static bool tcp_queue(struct sk_buff *skb)
{
	struct tcp_sock *tp = &reader.sk.tcp;
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	if (!after(cb->end_seq, tp->rcv_nxt)) {
		kfree_skb(skb);
		happened[HAPPENED_HISTORY]++;
		return true;
	}
	if (after(cb->seq, tp->rcv_nxt))
		return false;
	__skb_queue_after(&reader.sk.sk_receive_queue,
			  reader.sk.sk_receive_queue.prev, skb);
	skb_set_owner_r(skb, &reader.sk);
	tp->bytes_received += cb->end_seq - tp->rcv_nxt;
	tp->rcv_nxt = cb->end_seq;
	return true;
}

void tcp_receive(struct sk_buff *skb)
{
	struct tcp_sock *tp = &reader.sk.tcp;
	const struct tcphdr *th = (struct tcphdr *)skb->data;
	u32 head = th->doff * 4, seq = ntohl(th->seq), i;
	u32 next = tp->rcv_nxt;
	bool some;

	if (head > skb->len || !pskb_may_pull(skb, head) ||
	    head == skb->len || seq + skb->len - head - next > 65535 + 4096) {
		kfree_skb(skb);
		return;
	}
	__skb_pull(skb, head);
	TCP_SKB_CB(skb)->seq = seq;
	TCP_SKB_CB(skb)->end_seq = seq + skb->len;
	TCP_SKB_CB(skb)->tcp_flags = 0;
	if (!tcp_queue(skb)) {
		happened[HAPPENED_DISORDER]++;
		for (i = 0; i < EARLY && early[i]; i++)
			;
		if (i < EARLY)
			early[i] = skb;
		else
			kfree_skb(skb);
		return;
	}
	do {
		some = false;
		for (i = 0; i < EARLY; i++) {
			if (!early[i] || !tcp_queue(early[i]))
				continue;
			early[i] = NULL;
			some = true;
		}
	} while (some);
	if (tp->rcv_nxt != next)
		reader.sk.sk_data_ready(&reader.sk);
}

void tcp_end(void)
{
	u32 i;

	for (i = 0; i < EARLY; i++) {
		kfree_skb(early[i]);
		early[i] = NULL;
	}
}
