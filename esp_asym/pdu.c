// SPDX-License-Identifier: GPL-2.0
/*
 * What a sent PDU means: how its data segment is treated, what the peer must be
 * told, and which commands are refused.  The initiator decides from its SCSI
 * Commands; the target does as the initiator has told it (grants).
 */
#include <linux/crc32c.h>
#include <linux/unaligned.h>
#include <net/tcp.h>

#include "flow.h"
#include "record.h"
#include "stat.h"
#include "stream.h"
#include "task.h"

/*
 * An operation code in a group that SPC-5 reserves (table 28): every target
 * answers CHECK CONDITION, ILLEGAL REQUEST, INVALID COMMAND OPERATION CODE.
 */
#define OPCODE_RESERVED	0x61

#define CDB_OFFSET	32	/* of the CDB in the BHS */

/* Metadata left for ranges and notes when both edges are needed. */
#define META_BUDGET(flow)						\
	(ASYM_META_BYTES - ASYM_META_FIXED_BYTES -			\
	 ((flow)->role == ISCSI_ROLE_TARGET ?				\
	  2 * (2 + ASYM_EDGE_BYTES_MAX) : 0))

static const struct iscsi_pdu *current_pdu(const struct asym_flow *flow)
{
	return &flow->stream.pdu;
}

/* What comes next does not share a TCP segment with what was sent before. */
static void mark_record_end(struct sock *sk, struct asym_flow *flow)
{
	struct sk_buff *skb = tcp_write_queue_tail(sk);

	if (!skb)
		skb = tcp_rtx_queue_tail(sk);
	if (skb)
		TCP_SKB_CB(skb)->eor = 1;
	flow->window_count = 0;
	asym_count(flow->key.net, ASYM_STAT_RECORD_ENDS, 1);
}

/*
 * No segment may need more metadata than a packet has room for.  A segment is
 * never longer than the MSS the peer has announced; so look at the PDUs that
 * can share one with the PDU that begins at @start, and separate it from them
 * if they are too many.
 */
static void budget_metadata(struct sock *sk, struct asym_flow *flow, u32 start,
			    u32 end, u8 cost)
{
	u32 mss = tcp_sk(sk)->rx_opt.mss_clamp;
	u32 kept = 0, sum = cost, i;

	if (!cost)
		return;
	for (i = 0; i < flow->window_count; i++) {
		if (start - flow->window_end[i] >= mss)
			continue;
		flow->window_end[kept] = flow->window_end[i];
		flow->window_cost[kept] = flow->window_cost[i];
		sum += flow->window_cost[kept++];
	}
	flow->window_count = kept;

	if (sum > META_BUDGET(flow) || kept == ASYM_WINDOW_PDUS)
		mark_record_end(sk, flow);
	flow->window_end[flow->window_count] = end;
	flow->window_cost[flow->window_count++] = cost;
}

static u8 metadata_cost(const struct asym_flow *flow,
			const struct asym_record *rec)
{
	u8 cost = 0;

	if (rec->treatment == ASYM_TREAT_LOCAL)
		cost += ASYM_RANGE_BYTES;
	else if (rec->treatment == ASYM_TREAT_OPAQUE)
		cost += ASYM_RANGE_TAGGED_BYTES;
	switch (rec->note) {
	case ASYM_NOTE_GRANT:
		return cost + ASYM_NOTE_GRANT_BYTES;
	case ASYM_NOTE_SESSION:
		return cost + ASYM_NOTE_SESSION_BYTES;
	case ASYM_NOTE_BLOCK_SIZE:
		/* Two in one segment would not fit the format. */
		return META_BUDGET(flow) / 2 + 1;
	}
	return cost;
}

static bool has_head_digest(const struct asym_flow *flow)
{
	return flow->role == ISCSI_ROLE_INITIATOR &&
	       flow->digests & ASYM_SESSION_HEADER_DIGEST &&
	       current_pdu(flow)->kind != ISCSI_KIND_LOGIN;
}

/* RFC 7143 section 13.1: the digest is sent little-endian. */
static u32 head_digest(const struct iscsi_stream *s)
{
	return ~crc32c(~0, s->head, s->pdu.head_len - ISCSI_DIGEST_BYTES);
}

static u8 *head_digest_at(struct iscsi_stream *s)
{
	return s->head + s->pdu.head_len - ISCSI_DIGEST_BYTES;
}

/* Replace the command by one that the target rejects. */
static void refuse_command(struct asym_flow *flow, enum asym_reason reason,
			   const char *detail)
{
	struct iscsi_stream *s = &flow->stream;

	asym_refuse(flow->key.net, reason, s->params.target_name, s->pdu.lun,
		    detail);
	s->head[CDB_OFFSET] = OPCODE_RESERVED;
	if (has_head_digest(flow))
		put_unaligned_le32(head_digest(s), head_digest_at(s));
}

struct verdict {
	enum asym_reason	reason;
	const char		*detail;	/* NULL: the command may pass */
};

/* Sort out what a command on user data may do; fill @task for what passes. */
static struct verdict judge_data_command(struct asym_flow *flow,
					 const struct scsi_access *access,
					 struct asym_task *task)
{
	const struct iscsi_pdu *pdu = current_pdu(flow);
	struct asym_binding *b = task->binding;
	u64 runs = access->class == SCSI_CLASS_COMPARE ? 2 : 1;
	u64 bytes;
	u32 size;

	if (!b)
		return (struct verdict){ ASYM_REASON_UNBOUND_LUN,
			"bind the LUN to a key, or allow it as plain" };
	if (!asym_binding_usable(b))
		return (struct verdict){ ASYM_REASON_KEY_MISSING,
			"the key of this LUN has been deleted" };
	if (asym_binding_is_plain(b))
		return (struct verdict){};
	if (access->class == SCSI_CLASS_REFUSED)
		return (struct verdict){ ASYM_REASON_REFUSED_COMMAND,
			"this command cannot work on sealed blocks" };

	size = asym_binding_block_size(b);
	if (!size)
		return (struct verdict){ ASYM_REASON_BLOCK_SIZE_UNKNOWN,
			"block size unknown: rescan the LUN, or pin it in the binding" };

	bytes = (u64)access->blocks * size * runs;
	if (bytes != pdu->expected_len ||
	    access->lba > (U64_MAX - bytes) / size)
		return (struct verdict){ ASYM_REASON_REFUSED_COMMAND,
			"the expected data length is not that of the blocks" };

	task->offset = access->lba * size;
	task->len = bytes;
	task->run = bytes / runs;
	if (access->class == SCSI_CLASS_READ)
		task->grant = ASYM_GRANT_OPAQUE;
	else
		task->treatment = ASYM_TREAT_LOCAL;
	return (struct verdict){};
}

/* Data segments of user data lie on cipher blocks and inside of the task. */
static bool data_fits(const struct asym_task *task, const struct iscsi_pdu *pdu)
{
	if (task->treatment != ASYM_TREAT_LOCAL)
		return true;
	return !(pdu->buffer_offset % ASYM_BLOCK_BYTES) &&
	       !(pdu->data_len % ASYM_BLOCK_BYTES) &&
	       (u64)pdu->buffer_offset + pdu->data_len <= task->len;
}

static int set_task(struct asym_flow *flow, const struct asym_task *task)
{
	int err;

	spin_lock_bh(&flow->lock);
	err = asym_task_set(&flow->tasks, task);
	spin_unlock_bh(&flow->lock);
	return err;
}

/* The current data segment belongs to @task; keep the unit while it lasts. */
static void use_task(struct asym_flow *flow, const struct asym_task *task)
{
	struct asym_binding *old = flow->task.binding;

	flow->task = *task;
	if (task->binding)
		asym_binding_hold(task->binding);
	asym_binding_put(old);
}

static int begin_command(struct sock *sk, struct asym_flow *flow,
			 struct asym_record *rec)
{
	const struct iscsi_pdu *pdu = current_pdu(flow);
	struct asym_task task = {
		.itt		= pdu->itt,
		.grant		= ASYM_GRANT_SEALED,
		.treatment	= ASYM_TREAT_SEALED_BY_SA,
		.since		= tcp_sk(sk)->rcv_nxt,
	};
	struct verdict verdict = {};
	struct scsi_access access;
	bool reads = pdu->reads;
	int err;

	scsi_classify(pdu->cdb, pdu->cdb_len, reads, pdu->writes, &access);
	if (pdu->bidi)
		access.class = SCSI_CLASS_REFUSED;
	task.binding = asym_binding_get(flow->key.net,
					flow->stream.params.target_name,
					pdu->lun);
	switch (access.class) {
	case SCSI_CLASS_WRITE:
	case SCSI_CLASS_READ:
	case SCSI_CLASS_COMPARE:
	case SCSI_CLASS_REFUSED:
		verdict = judge_data_command(flow, &access, &task);
		break;
	case SCSI_CLASS_READ_CAPACITY_10:
		task.grant = ASYM_GRANT_READ_CAPACITY_10;
		break;
	case SCSI_CLASS_READ_CAPACITY_16:
		task.grant = ASYM_GRANT_READ_CAPACITY_16;
		break;
	case SCSI_CLASS_NO_DATA:
	case SCSI_CLASS_PARAMETER:
		break;
	}
	if (!verdict.detail && !data_fits(&task, pdu))
		verdict = (struct verdict){ ASYM_REASON_REFUSED_COMMAND,
			"immediate data do not end on a cipher block" };
	if (verdict.detail) {
		refuse_command(flow, verdict.reason, verdict.detail);
		task.treatment = ASYM_TREAT_ZEROED;
		task.grant = ASYM_GRANT_SEALED;
		task.len = reads ? pdu->expected_len : 0;
	}
	if (reads) {
		rec->note = ASYM_NOTE_GRANT;
		rec->note_value = task.grant;
	}

	use_task(flow, &task);
	err = set_task(flow, &task);
	if (err) {
		asym_binding_put(task.binding);
		asym_flow_break(flow, ASYM_REASON_NO_MEMORY,
				"no memory for a SCSI task");
	}
	return err;
}

static int begin_data_out(struct asym_flow *flow)
{
	const struct iscsi_pdu *pdu = current_pdu(flow);
	struct asym_task *task;

	spin_lock_bh(&flow->lock);
	task = asym_task_find(&flow->tasks, pdu->itt);
	if (task)
		use_task(flow, task);
	spin_unlock_bh(&flow->lock);

	if (!task) {
		asym_flow_break(flow, ASYM_REASON_TASK_UNKNOWN,
				"Data-Out for a task without a command");
		return -EPROTO;
	}
	if (!data_fits(&flow->task, pdu)) {
		asym_flow_break(flow, ASYM_REASON_TASK_RANGE,
				"Data-Out outside of its task or not on cipher blocks");
		return -EPROTO;
	}
	return 0;
}

static void begin_data_in(struct asym_flow *flow, struct asym_record *rec)
{
	const struct iscsi_pdu *pdu = current_pdu(flow);
	u8 grant = ASYM_GRANT_SEALED;
	struct asym_task *task;

	spin_lock_bh(&flow->lock);
	task = asym_task_find(&flow->tasks, pdu->itt);
	if (task)
		grant = task->grant;
	spin_unlock_bh(&flow->lock);

	flow->task.grant = grant;
	flow->task.treatment = ASYM_TREAT_SEALED_BY_SA;
	if (grant == ASYM_GRANT_OPAQUE) {
		flow->task.treatment = ASYM_TREAT_OPAQUE;
	} else if (grant != ASYM_GRANT_SEALED && !pdu->buffer_offset) {
		rec->note = ASYM_NOTE_BLOCK_SIZE;
		rec->note_value = 0;
	}
}

static int check_data_in(struct asym_flow *flow)
{
	const struct iscsi_pdu *pdu = current_pdu(flow);

	if (flow->task.treatment != ASYM_TREAT_OPAQUE ||
	    (!(pdu->buffer_offset % ASYM_BLOCK_BYTES) &&
	     !(pdu->data_len % ASYM_BLOCK_BYTES)))
		return 0;
	asym_flow_break(flow, ASYM_REASON_TASK_RANGE,
			"Data-In that does not lie on cipher blocks");
	return -EPROTO;
}

/**
 * asym_pdu_digests() - digests that one side has declared
 * @p: its text keys
 *
 * Return: ASYM_SESSION_*_DIGEST
 */
u8 asym_pdu_digests(const struct iscsi_params *p)
{
	return (p->header_digest & ISCSI_DIGEST_CRC32C ?
		ASYM_SESSION_HEADER_DIGEST : 0) |
	       (p->data_digest & ISCSI_DIGEST_CRC32C ?
		ASYM_SESSION_DATA_DIGEST : 0);
}

/**
 * asym_pdu_feed() - parse what is sent
 * @flow: flow
 * @bytes: see iscsi_stream_feed()
 * @len: how many
 *
 * Return: enum iscsi_event, or a negative errno; the flow is broken
 */
int asym_pdu_feed(struct asym_flow *flow, const u8 *bytes, u32 len)
{
	int event = iscsi_stream_feed(&flow->stream, bytes, len);

	if (event < 0)
		asym_flow_break(flow, ASYM_REASON_BAD_STREAM,
				flow->stream.error);
	return event;
}

/**
 * asym_pdu_begin() - the head of a PDU is complete
 * @sk: socket, locked
 * @flow: flow; its stream stands behind the head
 *
 * Decides how the data segment is treated, may change the head that goes out,
 * and records the PDU.  TCP has nothing of it yet.
 *
 * Context: the sender, a record is reserved
 * Return: 0, or an error that refuses the connection: the flow is broken
 */
int asym_pdu_begin(struct sock *sk, struct asym_flow *flow)
{
	const struct iscsi_pdu *pdu = current_pdu(flow);
	struct asym_record rec = {
		.seq		= flow->records.limit,
		.head_len	= pdu->head_len,
		.data_len	= pdu->data_len,
		.tail_len	= pdu->tail_len,
		.itt		= pdu->itt,
		.buffer_offset	= pdu->buffer_offset,
	};
	int err = 0;

	if (flow->watch == ASYM_WATCH_LOGIN && pdu->kind != ISCSI_KIND_LOGIN) {
		asym_flow_break(flow, ASYM_REASON_NO_SA,
				"an unprotected iSCSI connection names no target");
		return -EACCES;
	}
	/* A wrong idea of the digests would take user data for a part of the
	 * head.
	 */
	if (has_head_digest(flow) &&
	    get_unaligned_le32(head_digest_at(&flow->stream)) !=
	    head_digest(&flow->stream)) {
		asym_flow_break(flow, ASYM_REASON_BAD_STREAM,
				"a sent PDU has a wrong header digest");
		return -EPROTO;
	}
	flow->task.treatment = ASYM_TREAT_SEALED_BY_SA;
	flow->task.grant = ASYM_GRANT_SEALED;
	switch (pdu->kind) {
	case ISCSI_KIND_COMMAND:
		err = begin_command(sk, flow, &rec);
		break;
	case ISCSI_KIND_DATA_OUT:
		err = begin_data_out(flow);
		break;
	case ISCSI_KIND_DATA_IN:
		begin_data_in(flow, &rec);
		err = check_data_in(flow);
		break;
	case ISCSI_KIND_LOGIN:
		/* Every packet of every login response tells the digests of
		 * its sender so far; the last one is what counts.
		 */
		if (flow->role == ISCSI_ROLE_TARGET) {
			rec.note = ASYM_NOTE_SESSION;
			rec.note_value =
				asym_pdu_digests(&flow->stream.params);
		}
		break;
	case ISCSI_KIND_TEXT:
	case ISCSI_KIND_OTHER:
		break;
	}
	if (err)
		return err;

	rec.treatment = flow->task.treatment;
	flow->treatment = flow->task.treatment;
	flow->done = 0;
	flow->digest = (struct asym_digest){ ~0, ~0 };
	budget_metadata(sk, flow, rec.seq, rec.seq + rec.head_len +
			rec.data_len + rec.tail_len,
			metadata_cost(flow, &rec));
	spin_lock_bh(&flow->lock);
	asym_records_add(&flow->records, &rec);
	flow->full_feature = pdu->kind != ISCSI_KIND_LOGIN;
	if (rec.treatment == ASYM_TREAT_LOCAL ||
	    rec.treatment == ASYM_TREAT_OPAQUE)
		flow->opaque_sent += rec.data_len;
	spin_unlock_bh(&flow->lock);
	return 0;
}

static bool whole_sectors(u32 bytes)
{
	return !(bytes % 512);
}

/*
 * No asymmetric SA: whoever it is that the initiator logs in to must not have a
 * sealed unit.  Decided before the login request that names it goes out.
 */
static int watch_login(struct asym_flow *flow)
{
	const struct iscsi_params *p = &flow->stream.params;

	WRITE_ONCE(flow->generation, asym_bindings_generation(flow->key.net));
	if (p->target_name[0] &&
	    asym_target_is_sealed(flow->key.net, p->target_name)) {
		asym_flow_break(flow, ASYM_REASON_NO_SA,
				"a LUN of this target is bound to a key, and no asymmetric SA protects the connection");
		return -EACCES;
	}
	if (p->target_name[0] || p->discovery)
		WRITE_ONCE(flow->watch, ASYM_WATCH_NOT);
	return 0;
}

/**
 * asym_pdu_text() - text keys of the stream have been read
 * @flow: flow
 *
 * Return: 0, or an error when what they declare cannot work; the flow is broken
 */
int asym_pdu_text(struct asym_flow *flow)
{
	const struct iscsi_params *p = &flow->stream.params;
	struct asym_record *rec;

	if (flow->watch != ASYM_WATCH_PROTECTED)
		return watch_login(flow);
	if (!whole_sectors(p->max_recv_data_segment_length) ||
	    !whole_sectors(p->first_burst_length) ||
	    !whole_sectors(p->max_burst_length)) {
		asym_flow_break(flow, ASYM_REASON_BAD_SEGMENT_LENGTH,
				"MaxRecvDataSegmentLength, FirstBurstLength and MaxBurstLength must be multiples of 512");
		return -EPROTONOSUPPORT;
	}
	if (flow->role != ISCSI_ROLE_TARGET)
		return 0;

	/* The note of the response that declares them, before it is sent. */
	spin_lock_bh(&flow->lock);
	rec = asym_records_last(&flow->records);
	flow->declared = asym_pdu_digests(p);
	if (rec && rec->note == ASYM_NOTE_SESSION)
		rec->note_value = flow->declared;
	spin_unlock_bh(&flow->lock);
	return 0;
}

/**
 * asym_pdu_data() - the target is about to send READ CAPACITY data
 * @flow: flow, in a data segment
 * @bytes: data from its start
 * @len: how many
 */
void asym_pdu_data(struct asym_flow *flow, const u8 *bytes, u32 len)
{
	enum scsi_class class;
	struct asym_record *rec;
	u32 size;

	if (flow->task.grant == ASYM_GRANT_READ_CAPACITY_10)
		class = SCSI_CLASS_READ_CAPACITY_10;
	else if (flow->task.grant == ASYM_GRANT_READ_CAPACITY_16)
		class = SCSI_CLASS_READ_CAPACITY_16;
	else
		return;
	size = scsi_read_capacity_block_size(class, bytes, len);

	spin_lock_bh(&flow->lock);
	rec = asym_records_last(&flow->records);
	if (rec && rec->note == ASYM_NOTE_BLOCK_SIZE)
		rec->note_value = size;
	spin_unlock_bh(&flow->lock);
}
