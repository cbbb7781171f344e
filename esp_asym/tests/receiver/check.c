// SPDX-License-Identifier: GPL-2.0
/*
 * check [FILE...]: peers at random and those of files
 * check --corpus DIRECTORY: writes inputs for fuzz_receiver.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader.h"
#include "receiver.h"
#include "tap.h"

#define ROUNDS		2000
#define BYTES_MAX	4096

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

static u32 make(u8 *bytes, u32 seed)
{
	u32 state = seed * 2654435761u + 1, len, i;

	for (i = 0, len = 0; i < 4 || i < len; i++) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		if (i == 3)
			len = 64 + state % (BYTES_MAX - 64);
		bytes[i] = (u8)(state >> 16);
	}
	return len;
}

static int write_corpus(const char *directory)
{
	u8 bytes[BYTES_MAX];
	char path[4096];
	FILE *file;
	u32 i, len;

	for (i = 0; i < 16; i++) {
		len = make(bytes, i);
		snprintf(path, sizeof(path), "%s/built-%02u", directory, i);
		file = fopen(path, "wb");
		if (!file || fwrite(bytes, 1, len, file) != len ||
		    fclose(file)) {
			perror(path);
			return 1;
		}
	}
	return 0;
}

static bool run_file(const char *path)
{
	u8 bytes[BYTES_MAX];
	FILE *file = fopen(path, "rb");
	size_t len;

	if (!file)
		return false;
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	receiver_run(bytes, len);
	return true;
}

int main(int argc, char **argv)
{
	u8 bytes[BYTES_MAX];
	u32 i, len;

	if (argc == 3 && !strcmp(argv[1], "--corpus"))
		return write_corpus(argv[2]);
	for (i = 1; i < (u32)argc; i++)
		tap_ok(run_file(argv[i]), "a peer as in %s", argv[i]);
	for (i = 0; i < ROUNDS; i++) {
		len = make(bytes, i);
		receiver_run(bytes, len);
	}
	tap_ok(true, "%u peers at random", ROUNDS);
	for (i = 0; i < HAPPENED_MAX; i++)
		tap_ok(happened[i], "%s: %llu times", names[i],
		       (unsigned long long)happened[i]);
	tap_ok(reader_user_bytes, "user data are their unit's: %llu bytes",
	       (unsigned long long)reader_user_bytes);
	return tap_end();
}
