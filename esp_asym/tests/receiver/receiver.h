/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A peer that holds the SA, and what it sends: streams that make sense or not,
 * in packets that say the truth of them or not, in any order.  Input: bytes that
 * choose.
 */
#ifndef _RECEIVER_H
#define _RECEIVER_H

#include <asym/types.h>

/* What has happened, to see that it has. */
enum happened {
	HAPPENED_OPENED,
	HAPPENED_HONEST,
	HAPPENED_HONEST_DIGESTS,
	HAPPENED_DISORDER,
	HAPPENED_HISTORY,
	HAPPENED_ASYNC,
	HAPPENED_REFUSED,
	HAPPENED_BAD_ICV,
	HAPPENED_MALFORMED,
	HAPPENED_NO_MEMORY,
	HAPPENED_BROKEN_UNSEALED,
	HAPPENED_BROKEN_TASK,
	HAPPENED_BROKEN_PACKET,
	HAPPENED_BROKEN_STREAM,
	HAPPENED_BROKEN_KEY,
	HAPPENED_TARGET,
	HAPPENED_MAX
};

extern u64 happened[HAPPENED_MAX];

/* Aborts if a property does not hold. */
void receiver_run(const u8 *input, size_t len);

/* test_cipher.c */
void test_cipher(void);
/* test_inner.c */
void test_inner(void);
/* test_keystream.c */
void test_keystream(void);

#endif /* _RECEIVER_H */
