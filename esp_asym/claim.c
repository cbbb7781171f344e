// SPDX-License-Identifier: GPL-2.0
/*
 * What the packets that an initiator has received say of their bytes: opaque or
 * not, of which task, at which offset.  These are claims of the target's.  They
 * are needed to open a packet by itself and cannot be checked then, because the
 * PDU heads that they must agree with may come later.  So they are kept until
 * the bytes are in order and compared (track.c).
 *
 * A byte may be claimed in one way only, however often it is sent: TCP may take
 * any of several packets.
 *
 * No packets and no locks here; the caller has asym_flow.lock.
 */
#include <linux/crc32.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "claim.h"

/* More than a receive window of the smallest PDUs. */
#define CLAIMS_MAX	32768

void asym_claims_init(struct asym_claims *claims)
{
	memset(claims, 0, sizeof(*claims));
	INIT_LIST_HEAD(&claims->list);
}

void asym_claims_free(struct asym_claims *claims)
{
	struct asym_claim *claim, *next;

	list_for_each_entry_safe(claim, next, &claims->list, node)
		kfree(claim);
}

/**
 * asym_claims_start() - the first byte of the stream is known
 * @claims: claims
 * @seq: its number
 */
void asym_claims_start(struct asym_claims *claims, u32 seq)
{
	claims->next = seq;
	claims->started = true;
}

/* Do both say the same of the first byte of @b? */
static bool agree(const struct asym_claim *a, const struct asym_claim *b)
{
	if (a->opaque != b->opaque)
		return false;
	return !a->opaque ||
	       (a->itt == b->itt && a->generation == b->generation &&
		a->buffer_offset + (b->seq - a->seq) == b->buffer_offset);
}

static void advance(struct asym_claim *claim, u32 seq)
{
	claim->buffer_offset += seq - claim->seq;
	claim->seq = seq;
}

/* The first claim that ends behind @seq, or the list's head. */
static struct list_head *find(struct asym_claims *claims, u32 seq)
{
	struct list_head *pos = &claims->list;

	/* New bytes come last. */
	while (pos->prev != &claims->list &&
	       after(list_entry(pos->prev, struct asym_claim, node)->end, seq))
		pos = pos->prev;
	return pos;
}

/* The bytes from @seq on have been added to the end of a claim. */
static void sum_up(struct asym_claim *claim, u32 seq,
		   const struct asym_claimed *bytes)
{
	u32 len = claim->end - seq;

	if (!bytes || !claim->opaque)
		return;
	claim->crc = bytes->sum(bytes->packet, seq - bytes->origin, len,
				claim->crc);
	claim->crc_len += len;
}

/* Insert a claim for bytes that nothing is known of, in front of @next. */
static int insert(struct asym_claims *claims, const struct asym_claim *claim,
		  struct list_head *next, const struct asym_claimed *bytes)
{
	struct asym_claim *last, *copy;

	if (next->prev != &claims->list) {
		last = list_entry(next->prev, struct asym_claim, node);
		if (last->end == claim->seq && agree(last, claim)) {
			last->end = claim->end;
			sum_up(last, claim->seq, bytes);
			return 0;
		}
	}
	if (claims->count == CLAIMS_MAX)
		return -ENOBUFS;
	copy = kmalloc(sizeof(*copy), GFP_ATOMIC | __GFP_NOWARN);
	if (!copy)
		return -ENOMEM;
	*copy = *claim;
	sum_up(copy, copy->seq, bytes);
	list_add_tail(&copy->node, next);
	claims->count++;
	return 0;
}

/**
 * asym_claims_add() - a packet claims a stretch of the stream
 * @claims: claims
 * @claim: what it says
 * @bytes: what it says that of, to be summed up if opaque; NULL: no need
 *
 * Return: 0; -EPROTO when the bytes were claimed otherwise before, -ENOBUFS when
 * there are more claims than any window holds, -ENOMEM
 */
int asym_claims_add(struct asym_claims *claims, const struct asym_claim *claim,
		    const struct asym_claimed *bytes)
{
	struct asym_claim rest = *claim;
	struct list_head *pos;
	int err = 0;

	if (claims->started && before(rest.seq, claims->next))
		advance(&rest, claims->next);
	pos = find(claims, rest.seq);
	while (!err && before(rest.seq, claim->end)) {
		struct asym_claim *old = NULL;

		rest.end = claim->end;
		if (pos != &claims->list)
			old = list_entry(pos, struct asym_claim, node);
		if (old && !after(old->seq, rest.seq)) {
			if (!agree(old, &rest))
				err = -EPROTO;
			if (before(old->end, rest.end))
				rest.end = old->end;
			pos = pos->next;
		} else {
			if (old && before(old->seq, rest.end))
				rest.end = old->seq;
			err = insert(claims, &rest, pos, bytes);
		}
		advance(&rest, rest.end);
	}
	return err;
}

/**
 * asym_claims_agree() - was every byte of a stretch claimed as it must be?
 * @claims: claims
 * @truth: what must have been said of it
 *
 * Return: false also when a byte was not claimed at all
 */
bool asym_claims_agree(const struct asym_claims *claims,
		       const struct asym_claim *truth)
{
	struct asym_claim rest = *truth;
	const struct asym_claim *claim;

	list_for_each_entry(claim, &claims->list, node) {
		if (!before(rest.seq, rest.end))
			break;
		if (!after(claim->end, rest.seq))
			continue;
		if (after(claim->seq, rest.seq) || !agree(claim, &rest))
			return false;
		advance(&rest, claim->end);
	}
	return !before(rest.seq, rest.end);
}

/**
 * asym_claims_pass() - the next bytes have been compared
 * @claims: claims
 * @len: bytes
 * @crc: CRC32C, begun with 0, of opaque bytes; those of the claims that are done
 *	with are added.  Claims in a data segment leave no gap and do not go
 *	beyond.
 */
void asym_claims_pass(struct asym_claims *claims, u32 len, u32 *crc)
{
	struct asym_claim *claim, *next;

	claims->next += len;
	list_for_each_entry_safe(claim, next, &claims->list, node) {
		if (after(claim->end, claims->next)) {
			if (before(claim->seq, claims->next))
				advance(claim, claims->next);
			return;
		}
		if (claim->crc_len)
			*crc = claim->crc ^
			       __crc32c_le_shift(*crc, claim->crc_len);
		list_del(&claim->node);
		kfree(claim);
		claims->count--;
	}
}
