// SPDX-License-Identifier: GPL-2.0
/*
 * Received bytes: in a packet, and in the receive queue of a socket where nobody
 * has read them yet.
 *
 * Packets in the queue may overlap, with other bytes if the target wants so.
 * What counts is what a reader takes.
 */
#include <linux/crc32c.h>
#include <net/tcp.h>

#include "claim.h"

/**
 * asym_received_crc() - sum up bytes of a packet
 * @skb: packet
 * @off: first byte, from skb->data
 * @len: bytes
 * @crc: CRC32C to begin with
 *
 * Return: CRC32C with these bytes
 */
u32 asym_received_crc(const struct sk_buff *skb, u32 off, u32 len, u32 crc)
{
	struct skb_seq_state state;
	const u8 *bytes;
	u32 done = 0, n;

	/* Blocks may go beyond the end, but there is no block behind it. */
	skb_prepare_seq_read((struct sk_buff *)skb, off, off + len, &state);
	while ((n = skb_seq_read(done, &bytes, &state))) {
		n = min(n, len - done);
		crc = crc32c(crc, bytes, n);
		done += n;
	}
	return crc;
}

/* Bytes in one packet of the queue. */
struct piece {
	struct sk_buff	*skb;
	u32		off;
	u32		len;
};

/*
 * From where a reader takes the byte at @seq, and up to @len bytes in a row with
 * it.  That is the first packet that goes beyond @seq.  Their ends ascend.
 */
static bool find_piece(const struct sock *sk, u32 seq, u32 len, struct piece *p)
{
	struct sk_buff *skb, *found = NULL;

	skb_queue_reverse_walk(&sk->sk_receive_queue, skb) {
		if (!after(TCP_SKB_CB(skb)->end_seq, seq))
			break;
		found = skb;
	}
	if (!found || after(TCP_SKB_CB(found)->seq, seq))
		return false;
	p->skb = found;
	p->off = seq - TCP_SKB_CB(found)->seq;
	if (p->off >= found->len)
		return false;
	p->len = min(len, found->len - p->off);
	return true;
}

/**
 * asym_received_copy() - copy bytes that wait for a reader
 * @sk: socket, locked
 * @seq: first byte
 * @buf: result
 * @len: bytes
 *
 * Return: false if they are not all there
 */
bool asym_received_copy(const struct sock *sk, u32 seq, u8 *buf, u32 len)
{
	struct piece p;

	for (; len; seq += p.len, buf += p.len, len -= p.len)
		if (!find_piece(sk, seq, len, &p) ||
		    skb_copy_bits(p.skb, p.off, buf, p.len))
			return false;
	return true;
}

/**
 * asym_received_sum() - sum up bytes that wait for a reader
 * @sk: socket, locked
 * @seq: first byte
 * @len: bytes
 * @crc: CRC32C to go on with
 *
 * Return: false if they are not all there
 */
bool asym_received_sum(const struct sock *sk, u32 seq, u32 len, u32 *crc)
{
	struct piece p;

	for (; len; seq += p.len, len -= p.len) {
		if (!find_piece(sk, seq, len, &p))
			return false;
		*crc = asym_received_crc(p.skb, p.off, p.len, *crc);
	}
	return true;
}

/* The part of a packet from @off on, with its part of the account. */
static struct sk_buff *cut_off(struct sock *sk, struct sk_buff *skb, u32 off)
{
	u32 len = skb->len - off;
	struct sk_buff *rest;
	u32 share;

	rest = pskb_extract(skb, off, len, GFP_ATOMIC | __GFP_NOWARN);
	if (!rest)
		return NULL;
	share = mul_u64_u32_div(skb->truesize, len, skb->len);
	rest->truesize = share + SKB_TRUESIZE(skb_end_offset(rest));
	skb->truesize -= share;
	atomic_sub(share, &sk->sk_rmem_alloc);
	sk_mem_uncharge(sk, share);
	TCP_SKB_CB(rest)->seq += off;
	return rest;
}

/*
 * Others may have the packet's memory, so it is cut in two, and what is between
 * is a packet of our own.
 */
static bool exchange_piece(struct sock *sk, const struct piece *p,
			   const u8 *bytes)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	struct sk_buff *skb = p->skb, *ours, *rest = NULL;
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	ours = alloc_skb(p->len, GFP_ATOMIC | __GFP_NOWARN);
	if (!ours)
		return false;
	skb_put_data(ours, bytes, p->len);
	*TCP_SKB_CB(ours) = *cb;
	TCP_SKB_CB(ours)->seq += p->off;
	if (p->off + p->len < skb->len) {
		rest = cut_off(sk, skb, p->off + p->len);
		if (!rest)
			goto no_memory;
		TCP_SKB_CB(ours)->end_seq = TCP_SKB_CB(rest)->seq;
		TCP_SKB_CB(ours)->tcp_flags &= ~TCPHDR_FIN;
	}
	if (pskb_trim(skb, p->off))
		goto no_memory;
	cb->end_seq = cb->seq + p->off;
	cb->tcp_flags &= ~TCPHDR_FIN;

	skb_set_owner_r(ours, sk);
	__skb_queue_after(queue, skb, ours);
	if (rest) {
		skb_set_owner_r(rest, sk);
		__skb_queue_after(queue, ours, rest);
	}
	/* Nothing may be left of it, or nothing that is not in the packet
	 * before: ends ascend.
	 */
	if (!p->off || (!skb_queue_is_first(queue, skb) &&
			!after(cb->end_seq,
			       TCP_SKB_CB(skb_queue_prev(queue, skb))
				       ->end_seq))) {
		__skb_unlink(skb, queue);
		consume_skb(skb);
	}
	return true;

no_memory:
	kfree_skb(ours);
	kfree_skb(rest);
	return false;
}

/**
 * asym_received_exchange() - let the reader find other bytes
 * @sk: socket, locked
 * @seq: first byte
 * @bytes: what to find there
 * @len: bytes
 *
 * Return: false if there are none, or no memory; some may have been exchanged
 */
bool asym_received_exchange(struct sock *sk, u32 seq, const u8 *bytes, u32 len)
{
	struct piece p;

	for (; len; seq += p.len, bytes += p.len, len -= p.len)
		if (!find_piece(sk, seq, len, &p) ||
		    !exchange_piece(sk, &p, bytes))
			return false;
	return true;
}
