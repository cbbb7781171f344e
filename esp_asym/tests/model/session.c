// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "choice.h"
#include "property.h"
#include "session.h"

#define OPCODE_REFUSED	0x61	/* what goes out instead */
#define CDB		32	/* in the BHS */

static void put16(u8 *p, u32 value)
{
	p[0] = (u8)(value >> 8);
	p[1] = (u8)value;
}

static void put32(u8 *p, u32 value)
{
	put16(p, value >> 16);
	put16(p + 2, value);
}

/* How far the peer of a host has received what it says. */
static u32 heard_of(const struct host *h)
{
	return host_pos(h, h->peer->sk.tcp.rcv_nxt);
}

/* ---- login ---- */

/* Keys cut anywhere; the last PDU ends the phase. */
static void say_login(struct session *s, struct host *h, u8 opcode,
		      const char *text, u32 len)
{
	u32 header = (u32)strlen(text), both, n, done = 0, declared;
	struct talk_data data;
	u8 bhs[48] = { opcode };

	/* HeaderDigest is the first key, DataDigest the second. */
	both = header + 1 + (u32)strlen(text + header + 1);
	while (done < len) {
		n = pick_one_in(2) ? len - done : pick_length(len - done);
		bhs[1] = done + n < len ? 0x44 : 0x87;
		data = talk_plain((const u8 *)text + done, n);
		talk_pdu(&h->talk, bhs, -1, &data);
		done += n;
		if (h != &s->target)
			continue;
		declared = 0;
		if (s->digests && done > header)
			declared |= ASYM_SESSION_HEADER_DIGEST;
		if (s->data_digests && done > both)
			declared |= ASYM_SESSION_DATA_DIGEST;
		talk_duty(&h->talk, ASYM_NOTE_SESSION, 0, declared);
	}
}

static void request_login(struct session *s)
{
	char text[256];
	u32 len;

	len = (u32)sprintf(text, "HeaderDigest=%s",
			   s->digests ? "CRC32C,None" : "None") + 1;
	len += (u32)sprintf(text + len, "DataDigest=%s",
			    s->data_digests ? "None,CRC32C" : "None") + 1;
	len += (u32)sprintf(text + len, "TargetName=%s",
			    "iqn.2003-01.org.example:disk") + 1;
	len += (u32)sprintf(text + len, "MaxRecvDataSegmentLength=8192") + 1;
	say_login(s, &s->initiator, 0x43, text, len);
	s->request_end = s->initiator.talk.len;
}

static void answer_login(struct session *s)
{
	char text[256];
	u32 len;

	len = (u32)sprintf(text, "HeaderDigest=%s",
			   s->digests ? "CRC32C" : "None") + 1;
	len += (u32)sprintf(text + len, "DataDigest=%s",
			    s->data_digests ? "CRC32C" : "None") + 1;
	say_login(s, &s->target, 0x23, text, len);
	s->login_end = s->target.talk.len;
	s->target.talk.digests = s->digests;
	s->target.talk.data_digests = s->data_digests;
}

static bool logged_in(struct session *s)
{
	struct host *h = &s->initiator;

	if (!s->login_end || heard_of(&s->target) < s->login_end)
		return false;
	h->talk.digests = s->digests;
	h->talk.data_digests = s->data_digests;
	return true;
}

/* ---- requests ---- */

static bool task_writes(const struct task *t)
{
	return t->kind == TASK_WRITE || t->kind == TASK_COMPARE ||
	       t->kind == TASK_SELECT || t->kind == TASK_SAME;
}

static bool task_reads(const struct task *t)
{
	return !task_writes(t) && t->kind != TASK_READY;
}

/* Does it move user data? */
static bool task_moves_blocks(const struct task *t)
{
	return t->kind <= TASK_COMPARE || t->kind == TASK_SAME;
}

static bool task_is_sealed(const struct task *t)
{
	return t->kind <= TASK_COMPARE && disk_is_sealed(t->disk);
}

static u8 task_grant(const struct task *t)
{
	if (t->refused)
		return ASYM_GRANT_SEALED;
	if (t->kind == TASK_CAPACITY_10)
		return ASYM_GRANT_READ_CAPACITY_10;
	if (t->kind == TASK_CAPACITY_16)
		return ASYM_GRANT_READ_CAPACITY_16;
	return t->kind == TASK_READ && task_is_sealed(t) ? ASYM_GRANT_OPAQUE :
							   ASYM_GRANT_SEALED;
}

/* Which blocks, and how much data. */
static void choose_access(struct session *s, struct task *t)
{
	u32 size = t->disk->block_size, all = DISK_BYTES / size;
	u32 most = s->small ? 1 : SESSION_DATA_BYTES / 2 / size, blocks, first;

	if (t->kind == TASK_SELECT || t->kind == TASK_INQUIRY) {
		t->len = pick_between(36, 255);
		return;
	}
	if (t->kind == TASK_CAPACITY_10 || t->kind == TASK_CAPACITY_16) {
		t->len = t->kind == TASK_CAPACITY_10 ? 8 : 32;
		return;
	}
	if (t->kind == TASK_READY) {
		t->len = 0;
		return;
	}
	blocks = t->kind == TASK_SAME ? 1 : pick_between(1, most);
	first = pick(all - blocks + 1);
	t->offset = first * size;
	t->run = blocks * size;
	t->len = t->run * (t->kind == TASK_COMPARE ? 2 : 1);
}

static void build_cdb(const struct task *t, u8 *cdb)
{
	u32 lba = t->offset / t->disk->block_size;
	u32 blocks = t->run / t->disk->block_size;

	switch (t->kind) {
	case TASK_WRITE:
	case TASK_READ:
	case TASK_SAME:
		cdb[0] = t->kind == TASK_WRITE ? 0x2a :
			 t->kind == TASK_READ ? 0x28 : 0x41;
		put32(cdb + 2, lba);
		put16(cdb + 7, blocks);
		break;
	case TASK_COMPARE:
		cdb[0] = 0x89;
		put32(cdb + 6, lba);
		cdb[13] = (u8)blocks;
		break;
	case TASK_CAPACITY_10:
		cdb[0] = 0x25;
		break;
	case TASK_CAPACITY_16:
		cdb[0] = 0x9e;
		cdb[1] = 0x10;
		put32(cdb + 10, t->len);
		break;
	case TASK_INQUIRY:
		cdb[0] = 0x12;
		put16(cdb + 3, t->len);
		break;
	case TASK_SELECT:
		cdb[0] = 0x55;
		put16(cdb + 7, t->len);
		break;
	case TASK_READY:
	case TASK_KINDS:
		break;
	}
}

/* The data of a write: user data are sealed, or zeros if they are refused. */
static void choose_data(struct task *t)
{
	u32 done;

	if (!task_moves_blocks(t) || t->disk->kind == DISK_PLAIN) {
		disk_noise(t->data, t->len);
		memcpy(t->sealed, t->data, t->len);
		return;
	}
	disk_user_data(t->data, t->len);
	memset(t->sealed, 0, t->len);
	for (done = 0; !t->refused && done < t->len; done += t->run)
		disk_crypt(t->disk, t->offset, t->run, t->data + done,
			   t->sealed + done, true);
}

/* @n more bytes of the data of a write. */
static struct talk_data data_out(const struct task *t, u32 n)
{
	return (struct talk_data){
		.said	= t->data + t->done,
		.sent	= t->sealed + t->done,
		.heard	= t->sealed + t->done,
		.len	= n,
		.opaque	= task_is_sealed(t) && !t->refused,
		.itt	= t->itt,
		.pos	= t->done,
	};
}

/* Up to @limit bytes: whole cipher blocks where that matters. */
static u32 data_length(const struct task *t, u32 limit)
{
	if (!task_moves_blocks(t) || pick_one_in(4))
		return limit;
	return 16 * (pick_one_in(2) ? pick_between(1, min(limit / 16, 4)) :
				      pick_length(limit / 16));
}

static void said_some(struct session *s, struct task *t, u32 n)
{
	t->done += n;
	if (t->done < t->len && task_writes(t)) {
		t->state = TASK_SAYING;
		return;
	}
	t->state = TASK_SAID;
	t->end = s->initiator.talk.len;
}

static void request_task(struct session *s, struct task *t)
{
	struct talk *talk = &s->initiator.talk;
	struct talk_data data;
	u8 bhs[48] = { 0x01 };

	t->kind = pick_one_in(4) ? pick(TASK_KINDS) : s->favourite;
	t->disk = disk_of(pick(DISK_MAX));
	t->refused = task_moves_blocks(t) &&
		     (t->disk->kind == DISK_UNBOUND ||
		      (t->kind == TASK_SAME && t->disk->kind != DISK_PLAIN));
	t->done = 0;
	t->learned = t->disk->learned;
	choose_access(s, t);

	bhs[1] = 0x81 | (task_reads(t) ? 0x40 : 0) | (task_writes(t) ? 0x20 : 0);
	bhs[9] = (u8)t->disk->kind;
	put32(bhs + 16, t->itt);
	put32(bhs + 20, t->len);
	build_cdb(t, bhs + CDB);
	data.len = 0;
	if (task_writes(t)) {
		choose_data(t);
		/* What is immediate ends on a block. */
		data = data_out(t, pick_one_in(2) ? data_length(t, t->len) : 0);
	}
	talk_pdu(talk, bhs, t->refused ? OPCODE_REFUSED : -1,
		 data.len ? &data : NULL);
	if (task_reads(t))
		talk_duty(talk, ASYM_NOTE_GRANT, t->itt, task_grant(t));
	s->commands--;
	said_some(s, t, data.len);
}

static void request_data_out(struct session *s, struct task *t)
{
	u8 bhs[48] = { 0x05 };
	struct talk_data data = data_out(t, data_length(t, t->len - t->done));

	bhs[1] = t->done + data.len == t->len ? 0x80 : 0;
	bhs[9] = (u8)t->disk->kind;
	put32(bhs + 16, t->itt);
	put32(bhs + 20, 7);
	put32(bhs + 40, t->done);
	talk_pdu(&s->initiator.talk, bhs, -1, &data);
	said_some(s, t, data.len);
}

/* A PDU that nothing follows from, NOP-Out or NOP-In, unless there is no end to
 * what is said already.
 */
static void say_nop(struct host *h, u8 opcode)
{
	u8 bhs[48] = { opcode, 0x80 }, noise[64];
	u32 len = pick(2) * pick(sizeof(noise));
	struct talk_data data = talk_plain(noise, len);

	if (h->talk.len - h->said > 500)
		return;
	memset(bhs + 16, 0xff, 8);
	disk_noise(noise, len);
	talk_pdu(&h->talk, bhs, -1, len ? &data : NULL);
}

/* The initiator has the response. */
static void conclude(struct task *t)
{
	t->state = TASK_FREE;
	if ((t->kind == TASK_CAPACITY_10 || t->kind == TASK_CAPACITY_16) &&
	    disk_is_sealed(t->disk))
		property_check(PROPERTY_NOTED, t->disk->learned > t->learned,
			       "task %#x: no block size learned", t->itt);
}

/* The initiator's application has something more to say, or not. */
void session_request(struct session *s)
{
	struct task *t = &s->tasks[pick(s->tags)];

	if (!s->request_end) {
		request_login(s);
		return;
	}
	if (!logged_in(s))
		return;
	if (t->state == TASK_ANSWERED && heard_of(&s->target) >= t->end)
		conclude(t);
	if (t->state == TASK_FREE && s->commands)
		request_task(s, t);
	else if (t->state == TASK_SAYING)
		request_data_out(s, t);
	else if (s->commands && pick_one_in(8))
		say_nop(&s->initiator, 0x40);
}

/* ---- answers ---- */

static void begin_answer(struct task *t)
{
	u32 last = DISK_BYTES / t->disk->block_size - 1;
	struct asym_binding *disk = t->disk;

	t->state = TASK_ANSWERING;
	t->done = 0;
	if (t->refused) {
		t->len = 0;
		return;
	}
	switch (t->kind) {
	case TASK_WRITE:
	case TASK_COMPARE:
		memcpy(disk->plain + t->offset, t->data + t->len - t->run,
		       t->run);
		memcpy(disk->stored + t->offset, t->sealed + t->len - t->run,
		       t->run);
		break;
	case TASK_READ:
		memcpy(t->data, disk->plain + t->offset, t->len);
		memcpy(t->sealed, disk->stored + t->offset, t->len);
		break;
	case TASK_CAPACITY_10:
	case TASK_CAPACITY_16:
		memset(t->data, 0, t->len);
		put32(t->data + (t->kind == TASK_CAPACITY_10 ? 0 : 4), last);
		put32(t->data + (t->kind == TASK_CAPACITY_10 ? 4 : 8),
		      disk->block_size);
		memcpy(t->sealed, t->data, t->len);
		break;
	default:
		disk_noise(t->data, t->len);
		memcpy(t->sealed, t->data, t->len);
	}
}

static void answer_data_in(struct session *s, struct task *t)
{
	u32 n = data_length(t, t->len - t->done);
	struct talk *talk = &s->target.talk;
	struct talk_data data = {
		.said	= t->sealed + t->done,
		.sent	= t->sealed + t->done,
		.heard	= t->data + t->done,
		.len	= n,
		.opaque	= task_is_sealed(t),
		.itt	= t->itt,
		.pos	= t->done,
	};
	u8 bhs[48] = { 0x25 };

	put32(bhs + 16, t->itt);
	memset(bhs + 20, 0xff, 4);
	put32(bhs + 40, t->done);
	talk_pdu(talk, bhs, -1, &data);
	t->done += n;
	if (t->kind == TASK_CAPACITY_10)
		talk_duty_at(talk, 7, t->itt, t->disk->block_size);
	else if (t->kind == TASK_CAPACITY_16)
		talk_duty_at(talk, 11, t->itt, t->disk->block_size);
}

static void answer_response(struct session *s, struct task *t)
{
	u8 bhs[48] = { 0x21, 0x80 };
	/* INVALID COMMAND OPERATION CODE, behind its length. */
	u8 sense[20] = { 0, 18, 0x70, 0, 5, [9] = 10, [14] = 0x20 };
	struct talk_data data = talk_plain(sense, sizeof(sense));

	if (t->refused)
		bhs[3] = 0x02;
	put32(bhs + 16, t->itt);
	talk_pdu(&s->target.talk, bhs, -1, t->refused ? &data : NULL);
	t->state = TASK_ANSWERED;
	t->end = s->target.talk.len;
}

/* The target's application has something more to say, or not. */
void session_answer(struct session *s)
{
	struct task *t = &s->tasks[pick(s->tags)];

	if (!s->login_end) {
		if (s->request_end && heard_of(&s->initiator) >= s->request_end)
			answer_login(s);
		return;
	}
	if (t->state == TASK_SAID && heard_of(&s->initiator) >= t->end)
		begin_answer(t);
	if (t->state == TASK_ANSWERING) {
		if (task_reads(t) && t->done < t->len)
			answer_data_in(s, t);
		else
			answer_response(s, t);
	} else if (s->commands && pick_one_in(8)) {
		say_nop(&s->target, 0x20);
	}
}

/* ---- both ---- */

/* Sequence numbers that will run over the end or the middle of their space. */
static u32 choose_isn(u32 bytes)
{
	switch (pick(4)) {
	case 0:
		return pick(0x10000) << 16 | pick(0x10000);
	case 1:
		return (1u << 31) - pick(bytes);
	default:
		return -pick(bytes);
	}
}

void session_start(struct session *s, u32 mss)
{
	u32 bytes, i;

	memset(s, 0, sizeof(*s));
	s->small = mss < 300;
	s->digests = pick(2);
	s->data_digests = pick_one_in(3);
	s->lies = pick_one_in(4);
	s->tags = pick_between(1, SESSION_TASKS);
	s->favourite = pick_one_in(2) ? pick(TASK_KINDS) : pick(2);
	/* Then there is most to lie about. */
	if (s->lies)
		s->favourite = TASK_READ;
	s->commands = s->small ? pick_between(1, 5) : pick_between(2, 24);
	bytes = s->commands * (s->small ? 500 : 2000);
	/* Some share a bucket of the table of tasks. */
	for (i = 0; i < SESSION_TASKS; i++)
		s->tasks[i].itt = i << 28 | i % 3;
	disk_reset();
	host_start(&s->initiator, &s->target, ISCSI_ROLE_INITIATOR,
		   choose_isn(bytes), mss);
	host_start(&s->target, &s->initiator, ISCSI_ROLE_TARGET,
		   choose_isn(bytes), mss);
	s->initiator.sk.tcp.rcv_nxt = s->target.isn;
	s->target.sk.tcp.rcv_nxt = s->initiator.isn;
	inbox_start(&s->initiator);
	inbox_start(&s->target);
}

void session_end(struct session *s)
{
	host_end(&s->initiator);
	host_end(&s->target);
	property_check(PROPERTY_MEMORY, !kernel_pages && !disk_refs(),
		       "%u pages and %u references to units are left",
		       kernel_pages, disk_refs());
}

static bool host_done(const struct host *h)
{
	return h->said == h->talk.len && heard_of(h) == h->talk.len &&
	       !h->flow.pending.len;
}

bool session_done(const struct session *s)
{
	u32 i;

	for (i = 0; i < SESSION_TASKS; i++)
		if (s->tasks[i].state != TASK_FREE &&
		    s->tasks[i].state != TASK_ANSWERED)
			return false;
	return s->login_end && !s->commands && host_done(&s->initiator) &&
	       host_done(&s->target);
}
