/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The initiator behind the receive path: its tasks and units, and how it reads
 * its socket.  It knows the iSCSI of RFC 7143 and nothing of the code under test.
 */
#ifndef _RECEIVER_READER_H
#define _RECEIVER_READER_H

#include "kernel.h"
#include "../../task.h"

#define READER_TASKS	6
#define READER_UNITS	2

/* A logical unit: @id makes its content. */
struct asym_binding {
	u32	refs;
	u32	id;
	bool	deleted;
};

/**
 * struct reader_task - a SCSI task
 * @used: there is one
 * @ended: its status has been read
 * @task: as the sender knows it
 * @got: bytes of its buffer that have been read, from the start
 */
struct reader_task {
	bool			used;
	bool			ended;
	struct asym_task	task;
	u32			got;
};

/**
 * struct reader - an initiator
 * @sk: its socket
 * @tasks: by ITT
 * @header_digest: heads have digests after the login
 * @data_digest: likewise data segments
 * @honest: data digests are right, and what is sent makes sense
 * @lazy: does not read at once
 * @copied: first byte that it has not read
 * @full_feature: the login is over
 */
struct reader {
	struct sock		sk;
	struct reader_task	tasks[READER_TASKS];
	bool			header_digest;
	bool			data_digest;
	bool			honest;
	bool			lazy;
	u32			copied;
	bool			full_feature;
	/* private: */
	u8			head[48 + 4 * 255 + 4];
	u32			head_len;
	bool			in_data;
	u32			data_len;
	u32			pos;
	u32			crc;
	u8			digest[4];
};

extern struct asym_binding reader_units[READER_UNITS];
/* Bytes of user data that were read, and found to be the unit's. */
extern u64 reader_user_bytes;

void reader_start(struct reader *r, u32 seq);
/* All that is there. */
void reader_read(struct reader *r);
/* What the unit holds, opened. */
u8 reader_content(const struct asym_binding *unit, u64 offset);

#endif /* _RECEIVER_READER_H */
