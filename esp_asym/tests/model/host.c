// SPDX-License-Identifier: GPL-2.0
#include "../../record.h"
#include "../../stat.h"
#include "../../stream.h"
#include "../../task.h"
#include "choice.h"
#include "host.h"
#include "packet.h"
#include "property.h"

u32 kernel_pages;

static u8 zeros[PAGE_SIZE];
struct page kernel_zero_page = {
	.head	= &kernel_zero_page,
	.memory	= zeros,
	.refs	= 1,
};

static struct host *host_of(struct sock *sk)
{
	return container_of(sk, struct host, sk);
}

/* ---- TCP ---- */

struct sk_buff *tcp_write_queue_tail(struct sock *sk)
{
	struct host *h = host_of(sk);

	return host_unsent(h) ? &h->tail : NULL;
}

struct sk_buff *tcp_rtx_queue_tail(struct sock *sk)
{
	struct host *h = host_of(sk);

	return h->snd_nxt != sk->tcp.snd_una ? &h->tail : NULL;
}

/* How much of @len bytes TCP takes now. */
static u32 accept(struct host *h, u32 len)
{
	u32 queued = h->sk.tcp.write_seq - h->sk.tcp.snd_una;

	if (queued >= h->sndbuf || pick_one_in(16)) {
		event_count(EVENT_BUSY, 1);
		return 0;
	}
	len = min(len, h->sndbuf - queued);
	return pick_one_in(3) ? pick_length(len) : len;
}

static struct piece *queue(struct host *h, u32 len)
{
	struct piece *piece;

	if (h->tail.eor) {
		h->tail.eor = 0;
		event_count(EVENT_RECORD_END, 1);
		h->record_ends = realloc(h->record_ends,
					 (h->nr_record_ends + 1) * sizeof(u32));
		h->record_ends[h->nr_record_ends++] = h->sk.tcp.write_seq;
	}
	h->pieces = realloc(h->pieces, (h->nr_pieces + 1) * sizeof(*piece));
	piece = &h->pieces[h->nr_pieces++];
	*piece = (struct piece){ .seq = h->sk.tcp.write_seq, .len = len };
	h->sk.tcp.write_seq += len;
	return piece;
}

int tcp_sendmsg_locked(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct host *h = host_of(sk);
	u32 n = accept(h, (u32)len);
	struct piece *piece;

	if (n < len)
		event_count(EVENT_BLOCK_PENDING, 1);
	if (!n)
		return -EAGAIN;
	piece = queue(h, n);
	piece->copy = malloc(n);
	if (!copy_from_iter_full(piece->copy, n, &msg->msg_iter))
		abort();
	packet_probe(h);
	return (int)n;
}

int asym_tcp_push_page(struct sock *sk, struct page *page, u32 off, u32 len,
		       int flags)
{
	struct host *h = host_of(sk);
	u32 n = accept(h, len);
	struct piece *piece;

	(void)flags;
	if (n < len)
		event_count(EVENT_BLOCK_PENDING, 1);
	if (!n)
		return -EAGAIN;
	piece = queue(h, n);
	piece->page = page;
	piece->off = off;
	get_page(page);
	packet_probe(h);
	return (int)n;
}

/* What TCP would transmit now: what lies where it was told to look. */
void host_read(const struct host *h, u32 seq, u8 *buf, u32 len)
{
	u32 i;

	for (i = 0; i < h->nr_pieces && len; i++) {
		const struct piece *piece = &h->pieces[i];
		u32 skip = seq - piece->seq, n;

		if (skip >= piece->len)
			continue;
		n = min(len, piece->len - skip);
		memcpy(buf, piece->copy ? piece->copy + skip :
		       (u8 *)page_address(piece->page) + piece->off + skip, n);
		seq += n;
		buf += n;
		len -= n;
	}
	if (len)
		abort();
}

/* The first record end behind @seq, or the end of the queue. */
u32 host_record_end(const struct host *h, u32 seq)
{
	u32 i;

	for (i = 0; i < h->nr_record_ends; i++)
		if (after(h->record_ends[i], seq))
			return h->record_ends[i];
	return h->sk.tcp.write_seq;
}

static void piece_free(struct piece *piece)
{
	free(piece->copy);
	if (piece->page)
		put_page(piece->page);
}

void host_acked(struct host *h, u32 una)
{
	u32 gone = 0;

	h->sk.tcp.snd_una = una;
	while (gone < h->nr_pieces &&
	       !after(h->pieces[gone].seq + h->pieces[gone].len, una))
		piece_free(&h->pieces[gone++]);
	h->nr_pieces -= gone;
	memmove(h->pieces, h->pieces + gone, h->nr_pieces * sizeof(*h->pieces));
}

/* ---- the application ---- */

#define SAY_MAX		9000
#define SAY_PIECES	8

/* Pieces of pages, anywhere in them. */
static u32 splice(struct bio_vec *bv, const u8 *bytes, u32 len)
{
	u32 n = 0, some, order;

	while (len) {
		some = n + 1 < SAY_PIECES && pick_one_in(2) ? pick_length(len) :
							      len;
		order = get_order(some) + pick(2);
		bv[n].bv_page = alloc_pages(GFP_NOIO, order);
		bv[n].bv_len = some;
		bv[n].bv_offset = pick((u32)(PAGE_SIZE << order) - some + 1);
		memcpy((u8 *)page_address(bv[n].bv_page) + bv[n].bv_offset,
		       bytes, some);
		bytes += some;
		len -= some;
		n++;
	}
	return n;
}

static u32 source_bytes(const struct asym_ring *ring)
{
	const struct asym_source *sources = ring->entries;
	u32 sum = 0, i;

	for (i = 0; i < ring->count; i++)
		sum += sources[(ring->first + i) % ring->size].len;
	return sum;
}

/*
 * A PDU has a head, and no byte is remembered twice.  One PDU and one block may
 * be there that TCP has nothing of.
 */
static void check_memory(struct host *h, u32 base)
{
	struct asym_records *r = &h->flow.records;
	u32 held = r->limit - r->base + ISCSI_BHS_BYTES, bytes, size;

	bytes = source_bytes(&r->sources);
	property_check(PROPERTY_MEMORY,
		       r->pdus.count <= held / ISCSI_BHS_BYTES && bytes <= held,
		       "%u PDUs and %u bytes in %u sources for %u bytes",
		       r->pdus.count, bytes, r->sources.count, held);
	h->most = max(h->most, r->limit - base + ISCSI_BHS_BYTES);
	size = max(16, 2 * h->most / ASYM_BLOCK_BYTES);
	property_check(PROPERTY_MEMORY,
		       r->pdus.size <= size && r->sources.size <= size,
		       "room for %u PDUs and %u sources for %u bytes",
		       r->pdus.size, r->sources.size, h->most);
	if (r->pdus.size > 16 || r->sources.size > 16)
		event_count(EVENT_GROWN, 1);
}

/* Offer some of what is left to say to the sender under test. */
void host_say(struct host *h)
{
	u32 len = min(h->talk.len - h->said, SAY_MAX), n = 0, i;
	u32 base = h->flow.records.base;
	struct bio_vec bv[SAY_PIECES];
	struct kvec kvec;
	struct msghdr msg = {};
	u8 *copy = NULL;
	int taken;

	if (!len)
		return;
	len = pick_one_in(2) ? len : pick_length(len);
	if (pick_one_in(2)) {
		n = splice(bv, h->talk.said + h->said, len);
		msg.msg_flags = MSG_SPLICE_PAGES;
		msg.msg_iter = (struct iov_iter){ .bvec = bv, .count = len };
	} else {
		/* Its owner may do with it what he likes afterwards. */
		copy = malloc(len);
		memcpy(copy, h->talk.said + h->said, len);
		kvec = (struct kvec){ copy, len };
		iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &kvec, 1, len);
	}
	taken = asym_stream_send(&h->sk, &h->flow, &msg);
	property_check(PROPERTY_HONEST, taken > 0 || taken == -EAGAIN,
		       "sender says %d at byte %u", taken, h->said);
	if (taken > 0)
		h->said += (u32)taken;
	free(copy);
	for (i = 0; i < n; i++)
		put_page(bv[i].bv_page);
	check_memory(h, base);
}

void host_start(struct host *h, struct host *peer, enum iscsi_role role,
		u32 isn, u32 mss)
{
	memset(h, 0, sizeof(*h));
	h->peer = peer;
	h->net.host = h;
	h->isn = isn;
	h->snd_nxt = isn;
	h->sndbuf = mss < 300 ? pick_between(1, 600) :
				pick_between(200, pick(2) ? 2000 : 60000);
	h->sk.tcp.write_seq = isn;
	h->sk.tcp.snd_una = isn;
	h->sk.tcp.rx_opt.mss_clamp = mss;
	h->flow.role = role;
	h->flow.sk = &h->sk;
	h->flow.key.net = &h->net;
	asym_records_init(&h->flow.records, isn);
	asym_tasks_init(&h->flow.tasks);
	asym_track_init(&h->flow.track);
	iscsi_stream_init(&h->flow.stream, role);
}

void host_end(struct host *h)
{
	u32 i;

	for (i = 0; i < h->nr_pieces; i++)
		piece_free(&h->pieces[i]);
	free(h->pieces);
	free(h->record_ends);
	inbox_end(h);
	talk_free(&h->talk);
	/* As in asym_flow_put(). */
	asym_records_free(&h->flow.records);
	asym_tasks_free(&h->flow.tasks);
	asym_track_free(&h->flow.track);
	asym_binding_put(h->flow.task.binding);
	if (h->flow.pending.page)
		put_page(h->flow.pending.page);
	kfree(h->flow.bounce);
}

/* ---- the rest of the module ---- */

bool asym_port_is_iscsi(__be16 port)
{
	return port == htons(3260);
}

struct asym_flow *asym_socket_flow(const struct sock *sk)
{
	return &container_of(sk, struct host, sk)->flow;
}

struct asym_flow *asym_flow_get(const struct asym_flow_key *key)
{
	return &key->net->host->flow;
}

bool asym_flow_received(struct asym_flow *flow, u32 *rcv_nxt)
{
	*rcv_nxt = flow->sk->tcp.rcv_nxt;
	return true;
}

void asym_flow_break(struct asym_flow *flow, enum asym_reason reason,
		     const char *detail)
{
	const struct inbox *in = &flow->key.net->host->inbox;

	spin_lock_bh(&flow->lock);
	flow->broken = true;
	spin_unlock_bh(&flow->lock);
	property_check(PROPERTY_HONEST, in->lie != INBOX_NO_LIE,
		       "reset, reason %u: %s", reason, detail);
	if (in->lie != INBOX_NO_LIE)
		event_count(in->lie_event, 1);
}

void asym_refuse(struct net *net, enum asym_reason reason, const char *target,
		 u64 lun, const char *detail)
{
	(void)net;
	(void)target;
	event_count(EVENT_REFUSED, 1);
	property_check(PROPERTY_HONEST, reason == ASYM_REASON_UNBOUND_LUN ||
		       reason == ASYM_REASON_REFUSED_COMMAND,
		       "unit %llu, reason %u: %s", (unsigned long long)lun >> 48,
		       reason, detail);
}

void asym_count(struct net *net, enum asym_stat stat, u64 n)
{
	(void)net;
	(void)stat;
	(void)n;
}

void asym_count_reason(struct net *net, enum asym_reason reason)
{
	(void)net;
	(void)reason;
}
