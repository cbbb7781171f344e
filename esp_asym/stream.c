// SPDX-License-Identifier: GPL-2.0
/*
 * The sent stream, above TCP: here it is complete and in order.  Bytes are
 * parsed, user data are sealed, and only what may leave the host is handed to
 * TCP; so whatever TCP cuts, merges or sends again is safe to send, and a byte
 * of the stream has one ciphertext.
 */
#include <linux/highmem.h>
#include <net/tcp.h>

#include "flow.h"
#include "record.h"
#include "stream.h"

/* Bytes of the head: nothing goes out before all of it is known. */
static int send_head(struct sock *sk, struct asym_flow *flow,
		     struct msghdr *msg, size_t *taken)
{
	struct iscsi_stream *s = &flow->stream;
	u8 bytes[ISCSI_BHS_BYTES];
	int event, err;
	u32 n;

	if (flow->role == ISCSI_ROLE_INITIATOR &&
	    flow->watch == ASYM_WATCH_PROTECTED)
		asym_track_attach(sk, flow);
	/* The target knows by itself what it has declared; the initiator has
	 * seen the final login response in track.c.
	 */
	if (flow->digests_known)
		iscsi_stream_set_digests(s, flow->digests &
					 ASYM_SESSION_HEADER_DIGEST,
					 flow->digests &
					 ASYM_SESSION_DATA_DIGEST);
	spin_lock_bh(&flow->lock);
	asym_records_acked(&flow->records, tcp_sk(sk)->snd_una);
	spin_unlock_bh(&flow->lock);
	err = asym_records_reserve(&flow->records, &flow->lock);
	if (err)
		return err;

	n = min3((size_t)s->left, msg_data_left(msg), sizeof(bytes));
	if (!copy_from_iter_full(bytes, n, &msg->msg_iter))
		return -EFAULT;
	*taken += n;
	event = asym_pdu_feed(flow, bytes, n);
	if (event != ISCSI_EVENT_HEAD)
		return min(event, 0);

	err = asym_pdu_begin(sk, flow);
	if (err)
		return err;
	flow->pending.bytes = s->head;
	flow->pending.len = s->pdu.head_len;
	return asym_push_or_owe(sk, flow, msg, taken);
}

/*
 * Up to @max bytes that are read on their way, or that TCP has to copy anyway.
 */
static int send_copied(struct sock *sk, struct asym_flow *flow,
		       struct msghdr *msg, size_t *taken, u32 max)
{
	struct iscsi_stream *s = &flow->stream;
	bool text = s->part == ISCSI_PART_DATA && iscsi_stream_wants_data(s);
	bool data_in = s->part == ISCSI_PART_DATA &&
		       s->pdu.kind == ISCSI_KIND_DATA_IN;
	u32 n, first;
	int err;

	if (!flow->bounce) {
		flow->bounce = kmalloc(ASYM_BOUNCE_BYTES, GFP_NOIO);
		if (!flow->bounce)
			return -ENOMEM;
	}
	n = min3((size_t)max, msg_data_left(msg), (size_t)ASYM_BOUNCE_BYTES);
	if (!copy_from_iter_full(flow->bounce, n, &msg->msg_iter))
		return -EFAULT;
	*taken += n;
	if (data_in && flow->done < sizeof(flow->block)) {
		first = min_t(u32, n, sizeof(flow->block) - flow->done);
		memcpy(flow->block + flow->done, flow->bounce, first);
		asym_pdu_data(flow, flow->block, flow->done + first);
	}
	flow->done += n;
	asym_digest_sum(flow, &flow->digest.came, flow->bounce, n);
	if (s->part == ISCSI_PART_DATA && flow->treatment == ASYM_TREAT_ZEROED)
		memset(flow->bounce, 0, n);
	asym_digest_sum(flow, &flow->digest.goes, flow->bounce, n);

	err = asym_pdu_feed(flow, flow->bounce, n);
	if (err >= 0)
		err = text ? asym_pdu_text(flow) : 0;
	if (err)
		return err;
	flow->pending.bytes = flow->bounce;
	flow->pending.len = n;
	return asym_push_or_owe(sk, flow, msg, taken);
}

/*
 * The digest goes out when all of it is known to be right for what the sender
 * meant to send, and says the same of what goes out.  If it is wrong, data have
 * changed under the sender, or these four bytes are something else: either way
 * nothing must follow.
 */
static int send_digest(struct sock *sk, struct asym_flow *flow,
		       struct msghdr *msg, size_t *taken)
{
	struct iscsi_stream *s = &flow->stream;
	u8 *bytes = flow->digest_bytes + ISCSI_DIGEST_BYTES - s->left;
	u32 n = min_t(size_t, s->left, msg_data_left(msg));
	int event;

	if (!asym_message_take(msg, bytes, n))
		return -EFAULT;
	*taken += n;
	event = asym_pdu_feed(flow, NULL, n);
	if (event != ISCSI_EVENT_PDU)
		return min(event, 0);

	if (!asym_digest_seal(&flow->digest, flow->digest_bytes)) {
		asym_flow_break(flow, ASYM_REASON_BAD_STREAM,
				"a sent PDU has a wrong data digest");
		return -EPROTO;
	}
	flow->pending.bytes = flow->digest_bytes;
	flow->pending.len = ISCSI_DIGEST_BYTES;
	return asym_push_or_owe(sk, flow, msg, taken);
}

/* Padding and data digest. */
static int send_tail(struct sock *sk, struct asym_flow *flow,
		     struct msghdr *msg, size_t *taken)
{
	u32 left = flow->stream.left;

	if (!asym_digest_follows(flow))
		return send_copied(sk, flow, msg, taken, left);
	if (left > ISCSI_DIGEST_BYTES)
		return send_copied(sk, flow, msg, taken,
				   left - ISCSI_DIGEST_BYTES);
	return send_digest(sk, flow, msg, taken);
}

/* Bytes of the data segment that nobody reads, or others in their place. */
static int send_page(struct sock *sk, struct asym_flow *flow,
		     struct msghdr *msg, size_t *taken, struct page *page,
		     u32 off, u32 len)
{
	int n;

	n = asym_push(sk, flow, NULL, page, off, len,
		      asym_message_flags(msg, len));
	if (n < 0)
		return n;
	iov_iter_advance(&msg->msg_iter, n);
	*taken += n;
	return min(asym_pdu_feed(flow, NULL, n), 0);
}

/* Pages of a data segment that is nobody's user data, as they are. */
static int send_spliced(struct sock *sk, struct asym_flow *flow,
			struct msghdr *msg, size_t *taken)
{
	struct page *page;
	u32 off, len;

	len = min(asym_message_piece(msg, &page, &off), flow->stream.left);
	return send_page(sk, flow, msg, taken, page, off, len);
}

/* The data of a refused command never leave the host. */
static int send_zeros(struct sock *sk, struct asym_flow *flow,
		      struct msghdr *msg, size_t *taken)
{
	u32 len = min3((size_t)flow->stream.left, msg_data_left(msg),
		       (size_t)PAGE_SIZE);

	return send_page(sk, flow, msg, taken, ZERO_PAGE(0), 0, len);
}

static int send_data(struct sock *sk, struct asym_flow *flow,
		     struct msghdr *msg, size_t *taken)
{
	switch (flow->treatment) {
	case ASYM_TREAT_LOCAL:
	case ASYM_TREAT_OPAQUE:
		return asym_block_send(sk, flow, msg, taken);
	case ASYM_TREAT_ZEROED:
		if (!asym_digest_follows(flow))
			return send_zeros(sk, flow, msg, taken);
		break;
	case ASYM_TREAT_SEALED_BY_SA:
		break;
	}
	if (asym_message_splices(msg) && !asym_digest_follows(flow) &&
	    !iscsi_stream_wants_data(&flow->stream) &&
	    flow->task.grant == ASYM_GRANT_SEALED)
		return send_spliced(sk, flow, msg, taken);
	return send_copied(sk, flow, msg, taken, flow->stream.left);
}

/* Take at least one byte, or say why not. */
static int step(struct sock *sk, struct asym_flow *flow, struct msghdr *msg,
		size_t *taken)
{
	struct asym_pending *p = &flow->pending;
	bool owed = p->owed;
	int err;

	if (READ_ONCE(flow->broken))
		return -ECONNABORTED;
	if (p->len) {
		err = asym_push_pending(sk, flow, msg);
		if (err)
			return err;
		if (owed) {
			iov_iter_advance(&msg->msg_iter, 1);
			*taken += 1;
			return 0;
		}
	}
	switch (flow->stream.part) {
	case ISCSI_PART_HEAD:
		return send_head(sk, flow, msg, taken);
	case ISCSI_PART_DATA:
		return send_data(sk, flow, msg, taken);
	case ISCSI_PART_TAIL:
		return send_tail(sk, flow, msg, taken);
	}
	return -EINVAL;
}

/**
 * asym_stream_send() - send on a followed connection
 * @sk: its socket, locked
 * @flow: its flow, send_mutex held
 * @msg: what to send, with MSG_SPLICE_PAGES as in tcp_sendmsg_locked()
 *
 * Context: process
 * Return: bytes taken, at least one, or a negative errno
 */
int asym_stream_send(struct sock *sk, struct asym_flow *flow,
		     struct msghdr *msg)
{
	size_t total = 0;
	int err = 0;

	while (!err && msg_data_left(msg)) {
		size_t taken = 0;

		/* The rest of a message that named a target we need not watch. */
		if (flow->watch == ASYM_WATCH_NOT && !flow->pending.len) {
			err = tcp_sendmsg_locked(sk, msg, msg_data_left(msg));
			if (err > 0)
				total += err;
			break;
		}

		err = step(sk, flow, msg, &taken);
		total += taken;
	}
	return total ?: err;
}
