// SPDX-License-Identifier: GPL-2.0
#include "asker.h"
#include "choice.h"
#include "dump.h"
#include "keyring.h"
#include "message.h"
#include "requests.h"
#include "space.h"
#include "told.h"

u64 happened[HAPPENED_MAX];

static void check_outcome(struct space *space, const struct message *m,
			  bool capable, u32 generation, u32 failed, int err,
			  const char *text, bool called)
{
	const struct genlmsghdr *hdr = NLMSG_DATA(m->bytes);
	u32 changed = asym_net(&space->net)->generation - generation;
	bool no_memory = kernel.failed != failed;

	if (text)
		kernel_assert(*text && !kernel_is_secret(text, strlen(text)));
	if (err) {
		kernel_assert(err < 0 && !changed && !told.replies);
		/* What needs no words, and what netlink has none for. */
		kernel_assert(text || err == -ENOMEM || !called);
		kernel_assert(err != -ENOMEM || no_memory);
		happened[HAPPENED_REFUSED]++;
		happened[HAPPENED_NO_MEMORY] += err == -ENOMEM;
		happened[HAPPENED_NOT_PERMITTED] += err == -EPERM;
		return;
	}
	kernel_assert(capable);
	switch (hdr->cmd) {
	case ASYM_CMD_KEY_NEW:
	case ASYM_CMD_KEY_DEL:
	case ASYM_CMD_BINDING_NEW:
	case ASYM_CMD_BINDING_DEL:
		kernel_assert(changed == 1 && !told.replies);
		break;
	default:
		kernel_assert(!changed && (told.replies == 1 || space->dumping));
	}
	happened[HAPPENED_KEY_NEW + hdr->cmd - ASYM_CMD_KEY_NEW]++;
}

static void receive(struct space *space)
{
	struct netlink_ext_ack extack = {};
	struct genl_dump dump = {};
	struct asym_net *an = asym_net(&space->net);
	u32 generation = an->generation, failed = kernel.failed;
	u32 calls = genl_calls, at;
	bool capable = take(16);
	struct message m;
	u8 *exact;
	int err;

	message_build(&m);
	exact = malloc(m.len);
	kernel_assert(exact);
	memcpy(exact, m.bytes, m.len);
	told.replies = 0;
	err = genl_receive(&space->net, capable, exact, m.len, &extack, &dump);
	if (extack.bad_attr) {
		at = (u32)((u8 *)extack.bad_attr - exact);
		kernel_assert(err && extack._msg);
		kernel_assert(at >= NLMSG_HDRLEN + GENL_HDRLEN &&
			      at + NLA_HDRLEN <= m.len);
	}
	free(exact);
	if (!err && dump.ops) {
		/* One at a time on a socket; the old one's reader has gone. */
		space->dump = dump;
		space->dumping = true;
		space->interrupted = false;
		space->parts = 0;
		space->nr_seen = 0;
	}
	check_outcome(space, &m, capable, generation, failed, err, extack._msg,
		      genl_calls != calls);
	if (!err && dump.ops)
		dump_next(space, 512 + 32 * take(100));
}

static void step(void)
{
	u32 choice = take(32);
	struct space *space = &spaces[take(16) == 15 && spaces[1].alive];
	struct held *h;

	switch (choice) {
	case 16:
	case 17:
		asker_hold(space);
		break;
	case 18:
	case 19:
	case 20:
	case 21:
		h = &held[take(ASKER_HELD)];
		if (!h->binding)
			break;
		if (choice == 18)
			asker_drop(h);
		else if (choice == 19)
			asker_use(h);
		else
			asker_learn(h);
		break;
	case 22:
		asker_ask_sealed(space);
		break;
	case 23:
	case 24:
		asker_tell(space);
		break;
	case 25:
		kernel.jiffies += (u64)take(256) * HZ / 4;
		break;
	case 26:
		kernel_run_work();
		break;
	case 27:
		kernel.fail_in = (int)take(8);
		break;
	case 28:
		kernel.crypto_error = take(2) ? -EINVAL : -ENOENT;
		break;
	case 29:
	case 30:
		if (space->dumping)
			dump_next(space, 512 + 32 * take(100));
		break;
	case 31:
		/* The first of them stays to the end. */
		if (space != spaces && !take(4))
			space_end(space);
		break;
	default:
		receive(space);
	}
}

void requests_run(const u8 *bytes, size_t len)
{
	bool all_listen = true;
	u32 i;

	/* What a request says itself may come back. */
	if (kernel_is_secret(bytes, len))
		return;
	choice_start(bytes, len);
	kernel_start();
	keyring_start();
	told.events = 0;
	kernel.jiffies = 1;
	kernel_assert(!kernel_module_init());
	for (i = 0; i < SPACES; i++) {
		space_start(&spaces[i], take(4));
		all_listen &= spaces[i].listens;
	}

	while (choice_left()) {
		step();
		spaces_check();
	}

	kernel.fail_in = -1;
	for (i = 0; i < SPACES; i++)
		if (spaces[i].alive)
			space_end(&spaces[i]);
	/* Each event was told, or told to be missing, in both places. */
	if (all_listen)
		kernel_assert(told.events ==
			      kernel.logged + kernel.log_suppressed);
	asker_end();
	kernel_module_exit();
	keyring_end();
	kernel_assert(!kernel.allocated);
}
