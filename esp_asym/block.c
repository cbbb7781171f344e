// SPDX-License-Identifier: GPL-2.0
/*
 * User data in the sent stream, by cipher blocks: the initiator seals them, the
 * target passes them on.
 *
 * Cipher blocks are handed over whole.  Bytes of an incomplete block wait in
 * the flow until the sender completes it, which the PDU obliges it to do.
 */
#include <linux/highmem.h>
#include <net/tcp.h>

#include "flow.h"
#include "record.h"
#include "stat.h"
#include "stream.h"
#include "task.h"

/* Longest run sealed at once; a power-of-two order of pages.  No allocation here
 * may wait for writeback: it may be the disk behind this connection that is
 * written back.
 */
#define RUN_ORDER	3

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
	n = asym_push(sk, flow, NULL, page, off, len,
		      asym_message_flags(msg, len));
	if (n < 0 || flow->treatment == ASYM_TREAT_OPAQUE)
		whole = round_up(max(n, 0), ASYM_BLOCK_BYTES);
	if (whole < len)
		trim_source(flow, start, whole);
	if (n < 0)
		return n;

	iov_iter_advance(&msg->msg_iter, whole);
	*taken += whole;
	flow->done += whole;
	err = asym_pdu_feed(flow, NULL, whole);
	if (err < 0 || n == whole)
		return min(err, 0);

	get_page(page);
	flow->pending.page = page;
	flow->pending.off = off + n;
	flow->pending.len = whole - n;
	return asym_push_or_owe(sk, flow, msg, taken);
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

	if (!asym_message_take(msg, flow->block + flow->held_len, take))
		return -EFAULT;
	*taken += take;
	flow->held_len += take;
	flow->done += take;
	err = asym_pdu_feed(flow, NULL, take);
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
	return asym_push_or_owe(sk, flow, msg, taken);

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
	bool copies = !asym_message_splices(msg) || asym_digest_follows(flow);
	struct asym_digest digest = flow->digest;
	u32 pos = position(flow), off;
	struct scatterlist src, dst;
	struct page *page, *from;
	int err;

	len = min(len, flow->task.run - pos % flow->task.run);
	if (!copies)
		len = min(len, round_down(asym_message_piece(msg, &from, &off),
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
	} else if (!asym_message_peek(msg, page_address(page), len)) {
		err = -EFAULT;
	} else {
		asym_digest_sum(flow, &digest.came, page_address(page), len);
		err = seal(flow, pos, len, &dst, &dst);
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
	struct page *page;
	u32 off;
	int err;

	if (asym_message_splices(msg)) {
		len = min(len, round_down(asym_message_piece(msg, &page, &off),
					  ASYM_BLOCK_BYTES));
		return push_blocks(sk, flow, msg, taken, page, off, len);
	}

	page = run_pages(&len, GFP_NOIO);
	if (!page)
		return -ENOMEM;
	if (!asym_message_peek(msg, page_address(page), len))
		err = -EFAULT;
	else
		err = push_blocks(sk, flow, msg, taken, page, 0, len);
	put_page(page);
	return err;
}

/**
 * asym_block_send() - send user data that stay opaque to the target
 * @sk: socket, locked
 * @flow: its flow, in the data segment of a PDU
 * @msg: what the sender offers
 * @taken: counts the bytes that are taken of it
 *
 * Return: 0, or a negative errno
 */
int asym_block_send(struct sock *sk, struct asym_flow *flow,
		    struct msghdr *msg, size_t *taken)
{
	u32 len = min_t(size_t, flow->stream.left, msg_data_left(msg));
	struct page *page;
	u32 off;

	if (asym_message_splices(msg))
		len = min(len, asym_message_piece(msg, &page, &off));
	len = round_down(len, ASYM_BLOCK_BYTES);
	if (flow->held_len || !len)
		return send_cut_block(sk, flow, msg, taken);
	if (flow->treatment == ASYM_TREAT_LOCAL)
		return send_sealed(sk, flow, msg, taken, len);
	return send_opaque(sk, flow, msg, taken, len);
}
