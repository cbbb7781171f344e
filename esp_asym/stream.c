// SPDX-License-Identifier: GPL-2.0
/*
 * The sent stream, above TCP: here it is complete and in order.  Bytes are
 * parsed, user data are sealed, and only what may leave the host is handed to
 * TCP; so whatever TCP cuts, merges or sends again is safe to send, and a byte
 * of the stream has one ciphertext.
 *
 * Cipher blocks are handed over whole.  Bytes of an incomplete block wait in
 * the flow until the sender completes it, which the PDU obliges it to do.
 */
#include <linux/highmem.h>
#include <net/tcp.h>

#include "esp_asym.h"

/* Longest run sealed at once; a power-of-two order of pages.  No allocation here
 * may wait for writeback: it may be the disk behind this connection that is
 * written back.
 */
#define RUN_ORDER	3

static void set_limit(struct asym_flow *flow, u32 limit)
{
	spin_lock_bh(&flow->lock);
	flow->records.limit = limit;
	spin_unlock_bh(&flow->lock);
}

/*
 * Hand bytes to TCP: from @bytes, which it copies, or from @page, which it
 * keeps.  Return how many it took, or an error.
 */
static int push(struct sock *sk, struct asym_flow *flow, const u8 *bytes,
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

/* Return 0 when nothing is pending any more. */
static int flush(struct sock *sk, struct asym_flow *flow, int flags)
{
	struct asym_pending *p = &flow->pending;
	int n;

	while (p->len) {
		n = push(sk, flow, p->bytes, p->page, p->off, p->len, flags);
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

static int more(struct msghdr *msg)
{
	return msg->msg_flags | (msg_data_left(msg) ? MSG_MORE : 0);
}

/*
 * Pending bytes end with the last byte just taken from the sender.  If they do
 * not all go now, take that byte back.
 */
static int flush_or_owe(struct sock *sk, struct asym_flow *flow,
			struct msghdr *msg, size_t *taken)
{
	int err = flush(sk, flow, more(msg));

	if (!err)
		return 0;
	iov_iter_revert(&msg->msg_iter, 1);
	*taken -= 1;
	flow->pending.owed = true;
	return err;
}

static int feed(struct asym_flow *flow, const u8 *bytes, u32 len)
{
	int event = iscsi_stream_feed(&flow->stream, bytes, len);

	if (event < 0)
		asym_flow_break(flow, ASYM_REASON_BAD_STREAM,
				flow->stream.error);
	return event;
}

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
	event = feed(flow, bytes, n);
	if (event != ISCSI_EVENT_HEAD)
		return min(event, 0);

	err = asym_pdu_begin(sk, flow);
	if (err)
		return err;
	flow->pending.bytes = s->head;
	flow->pending.len = s->pdu.head_len;
	return flush_or_owe(sk, flow, msg, taken);
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

	err = feed(flow, flow->bounce, n);
	if (err >= 0)
		err = text ? asym_pdu_text(flow) : 0;
	if (err)
		return err;
	flow->pending.bytes = flow->bounce;
	flow->pending.len = n;
	return flush_or_owe(sk, flow, msg, taken);
}

/*
 * Take up to a cipher block into the flow.  It goes through the stack: hardened
 * usercopy knows flows as objects that no copy from a sender may end in.
 */
static bool take_small(u8 *to, u32 len, struct msghdr *msg)
{
	u8 bytes[ASYM_BLOCK_BYTES];

	if (!copy_from_iter_full(bytes, len, &msg->msg_iter))
		return false;
	memcpy(to, bytes, len);
	memzero_explicit(bytes, sizeof(bytes));
	return true;
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

	if (!take_small(bytes, n, msg))
		return -EFAULT;
	*taken += n;
	event = feed(flow, NULL, n);
	if (event != ISCSI_EVENT_PDU)
		return min(event, 0);

	if (!asym_digest_seal(&flow->digest, flow->digest_bytes)) {
		asym_flow_break(flow, ASYM_REASON_BAD_STREAM,
				"a sent PDU has a wrong data digest");
		return -EPROTO;
	}
	flow->pending.bytes = flow->digest_bytes;
	flow->pending.len = ISCSI_DIGEST_BYTES;
	return flush_or_owe(sk, flow, msg, taken);
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

static bool splices(const struct msghdr *msg)
{
	return msg->msg_flags & MSG_SPLICE_PAGES &&
	       iov_iter_is_bvec(&msg->msg_iter);
}

/* The piece of a page at the start of the iterator; splices() is true. */
static u32 first_piece(struct msghdr *msg, struct page **page, u32 *off)
{
	const struct iov_iter *it = &msg->msg_iter;
	const struct bio_vec *bv = it->bvec;
	size_t skip = it->iov_offset;

	while (skip >= bv->bv_len) {
		skip -= bv->bv_len;
		bv++;
	}
	*page = bv->bv_page;
	*off = bv->bv_offset + skip;
	return min(bv->bv_len - skip, msg_data_left(msg));
}

/* Pages of a data segment that is nobody's user data, as they are. */
static int send_spliced(struct sock *sk, struct asym_flow *flow,
			struct msghdr *msg, size_t *taken)
{
	struct page *page;
	u32 off, len;
	int n;

	len = min(first_piece(msg, &page, &off), flow->stream.left);
	n = push(sk, flow, NULL, page, off, len,
		 msg->msg_flags | (msg_data_left(msg) > len ? MSG_MORE : 0));
	if (n < 0)
		return n;
	iov_iter_advance(&msg->msg_iter, n);
	*taken += n;
	return min(feed(flow, NULL, n), 0);
}

/* The data of a refused command never leave the host. */
static int send_zeros(struct sock *sk, struct asym_flow *flow,
		      struct msghdr *msg, size_t *taken)
{
	u32 len = min3((size_t)flow->stream.left, msg_data_left(msg),
		       (size_t)PAGE_SIZE);
	int n;

	n = push(sk, flow, NULL, ZERO_PAGE(0), 0, len,
		 msg->msg_flags | (msg_data_left(msg) > len ? MSG_MORE : 0));
	if (n < 0)
		return n;
	iov_iter_advance(&msg->msg_iter, n);
	*taken += n;
	return min(feed(flow, NULL, n), 0);
}

/* Seal @len bytes that lie @pos bytes into the task's buffer. */
static int seal(struct asym_flow *flow, u32 pos, u32 len,
		struct scatterlist *src, struct scatterlist *dst)
{
	const struct asym_task *task = &flow->task;
	struct asym_range *range;
	int err;

	range = kzalloc(asym_range_size(task->binding), GFP_NOIO);
	if (!range)
		return -ENOMEM;
	range->binding = task->binding;
	range->offset = task->offset + pos % task->run;
	range->len = len;
	range->src = src;
	range->dst = dst;
	range->seal = true;
	err = asym_range_crypt_wait(range);
	kfree_sensitive(range);
	if (err == -ENOKEY)
		asym_flow_break(flow, ASYM_REASON_KEY_MISSING,
				"the key was deleted while the LUN was written");
	else if (err)
		asym_flow_break(flow, ASYM_REASON_CRYPTO_ERROR,
				"user data could not be sealed");
	else
		asym_count(flow->key.net, ASYM_STAT_BLOCKS_SEALED,
			   len / ASYM_BLOCK_BYTES);
	return err;
}

/* What is sent opaque by the target must be found again for its edges. */
static int add_source(struct asym_flow *flow, struct page *page, u32 off,
		      u32 len)
{
	struct asym_source src = {
		.seq	= flow->records.limit,
		.len	= len,
		.off	= off,
		.page	= page,
	};
	int err;

	if (flow->treatment != ASYM_TREAT_OPAQUE)
		return 0;
	err = asym_records_reserve(&flow->records, &flow->lock);
	if (err)
		return err;
	get_page(page);
	spin_lock_bh(&flow->lock);
	asym_records_add_source(&flow->records, &src);
	spin_unlock_bh(&flow->lock);
	return 0;
}

/* TCP has got only @len bytes, whole blocks, of what was just added. */
static void trim_source(struct asym_flow *flow, u32 start, u32 len)
{
	if (flow->treatment != ASYM_TREAT_OPAQUE)
		return;
	spin_lock_bh(&flow->lock);
	asym_records_trim_source(&flow->records, start + len);
	spin_unlock_bh(&flow->lock);
}

/* Position of the next byte of the data segment in the task's buffer. */
static u32 position(const struct asym_flow *flow)
{
	return flow->stream.pdu.buffer_offset + flow->done;
}

/*
 * Whole cipher blocks lie ready in @page.  Give them to TCP; if it stops inside
 * a block, the rest of that block is pending.  What has been sealed is not
 * sealed again: then all of the rest is.
 */
static int push_blocks(struct sock *sk, struct asym_flow *flow,
		       struct msghdr *msg, size_t *taken, struct page *page,
		       u32 off, u32 len)
{
	u32 start = flow->records.limit, whole = len;
	int n, err;

	err = add_source(flow, page, off, len);
	if (err)
		return err;
	n = push(sk, flow, NULL, page, off, len,
		 msg->msg_flags | (msg_data_left(msg) > len ? MSG_MORE : 0));
	if (n < 0 || flow->treatment == ASYM_TREAT_OPAQUE)
		whole = round_up(max(n, 0), ASYM_BLOCK_BYTES);
	if (whole < len)
		trim_source(flow, start, whole);
	if (n < 0)
		return n;

	iov_iter_advance(&msg->msg_iter, whole);
	*taken += whole;
	flow->done += whole;
	err = feed(flow, NULL, whole);
	if (err < 0 || n == whole)
		return min(err, 0);

	get_page(page);
	flow->pending.page = page;
	flow->pending.off = off + n;
	flow->pending.len = whole - n;
	return flush_or_owe(sk, flow, msg, taken);
}

/* A cipher block that the sender hands over in pieces. */
static int send_cut_block(struct sock *sk, struct asym_flow *flow,
			  struct msghdr *msg, size_t *taken)
{
	u32 take = min_t(size_t, ASYM_BLOCK_BYTES - flow->held_len,
			 msg_data_left(msg));
	struct scatterlist sg;
	struct page *page;
	int err;

	if (!take_small(flow->block + flow->held_len, take, msg))
		return -EFAULT;
	*taken += take;
	flow->held_len += take;
	flow->done += take;
	err = feed(flow, NULL, take);
	if (err < 0)
		return err;
	if (flow->held_len < ASYM_BLOCK_BYTES) {
		asym_count(flow->key.net, ASYM_STAT_BYTES_HELD, take);
		return 0;
	}

	flow->held_len = 0;
	asym_count(flow->key.net, ASYM_STAT_BLOCKS_CUT, 1);
	page = alloc_page(GFP_NOIO);
	if (!page)
		goto no_memory;
	memcpy(page_address(page), flow->block, ASYM_BLOCK_BYTES);
	memzero_explicit(flow->block, sizeof(flow->block));
	if (flow->treatment == ASYM_TREAT_LOCAL) {
		asym_digest_sum(flow, &flow->digest.came, page_address(page),
				ASYM_BLOCK_BYTES);
		sg_init_table(&sg, 1);
		sg_set_page(&sg, page, ASYM_BLOCK_BYTES, 0);
		err = seal(flow, position(flow) - ASYM_BLOCK_BYTES,
			   ASYM_BLOCK_BYTES, &sg, &sg);
		asym_digest_sum(flow, &flow->digest.goes, page_address(page),
				ASYM_BLOCK_BYTES);
	} else {
		err = add_source(flow, page, 0, ASYM_BLOCK_BYTES);
	}
	if (err) {
		clear_highpage(page);
		put_page(page);
	}
	if (err == -ENOMEM)
		goto no_memory;
	if (err)
		return err;
	flow->pending.page = page;
	flow->pending.len = ASYM_BLOCK_BYTES;
	return flush_or_owe(sk, flow, msg, taken);

no_memory:
	/* The bytes have been taken: there is no way back. */
	asym_flow_break(flow, ASYM_REASON_NO_MEMORY,
			"no memory to send a cipher block");
	return -ENOMEM;
}

/* New memory for a run of up to @len bytes; *@len is what was found. */
static struct page *run_pages(u32 *len, gfp_t gfp)
{
	u32 order = min_t(u32, get_order(*len), RUN_ORDER);
	struct page *page = NULL;

	if (order)
		page = alloc_pages(gfp | __GFP_COMP | __GFP_NOWARN |
				   __GFP_NORETRY, order);
	if (!page) {
		order = 0;
		page = alloc_page(gfp);
	}
	*len = min_t(u32, *len, PAGE_SIZE << order);
	return page;
}

/* Seal a run of whole blocks into new pages and send these. */
static int send_sealed(struct sock *sk, struct asym_flow *flow,
		       struct msghdr *msg, size_t *taken, u32 len)
{
	/* What is summed up must be what is sealed, whatever becomes of the
	 * sender's pages meanwhile.
	 */
	bool copies = !splices(msg) || asym_digest_follows(flow);
	struct asym_digest digest = flow->digest;
	u32 pos = position(flow), off;
	struct scatterlist src, dst;
	struct iov_iter rewind;
	struct page *page, *from;
	int err = 0;

	len = min(len, flow->task.run - pos % flow->task.run);
	if (!copies)
		len = min(len, round_down(first_piece(msg, &from, &off),
					  ASYM_BLOCK_BYTES));
	page = run_pages(&len, GFP_NOIO);
	if (!page)
		return -ENOMEM;

	sg_init_table(&dst, 1);
	sg_set_page(&dst, page, len, 0);
	if (!copies) {
		sg_init_table(&src, 1);
		sg_set_page(&src, from, len, off);
		err = seal(flow, pos, len, &src, &dst);
	} else {
		rewind = msg->msg_iter;
		if (!copy_from_iter_full(page_address(page), len,
					 &msg->msg_iter))
			err = -EFAULT;
		msg->msg_iter = rewind;
		if (!err) {
			asym_digest_sum(flow, &digest.came, page_address(page),
					len);
			err = seal(flow, pos, len, &dst, &dst);
		}
	}
	if (!err) {
		asym_digest_sum(flow, &digest.goes, page_address(page), len);
		err = push_blocks(sk, flow, msg, taken, page, 0, len);
	} else {
		/* It may hold user data as they came. */
		memzero_explicit(page_address(page), len);
	}
	/* All of them were taken, or none. */
	if (*taken)
		flow->digest = digest;
	put_page(page);
	return err;
}

/* Pass a run of whole blocks on as it is. */
static int send_opaque(struct sock *sk, struct asym_flow *flow,
		       struct msghdr *msg, size_t *taken, u32 len)
{
	struct iov_iter rewind;
	struct page *page;
	int err = 0;
	u32 off;

	if (splices(msg)) {
		len = min(len, round_down(first_piece(msg, &page, &off),
					  ASYM_BLOCK_BYTES));
		return push_blocks(sk, flow, msg, taken, page, off, len);
	}

	page = run_pages(&len, GFP_NOIO);
	if (!page)
		return -ENOMEM;
	rewind = msg->msg_iter;
	if (!copy_from_iter_full(page_address(page), len, &msg->msg_iter))
		err = -EFAULT;
	msg->msg_iter = rewind;
	if (!err)
		err = push_blocks(sk, flow, msg, taken, page, 0, len);
	put_page(page);
	return err;
}

static int send_blocks(struct sock *sk, struct asym_flow *flow,
		       struct msghdr *msg, size_t *taken)
{
	u32 len = min_t(size_t, flow->stream.left, msg_data_left(msg));
	struct page *page;
	u32 off;

	if (splices(msg))
		len = min(len, first_piece(msg, &page, &off));
	len = round_down(len, ASYM_BLOCK_BYTES);
	if (flow->held_len || !len)
		return send_cut_block(sk, flow, msg, taken);
	if (flow->treatment == ASYM_TREAT_LOCAL)
		return send_sealed(sk, flow, msg, taken, len);
	return send_opaque(sk, flow, msg, taken, len);
}

static int send_data(struct sock *sk, struct asym_flow *flow,
		     struct msghdr *msg, size_t *taken)
{
	switch (flow->treatment) {
	case ASYM_TREAT_LOCAL:
	case ASYM_TREAT_OPAQUE:
		return send_blocks(sk, flow, msg, taken);
	case ASYM_TREAT_ZEROED:
		if (!asym_digest_follows(flow))
			return send_zeros(sk, flow, msg, taken);
		break;
	case ASYM_TREAT_SEALED_BY_SA:
		break;
	}
	if (splices(msg) && !iscsi_stream_wants_data(&flow->stream) &&
	    flow->task.grant == ASYM_GRANT_SEALED && !asym_digest_follows(flow))
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
		err = flush(sk, flow, more(msg));
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
