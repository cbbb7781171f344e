// SPDX-License-Identifier: GPL-2.0
#include "../../claim.h"
#include "host.h"
#include "inbox.h"
#include "property.h"

/* The application, which reads whatever there is when it is told. */
static void reader(struct sock *sk)
{
	struct host *h = container_of(sk, struct host, sk);
	u32 end = host_pos(h->peer, sk->tcp.rcv_nxt);
	struct inbox *in = &h->inbox;

	if (h->flow.role == ISCSI_ROLE_INITIATOR)
		property_check(PROPERTY_CLAIMED,
			       h->flow.track.claims.next == sk->tcp.rcv_nxt,
			       "bytes up to %u are read", end);
	property_check(PROPERTY_BELIEVED, end <= in->lie,
		       "byte %u is a lie, and bytes up to %u are read",
		       in->lie, end);
	for (; in->read < end; in->read++)
		property_check(PROPERTY_READ, in->bytes[in->read] ==
			       h->peer->talk.heard[in->read],
			       "byte %u", in->read);
	sk->sk_receive_queue.seq = sk->tcp.rcv_nxt;
}

void inbox_start(struct host *h)
{
	h->inbox.lie = INBOX_NO_LIE;
	h->sk.sk_refcnt.count = 1;
	h->sk.sk_data_ready = reader;
	h->sk.sk_receive_queue.seq = h->sk.tcp.rcv_nxt;
}

void inbox_end(struct host *h)
{
	property_check(PROPERTY_MEMORY, h->sk.sk_refcnt.count == 1,
		       "%u references to a socket", h->sk.sk_refcnt.count);
	free(h->inbox.bytes);
}

void inbox_put(struct host *h, u32 pos, const u8 *bytes, u32 len)
{
	struct inbox *in = &h->inbox;

	if (pos + len > in->room) {
		in->room = 2 * (pos + len);
		in->bytes = realloc(in->bytes, in->room);
	}
	memcpy(in->bytes + pos, bytes, len);
}

/* There are new bytes in order. */
void inbox_tell(struct host *h)
{
	h->sk.sk_receive_queue.end = h->sk.tcp.rcv_nxt;
	h->sk.sk_data_ready(&h->sk);
}

/* ---- the interface of received.c ---- */

static u8 *unread(const struct sock *sk, u32 seq, u32 len)
{
	const struct host *h = container_of(sk, struct host, sk);
	const struct sk_buff_head *queue = &sk->sk_receive_queue;

	if (before(seq, queue->seq) || after(seq + len, queue->end))
		return NULL;
	return h->inbox.bytes + host_pos(h->peer, seq);
}

u32 asym_received_crc(const struct sk_buff *skb, u32 off, u32 len, u32 crc)
{
	if (off + len > skb->len)
		abort();
	return crc32c(crc, skb->data + off, len);
}

bool asym_received_copy(const struct sock *sk, u32 seq, u8 *buf, u32 len)
{
	const u8 *bytes = unread(sk, seq, len);

	if (bytes)
		memcpy(buf, bytes, len);
	return bytes;
}

bool asym_received_sum(const struct sock *sk, u32 seq, u32 len, u32 *crc)
{
	const u8 *bytes = unread(sk, seq, len);

	if (bytes)
		*crc = crc32c(*crc, bytes, len);
	return bytes;
}

bool asym_received_exchange(struct sock *sk, u32 seq, const u8 *bytes, u32 len)
{
	u8 *old = unread(sk, seq, len);

	if (old)
		memcpy(old, bytes, len);
	return old;
}
