/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One direction of a session as it must be, byte by byte: it knows from the
 * wire format what is to become of each byte, and nothing of the code under test.
 */
#ifndef _MODEL_TALK_H
#define _MODEL_TALK_H

#include <asym/types.h>

/**
 * struct mark - how a byte travels
 * @opaque: in a range
 * @itt: task, if @opaque
 * @pos: position in the task's buffer, if @opaque
 */
struct mark {
	bool	opaque;
	u32	itt;
	u32	pos;
};

/**
 * struct duty - a note that has to travel with bytes
 * @type: enum asym_note_type
 * @from: start of the PDU that it belongs to
 * @to: end of that PDU
 * @must: where in the PDU it has to be there
 * @must_end: first byte behind that
 * @itt: task
 * @value: grant, digests or block size
 */
struct duty {
	u8	type;
	u32	from;
	u32	to;
	u32	must;
	u32	must_end;
	u32	itt;
	u32	value;
};

/**
 * struct talk - what one end says
 * @said: by its application
 * @sent: what may leave the host, before the SA
 * @heard: what the other end's TCP gets
 * @marks: of each byte
 * @first: each byte as it was sent first
 * @first_mark: likewise
 * @was_sent: @first and @first_mark are valid
 * @received: the other end's TCP has it
 * @len: bytes
 * @room: allocated
 * @duties: notes, ascending
 * @nr_duties: entries
 * @pdu_start: first byte of the PDU that is being built
 * @digests: heads have digests
 * @data_digests: data segments have digests
 */
struct talk {
	u8		*said;
	u8		*sent;
	u8		*heard;
	struct mark	*marks;
	u8		*first;
	struct mark	*first_mark;
	bool		*was_sent;
	bool		*received;
	u32		len;
	u32		room;
	struct duty	*duties;
	u32		nr_duties;
	u32		pdu_start;
	bool		digests;
	bool		data_digests;
};

/**
 * struct talk_data - the data segment of a PDU
 * @said: see struct talk
 * @sent: likewise
 * @heard: likewise
 * @len: bytes
 * @opaque: is it user data?
 * @itt: task, if @opaque
 * @pos: position in the task's buffer
 */
struct talk_data {
	const u8	*said;
	const u8	*sent;
	const u8	*heard;
	u32		len;
	bool		opaque;
	u32		itt;
	u32		pos;
};

/* Bytes that nothing happens to. */
static inline struct talk_data talk_plain(const u8 *bytes, u32 len)
{
	return (struct talk_data){ bytes, bytes, bytes, len, false, 0, 0 };
}

void talk_free(struct talk *t);
/* @sent_opcode: what becomes of the first byte of the CDB, -1: it stays */
void talk_pdu(struct talk *t, const u8 *bhs, int sent_opcode,
	      const struct talk_data *data);
/* For the PDU just added; @must counts from its data segment. */
void talk_duty(struct talk *t, u8 type, u32 itt, u32 value);
void talk_duty_at(struct talk *t, u32 must, u32 itt, u32 value);

#endif /* _MODEL_TALK_H */
