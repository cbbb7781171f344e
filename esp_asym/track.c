// SPDX-License-Identifier: GPL-2.0
/*
 * The received stream of an initiator.  When TCP has bytes in order, and before
 * anybody can read them, heads are parsed and compared with what packets have
 * claimed: user data of a bound unit must have come as opaque ranges of their own
 * task and offset, and everything else must not.
 *
 * This runs as the socket's data_ready, under its lock: that is where TCP tells
 * the reader of new bytes, and it tells us first.
 */
#include <net/tcp.h>

#include "claim.h"
#include "flow.h"
#include "packet.h"
#include "record.h"
#include "stream.h"
#include "task.h"

static u32 sum_packet(const void *skb, u32 off, u32 len, u32 crc)
{
	return asym_received_crc(skb, off, len, crc);
}

/**
 * asym_track_claim() - a packet claims a stretch of the stream
 * @seg: segment of an initiator's connection
 * @skb: packet, opened but for its opaque ranges
 * @off: first byte of the stretch, from skb->data
 * @len: bytes
 * @range: opaque range that they are, or NULL
 *
 * Context: BHs off
 * Return: as asym_claims_add()
 */
int asym_track_claim(const struct asym_segment *seg, const struct sk_buff *skb,
		     u32 off, u32 len, const struct asym_range_entry *range)
{
	struct asym_flow *flow = seg->flow;
	struct asym_track *track = &flow->track;
	struct asym_claimed bytes = {
		.sum	= sum_packet,
		.packet	= skb,
		.origin	= seg->seq - seg->head_len,
	};
	struct asym_claim claim = {
		.seq		= bytes.origin + off,
		.end		= bytes.origin + off + len,
		.opaque		= range,
		.itt		= range ? range->itt : 0,
		.buffer_offset	= range ? range->buffer_offset : 0,
	};
	const struct asym_task *task;
	int err;

	/* A packet full of user data has nothing in front of and behind them. */
	if (!len)
		return 0;
	spin_lock(&flow->lock);
	task = range ? asym_task_find(&flow->tasks, range->itt) : NULL;
	if (task)
		claim.generation = task->generation;
	err = asym_claims_add(&track->claims, &claim,
			      track->data_digest ? &bytes : NULL);
	spin_unlock(&flow->lock);
	return err;
}

struct complaint {
	enum asym_reason	reason;
	const char		*detail;	/* NULL: none */
};

/* Compare the next @len bytes, which lie in one part of a PDU. */
static struct complaint check_part(struct asym_flow *flow, u32 len)
{
	struct asym_track *track = &flow->track;
	const struct iscsi_pdu *pdu = &track->stream.pdu;
	struct asym_claim truth = {
		.seq	= track->claims.next,
		.end	= track->claims.next + len,
	};
	struct asym_task *task = NULL;

	if (track->stream.part == ISCSI_PART_DATA &&
	    pdu->kind == ISCSI_KIND_DATA_IN) {
		task = asym_task_find(&flow->tasks, pdu->itt);
		if (!task)
			return (struct complaint){ ASYM_REASON_TASK_UNKNOWN,
				"the target sent Data-In of a task that does not exist" };
		/* What went out was no READ: no data can be the answer. */
		if (task->treatment == ASYM_TREAT_ZEROED)
			return (struct complaint){ ASYM_REASON_UNSEALED_DATA,
				"the target sent data for a command that was refused" };
		if (task->grant != ASYM_GRANT_OPAQUE)
			task = NULL;
		track->opaque = task;
	}
	if (task) {
		truth.opaque = true;
		truth.itt = task->itt;
		truth.generation = task->generation;
		truth.buffer_offset = pdu->buffer_offset + track->done;
	}
	if (asym_claims_agree(&track->claims, &truth)) {
		if (task)
			flow->opaque_received += len;
		return (struct complaint){};
	}
	if (task)
		return (struct complaint){ ASYM_REASON_UNSEALED_DATA,
			"the target sent data of a bound LUN that are not sealed as that LUN's" };
	return (struct complaint){ ASYM_REASON_BAD_PACKET,
		"the target marked as user data what is none" };
}

/* Nothing that was never received may pass for the content of the disk. */
static struct complaint check_outcome(struct asym_flow *flow)
{
	struct asym_track *track = &flow->track;
	const struct iscsi_pdu *pdu = &track->stream.pdu;
	struct asym_task *task;

	task = asym_task_find(&flow->tasks, pdu->itt);
	if (!task || (task->grant != ASYM_GRANT_OPAQUE &&
		      task->treatment != ASYM_TREAT_ZEROED))
		return (struct complaint){};
	if (pdu->kind == ISCSI_KIND_DATA_IN &&
	    pdu->buffer_offset <= task->received)
		task->received = max(task->received,
				     pdu->buffer_offset + pdu->data_len);
	if (!asym_status_comes(&track->stream) ||
	    asym_status_claims(&track->stream, track->sense, task) <=
	    task->received)
		return (struct complaint){};
	return (struct complaint){ ASYM_REASON_UNSEALED_DATA,
		"the target ended a READ without all of its data" };
}

/*
 * The initiator behind us is about to read this login response, and frames what
 * it sends by it; so do we, and not by anything else the target says.
 */
static struct complaint check_login(struct asym_flow *flow)
{
	const struct iscsi_params *theirs = &flow->track.stream.params;
	const struct iscsi_params *ours = &flow->stream.params;
	u8 digests = asym_pdu_digests(theirs);

	if (digests & ~asym_pdu_digests(ours))
		return (struct complaint){ ASYM_REASON_BAD_STREAM,
			"the target declared a digest that was not offered" };
	/* check_outcome() counts data from the start of the buffer. */
	if (theirs->out_of_order)
		return (struct complaint){ ASYM_REASON_BAD_STREAM,
			"the target declared data out of order (Data...InOrder=No)" };
	if (flow->track.stream.pdu.final_login) {
		flow->digests = digests;
		flow->digests_known = true;
		spin_lock_bh(&flow->lock);
		flow->track.data_digest = digests & ASYM_SESSION_DATA_DIGEST;
		spin_unlock_bh(&flow->lock);
	}
	return (struct complaint){};
}

/* The next @len bytes are padding and digest of user data. */
static bool open_digest(struct sock *sk, struct asym_track *track, u32 len)
{
	const struct iscsi_stream *s = &track->stream;
	u32 padding = s->pdu.tail_len - ISCSI_DIGEST_BYTES;
	u32 done = s->pdu.tail_len - s->left, seq = track->claims.next;
	u32 skip = min(len, padding - min(done, padding));
	u8 bytes[ISCSI_DIGEST_BYTES];

	done += skip;
	seq += skip;
	len -= skip;
	if (!asym_received_copy(sk, seq, bytes, len))
		return false;
	asym_digest_open(&track->digest, padding, bytes, done - padding, len);
	return asym_received_exchange(sk, seq, bytes, len);
}

/* The digest of user data, for a reader that has them opened. */
static struct complaint follow_digest(struct sock *sk, struct asym_flow *flow,
				      u32 len)
{
	struct asym_track *track = &flow->track;

	if (!track->data_digest || !track->opaque)
		return (struct complaint){};
	if (track->stream.part == ISCSI_PART_DATA &&
	    !asym_received_sum(sk, track->claims.next, len,
			       &track->digest.goes))
		return (struct complaint){ ASYM_REASON_STREAM_BYPASSED,
			"received bytes were read before they were checked" };
	if (track->stream.part == ISCSI_PART_TAIL &&
	    !open_digest(sk, track, len))
		return (struct complaint){ ASYM_REASON_NO_MEMORY,
			"no memory for the data digest of received user data" };
	return (struct complaint){};
}

/* Take the next bytes of the stream; false ends the connection. */
static bool track_part(struct sock *sk, struct asym_flow *flow, u32 avail)
{
	struct asym_track *track = &flow->track;
	struct iscsi_stream *s = &track->stream;
	bool data = s->part == ISCSI_PART_DATA;
	bool sense = data && track->done < sizeof(track->sense) &&
		     s->pdu.opcode == ISCSI_OPCODE_SCSI_RESPONSE;
	struct complaint complaint;
	u8 bytes[256];
	bool wanted;
	u32 len;
	int event;

	len = min(s->left, avail);
	if (sense)
		len = min_t(u32, len, sizeof(track->sense) - track->done);
	wanted = s->part == ISCSI_PART_HEAD || sense ||
		 (data && iscsi_stream_wants_data(s));
	if (wanted) {
		len = min_t(u32, len, sizeof(bytes));
		if (!asym_received_copy(sk, track->claims.next, bytes, len)) {
			asym_flow_break(flow, ASYM_REASON_STREAM_BYPASSED,
					"received bytes were read before they were checked");
			return false;
		}
	}

	spin_lock_bh(&flow->lock);
	complaint = check_part(flow, len);
	spin_unlock_bh(&flow->lock);
	if (!complaint.detail)
		complaint = follow_digest(sk, flow, len);
	if (complaint.detail) {
		asym_flow_break(flow, complaint.reason, complaint.detail);
		return false;
	}

	if (sense)
		memcpy(track->sense + track->done, bytes, len);
	if (data)
		track->done += len;
	event = iscsi_stream_feed(s, wanted ? bytes : NULL, len);
	if (event < 0) {
		asym_flow_break(flow, ASYM_REASON_BAD_STREAM, s->error);
		return false;
	}
	if (event == ISCSI_EVENT_HEAD) {
		track->done = 0;
		memset(track->sense, 0, sizeof(track->sense));
		track->opaque = false;
		track->digest = (struct asym_digest){};
	}
	if (s->pdu.kind == ISCSI_KIND_LOGIN && event != ISCSI_EVENT_NONE) {
		complaint = check_login(flow);
		if (complaint.detail) {
			asym_flow_break(flow, complaint.reason,
					complaint.detail);
			return false;
		}
	}

	spin_lock_bh(&flow->lock);
	/* Sense data are judged when they are there. */
	complaint = (struct complaint){};
	if (event == ISCSI_EVENT_HEAD ||
	    (sense && track->done == min_t(u32, s->pdu.data_len,
					   sizeof(track->sense))))
		complaint = check_outcome(flow);
	asym_claims_pass(&track->claims, len, &track->digest.came);
	spin_unlock_bh(&flow->lock);
	if (complaint.detail) {
		asym_flow_break(flow, complaint.reason, complaint.detail);
		return false;
	}
	return true;
}

/* All that TCP has in order and has not been compared yet. */
static bool track_received(struct sock *sk, struct asym_flow *flow)
{
	struct asym_claims *claims = &flow->track.claims;
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 end = tp->rcv_nxt;

	/* A FIN has a number, too. */
	if (sock_flag(sk, SOCK_DONE))
		end--;
	if (!claims->started) {
		spin_lock_bh(&flow->lock);
		/* The first byte of the stream, whoever may have read it. */
		asym_claims_start(claims,
				  tp->rcv_nxt - (u32)tp->bytes_received);
		spin_unlock_bh(&flow->lock);
	}
	while (before(claims->next, end))
		if (!track_part(sk, flow, end - claims->next))
			return false;
	return true;
}

static void data_ready(struct sock *sk)
{
	struct asym_flow *flow = asym_socket_flow(sk);
	void (*reader)(struct sock *sk);

	if (!flow)
		return;
	if (READ_ONCE(flow->broken) || !track_received(sk, flow)) {
		/* The reset is on its way; nobody shall read until then. */
		__skb_queue_purge(&sk->sk_receive_queue);
		return;
	}
	/* Without user data the reader has gone: a kernel's initiator that had
	 * saved us as the one to put back when it leaves the socket.
	 */
	reader = sk->sk_user_data ? flow->track.reader :
				    flow->track.first_reader;
	reader(sk);
}

/**
 * asym_track_attach() - be told first of received bytes
 * @sk: socket of an initiator
 * @flow: its flow
 *
 * An initiator in the kernel puts its own data_ready there when it takes the
 * socket over; so this is called again with every PDU that is sent, and before
 * bytes are received.
 */
void asym_track_attach(struct sock *sk, struct asym_flow *flow)
{
	struct asym_track *track = &flow->track;

	if (READ_ONCE(sk->sk_data_ready) == data_ready)
		return;
	write_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_data_ready != data_ready) {
		track->reader = sk->sk_data_ready;
		if (!track->first_reader)
			track->first_reader = sk->sk_data_ready;
		WRITE_ONCE(sk->sk_data_ready, data_ready);
	}
	write_unlock_bh(&sk->sk_callback_lock);
}

/**
 * asym_track_stay() - be told first of bytes that are about to come
 * @flow: flow of an initiator, unlocked
 *
 * Between the moment when an initiator in the kernel takes the socket over and
 * the first PDU that it sends, it would read unchecked bytes, and its first
 * tasks may exist already.
 *
 * Context: softirq, the socket may be locked by anybody
 */
void asym_track_stay(struct asym_flow *flow)
{
	struct sock *sk;

	spin_lock(&flow->lock);
	sk = flow->sk;
	if (sk && (READ_ONCE(sk->sk_data_ready) == data_ready ||
		   !refcount_inc_not_zero(&sk->sk_refcnt)))
		sk = NULL;
	spin_unlock(&flow->lock);
	if (!sk)
		return;
	/* Not under flow.lock: readers send ACKs with the callback lock held. */
	asym_track_attach(sk, flow);
	sock_put(sk);
}

void asym_track_detach(struct sock *sk, struct asym_flow *flow)
{
	if (sk->sk_data_ready == data_ready)
		WRITE_ONCE(sk->sk_data_ready, flow->track.first_reader);
}

void asym_track_init(struct asym_track *track)
{
	asym_claims_init(&track->claims);
	iscsi_stream_init(&track->stream, ISCSI_ROLE_TARGET);
}

void asym_track_free(struct asym_track *track)
{
	asym_claims_free(&track->claims);
}
