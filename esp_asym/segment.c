// SPDX-License-Identifier: GPL-2.0
/*
 * The TCP segment in a received packet: the connection it belongs to, and what
 * the peer's metadata say of its bytes and of that connection's tasks.
 */
#include <net/tcp.h>

#include "flow.h"
#include "packet.h"
#include "stat.h"
#include "task.h"

static int refuse(struct asym_segment *seg, enum asym_reason reason,
		  const char *detail, int err)
{
	asym_refuse(seg->net, reason, NULL, 0, detail);
	return err;
}

/* A peer that holds the SA has sent what cannot be: end the connection. */
static int refuse_flow(struct asym_segment *seg, enum asym_reason reason,
		       const char *detail)
{
	asym_flow_break(seg->flow, reason, detail);
	return -EPERM;
}

/* What the target learns from the initiator. */
static int take_grants(struct asym_segment *seg)
{
	const struct asym_meta *meta = seg->meta;
	struct asym_flow *flow = seg->flow;
	u32 i;
	int err = 0;

	spin_lock(&flow->lock);
	for (i = 0; i < meta->nr_grants && !err; i++) {
		const struct asym_note_grant *g = &meta->grant[i];
		struct asym_task task = {
			.itt	= g->itt,
			.grant	= g->grant,
		};

		/* A late retransmission must not bring an old task back. */
		if (after(g->seq + ISCSI_BHS_BYTES, seg->rcv_nxt))
			err = asym_task_set(&flow->tasks, &task);
	}
	spin_unlock(&flow->lock);
	if (err)
		return refuse(seg, ASYM_REASON_NO_MEMORY,
			      "no memory for a SCSI task", err);
	return 0;
}

/* What the initiator learns from the target. */
static int take_notes(struct asym_segment *seg)
{
	const struct asym_meta *meta = seg->meta;
	struct asym_binding *binding = NULL;
	struct asym_flow *flow = seg->flow;
	struct asym_task *task;
	int err;

	/* A session note needs no action: track.c reads the login response
	 * itself, as the initiator behind it does.
	 */
	if (!meta->block_size)
		return 0;

	spin_lock(&flow->lock);
	task = asym_task_find(&flow->tasks, meta->block_size_itt);
	/* A late segment may speak of the task that had this tag before. */
	if (task && task->binding && !before(seg->seq, task->since) &&
	    (task->grant == ASYM_GRANT_READ_CAPACITY_10 ||
	     task->grant == ASYM_GRANT_READ_CAPACITY_16))
		binding = asym_binding_hold(task->binding);
	spin_unlock(&flow->lock);
	/* The binding reports by itself what it cannot accept. */
	if (binding && !asym_binding_is_plain(binding)) {
		err = asym_binding_learn_block_size(binding,
						    meta->block_size);
		if (err == -EINVAL)
			asym_count_reason(seg->net,
					  ASYM_REASON_BLOCK_SIZE_UNKNOWN);
		else if (err == -ESTALE)
			asym_count_reason(seg->net,
					  ASYM_REASON_BLOCK_SIZE_CHANGED);
	}
	asym_binding_put(binding);
	return 0;
}

/* What the initiator is told of the bytes of a segment, to be compared when
 * they are in order.
 */
static int take_claims(struct asym_segment *seg, const struct sk_buff *skb)
{
	const struct asym_meta *meta = seg->meta;
	u32 pos = seg->head_len, i;
	int err = 0;

	for (i = 0; i < meta->nr_ranges && !err; i++) {
		const struct asym_range_entry *r = &meta->range[i];

		err = asym_track_claim(seg, skb, pos, r->off - pos, NULL) ?:
		      asym_track_claim(seg, skb, r->off, r->len, r);
		pos = r->off + r->len;
	}
	if (!err)
		err = asym_track_claim(seg, skb, pos, seg->len - pos, NULL);
	switch (err) {
	case 0:
		return 0;
	case -ENOMEM:
		return refuse(seg, ASYM_REASON_NO_MEMORY,
			      "no memory for what a packet claims", err);
	case -ENOBUFS:
		return refuse_flow(seg, ASYM_REASON_BAD_PACKET,
				   "the target sent far more out of order than a window holds");
	default:
		return refuse_flow(seg, ASYM_REASON_BAD_PACKET,
				   "the target sent the same bytes with different marks");
	}
}

static int take_from_target(struct asym_segment *seg, const struct sk_buff *skb,
			    const struct tcphdr *th)
{
	const struct asym_meta *meta = seg->meta;
	int err;

	if (meta->nr_grants || (meta->nr_ranges && !meta->tagged))
		return refuse_flow(seg, ASYM_REASON_BAD_PACKET,
				   "the peer acts as an initiator towards an initiator");
	/* A reader skips an urgent byte, and would frame what follows in another
	 * way than track.c.
	 */
	if (th->urg)
		return refuse_flow(seg, ASYM_REASON_BAD_PACKET,
				   "the target sent urgent data");
	if (seg->flow->watch == ASYM_WATCH_PROTECTED)
		asym_track_stay(seg->flow);
	err = take_claims(seg, skb);
	if (err)
		return err;
	/* Notes in a packet that TCP has had are history, too. */
	return after(seg->seq + seg->len - seg->head_len, seg->rcv_nxt) ?
	       take_notes(seg) : 0;
}

static int take_from_initiator(struct asym_segment *seg)
{
	const struct asym_meta *meta = seg->meta;

	if (meta->tagged || meta->session || meta->block_size)
		return refuse_flow(seg, ASYM_REASON_BAD_PACKET,
				   "the peer acts as a target towards a target");
	return take_grants(seg);
}

/**
 * asym_segment_take() - find the connection and believe the peer, or not
 * @seg: segment of an authenticated packet, with @net and @meta set; @flow
 *	is set then, unless nothing in it needs a connection
 * @skb: at its payload; the TCP header is linear if it is a sane one
 * @inner: what is in there; notes and ranges only make sense in TCP
 *
 * Context: BHs off
 * Return: 0, or a negative errno that drops the packet
 */
int asym_segment_take(struct asym_segment *seg, const struct sk_buff *skb,
		      const struct asym_inner *inner)
{
	const struct tcphdr *th =
		(const struct tcphdr *)(skb->data + inner->off);
	struct asym_flow_key key = { .net = seg->net };
	const struct asym_meta *meta = seg->meta;
	bool notes = meta->tagged || meta->nr_grants || meta->session ||
		     meta->block_size;

	if (inner->proto != IPPROTO_TCP) {
		if (notes || meta->nr_ranges)
			return refuse(seg, ASYM_REASON_BAD_PACKET,
				      "metadata outside of TCP", -EINVAL);
		return 0;
	}
	if (inner->len < sizeof(*th) ||
	    skb_headlen(skb) < inner->off + sizeof(*th) ||
	    th->doff * 4 < sizeof(*th) || th->doff * 4 > inner->len)
		return refuse(seg, ASYM_REASON_BAD_PACKET,
			      "malformed TCP header", -EINVAL);
	seg->head_len = inner->off + th->doff * 4;
	seg->len = inner->off + inner->len;
	seg->seq = ntohl(th->seq);
	if (meta->nr_ranges && meta->range[0].off < seg->head_len)
		return refuse(seg, ASYM_REASON_BAD_PACKET,
			      "an opaque range covers the TCP header", -EINVAL);
	if (asym_meta_ranges_end(meta) > seg->len)
		return refuse(seg, ASYM_REASON_BAD_PACKET,
			      "an opaque range ends behind the TCP segment",
			      -EINVAL);
	/* Only an initiator compares, and a target needs to know nothing to
	 * pass data on.  An urgent pointer needs no data to be remembered.
	 */
	if (!notes && ((seg->len == seg->head_len && !th->urg) ||
		       !asym_port_is_iscsi(th->source)))
		return 0;

	key.laddr = inner->daddr;
	key.raddr = inner->saddr;
	key.lport = th->dest;
	key.rport = th->source;
	seg->flow = asym_flow_get(&key);
	if (!seg->flow)
		return refuse(seg, ASYM_REASON_NO_FLOW,
			      "data for an iSCSI connection that is not followed",
			      -ENOENT);
	if (READ_ONCE(seg->flow->broken) ||
	    !asym_flow_received(seg->flow, &seg->rcv_nxt))
		return -ECONNABORTED;
	return seg->flow->role == ISCSI_ROLE_TARGET ?
	       take_from_initiator(seg) : take_from_target(seg, skb, th);
}

/**
 * asym_segment_is_history() - will TCP drop a range?
 * @seg: segment on a connection
 * @range: one of its ranges
 *
 * Return: true when TCP has had these bytes; their task may be long forgotten.
 */
bool asym_segment_is_history(const struct asym_segment *seg,
			     const struct asym_range_entry *range)
{
	u32 origin = seg->seq - seg->head_len;

	return !after(origin + range->off + range->len, seg->rcv_nxt);
}

/**
 * asym_segment_find_range() - which bytes of which unit is a range?
 * @seg: segment on a connection of an initiator
 * @range: one of its ranges
 * @binding: result, a reference
 * @offset: result, bytes from the start of the unit to the first cipher block
 *
 * Context: BHs off
 * Return: 0, or -EPERM after the connection was ended
 */
int asym_segment_find_range(struct asym_segment *seg,
			    const struct asym_range_entry *range,
			    struct asym_binding **binding, u64 *offset)
{
	struct asym_flow *flow = seg->flow;
	struct asym_task *task;
	bool known, fits = false;

	spin_lock(&flow->lock);
	task = asym_task_find(&flow->tasks, range->itt);
	known = task;
	if (task && task->grant == ASYM_GRANT_OPAQUE &&
	    (u64)range->buffer_offset + range->len <= task->len) {
		fits = true;
		*binding = asym_binding_hold(task->binding);
		*offset = task->offset +
			  round_down(range->buffer_offset, ASYM_BLOCK_BYTES);
	}
	spin_unlock(&flow->lock);

	if (!known)
		return refuse_flow(seg, ASYM_REASON_TASK_UNKNOWN,
				   "the target sent data for a task that does not exist");
	if (!fits)
		return refuse_flow(seg, ASYM_REASON_TASK_RANGE,
				   "the target sent data outside of what the task reads");
	return 0;
}
