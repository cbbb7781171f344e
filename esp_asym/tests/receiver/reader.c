// SPDX-License-Identifier: GPL-2.0
#include "../../record.h"
#include "reader.h"

#define OPCODE_RESPONSE		0x21
#define OPCODE_LOGIN		0x23
#define OPCODE_DATA_IN		0x25

struct asym_binding reader_units[READER_UNITS];
u64 reader_user_bytes;

u8 reader_content(const struct asym_binding *unit, u64 offset)
{
	u64 x = (offset + 1) * 0x9e3779b97f4a7c15ull ^ (unit->id + 1) * 0xff51afd7;

	x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9ull;
	return (u8)(x >> 40);
}

void reader_start(struct reader *r, u32 seq)
{
	memset(r, 0, sizeof(*r));
	r->copied = seq;
	r->honest = true;
}

static u32 be24(const u8 *p)
{
	return (u32)(p[0] << 16 | p[1] << 8 | p[2]);
}

static struct reader_task *find_task(struct reader *r, u32 itt)
{
	u32 i;

	for (i = 0; i < READER_TASKS; i++)
		if (r->tasks[i].used && r->tasks[i].task.itt == itt)
			return &r->tasks[i];
	return NULL;
}

static bool is_opaque(const struct reader_task *t)
{
	return t->task.grant == ASYM_GRANT_OPAQUE;
}

/* A byte of the data segment of a Data-In. */
static void data_in(struct reader *r, u8 byte)
{
	struct reader_task *t = find_task(r, get_unaligned_be32(r->head + 16));
	u64 pos = (u64)get_unaligned_be32(r->head + 40) + r->pos;

	kernel_assert(t);
	kernel_assert(t->task.treatment != ASYM_TREAT_ZEROED);
	if (!is_opaque(t))
		return;
	/* Neither the target's choice nor what belongs elsewhere. */
	kernel_assert(pos < t->task.len);
	kernel_assert(byte == reader_content(t->task.binding,
					     t->task.offset + pos));
	reader_user_bytes++;
}

/* A PDU is complete. */
static void pdu(struct reader *r)
{
	u8 opcode = r->head[0] & 0x3f, flags = r->head[1];
	struct reader_task *t = find_task(r, get_unaligned_be32(r->head + 16));
	u32 offset = get_unaligned_be32(r->head + 40);

	if (opcode == OPCODE_LOGIN && (flags & 0x83) == 0x83 && !r->head[36])
		r->full_feature = true;
	if (!t)
		return;
	if (opcode == OPCODE_DATA_IN && offset <= t->got)
		t->got = max(t->got, offset + r->data_len);
	if (opcode != OPCODE_RESPONSE &&
	    (opcode != OPCODE_DATA_IN || !(flags & 1)))
		return;
	t->ended = true;
	/* Whoever is told that all is well takes all for read. */
	if (is_opaque(t) && !(flags & 6) && !r->head[3] &&
	    (opcode == OPCODE_DATA_IN || !r->head[2]))
		kernel_assert(t->got >= t->task.len);
}

static void pdu_end(struct reader *r)
{
	pdu(r);
	r->head_len = 0;
	r->in_data = false;
}

static void take_head(struct reader *r, u8 byte)
{
	u32 len = 48;

	r->head[r->head_len++] = byte;
	if (r->head_len < len)
		return;
	len += 4 * r->head[4];
	if (r->header_digest && r->full_feature)
		len += 4;
	if (r->head_len < len)
		return;
	r->data_len = be24(r->head + 5);
	r->pos = 0;
	r->crc = ~0u;
	r->in_data = r->data_len;
	if (!r->data_len)
		pdu_end(r);
}

static void take(struct reader *r, u8 byte)
{
	u32 padded = (u32)round_up((u64)r->data_len, 4);
	u32 end = padded + (r->data_digest && r->full_feature ? 4 : 0);

	if (!r->in_data) {
		take_head(r, byte);
		return;
	}
	if (r->pos < r->data_len && (r->head[0] & 0x3f) == OPCODE_DATA_IN)
		data_in(r, byte);
	if (r->pos < padded)
		r->crc = crc32c(r->crc, &byte, 1);
	else
		r->digest[r->pos - padded] = byte;
	if (++r->pos < end)
		return;
	/* Of what is read, not of what was sent. */
	if (end > padded && r->honest)
		kernel_assert(get_unaligned_le32(r->digest) == ~r->crc);
	pdu_end(r);
}

/* As tcp_recvmsg() finds them. */
static struct sk_buff *find_packet(struct reader *r)
{
	struct sk_buff_head *queue = &r->sk.sk_receive_queue;

	while (queue->next != (void *)queue) {
		struct sk_buff *skb = queue->next;

		kernel_assert(!before(r->copied, TCP_SKB_CB(skb)->seq));
		if (r->copied - TCP_SKB_CB(skb)->seq < skb->len)
			return skb;
		__skb_unlink(skb, queue);
		kfree_skb(skb);
	}
	return NULL;
}

void reader_read(struct reader *r)
{
	struct sk_buff *skb;
	u8 byte;

	while ((skb = find_packet(r))) {
		kernel_assert(!skb_copy_bits(skb,
					     r->copied - TCP_SKB_CB(skb)->seq,
					     &byte, 1));
		r->copied++;
		take(r, byte);
	}
}
