// SPDX-License-Identifier: GPL-2.0
#include "kernel.h"

struct kernel kernel;

void kernel_die(const char *what)
{
	fprintf(stderr, "failed: %s\n", what);
	abort();
}

/* ---- memory ---- */

static bool out_of_memory(void)
{
	if (kernel.fail_in < 0 || kernel.fail_in--)
		return false;
	kernel.failed++;
	return true;
}

/* What is not written shall not look like what belongs there. */
void *kmalloc(size_t size, gfp_t gfp)
{
	void *p;

	(void)gfp;
	if (out_of_memory())
		return NULL;
	p = aligned_alloc(16, round_up(size, 16));
	kernel_assert(p);
	memset(p, 0xa5, size);
	kernel.allocated++;
	return p;
}

void *kzalloc(size_t size, gfp_t gfp)
{
	void *p = kmalloc(size, gfp);

	return p ? memset(p, 0, size) : NULL;
}

void kfree(void *p)
{
	kernel.allocated -= !!p;
	free(p);
}

#define PAGES_MAX	4096

static struct {
	struct page	*page;
	u32		refs;
} pages[PAGES_MAX];

/* Bytes at the end of the page, so that nobody goes beyond unnoticed. */
struct page *page_new(u32 len, u8 **bytes)
{
	u32 size = (u32)round_up(len, PAGE_SIZE), i;

	if (out_of_memory())
		return NULL;
	for (i = 0; i < PAGES_MAX && pages[i].page; i++)
		;
	kernel_assert(i < PAGES_MAX);
	pages[i].page = aligned_alloc(PAGE_SIZE, size);
	kernel_assert(pages[i].page);
	memset(pages[i].page, 0xa5, size);
	pages[i].refs = 1;
	kernel.allocated++;
	*bytes = (u8 *)pages[i].page + size - len;
	return pages[i].page;
}

static u32 *page_refs(const struct page *page)
{
	u32 i;

	for (i = 0; i < PAGES_MAX; i++)
		if (pages[i].page == page)
			return &pages[i].refs;
	kernel_die("a page that is none");
}

void get_page(struct page *page)
{
	++*page_refs(page);
}

void put_page(struct page *page)
{
	u32 *refs = page_refs(page), i;

	if (--*refs)
		return;
	for (i = 0; pages[i].page != page; i++)
		;
	pages[i].page = NULL;
	kernel.allocated--;
	free(page);
}

u8 *netdev_alloc_frag(u32 len)
{
	u8 *bytes;

	kernel_assert(len && len <= PAGE_SIZE);
	return page_new(len, &bytes) ? bytes : NULL;
}

/* ---- scatterlists ---- */

u8 *sg_next_byte(struct sg_cursor *cursor)
{
	while (cursor->off == cursor->sg->length) {
		kernel_assert(!cursor->sg->end);
		cursor->sg++;
		cursor->off = 0;
	}
	return (u8 *)cursor->sg->page + cursor->sg->offset + cursor->off++;
}

u32 sg_nents(const struct scatterlist *sg)
{
	u32 n = 1;

	while (!sg++->end)
		n++;
	return n;
}

u32 sg_pcopy_to_buffer(struct scatterlist *sg, u32 n, u8 *buf, u32 len,
		       u32 skip)
{
	struct sg_cursor cursor = { sg, 0 };
	u32 i;

	kernel_assert(n == sg_nents(sg));
	while (skip--)
		sg_next_byte(&cursor);
	for (i = 0; i < len; i++)
		buf[i] = *sg_next_byte(&cursor);
	return len;
}

void sg_zero_buffer(struct scatterlist *sg, u32 n, u32 len, u32 skip)
{
	struct sg_cursor cursor = { sg, 0 };

	kernel_assert(n == sg_nents(sg));
	while (skip--)
		sg_next_byte(&cursor);
	while (len--)
		*sg_next_byte(&cursor) = 0;
}

/* ---- the ICV: no NHPoly1305, but any byte and its place matter ---- */

static void sum_up(struct hash_sum *sum, const u8 *bytes, u32 len)
{
	while (len--) {
		sum->sum[0] = (sum->sum[0] ^ *bytes++) * 0x100000001b3ull;
		sum->sum[1] += sum->sum[0] >> 7;
	}
}

void poly1305_core_setkey(struct poly1305_core_key *key, const u8 *raw)
{
	key->raw = *raw;
}

void poly1305_core_init(struct poly1305_state *state)
{
	memset(state, 0, sizeof(*state));
}

void poly1305_core_blocks(struct poly1305_state *state,
			  const struct poly1305_core_key *key, const u8 *bytes,
			  u32 blocks, u32 hibit)
{
	kernel_assert(hibit == 1);
	sum_up(&state->sum, &key->raw, 1);
	sum_up(&state->sum, bytes, blocks * POLY1305_BLOCK_SIZE);
}

void poly1305_core_emit(const struct poly1305_state *state, const u32 *nonce,
			u8 *mac)
{
	unsigned __int128 sum, mask;

	memcpy(&sum, state->sum.sum, sizeof(sum));
	memcpy(&mask, nonce, sizeof(mask));
	sum += mask;
	memcpy(mac, &sum, sizeof(sum));
}

int crypto_shash_setkey(struct crypto_shash *tfm, const u8 *raw, u32 len)
{
	kernel_assert(len == NHPOLY1305_KEY_SIZE);
	tfm->raw = *raw;
	return 0;
}

int crypto_shash_init(struct shash_desc *desc)
{
	memset(&desc->sum, 0, sizeof(desc->sum));
	return 0;
}

int crypto_shash_update(struct shash_desc *desc, const u8 *bytes, u32 len)
{
	sum_up(&desc->sum, bytes, len);
	return 0;
}

int crypto_shash_final(struct shash_desc *desc, u8 *hash)
{
	memcpy(hash, desc->sum.sum, sizeof(desc->sum.sum));
	return 0;
}

/* ---- packets ---- */

struct sk_buff *alloc_skb(u32 size, gfp_t gfp)
{
	struct sk_buff *skb = kzalloc(sizeof(*skb), gfp);

	if (!skb)
		return NULL;
	skb->head = kmalloc(size + 1, gfp);
	if (!skb->head) {
		kfree(skb);
		return NULL;
	}
	skb->data = skb->head;
	skb->tail = skb->head;
	skb->end = skb->head + size;
	skb->truesize = SKB_TRUESIZE(size);
	return skb;
}

static void drop_frags(struct sk_buff *skb)
{
	u32 i;

	for (i = 0; i < skb->info.nr_frags; i++)
		skb_frag_unref(skb, i);
	skb->info.nr_frags = 0;
}

void kfree_skb(struct sk_buff *skb)
{
	if (!skb)
		return;
	if (skb->sk) {
		atomic_sub(skb->truesize, &skb->sk->sk_rmem_alloc);
		sk_mem_uncharge(skb->sk, skb->truesize);
	}
	drop_frags(skb);
	kfree(skb->head);
	kfree(skb);
}

void *skb_put(struct sk_buff *skb, u32 len)
{
	u8 *bytes = skb->tail;

	kernel_assert(!skb->data_len && len <= skb->end - skb->tail);
	skb->tail += len;
	skb->len += len;
	return bytes;
}

void skb_put_data(struct sk_buff *skb, const void *bytes, u32 len)
{
	memcpy(skb_put(skb, len), bytes, len);
}

void __skb_pull(struct sk_buff *skb, u32 len)
{
	kernel_assert(len <= skb_headlen(skb));
	skb->data += len;
	skb->len -= len;
}

int skb_copy_bits(const struct sk_buff *skb, u32 off, void *to, u32 len)
{
	u32 head = skb_headlen(skb), n, i;
	u8 *buf = to;

	if (off > skb->len || len > skb->len - off)
		return -EFAULT;
	if (off < head) {
		n = min(len, head - off);
		memcpy(buf, skb->data + off, n);
		buf += n;
		off += n;
		len -= n;
	}
	off -= head;
	for (i = 0; len && i < skb->info.nr_frags; i++) {
		const skb_frag_t *frag = &skb->info.frags[i];

		if (off >= frag->size) {
			off -= frag->size;
			continue;
		}
		n = min(len, frag->size - off);
		memcpy(buf, (u8 *)frag->page + frag->off + off, n);
		buf += n;
		len -= n;
		off = 0;
	}
	kernel_assert(!len);
	return 0;
}

const void *skb_header_pointer(const struct sk_buff *skb, u32 off, u32 len,
			       void *buf)
{
	if (off + len <= skb_headlen(skb))
		return skb->data + off;
	return skb_copy_bits(skb, off, buf, len) ? NULL : buf;
}

/* The linear part anew, with @pull bytes of the fragments and some room. */
static int new_head(struct sk_buff *skb, u32 pull, u32 behind)
{
	u32 head = skb_headlen(skb) + pull, drop = 0, i;
	u8 *bytes = kmalloc(head + behind + 1, GFP_ATOMIC);

	if (!bytes)
		return -ENOMEM;
	skb_copy_bits(skb, 0, bytes, head);
	kfree(skb->head);
	skb->head = bytes;
	skb->data = bytes;
	skb->tail = bytes + head;
	skb->end = skb->tail + behind;
	skb->data_len -= pull;
	skb->cloned = false;
	while (pull) {
		skb_frag_t *frag = &skb->info.frags[drop];
		u32 n = min(pull, frag->size);

		frag->off += n;
		frag->size -= n;
		pull -= n;
		if (!frag->size)
			put_page(skb->info.frags[drop++].page);
	}
	for (i = drop; i < skb->info.nr_frags; i++)
		skb->info.frags[i - drop] = skb->info.frags[i];
	skb->info.nr_frags -= drop;
	return 0;
}

bool pskb_may_pull(struct sk_buff *skb, u32 len)
{
	if (len <= skb_headlen(skb))
		return true;
	return len <= skb->len && !new_head(skb, len - skb_headlen(skb), 0);
}

int skb_linearize(struct sk_buff *skb)
{
	return skb->data_len ? new_head(skb, skb->data_len, 0) : 0;
}

int pskb_expand_head(struct sk_buff *skb, u32 in_front, u32 behind, gfp_t gfp)
{
	(void)gfp;
	kernel_assert(!in_front);
	return new_head(skb, 0, behind);
}

int pskb_trim(struct sk_buff *skb, u32 len)
{
	u32 cut;

	if (len >= skb->len)
		return 0;
	if (skb->cloned && new_head(skb, 0, 0))
		return -ENOMEM;
	for (cut = skb->len - len; cut && skb->info.nr_frags;) {
		skb_frag_t *frag = &skb->info.frags[skb->info.nr_frags - 1];
		u32 n = min(cut, frag->size);

		frag->size -= n;
		skb->data_len -= n;
		skb->len -= n;
		cut -= n;
		if (!frag->size)
			put_page(skb->info.frags[--skb->info.nr_frags].page);
	}
	skb->tail -= cut;
	skb->len -= cut;
	return 0;
}

/* As net/core/skbuff.c: a packet of its own, with the same control block. */
struct sk_buff *pskb_extract(struct sk_buff *skb, u32 off, u32 len, gfp_t gfp)
{
	struct sk_buff *part = alloc_skb(len, gfp);

	if (!part)
		return NULL;
	kernel_assert(!skb_copy_bits(skb, off, skb_put(part, len), len));
	part->tcp = skb->tcp;
	return part;
}

void skb_prepare_seq_read(struct sk_buff *skb, u32 from, u32 to,
			  struct skb_seq_state *state)
{
	*state = (struct skb_seq_state){ skb, from, to };
}

/* Up to the end of a fragment, which may lie beyond the end of what is read. */
u32 skb_seq_read(u32 done, const u8 **bytes, struct skb_seq_state *state)
{
	const struct sk_buff *skb = state->skb;
	u32 off = state->from + done, i;

	if (off >= state->to)
		return 0;
	if (off < skb_headlen(skb)) {
		*bytes = skb->data + off;
		return skb_headlen(skb) - off;
	}
	off -= skb_headlen(skb);
	for (i = 0; i < skb->info.nr_frags; i++) {
		const skb_frag_t *frag = &skb->info.frags[i];

		if (off < frag->size) {
			*bytes = (u8 *)frag->page + frag->off + off;
			return frag->size - off;
		}
		off -= frag->size;
	}
	kernel_die("read beyond the end of a packet");
}

void __skb_queue_after(struct sk_buff_head *list, struct sk_buff *prev,
		       struct sk_buff *skb)
{
	(void)list;
	skb->prev = prev;
	skb->next = prev->next;
	prev->next->prev = skb;
	prev->next = skb;
}

void __skb_unlink(struct sk_buff *skb, struct sk_buff_head *list)
{
	(void)list;
	skb->next->prev = skb->prev;
	skb->prev->next = skb->next;
	skb->next = NULL;
	skb->prev = NULL;
}

void __skb_queue_purge(struct sk_buff_head *list)
{
	while (list->next != (void *)list) {
		struct sk_buff *skb = list->next;

		__skb_unlink(skb, list);
		kfree_skb(skb);
	}
}

void skb_set_owner_r(struct sk_buff *skb, struct sock *sk)
{
	kernel_assert(!skb->sk);
	skb->sk = sk;
	sk->sk_rmem_alloc.counter += (int)skb->truesize;
	sk->mem += (int)skb->truesize;
}
