// SPDX-License-Identifier: GPL-2.0
/*
 * The way out of the sent stream into TCP, which takes as much as it likes.  What
 * cannot be taken back goes before anything else.
 */
#include <net/tcp.h>

#include "flow.h"
#include "stream.h"

static void set_limit(struct asym_flow *flow, u32 limit)
{
	spin_lock_bh(&flow->lock);
	flow->records.limit = limit;
	spin_unlock_bh(&flow->lock);
}

/**
 * asym_push() - hand bytes to TCP
 * @sk: socket, locked
 * @flow: its flow
 * @bytes: what TCP shall copy, or NULL
 * @page: what TCP shall keep, without @bytes
 * @off: first byte in @page
 * @len: bytes
 * @flags: as in sendmsg()
 *
 * Return: how many it took, or a negative errno
 */
int asym_push(struct sock *sk, struct asym_flow *flow, const u8 *bytes,
	      struct page *page, u32 off, u32 len, int flags)
{
	u32 expected = flow->records.limit;
	int n;

	if (tcp_sk(sk)->write_seq != expected) {
		asym_flow_break(flow, ASYM_REASON_STREAM_BYPASSED,
				"bytes were sent on this connection behind our back");
		return -ECONNABORTED;
	}
	/* TCP may transmit before it returns. */
	set_limit(flow, expected + len);
	if (bytes) {
		struct kvec vec = { .iov_base = (void *)bytes, .iov_len = len };
		struct msghdr msg = { .msg_flags = flags & ~MSG_SPLICE_PAGES };

		iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, len);
		n = tcp_sendmsg_locked(sk, &msg, len);
	} else {
		n = asym_tcp_push_page(sk, page, off, len, flags);
	}
	set_limit(flow, expected + max(n, 0));
	return n;
}

static void pending_clear(struct asym_pending *p)
{
	if (p->page)
		put_page(p->page);
	memset(p, 0, sizeof(*p));
}

/**
 * asym_push_pending() - hand over what goes before anything else
 * @sk: socket, locked
 * @flow: its flow
 * @msg: what the sender offers
 *
 * Return: 0 when nothing is pending any more, or a negative errno
 */
int asym_push_pending(struct sock *sk, struct asym_flow *flow,
		      struct msghdr *msg)
{
	struct asym_pending *p = &flow->pending;
	int n;

	while (p->len) {
		n = asym_push(sk, flow, p->bytes, p->page, p->off, p->len,
			      asym_message_flags(msg, 0));
		if (n < 0)
			return n;
		if (p->bytes)
			p->bytes += n;
		p->off += n;
		p->len -= n;
	}
	pending_clear(p);
	return 0;
}

/**
 * asym_push_or_owe() - hand over what is pending, or give a byte back
 * @sk: socket, locked
 * @flow: its flow
 * @msg: what the sender offers; the pending bytes end with the last byte that was
 *	taken from it
 * @taken: bytes taken; one less if they do not all go now
 *
 * Return: 0, or a negative errno
 */
int asym_push_or_owe(struct sock *sk, struct asym_flow *flow,
		     struct msghdr *msg, size_t *taken)
{
	int err = asym_push_pending(sk, flow, msg);

	if (!err)
		return 0;
	iov_iter_revert(&msg->msg_iter, 1);
	*taken -= 1;
	flow->pending.owed = true;
	return err;
}
