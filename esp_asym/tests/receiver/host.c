// SPDX-License-Identifier: GPL-2.0
#include "../../packet.h"
#include "../../sa.h"
#include "../../stat.h"
#include "../../stream.h"
#include "../../task.h"
#include "host.h"
#include "receiver.h"

struct net net;
struct xfrm_state sa = {
	.net	= &net,
	.props	= { .family = AF_INET, .mode = XFRM_MODE_TRANSPORT },
};

struct asym_flow flow;
struct reader reader;

bool asym_port_is_iscsi(__be16 port)
{
	return port == htons(3260);
}

struct asym_flow *asym_flow_get(const struct asym_flow_key *key)
{
	bool target = flow.role == ISCSI_ROLE_TARGET;

	if (key->lport != htons(target ? 3260 : 40000) ||
	    key->rport != htons(target ? 40000 : 3260))
		return NULL;
	flow.ref.refs++;
	return &flow;
}

void asym_flow_put(struct asym_flow *f)
{
	kernel_assert(f == &flow && f->ref.refs > 1);
	f->ref.refs--;
}

bool asym_flow_received(struct asym_flow *f, u32 *rcv_nxt)
{
	*rcv_nxt = f->sk->tcp.rcv_nxt;
	return true;
}

void asym_flow_break(struct asym_flow *f, enum asym_reason reason,
		     const char *detail)
{
	kernel_assert(!f->lock.held);
	kernel_assert(detail && *detail);
	net.refusals++;
	if (f->broken)
		return;
	f->broken = true;
	switch (reason) {
	case ASYM_REASON_UNSEALED_DATA:
		happened[HAPPENED_BROKEN_UNSEALED]++;
		break;
	case ASYM_REASON_TASK_UNKNOWN:
	case ASYM_REASON_TASK_RANGE:
		happened[HAPPENED_BROKEN_TASK]++;
		break;
	case ASYM_REASON_BAD_PACKET:
		happened[HAPPENED_BROKEN_PACKET]++;
		break;
	case ASYM_REASON_BAD_STREAM:
		happened[HAPPENED_BROKEN_STREAM]++;
		break;
	case ASYM_REASON_KEY_MISSING:
		happened[HAPPENED_BROKEN_KEY]++;
		break;
	default:
		kernel_assert(reason == ASYM_REASON_NO_MEMORY && kernel.failed);
	}
}

void asym_refuse(struct net *n, enum asym_reason reason, const char *target,
		 u64 lun, const char *detail)
{
	(void)target;
	(void)lun;
	n->refusals++;
	kernel_assert(detail || reason == ASYM_REASON_NO_MEMORY ||
		      reason == ASYM_REASON_CRYPTO_ERROR);
	if (reason == ASYM_REASON_BAD_ICV)
		happened[HAPPENED_BAD_ICV]++;
	if (reason == ASYM_REASON_BAD_PACKET)
		happened[HAPPENED_MALFORMED]++;
	if (reason == ASYM_REASON_NO_MEMORY)
		happened[HAPPENED_NO_MEMORY]++;
}

void asym_count(struct net *n, enum asym_stat stat, u64 count)
{
	(void)n;
	(void)stat;
	(void)count;
}

void asym_count_opened(struct net *n, u32 opaque, u32 edges, u32 streamed)
{
	asym_count(n, ASYM_STAT_PACKETS_OPENED, 1);
	asym_count(n, ASYM_STAT_OPAQUE_BYTES_RECEIVED, opaque);
	asym_count(n, ASYM_STAT_EDGE_BYTES_RECEIVED, edges);
	asym_count(n, ASYM_STAT_BYTES_STREAMED, streamed);
}

void asym_count_reason(struct net *n, enum asym_reason reason)
{
	(void)n;
	(void)reason;
}

void asym_admit_mark(struct sk_buff *skb, const struct asym_flow *of)
{
	(void)skb;
	(void)of;
}

u32 asym_encap_ip_bytes(const struct xfrm_state *x, const struct sk_buff *skb)
{
	return x->props.family == AF_INET ? ip_hdrlen(skb) :
					    skb_network_header_len(skb);
}

void asym_encap_learn(struct xfrm_state *x, const struct sk_buff *skb)
{
	(void)x;
	(void)skb;
}

struct asym_flow *asym_socket_flow(const struct sock *sk)
{
	return sk == flow.sk ? &flow : NULL;
}

/* As in pdu.c, of which nothing else is needed. */
u8 asym_pdu_digests(const struct iscsi_params *p)
{
	return (p->header_digest & ISCSI_DIGEST_CRC32C ?
		ASYM_SESSION_HEADER_DIGEST : 0) |
	       (p->data_digest & ISCSI_DIGEST_CRC32C ?
		ASYM_SESSION_DATA_DIGEST : 0);
}

/* ---- units ---- */

struct asym_binding *asym_binding_hold(struct asym_binding *unit)
{
	unit->refs++;
	return unit;
}

void asym_binding_put(struct asym_binding *unit)
{
	if (!unit)
		return;
	kernel_assert(unit->refs);
	unit->refs--;
}

bool asym_binding_is_plain(const struct asym_binding *unit)
{
	(void)unit;
	return false;
}

u32 asym_binding_block_size(const struct asym_binding *unit)
{
	(void)unit;
	return 512;
}

int asym_binding_learn_block_size(struct asym_binding *unit, u32 bytes)
{
	kernel_assert(unit->refs);
	return bytes == 512 ? 0 : -ESTALE;
}

unsigned int asym_range_size(const struct asym_binding *unit)
{
	kernel_assert(unit->refs);
	/* That of the second unit is a device's cipher. */
	return unit->id ? 2048 : sizeof(struct asym_range) + 8;
}

static void reader_ready(struct sock *sk)
{
	kernel_assert(sk == &reader.sk && !flow.broken);
	if (!reader.lazy)
		reader_read(&reader);
}

void host_start(enum iscsi_role role, u32 isn)
{
	net.refusals = 0;
	reader_start(&reader, isn);
	reader.sk.tcp.rcv_nxt = isn;
	reader.sk.sk_refcnt.refs = 1;
	reader.sk.sk_receive_queue.next = (void *)&reader.sk.sk_receive_queue;
	reader.sk.sk_receive_queue.prev = (void *)&reader.sk.sk_receive_queue;
	reader.sk.sk_data_ready = reader_ready;
	reader_units[0] = (struct asym_binding){ .id = 0 };
	reader_units[1] = (struct asym_binding){ .id = 1 };

	memset(&flow, 0, sizeof(flow));
	flow.role = role;
	flow.ref.refs = 1;
	flow.sk = &reader.sk;
	asym_tasks_init(&flow.tasks);
	asym_track_init(&flow.track);
	iscsi_stream_init(&flow.stream, role);
	asym_track_attach(&reader.sk, &flow);
}

void host_offer(bool header_digest, bool data_digest)
{
	reader.header_digest = header_digest;
	reader.data_digest = data_digest;
	flow.stream.params.header_digest = header_digest ?
					   ISCSI_DIGEST_CRC32C : 0;
	flow.stream.params.data_digest = data_digest ?
					 ISCSI_DIGEST_CRC32C : 0;
}

void host_end(void)
{
	__skb_queue_purge(&reader.sk.sk_receive_queue);
	asym_track_detach(&reader.sk, &flow);
	asym_track_free(&flow.track);
	asym_tasks_free(&flow.tasks);
	kernel_assert(flow.ref.refs == 1 && reader.sk.sk_refcnt.refs == 1);
	kernel_assert(!reader_units[0].refs && !reader_units[1].refs);
	kernel_assert(!reader.sk.sk_rmem_alloc.counter && !reader.sk.mem);
}
