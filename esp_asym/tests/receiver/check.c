// SPDX-License-Identifier: GPL-2.0
/*
 * check [FILE...]: inner headers, keystream, peers at random and those of files
 * check --corpus DIRECTORY: writes inputs for fuzz_receiver.c
 */
#include <string.h>

#include "inputs.h"
#include "reader.h"
#include "receiver.h"
#include "tap.h"

#define ROUNDS	2000

static const char *const names[HAPPENED_MAX] = {
	[HAPPENED_OPENED]	   = "packets are opened, outside of memory that others have",
	[HAPPENED_HONEST]	   = "what an honest target sends is read, all of it",
	[HAPPENED_HONEST_DIGESTS]  = "... with data digests that are right for a reader",
	[HAPPENED_DISORDER]	   = "... in any order",
	[HAPPENED_HISTORY]	   = "... and more than once",
	[HAPPENED_ASYNC]	   = "... by ciphers that take their time",
	[HAPPENED_REFUSED]	   = "what is refused is reported",
	[HAPPENED_BAD_ICV]	   = "what is not authentic is refused",
	[HAPPENED_MALFORMED]	   = "what is malformed is refused",
	[HAPPENED_NO_MEMORY]	   = "without memory packets are dropped and nothing leaks",
	[HAPPENED_BROKEN_UNSEALED] = "data that are not sealed end a connection unread",
	[HAPPENED_BROKEN_TASK]	   = "data of no task end a connection unread",
	[HAPPENED_BROKEN_PACKET]   = "lies about bytes end a connection unread",
	[HAPPENED_BROKEN_STREAM]   = "what is no iSCSI ends a connection unread",
	[HAPPENED_BROKEN_KEY]	   = "a deleted key ends a connection",
	[HAPPENED_TARGET]	   = "a target passes opaque data on as they are",
};

static void run(const uint8_t *bytes, size_t len)
{
	receiver_run(bytes, len);
}

int main(int argc, char **argv)
{
	u32 i;

	if (argc == 3 && !strcmp(argv[1], "--corpus"))
		return inputs_corpus(argv[2]);
	test_cipher();
	test_inner();
	test_keystream();
	inputs_run("peers", argv + 1, argc - 1, ROUNDS, run);
	for (i = 0; i < HAPPENED_MAX; i++)
		tap_ok(happened[i], "%s: %llu times", names[i],
		       (unsigned long long)happened[i]);
	tap_ok(reader_user_bytes, "user data are their unit's: %llu bytes",
	       (unsigned long long)reader_user_bytes);
	return tap_end();
}
