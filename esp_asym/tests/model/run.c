// SPDX-License-Identifier: GPL-2.0
#include "../../record.h"
#include "choice.h"
#include "lie.h"
#include "packet.h"
#include "property.h"
#include "run.h"
#include "session.h"

#define FLYING		24
#define LATE		4
#define STEPS_MAX	2000000

/* Packets made. */
u64 run_packets;

static struct session session;
static struct packet flying[FLYING];
static u32 nr_flying;
/* What comes when nobody expects it any more. */
static struct packet late[LATE];

static struct host *some_host(void)
{
	return pick(2) ? &session.initiator : &session.target;
}

/* First transmission or not, cut as never before. */
static void transmit(struct host *h)
{
	const struct tcp_sock *tp = &h->sk.tcp;
	u32 seq, len, most;

	if (tp->write_seq == tp->snd_una || nr_flying == FLYING)
		return;
	switch (pick(3)) {
	case 0:
		seq = h->snd_nxt;
		break;
	case 1:
		seq = h->peer->sk.tcp.rcv_nxt;
		break;
	default:
		seq = tp->snd_una + pick(h->snd_nxt - tp->snd_una + 1);
	}
	if (after(seq, h->snd_nxt))
		seq = h->snd_nxt;
	if (seq == tp->write_seq)
		return;
	most = min(host_record_end(h, seq) - seq, tp->rx_opt.mss_clamp);
	len = pick_one_in(2) ? most : pick_length(most);
	run_packets++;
	if (packet_make(&flying[nr_flying], h, seq, len)) {
		if (session.lies && h == &session.target)
			lie_tell(&flying[nr_flying],
				 session.tasks[pick(session.tags)].itt);
		nr_flying++;
	}
	if (after(seq + len, h->snd_nxt))
		h->snd_nxt = seq + len;
}

/* In any order, some not at all, some more than once. */
static void arrive(void)
{
	struct packet *p = &late[pick(LATE)];

	if (p->inner && pick_one_in(4))
		packet_take(p, pick_one_in(4));
	if (!nr_flying)
		return;
	p = &flying[pick(nr_flying)];
	if (!pick_one_in(8))
		packet_take(p, pick_one_in(4));
	if (pick_one_in(4))
		return;
	if (pick_one_in(16)) {
		packet_free(&late[0]);
		memmove(late, late + 1, (LATE - 1) * sizeof(*late));
		late[LATE - 1] = *p;
	} else {
		packet_free(p);
	}
	*p = flying[--nr_flying];
}

/* The peer has all of it up to here, or up to some byte before. */
static void acknowledge(struct host *h)
{
	u32 una = h->sk.tcp.snd_una;
	u32 new = h->peer->sk.tcp.rcv_nxt - una;

	if (new)
		host_acked(h, una + (pick(2) ? new : pick_length(new)));
}

static void step(void)
{
	struct host *h = some_host();

	switch (pick(10)) {
	case 0:
		session_request(&session);
		session_answer(&session);
		break;
	case 1:
	case 2:
		host_say(h);
		break;
	case 3:
	case 4:
	case 5:
		transmit(h);
		break;
	case 6:
	case 7:
	case 8:
		arrive();
		break;
	case 9:
		packet_probe_limits(h);
		acknowledge(h);
		break;
	}
}

static u32 choose_mss(void)
{
	static const u32 usual[] = { 536, 1368, 1448, 1460, 4096, 8948 };

	return pick_one_in(4) ? pick_between(1, 64) :
	       pick_one_in(2) ? pick_between(65, 8948) :
				usual[pick(ARRAY_SIZE(usual))];
}

/* Everything is acknowledged: nothing is kept. */
static void settle(struct host *h)
{
	host_acked(h, h->sk.tcp.write_seq);
	asym_records_acked(&h->flow.records, h->sk.tcp.snd_una);
	property_check(PROPERTY_MEMORY, !h->flow.records.pdus.count &&
		       !h->flow.records.sources.count,
		       "%u PDUs and %u sources are left",
		       h->flow.records.pdus.count,
		       h->flow.records.sources.count);
}

void run(void)
{
	u32 steps = 0, i;
	bool refused;

	session_start(&session, choose_mss());
	while (!session_done(&session) && steps++ < STEPS_MAX &&
	       !choice_exhausted() && !session.initiator.flow.broken &&
	       !session.target.flow.broken)
		step();
	if (session_done(&session)) {
		settle(&session.initiator);
		settle(&session.target);
	}
	refused = session.initiator.flow.broken &&
		  session.initiator.inbox.lie != INBOX_NO_LIE;
	property_check(PROPERTY_COMPLETE, session_done(&session) || refused ||
		       choice_exhausted(), "%u commands are left after %u steps",
		       session.commands, steps);
	while (nr_flying)
		packet_free(&flying[--nr_flying]);
	for (i = 0; i < LATE; i++)
		packet_free(&late[i]);
	session_end(&session);
}
