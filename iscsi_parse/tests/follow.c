// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "follow.h"

static void *follow_room(void *array, u32 count, u32 *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room * 2 + 16;
	array = realloc(array, *room * size);
	if (!array)
		abort();
	return array;
}

static void follow_stretch(struct follow *f, enum iscsi_part part, u32 pdu,
			   size_t offset, u32 len)
{
	struct stretch *last = f->count ? &f->stretches[f->count - 1] : NULL;

	if (last && last->pdu == pdu && last->part == part) {
		last->len += len;
		return;
	}
	f->stretches = follow_room(f->stretches, f->count, &f->count_room,
				   sizeof(*f->stretches));
	last = &f->stretches[f->count++];
	memset(last, 0, sizeof(*last));	/* they are compared as bytes */
	last->part = part;
	last->pdu = pdu;
	last->offset = offset;
	last->len = len;
}

static void follow_head(struct follow *f)
{
	f->heads = follow_room(f->heads, f->head_count, &f->head_room,
			       sizeof(*f->heads));
	f->heads[f->head_count++] = f->stream.pdu;
}

static void follow_pdu_end(struct follow *f)
{
	f->params = follow_room(f->params, f->params_count, &f->params_room,
				sizeof(*f->params));
	f->params[f->params_count++] = f->stream.params;
	if (f->told && f->stream.pdu.final_login)
		iscsi_stream_set_digests(&f->stream, f->header_digest,
					 f->data_digest);
}

/* The promises in the interface's comments. */
static const char *follow_check(const struct follow *f, int event,
				enum iscsi_part part, u32 pdu_len, bool last)
{
	const struct iscsi_stream *s = &f->stream;
	const struct iscsi_pdu *pdu = &s->pdu;

	if (!s->left)
		return "left is 0";
	if (event == ISCSI_EVENT_HEAD) {
		if (part != ISCSI_PART_HEAD || !last)
			return "head complete in another part";
		if (pdu_len != pdu->head_len || pdu_len != s->head_len)
			return "head of another length than was fed";
		if (pdu_len > ISCSI_HEAD_BYTES_MAX)
			return "head too long";
		if (pdu->cdb_len > SCSI_CDB_BYTES_MAX)
			return "CDB too long";
		if (!pdu->data_len && pdu->tail_len)
			return "tail without data";
		if (s->part != (pdu->data_len ? ISCSI_PART_DATA :
						ISCSI_PART_HEAD))
			return "wrong part behind a head";
		if (pdu->data_len && s->left != pdu->data_len)
			return "wrong length of data";
	} else if (event == ISCSI_EVENT_PDU) {
		if (part == ISCSI_PART_HEAD || !last ||
		    s->part != ISCSI_PART_HEAD)
			return "PDU complete in the wrong part";
		if (pdu_len != pdu->head_len + pdu->data_len + pdu->tail_len)
			return "PDU of another length than was fed";
	} else if (event != ISCSI_EVENT_NONE) {
		return "unknown event";
	} else if (last && part == ISCSI_PART_DATA &&
		   (s->part != ISCSI_PART_TAIL || s->left != pdu->tail_len)) {
		return "wrong length of a tail";
	} else if (last && part == ISCSI_PART_TAIL) {
		return "end of a tail without an event";
	}
	return NULL;
}

/* The parser gets a copy of exactly the bytes it may look at, or none. */
static int follow_feed(struct iscsi_stream *s, const u8 *bytes, u32 len)
{
	u8 *copy = NULL;
	int event;

	if (s->part == ISCSI_PART_HEAD || iscsi_stream_wants_data(s)) {
		copy = malloc(len);
		if (!copy)
			abort();
		memcpy(copy, bytes, len);
	}
	event = iscsi_stream_feed(s, copy, len);
	free(copy);
	return event;
}

static u32 follow_cut(u32 cuts, u32 *state)
{
	u32 random;

	if (cuts == FOLLOW_WHOLE)
		return (u32)-1;
	if (cuts == FOLLOW_BYTES)
		return 1;
	/* Few bytes often, and now and then as many as a segment has. */
	random = build_random(state);
	return 1 + (random >> 8) % (random & 3 ? 17 : 1448);
}

void follow(struct follow *f, enum iscsi_role role, const u8 *bytes, size_t len,
	    u32 cuts)
{
	struct iscsi_stream *s = &f->stream;
	u32 state = cuts | 1, pdu = 0, pdu_len = 0;
	size_t offset = 0;

	iscsi_stream_init(s, role);
	while (offset < len && !f->broken) {
		const enum iscsi_part part = s->part;
		const u32 left = s->left;
		u32 cut = follow_cut(cuts, &state);
		int event;

		if (cut > left)
			cut = left;
		if (cut > len - offset)
			cut = (u32)(len - offset);
		event = follow_feed(s, bytes + offset, cut);
		if (event < 0) {
			if (event != -EPROTO || !s->error)
				f->broken = "error without a reason";
			if (iscsi_stream_feed(s, bytes, 1) != -EPROTO)
				f->broken = "bytes accepted after an error";
			if (!s->left)
				f->broken = "left is 0 after an error";
			break;
		}
		if (s->error)
			f->broken = "reason without an error";
		follow_stretch(f, part, pdu, offset, cut);
		offset += cut;
		pdu_len += cut;
		if (!f->broken)
			f->broken = follow_check(f, event, part, pdu_len,
						 cut == left);
		if (event == ISCSI_EVENT_HEAD)
			follow_head(f);
		if (event == ISCSI_EVENT_PDU ||
		    (event == ISCSI_EVENT_HEAD && !s->pdu.data_len)) {
			follow_pdu_end(f);
			pdu++;
			pdu_len = 0;
		}
	}
}

void follow_free(struct follow *f)
{
	free(f->stretches);
	free(f->heads);
	free(f->params);
	memset(f, 0, sizeof(*f));
}

/*
 * Where exactly in a part a parser notices an error depends on the cuts: the
 * part before it is the last that counts.
 */
static u32 follow_complete(const struct follow *f)
{
	const struct stretch *last;

	if (!f->stream.error || !f->count)
		return f->count;
	last = &f->stretches[f->count - 1];
	if (last->part == f->stream.part && last->pdu == f->params_count)
		return f->count - 1;
	return f->count;
}

const char *follow_differ(const struct follow *a, const struct follow *b)
{
	u32 count = follow_complete(a);

	if (a->broken || b->broken)
		return a->broken ? a->broken : b->broken;
	if (a->stream.error != b->stream.error)
		return "error";
	if (count != follow_complete(b) ||
	    (count && memcmp(a->stretches, b->stretches,
			     count * sizeof(*a->stretches))))
		return "stretches";
	if (a->head_count != b->head_count ||
	    (a->head_count && memcmp(a->heads, b->heads,
				     a->head_count * sizeof(*a->heads))))
		return "heads";
	if (a->params_count != b->params_count ||
	    (a->params_count && memcmp(a->params, b->params,
				       a->params_count * sizeof(*a->params))))
		return "params";
	if (memcmp(&a->stream.params, &b->stream.params,
		   sizeof(a->stream.params)))
		return "last params";
	if (!a->stream.error && memcmp(&a->stream, &b->stream,
				       sizeof(a->stream)))
		return "state";
	return NULL;
}
