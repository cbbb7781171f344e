/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was sent.
 */
#ifndef _ESP_ASYM_RECORD_H
#define _ESP_ASYM_RECORD_H

#include <asym/wire.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* ---- record.c ---- */

/**
 * enum asym_treatment - what happens to the data segment of a sent PDU
 * @ASYM_TREAT_SEALED_BY_SA: part of the SA's stream
 * @ASYM_TREAT_LOCAL: user data under the local key, opaque to the peer
 * @ASYM_TREAT_OPAQUE: user data the target passes on as they are
 * @ASYM_TREAT_ZEROED: data of a refused command: zeros go out instead
 */
enum asym_treatment {
	ASYM_TREAT_SEALED_BY_SA,
	ASYM_TREAT_LOCAL,
	ASYM_TREAT_OPAQUE,
	ASYM_TREAT_ZEROED,
};

/**
 * struct asym_record - one sent PDU in TCP sequence space
 * @seq: first byte of the head
 * @head_len: bytes of the head
 * @data_len: bytes of the data segment
 * @tail_len: bytes of padding and data digest
 * @itt: task
 * @buffer_offset: of the data segment
 * @treatment: enum asym_treatment
 * @note: enum asym_note_type that travels with this PDU, 0: none
 * @note_value: grant, digests or block size; a note with value 0 of type
 *	%ASYM_NOTE_BLOCK_SIZE is not known yet and not sent
 */
struct asym_record {
	u32	seq;
	u32	head_len;
	u32	data_len;
	u32	tail_len;
	u32	itt;
	u32	buffer_offset;
	u8	treatment;
	u8	note;
	u32	note_value;
};

/**
 * struct asym_source - where the bytes of a sent opaque stretch lie
 * @seq: sequence number of the first byte
 * @len: bytes
 * @off: offset in @page
 * @page: referenced
 */
struct asym_source {
	u32		seq;
	u32		len;
	u32		off;
	struct page	*page;
};

/**
 * struct asym_ring - growing ring of entries sorted by sequence number
 * @entries: array, a power of two long
 * @size: its length in entries
 * @first: index of the oldest entry, wraps freely
 * @count: entries in use
 */
struct asym_ring {
	void	*entries;
	u32	size;
	u32	first;
	u32	count;
};

/**
 * struct asym_records - sent PDUs that may still be transmitted
 * @pdus: of struct asym_record
 * @sources: of struct asym_source
 * @base: first byte of the connection's stream
 * @limit: end of the bytes TCP may have
 */
struct asym_records {
	struct asym_ring	pdus;
	struct asym_ring	sources;
	u32			base;
	u32			limit;
};

/**
 * enum asym_describe - can a stretch of the stream be sent?
 * @ASYM_DESCRIBE_OK: yes
 * @ASYM_DESCRIBE_STALE: it has been acknowledged: there is no need to
 * @ASYM_DESCRIBE_BYPASSED: it holds bytes that were not seen
 * @ASYM_DESCRIBE_OVERFLOW: its metadata do not fit into a packet
 */
enum asym_describe {
	ASYM_DESCRIBE_OK,
	ASYM_DESCRIBE_STALE,
	ASYM_DESCRIBE_BYPASSED,
	ASYM_DESCRIBE_OVERFLOW,
};

void asym_records_init(struct asym_records *r, u32 base);
void asym_records_free(struct asym_records *r);
int asym_records_reserve(struct asym_records *r, spinlock_t *lock);
void asym_records_add(struct asym_records *r, const struct asym_record *rec);
void asym_records_add_source(struct asym_records *r,
			     const struct asym_source *src);
void asym_records_trim_source(struct asym_records *r, u32 end);
struct asym_record *asym_records_last(struct asym_records *r);
void asym_records_acked(struct asym_records *r, u32 una);
enum asym_describe asym_records_describe(struct asym_records *r, bool tagged,
					 u32 seq, u32 len, u32 shift,
					 struct asym_meta *meta);

#endif /* _ESP_ASYM_RECORD_H */
