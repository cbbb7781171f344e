// SPDX-License-Identifier: GPL-2.0
#include "../../record.h"
#include "../../task.h"
#include "choice.h"
#include "cipher.h"
#include "host.h"
#include "packet.h"
#include "peer.h"
#include "receiver.h"
#include "tcp.h"

#define SEGMENT_MAX	1448

u64 happened[HAPPENED_MAX];

static void new_task(u32 i)
{
	struct reader_task *t = &reader.tasks[i];
	u32 kind = take(8);

	if (flow.broken || !reader.full_feature ||
	    (t->used && !t->ended && (peer.honest || take(8))))
		return;
	reader.honest &= !t->used || t->ended;
	/* Whatever was read before is not about this one. */
	reader_read(&reader);
	*t = (struct reader_task){
		.used		= true,
		.task		= {
			.itt		= i + 1,
			.grant		= ASYM_GRANT_OPAQUE,
			.binding	= &reader_units[take(READER_UNITS)],
			.offset		= take(256) * 512,
			.len		= 512 * (1 + take(8)),
			.since		= reader.sk.tcp.rcv_nxt,
		},
	};
	t->task.run = t->task.len;
	if (kind == 0)
		t->task.grant = ASYM_GRANT_SEALED;
	if (kind == 1)
		t->task.grant = ASYM_GRANT_READ_CAPACITY_10;
	if (kind == 2) {
		t->task.grant = ASYM_GRANT_SEALED;
		t->task.treatment = ASYM_TREAT_ZEROED;
	}
	peer_forget(i);
	asym_binding_hold(t->task.binding);
	if (asym_task_set(&flow.tasks, &t->task)) {
		asym_binding_put(t->task.binding);
		t->used = false;
		reader.honest = false;
	}
}

static void send_lie(void)
{
	u32 len = 1 + take(256) * 6;
	u32 from = take(2) ? peer.sent :
			     peer.sent - min(peer.sent, take(256));

	peer_send(from, len, true);
}

/* Bytes of the login response.  The reader knows what was offered, and would not
 * notice that the response says something else.
 */
static u32 login_len;

static void step(void)
{
	u32 i = take(READER_TASKS), choice = take(32), from;

	if (flow.role == ISCSI_ROLE_TARGET && choice < 24) {
		peer_send_to_target();
		return;
	}
	if (peer.honest && (choice >= 28 || choice == 23 ||
			    (choice >= 9 && choice <= 11)))
		choice = 16;
	switch (choice) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
		peer_say_data(i, true);
		break;
	case 6:
	case 7:
		peer_say_response(i, true);
		break;
	case 8:
		peer_say_other();
		break;
	case 9:
		if (!take(4))
			peer_say_data(i, false);
		break;
	case 10:
		if (!take(4))
			peer_say_response(i, false);
		break;
	case 11:
		if (!take(4))
			peer_say_anything();
		break;
	case 12:
	case 13:
	case 14:
		new_task(i);
		break;
	case 15:
	case 16:
	case 17:
	case 18:
	case 19:
	case 20:
		peer_send(peer.sent, 1 + take(256) * 6, false);
		break;
	case 21:
	case 22:
		from = peer.len ? (u32)(take(256) << 8 | take(256)) % peer.len :
				  0;
		peer_send(from, 1 + take(256) * 6, false);
		break;
	case 23:
		if (take(4))
			send_lie();
		break;
	case 24:
	case 25:
		cipher_complete(take(CIPHER_LATE));
		break;
	case 26:
		kernel.delay = true;
		break;
	case 27:
		if (!peer.honest && !take(4))
			kernel.fail_in = (int)take(16);
		break;
	case 28:
		if (!take(4))
			kernel.cipher_error = -EIO;
		if (!take(8)) {
			reader_units[0].deleted = true;
			reader.honest = false;
		}
		break;
	case 29:
		reader.lazy = !reader.lazy;
		break;
	case 30:
		if (!flow.broken && flow.role == ISCSI_ROLE_INITIATOR)
			reader_read(&reader);
		break;
	case 31:
		/* Other bytes than were peer.sent before. */
		if (take(8) || peer.len == login_len)
			break;
		reader.honest = false;
		from = (u32)(take(256) << 8 | take(256)) %
		       (peer.len - login_len) + login_len;
		peer_change(from, (u8)(1 + take(255)));
		break;
	}
}

static void start(void)
{
	u32 options = take(256);

	kernel = (struct kernel){ .fail_in = -1 };
	peer_start(options & 16, options & 2 ? 0xffffe000 : 1000);
	packets_start();
	cipher_start(options & 64);
	host_start((options & 0xe0) == 0xe0 ? ISCSI_ROLE_TARGET :
					      ISCSI_ROLE_INITIATOR, peer.isn);
	sa.props.flags = options & 1 ? XFRM_STATE_ESN : 0;
	host_offer(options & 4, options & 8);
	reader.lazy = (options & 0x30) == 0x30;
	peer_say_login();
	login_len = peer.len;
}

/* What makes sense arrives in the end, all of it. */
static void check_honest(void)
{
	kernel_assert(!flow.broken);
	while (peer.sent < peer.len)
		peer_send(peer.sent, SEGMENT_MAX, false);
	/* Some have been lost. */
	while (reader.honest && reader.sk.tcp.rcv_nxt != peer.isn + peer.len)
		peer_send(reader.sk.tcp.rcv_nxt - peer.isn, SEGMENT_MAX, false);
	if (!reader.honest)
		return;
	kernel_assert(!flow.broken);
	reader_read(&reader);
	kernel_assert(reader.copied == peer.isn + peer.len);
	happened[HAPPENED_HONEST]++;
	happened[HAPPENED_HONEST_DIGESTS] += reader.data_digest;
}

void receiver_run(const u8 *bytes, size_t len)
{
	u32 i;

	choice_start(bytes, len);
	start();
	while (choice_left() && !flow.broken)
		step();

	kernel.fail_in = -1;
	kernel.delay = false;
	reader.honest &= !kernel.failed && !kernel.cipher_error;
	for (i = 0; i < CIPHER_LATE; i++)
		cipher_complete(i);
	choice_start(NULL, 0);
	if (flow.role == ISCSI_ROLE_INITIATOR && reader.honest)
		check_honest();

	packets_check();
	tcp_end();
	cipher_end();
	host_end();
	kernel_assert(!kernel.allocated);
}
