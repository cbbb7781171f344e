// SPDX-License-Identifier: GPL-2.0
/*
 * Rewriting parts of a packet without touching memory that is not provably
 * ours, and without moving the parts that stay.  See struct asym_reframe.
 */
#include <crypto/algapi.h>
#include <linux/highmem.h>
#include <linux/skbuff_ref.h>

#include "packet.h"

/* ---- pairs of scatterlists ---- */

/* @entries has room for @max entries of both lists; reset before use. */
void asym_sg_init(struct asym_sg_pair *sg, struct scatterlist *entries,
		  u32 max)
{
	sg->src = entries;
	sg->dst = entries + max;
}

void asym_sg_reset(struct asym_sg_pair *sg)
{
	sg->nr = 0;
	sg->bytes = 0;
}

static void set_entry(struct scatterlist *entry, struct page *page, u32 off,
		      u32 len)
{
	*entry = (struct scatterlist){};
	sg_set_page(entry, page, len, off);
}

void asym_sg_add(struct asym_sg_pair *sg, struct page *src, u32 src_off,
		 struct page *dst, u32 dst_off, u32 len)
{
	set_entry(&sg->src[sg->nr], src, src_off, len);
	set_entry(&sg->dst[sg->nr], dst, dst_off, len);
	sg->nr++;
	sg->bytes += len;
}

void asym_sg_add_buf(struct asym_sg_pair *sg, u8 *src, u8 *dst, u32 len)
{
	asym_sg_add(sg, virt_to_page(src), offset_in_page(src),
		    virt_to_page(dst), offset_in_page(dst), len);
}

void asym_sg_end(struct asym_sg_pair *sg)
{
	if (!sg->nr)
		return;
	sg_mark_end(&sg->src[sg->nr - 1]);
	sg_mark_end(&sg->dst[sg->nr - 1]);
}

/* What is written is never in high memory; what is read may be anybody's. */
static void xor_entry(struct scatterlist *src, struct scatterlist *dst,
		      const u8 *stream)
{
	u32 off = src->offset, len = src->length, n;
	u8 *to = sg_virt(dst);

	for (; len; off += n, to += n, stream += n, len -= n) {
		u8 *page = kmap_local_page(nth_page(sg_page(src),
						    off >> PAGE_SHIFT));

		n = min_t(u32, len, PAGE_SIZE - offset_in_page(off));
		crypto_xor_cpy(to, page + offset_in_page(off), stream, n);
		kunmap_local(page);
	}
}

/**
 * asym_sg_xor() - apply keystream
 * @sg: what to read and where to write
 * @stream: @sg->bytes bytes
 */
void asym_sg_xor(const struct asym_sg_pair *sg, const u8 *stream)
{
	u32 i;

	for (i = 0; i < sg->nr; i++) {
		xor_entry(&sg->src[i], &sg->dst[i], stream);
		stream += sg->src[i].length;
	}
}

/* ---- packets ---- */

/**
 * asym_reframe_private() - make the linear part and the fragment array ours
 * @skb: packet
 *
 * Fragments' pages stay shared: they are only read.
 *
 * Return: 0 or -ENOMEM
 */
int asym_reframe_private(struct sk_buff *skb)
{
	int err;

	if (skb_has_frag_list(skb)) {
		err = skb_linearize(skb);
		if (err)
			return err;
	}
	err = skb_orphan_frags(skb, GFP_ATOMIC);
	if (err)
		return err;
	/* Fragments of a page pool are given back to it one by one and replaced
	 * by references of our own; so the head must not be the pool's either.
	 */
	if (skb_cloned(skb) || (skb->pp_recycle && skb_is_nonlinear(skb)))
		return pskb_expand_head(skb, 0, 0, GFP_ATOMIC);
	return 0;
}

/* Until it begins, there is nothing to abandon. */
void asym_reframe_init(struct asym_reframe *rf, struct sk_buff *skb)
{
	rf->skb = skb;
	rf->nr_frags = 0;
}

/**
 * asym_reframe_begin() - begin to rewrite a packet
 * @rf: rewriting
 * @skb: packet, asym_reframe_private()
 * @append: bytes that asym_reframe_append() may ask for
 *
 * Stretches follow in order, from skb->data to the end of the packet.  The
 * linear part does not move any more.
 *
 * Return: 0 or -ENOMEM
 */
int asym_reframe_begin(struct asym_reframe *rf, struct sk_buff *skb,
		       u32 append)
{
	asym_reframe_init(rf, skb);
	rf->frag = 0;
	rf->frag_off = 0;
	rf->exchanges = false;
	rf->fresh_bytes = 0;
	rf->tail_len = 0;
	if (skb_is_nonlinear(skb) || skb_tailroom(skb) >= append)
		return 0;
	return pskb_expand_head(skb, 0, append, GFP_ATOMIC);
}

static bool add_frag(struct asym_reframe *rf, struct page *page, u32 off,
		     u32 len)
{
	if (rf->nr_frags == MAX_SKB_FRAGS)
		return false;
	skb_frag_fill_page_desc(&rf->frags[rf->nr_frags++], page, off, len);
	return true;
}

/* New memory as the next fragment, when there is room for one. */
static u8 *add_fresh(struct asym_reframe *rf, u32 len)
{
	struct page *page;
	u8 *bytes;

	bytes = netdev_alloc_frag(ALIGN(len, 64));
	if (!bytes)
		return NULL;
	page = virt_to_head_page(bytes);
	add_frag(rf, page, bytes - (u8 *)page_address(page), len);
	rf->fresh_bytes += ALIGN(len, 64);
	return bytes;
}

/* Length of the piece at the cursor that lies in one fragment. */
static u32 next_piece(struct asym_reframe *rf, u32 len, const skb_frag_t **frag)
{
	const struct skb_shared_info *info = skb_shinfo(rf->skb);

	while (rf->frag < info->nr_frags &&
	       rf->frag_off == skb_frag_size(&info->frags[rf->frag])) {
		rf->frag++;
		rf->frag_off = 0;
	}
	if (WARN_ON_ONCE(rf->frag == info->nr_frags))
		return 0;
	*frag = &info->frags[rf->frag];
	return min(len, skb_frag_size(*frag) - rf->frag_off);
}

/* Bytes of the stretch in the linear part. */
static u32 linear_part(const struct asym_reframe *rf, u32 off, u32 len)
{
	u32 head = skb_headlen(rf->skb);

	return off < head ? min(len, head - off) : 0;
}

static bool keep_piece(struct asym_reframe *rf, const skb_frag_t *frag, u32 off,
		       u32 len)
{
	if (!add_frag(rf, skb_frag_page(frag), skb_frag_off(frag) + off, len))
		return false;
	get_page(skb_frag_page(frag));
	return true;
}

/* All fragments will be exchanged: those in front of the cursor stay. */
static bool exchange(struct asym_reframe *rf)
{
	const struct skb_shared_info *info = skb_shinfo(rf->skb);
	u32 i;

	if (rf->exchanges)
		return true;
	rf->exchanges = true;
	for (i = 0; i < rf->frag; i++)
		if (!keep_piece(rf, &info->frags[i], 0,
				skb_frag_size(&info->frags[i])))
			return false;
	return !rf->frag_off ||
	       keep_piece(rf, &info->frags[rf->frag], 0, rf->frag_off);
}

/**
 * asym_reframe_keep() - the next stretch stays as it is
 * @rf: rewriting
 * @off: start of the stretch, counted from skb->data
 * @len: bytes
 *
 * Return: 0, or -EMSGSIZE when the packet would have too many fragments:
 * abandon, linearise, begin again
 */
int asym_reframe_keep(struct asym_reframe *rf, u32 off, u32 len)
{
	len -= linear_part(rf, off, len);
	while (len) {
		const skb_frag_t *frag;
		u32 n = next_piece(rf, len, &frag);

		if (!n || (rf->exchanges &&
			   !keep_piece(rf, frag, rf->frag_off, n)))
			return -EMSGSIZE;
		rf->frag_off += n;
		len -= n;
	}
	return 0;
}

/**
 * asym_reframe_rewrite() - the next stretch goes through a cipher
 * @rf: rewriting
 * @off: start of the stretch, counted from skb->data
 * @len: bytes
 * @sg: gets what to read and where to write
 *
 * Return: 0, -EMSGSIZE as above, or -ENOMEM
 */
int asym_reframe_rewrite(struct asym_reframe *rf, u32 off, u32 len,
			 struct asym_sg_pair *sg)
{
	u32 n = linear_part(rf, off, len);

	if (n)
		asym_sg_add_buf(sg, rf->skb->data + off, rf->skb->data + off,
				n);
	len -= n;
	while (len) {
		u32 fresh_len = min_t(u32, len, PAGE_SIZE), i;
		u8 *fresh;

		if (!exchange(rf) || rf->nr_frags == MAX_SKB_FRAGS)
			return -EMSGSIZE;
		/* One new fragment for however many old ones: GRO and TCP can
		 * keep more of it together.
		 */
		fresh = add_fresh(rf, fresh_len);
		if (!fresh)
			return -ENOMEM;
		for (i = 0; i < fresh_len; i += n) {
			const skb_frag_t *frag;

			n = next_piece(rf, fresh_len - i, &frag);
			if (!n)
				return -EMSGSIZE;
			asym_sg_add(sg, skb_frag_page(frag),
				    skb_frag_off(frag) + rf->frag_off,
				    virt_to_page(fresh + i),
				    offset_in_page(fresh + i), n);
			rf->frag_off += n;
		}
		len -= fresh_len;
	}
	return 0;
}

/**
 * asym_reframe_append() - room behind the end of the packet
 * @rf: rewriting
 * @len: bytes, at most what asym_reframe_begin() was told
 * @room: result
 *
 * Return: 0, -EMSGSIZE as above, or -ENOMEM
 */
int asym_reframe_append(struct asym_reframe *rf, u32 len, u8 **room)
{
	u32 frags = rf->exchanges ? rf->nr_frags :
				    skb_shinfo(rf->skb)->nr_frags;

	if (skb_is_nonlinear(rf->skb)) {
		if (frags == MAX_SKB_FRAGS)
			return -EMSGSIZE;
		*room = add_fresh(rf, len);
		return *room ? 0 : -ENOMEM;
	}
	if (WARN_ON_ONCE(skb_tailroom(rf->skb) < len))
		return -ENOMEM;
	rf->tail_len = len;
	*room = skb_tail_pointer(rf->skb);
	return 0;
}

static void drop_frags(struct sk_buff *skb)
{
	struct skb_shared_info *info = skb_shinfo(skb);
	u32 i;

	for (i = 0; i < info->nr_frags; i++)
		skb_frag_unref(skb, i);
	if (info->nr_frags)
		skb->pp_recycle = 0;
	info->nr_frags = 0;
	skb->len -= skb->data_len;
	skb->data_len = 0;
}

/* Put the new fragments in the place of the old ones, or behind them. */
void asym_reframe_commit(struct asym_reframe *rf)
{
	struct skb_shared_info *info = skb_shinfo(rf->skb);
	u32 bytes = 0, i;

	if (rf->exchanges)
		drop_frags(rf->skb);
	for (i = 0; i < rf->nr_frags; i++) {
		info->frags[info->nr_frags++] = rf->frags[i];
		bytes += skb_frag_size(&rf->frags[i]);
	}
	rf->skb->len += bytes;
	rf->skb->data_len += bytes;
	/* A socket that is charged for the packet keeps its account. */
	if (!rf->skb->sk)
		rf->skb->truesize += rf->fresh_bytes;
	if (rf->tail_len)
		skb_put(rf->skb, rf->tail_len);
	rf->nr_frags = 0;
}

/* Leave the packet as it was, except for what was rewritten in place. */
void asym_reframe_abandon(struct asym_reframe *rf)
{
	while (rf->nr_frags)
		put_page(skb_frag_page(&rf->frags[--rf->nr_frags]));
}
