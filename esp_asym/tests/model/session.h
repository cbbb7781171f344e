/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an initiator and a target have to say to each other.
 */
#ifndef _MODEL_SESSION_H
#define _MODEL_SESSION_H

#include "disk.h"
#include "host.h"

#define SESSION_TASKS	12
#define SESSION_DATA_BYTES	16384

enum task_kind {
	TASK_WRITE,
	TASK_READ,
	TASK_COMPARE,
	TASK_CAPACITY_10,
	TASK_CAPACITY_16,
	TASK_INQUIRY,
	TASK_SELECT,
	TASK_SAME,
	TASK_READY,
	TASK_KINDS
};

enum task_state {
	TASK_FREE,
	TASK_SAYING,	/* the initiator has data to send */
	TASK_SAID,
	TASK_ANSWERING,	/* the target has data to send */
	TASK_ANSWERED,
};

/**
 * struct task - a SCSI task
 * @state: see enum task_state
 * @kind: see enum task_kind
 * @disk: its unit
 * @itt: task tag
 * @offset: of the access, bytes
 * @run: bytes from @offset on, of which the data are one run or two
 * @len: bytes of data
 * @refused: the module will not let it pass
 * @data: bytes of data as the initiator has them
 * @sealed: as the target has them
 * @done: bytes said, or answered
 * @learned: how often the block size of @disk had been learned before
 * @end: position in the talk where the command, and then the answer, is complete
 */
struct task {
	enum task_state		state;
	enum task_kind		kind;
	struct asym_binding	*disk;
	u32			itt;
	u32			offset;
	u32			run;
	u32			len;
	bool			refused;
	u8			data[SESSION_DATA_BYTES];
	u8			sealed[SESSION_DATA_BYTES];
	u32			done;
	u32			learned;
	u32			end;
};

/**
 * struct session - both ends and their tasks
 * @initiator: one end
 * @target: the other
 * @tasks: by their tags
 * @small: there is to be little data
 * @digests: header digests are on
 * @data_digests: data digests are on
 * @lies: the target does not always tell the truth
 * @favourite: what most tasks are
 * @tags: of @tasks are in use
 * @commands: still to be begun
 * @login_end: where the login response ends, 0: it is not there
 * @request_end: where the login request ends
 */
struct session {
	struct host	initiator;
	struct host	target;
	struct task	tasks[SESSION_TASKS];
	bool		small;
	bool		digests;
	bool		data_digests;
	bool		lies;
	enum task_kind	favourite;
	u32		tags;
	u32		commands;
	u32		request_end;
	u32		login_end;
};

void session_start(struct session *s, u32 mss);
void session_end(struct session *s);
void session_request(struct session *s);
void session_answer(struct session *s);
bool session_done(const struct session *s);

#endif /* _MODEL_SESSION_H */
