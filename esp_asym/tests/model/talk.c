// SPDX-License-Identifier: GPL-2.0
#include <asym/iscsi_parse.h>
#include <asym/wire.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "property.h"
#include "talk.h"

static void *enlarge(void *array, u32 n, size_t size)
{
	array = realloc(array, n * size);
	if (!array)
		abort();
	return array;
}

static void talk_room(struct talk *t, u32 len)
{
	u32 old = t->room;

	if (t->len + len <= t->room)
		return;
	t->room = 2 * (t->len + len);
	t->said = enlarge(t->said, t->room, 1);
	t->sent = enlarge(t->sent, t->room, 1);
	t->heard = enlarge(t->heard, t->room, 1);
	t->marks = enlarge(t->marks, t->room, sizeof(*t->marks));
	t->first = enlarge(t->first, t->room, 1);
	t->first_mark = enlarge(t->first_mark, t->room, sizeof(*t->first_mark));
	t->was_sent = enlarge(t->was_sent, t->room, sizeof(*t->was_sent));
	t->received = enlarge(t->received, t->room, sizeof(*t->received));
	memset(t->first_mark + old, 0,
	       (t->room - old) * sizeof(*t->first_mark));
	memset(t->was_sent + old, 0, (t->room - old) * sizeof(*t->was_sent));
	memset(t->received + old, 0, (t->room - old) * sizeof(*t->received));
}

static void talk_bytes(struct talk *t, const struct talk_data *data)
{
	u32 i;

	talk_room(t, data->len);
	memcpy(t->said + t->len, data->said, data->len);
	memcpy(t->sent + t->len, data->sent, data->len);
	memcpy(t->heard + t->len, data->heard, data->len);
	for (i = 0; i < data->len; i++)
		t->marks[t->len + i] = (struct mark){
			.opaque	= data->opaque,
			.itt	= data->opaque ? data->itt : 0,
			.pos	= data->opaque ? data->pos + i : 0,
		};
	t->len += data->len;
}

static u32 talk_head(u8 *head, const u8 *bhs, u32 data_len, bool digest)
{
	memcpy(head, bhs, ISCSI_BHS_BYTES);
	head[5] = (u8)(data_len >> 16);
	head[6] = (u8)(data_len >> 8);
	head[7] = (u8)data_len;
	if (!digest)
		return ISCSI_BHS_BYTES;
	put_unaligned_le32(~crc32c(~0, head, ISCSI_BHS_BYTES),
			   head + ISCSI_BHS_BYTES);
	return ISCSI_BHS_BYTES + ISCSI_DIGEST_BYTES;
}

/* The digest of everything from @start on, as each of the three sees it. */
static void talk_data_digest(struct talk *t, u32 start)
{
	const u8 *views[] = { t->said, t->sent, t->heard };
	u8 digests[3][ISCSI_DIGEST_BYTES];
	struct talk_data data;
	u32 crc, i;

	for (i = 0; i < 3; i++) {
		crc = ~crc32c(~0, views[i] + start, t->len - start);
		put_unaligned_le32(crc, digests[i]);
	}
	data = (struct talk_data){ digests[0], digests[1], digests[2],
				   ISCSI_DIGEST_BYTES };
	talk_bytes(t, &data);
}

void talk_pdu(struct talk *t, const u8 *bhs, int sent_opcode,
	      const struct talk_data *data)
{
	static const u8 zeros[4];
	struct talk_data padding;
	u8 said[ISCSI_BHS_BYTES + ISCSI_DIGEST_BYTES], sent[sizeof(said)];
	bool login = (bhs[0] & 0x3f) == 0x03 || (bhs[0] & 0x3f) == 0x23;
	bool digest = t->digests && !login;
	u8 other[ISCSI_BHS_BYTES];
	u32 len, start;

	t->pdu_start = t->len;
	memcpy(other, bhs, sizeof(other));
	if (sent_opcode >= 0)
		other[32] = (u8)sent_opcode;
	len = talk_head(said, bhs, data ? data->len : 0, digest);
	talk_head(sent, other, data ? data->len : 0, digest);
	talk_bytes(t, &(struct talk_data){ said, sent, sent, len });
	if (!data || !data->len)
		return;
	start = t->len;
	talk_bytes(t, data);
	padding = talk_plain(zeros, -data->len % 4);
	talk_bytes(t, &padding);
	if (t->data_digests && !login) {
		talk_data_digest(t, start);
		event_count(EVENT_DATA_DIGEST, 1);
	}
}

static struct duty *new_duty(struct talk *t, u8 type, u32 itt, u32 value)
{
	struct duty *d;

	t->duties = enlarge(t->duties, t->nr_duties + 1, sizeof(*d));
	d = &t->duties[t->nr_duties++];
	*d = (struct duty){
		.type		= type,
		.from		= t->pdu_start,
		.to		= t->len,
		.must		= t->pdu_start,
		.must_end	= t->len,
		.itt		= itt,
		.value		= value,
	};
	return d;
}

void talk_duty(struct talk *t, u8 type, u32 itt, u32 value)
{
	new_duty(t, type, itt, value);
}

/* Before all of it is there nobody can tell the size. */
void talk_duty_at(struct talk *t, u32 must, u32 itt, u32 value)
{
	struct duty *d = new_duty(t, ASYM_NOTE_BLOCK_SIZE, itt, value);

	d->must = t->pdu_start + ISCSI_BHS_BYTES +
		  (t->digests ? ISCSI_DIGEST_BYTES : 0) + must;
	d->must_end = d->must + 1;
}

void talk_free(struct talk *t)
{
	free(t->said);
	free(t->sent);
	free(t->heard);
	free(t->marks);
	free(t->first);
	free(t->first_mark);
	free(t->was_sent);
	free(t->received);
	free(t->duties);
	memset(t, 0, sizeof(*t));
}
