// SPDX-License-Identifier: GPL-2.0
/*
 * The received stream of an initiator.  What a packet says of its bytes (opaque
 * or not, of which task, at which offset) is a claim of the target's.  Claims
 * are needed to open a packet by itself and cannot be checked then, because the
 * PDU heads that they must agree with may come later.  So they are kept until
 * TCP has the bytes in order.  Before anybody can read these, heads are parsed
 * and compared: user data of a bound unit must have come as opaque ranges of
 * their own task and offset, and everything else must not.
 *
 * A byte may be claimed in one way only, however often it is sent: TCP may take
 * any of several packets.  This runs as the socket's data_ready, under its lock:
 * that is where TCP tells the reader of new bytes, and it tells us first.
 */
#include <linux/crc32.h>
#include <linux/crc32c.h>
#include <linux/unaligned.h>
#include <net/tcp.h>

#include "esp_asym.h"

/* More than a receive window of the smallest PDUs. */
#define CLAIMS_MAX	32768

/**
 * struct asym_claim - how a stretch of the received stream came
 * @node: in asym_track.claims, ascending, disjoint
 * @seq: first byte
 * @end: behind the last byte
 * @opaque: sealed under the local key, and opened
 * @itt: task that the packet named, if @opaque
 * @generation: which of the tasks that use this tag one after the other
 * @buffer_offset: of @seq in the buffer of the task, if @opaque
 * @crc: CRC32C, begun with 0, of the bytes as they came, if @opaque and data
 *	digests are on
 * @crc_len: of how many: @seq moves on when bytes are compared
 */
struct asym_claim {
	struct list_head	node;
	u32			seq;
	u32			end;
	bool			opaque;
	u32			itt;
	u32			generation;
	u32			buffer_offset;
	u32			crc;
	u32			crc_len;
};

static u32 crc_of(const struct sk_buff *skb, u32 off, u32 len, u32 crc)
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

static bool continues(const struct asym_claim *a, const struct asym_claim *b)
{
	if (a->end != b->seq || a->opaque != b->opaque)
		return false;
	return !a->opaque ||
	       (a->itt == b->itt && a->generation == b->generation &&
		a->buffer_offset + (a->end - a->seq) == b->buffer_offset);
}

/* The last @len bytes of a claim lie at @off in @skb. */
static void sum_up(const struct asym_track *track, struct asym_claim *claim,
		   const struct sk_buff *skb, u32 off, u32 len)
{
	if (!track->data_digest || !claim->opaque)
		return;
	claim->crc = crc_of(skb, off, len, claim->crc);
	claim->crc_len += len;
}

/*
 * Insert a claim for bytes that nothing is known of, in front of @next.  They
 * lie at @off in @skb.
 */
static int add_claim(struct asym_track *track, const struct asym_claim *claim,
		     struct list_head *next, const struct sk_buff *skb, u32 off)
{
	struct asym_claim *last, *copy;
	u32 len = claim->end - claim->seq;

	if (next->prev != &track->claims) {
		last = list_entry(next->prev, struct asym_claim, node);
		if (continues(last, claim)) {
			last->end = claim->end;
			sum_up(track, last, skb, off, len);
			return 0;
		}
	}
	if (track->nr_claims == CLAIMS_MAX)
		return -ENOBUFS;
	copy = kmalloc(sizeof(*copy), GFP_ATOMIC | __GFP_NOWARN);
	if (!copy)
		return -ENOMEM;
	*copy = *claim;
	sum_up(track, copy, skb, off, len);
	list_add_tail(&copy->node, next);
	track->nr_claims++;
	return 0;
}

static void advance_claim(struct asym_claim *claim, u32 seq)
{
	claim->buffer_offset += seq - claim->seq;
	claim->seq = seq;
}

/* The first claim that ends behind @seq, or the list's head. */
static struct list_head *find_claim(struct asym_track *track, u32 seq)
{
	struct list_head *pos = &track->claims;

	/* New bytes come last. */
	while (pos->prev != &track->claims &&
	       after(list_entry(pos->prev, struct asym_claim, node)->end, seq))
		pos = pos->prev;
	return pos;
}

/**
 * asym_track_claim() - a packet claims a stretch of the stream
 * @seg: segment of an initiator's connection
 * @skb: packet, opened but for its opaque ranges
 * @off: first byte of the stretch, from skb->data
 * @len: bytes
 * @range: opaque range that they are, or NULL
 *
 * Return: 0; -EPROTO when the bytes were claimed otherwise before, -ENOBUFS when
 * there are more claims than any window holds, -ENOMEM
 */
int asym_track_claim(const struct asym_segment *seg, const struct sk_buff *skb,
		     u32 off, u32 len, const struct asym_range_entry *range)
{
	struct asym_flow *flow = seg->flow;
	struct asym_track *track = &flow->track;
	u32 origin = seg->seq - seg->head_len, end = origin + off + len;
	struct asym_claim claim = {
		.seq		= origin + off,
		.end		= end,
		.opaque		= range,
		.itt		= range ? range->itt : 0,
		.buffer_offset	= range ? range->buffer_offset : 0,
	};
	const struct asym_task *task;
	struct list_head *pos;
	int err = 0;

	spin_lock_bh(&flow->lock);
	task = range ? asym_task_find(&flow->tasks, range->itt) : NULL;
	if (task)
		claim.generation = task->generation;
	if (track->started && before(claim.seq, track->next))
		advance_claim(&claim, track->next);
	pos = find_claim(track, claim.seq);
	while (!err && before(claim.seq, end)) {
		struct asym_claim *old = NULL;

		claim.end = end;
		if (pos != &track->claims)
			old = list_entry(pos, struct asym_claim, node);
		if (old && !after(old->seq, claim.seq)) {
			if (old->opaque != claim.opaque ||
			    (claim.opaque &&
			     (old->itt != claim.itt ||
			      old->generation != claim.generation ||
			      old->buffer_offset + (claim.seq - old->seq) !=
			      claim.buffer_offset)))
				err = -EPROTO;
			if (before(old->end, end))
				claim.end = old->end;
			pos = pos->next;
		} else {
			if (old && before(old->seq, end))
				claim.end = old->seq;
			err = add_claim(track, &claim, pos, skb,
					claim.seq - origin);
		}
		advance_claim(&claim, claim.end);
	}
	spin_unlock_bh(&flow->lock);
	return err;
}

/* Bytes up to @seq have been compared. */
static void drop_claims(struct asym_track *track, u32 seq)
{
	struct asym_claim *claim, *next;

	list_for_each_entry_safe(claim, next, &track->claims, node) {
		if (after(claim->end, seq)) {
			if (before(claim->seq, seq))
				advance_claim(claim, seq);
			return;
		}
		/* Claims in a data segment leave no gap and do not go beyond. */
		if (track->data_digest && claim->opaque)
			track->sealed_crc = claim->crc ^
				__crc32c_le_shift(track->sealed_crc,
						  claim->crc_len);
		list_del(&claim->node);
		kfree(claim);
		track->nr_claims--;
	}
}

/* Was every byte of a stretch claimed as it must be? */
static bool claims_agree(struct asym_track *track, u32 seq, u32 len,
			 const struct asym_task *task, u32 buffer_offset)
{
	bool opaque = task;
	const struct asym_claim *claim;
	u32 end = seq + len;

	list_for_each_entry(claim, &track->claims, node) {
		if (!before(seq, end))
			break;
		if (!after(claim->end, seq))
			continue;
		if (after(claim->seq, seq) || claim->opaque != opaque)
			return false;
		if (opaque && (claim->itt != task->itt ||
			       claim->generation != task->generation ||
			       claim->buffer_offset + (seq - claim->seq) !=
			       buffer_offset))
			return false;
		buffer_offset += claim->end - seq;
		seq = claim->end;
	}
	return !before(seq, end);
}

/*
 * The packet from which a reader takes the byte at @seq, and where in it.
 * Packets in the queue may overlap, with other bytes if the target wants so; a
 * reader takes the first that goes beyond @seq.  Their ends ascend.
 */
static struct sk_buff *find_received(const struct sock *sk, u32 seq, u32 *off)
{
	struct sk_buff *skb, *found = NULL;

	skb_queue_reverse_walk(&sk->sk_receive_queue, skb) {
		if (!after(TCP_SKB_CB(skb)->end_seq, seq))
			break;
		found = skb;
	}
	if (!found || after(TCP_SKB_CB(found)->seq, seq))
		return NULL;
	*off = seq - TCP_SKB_CB(found)->seq;
	return *off < found->len ? found : NULL;
}

/* Copy received bytes that nobody has read yet. */
static bool peek(struct sock *sk, u32 seq, u8 *buf, u32 len)
{
	while (len) {
		struct sk_buff *skb;
		u32 off, n;

		skb = find_received(sk, seq, &off);
		if (!skb)
			return false;
		n = min(len, skb->len - off);
		if (skb_copy_bits(skb, off, buf, n))
			return false;
		seq += n;
		buf += n;
		len -= n;
	}
	return true;
}

/* Sum up received bytes as the reader will get them. */
static bool sum_up_opened(struct sock *sk, struct asym_track *track, u32 len)
{
	u32 seq = track->next;

	while (len) {
		struct sk_buff *skb;
		u32 off, n;

		skb = find_received(sk, seq, &off);
		if (!skb)
			return false;
		n = min(len, skb->len - off);
		track->opened_crc = crc_of(skb, off, n, track->opened_crc);
		seq += n;
		len -= n;
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
 * Exchange @len bytes at @off in a received packet.  Others may have its
 * memory, so it is cut in two, and what is between is a packet of our own.
 */
static bool exchange(struct sock *sk, struct sk_buff *skb, u32 off,
		     const u8 *bytes, u32 len)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	struct sk_buff *ours, *rest = NULL;

	ours = alloc_skb(len, GFP_ATOMIC | __GFP_NOWARN);
	if (!ours)
		return false;
	skb_put_data(ours, bytes, len);
	*TCP_SKB_CB(ours) = *cb;
	TCP_SKB_CB(ours)->seq += off;
	if (off + len < skb->len) {
		rest = cut_off(sk, skb, off + len);
		if (!rest)
			goto no_memory;
		TCP_SKB_CB(ours)->end_seq = TCP_SKB_CB(rest)->seq;
		TCP_SKB_CB(ours)->tcp_flags &= ~TCPHDR_FIN;
	}
	if (pskb_trim(skb, off))
		goto no_memory;
	cb->end_seq = cb->seq + off;
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
	if (!off || (!skb_queue_is_first(queue, skb) &&
		     !after(cb->end_seq, TCP_SKB_CB(skb_queue_prev(queue, skb))
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

/*
 * The digest of a data segment covers it as it was sealed, the reader has it
 * opened.  CRCs are linear: what the bytes and their digests differ in is the
 * same.  So a digest that was right is right afterwards, and a wrong one is
 * wrong.
 *
 * The next @len bytes of the stream are padding and digest.
 */
static bool change_digest(struct sock *sk, struct asym_track *track, u32 len)
{
	const struct iscsi_stream *s = &track->stream;
	u32 padding = s->pdu.tail_len - ISCSI_DIGEST_BYTES;
	u32 done = s->pdu.tail_len - s->left, seq = track->next;
	u8 change[ISCSI_DIGEST_BYTES], bytes[ISCSI_DIGEST_BYTES];

	put_unaligned_le32(__crc32c_le_shift(track->sealed_crc ^
					     track->opened_crc, padding),
			   change);
	while (len) {
		struct sk_buff *skb;
		u32 off, n, i;

		skb = find_received(sk, seq, &off);
		if (!skb)
			return false;
		if (done < padding) {
			n = min3(len, skb->len - off, padding - done);
		} else {
			n = min(len, skb->len - off);
			if (skb_copy_bits(skb, off, bytes, n))
				return false;
			for (i = 0; i < n; i++)
				bytes[i] ^= change[done - padding + i];
			if (!exchange(sk, skb, off, bytes, n))
				return false;
		}
		seq += n;
		done += n;
		len -= n;
	}
	return true;
}

struct complaint {
	enum asym_reason	reason;
	const char		*detail;	/* NULL: none */
};

/* Compare the next @len bytes, which lie in one part of a PDU. */
static struct complaint check_part(struct asym_flow *flow, u32 seq, u32 len)
{
	struct asym_track *track = &flow->track;
	const struct iscsi_pdu *pdu = &track->stream.pdu;
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
	if (claims_agree(track, seq, len, task,
			 pdu->buffer_offset + track->done))
		return (struct complaint){};
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
	if (flow->track.stream.pdu.final_login) {
		flow->digests = digests;
		flow->digests_known = true;
		spin_lock_bh(&flow->lock);
		flow->track.data_digest = digests & ASYM_SESSION_DATA_DIGEST;
		spin_unlock_bh(&flow->lock);
	}
	return (struct complaint){};
}

/* The digest of user data, for a reader that has them opened. */
static struct complaint follow_digest(struct sock *sk, struct asym_flow *flow,
				      u32 len)
{
	struct asym_track *track = &flow->track;

	if (!track->data_digest || !track->opaque)
		return (struct complaint){};
	if (track->stream.part == ISCSI_PART_DATA &&
	    !sum_up_opened(sk, track, len))
		return (struct complaint){ ASYM_REASON_STREAM_BYPASSED,
			"received bytes were read before they were checked" };
	if (track->stream.part == ISCSI_PART_TAIL &&
	    !change_digest(sk, track, len))
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
		if (!peek(sk, track->next, bytes, len)) {
			asym_flow_break(flow, ASYM_REASON_STREAM_BYPASSED,
					"received bytes were read before they were checked");
			return false;
		}
	}

	spin_lock_bh(&flow->lock);
	complaint = check_part(flow, track->next, len);
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
		track->sealed_crc = 0;
		track->opened_crc = 0;
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
	track->next += len;
	drop_claims(track, track->next);
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
	struct asym_track *track = &flow->track;
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 end = tp->rcv_nxt;

	/* A FIN has a number, too. */
	if (sock_flag(sk, SOCK_DONE))
		end--;
	if (!track->started) {
		spin_lock_bh(&flow->lock);
		/* The first byte of the stream, whoever may have read it. */
		track->next = tp->rcv_nxt - (u32)tp->bytes_received;
		track->started = true;
		spin_unlock_bh(&flow->lock);
	}
	while (before(track->next, end))
		if (!track_part(sk, flow, end - track->next))
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

	spin_lock_bh(&flow->lock);
	sk = flow->sk;
	if (sk && (READ_ONCE(sk->sk_data_ready) == data_ready ||
		   !refcount_inc_not_zero(&sk->sk_refcnt)))
		sk = NULL;
	spin_unlock_bh(&flow->lock);
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
	INIT_LIST_HEAD(&track->claims);
	iscsi_stream_init(&track->stream, ISCSI_ROLE_TARGET);
}

void asym_track_free(struct asym_track *track)
{
	struct asym_claim *claim, *next;

	list_for_each_entry_safe(claim, next, &track->claims, node)
		kfree(claim);
}
