// SPDX-License-Identifier: GPL-2.0
/*
 * check [FILE...]: requests at random and those of files
 * check --corpus DIRECTORY: writes inputs for fuzz_netlink.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "requests.h"
#include "tap.h"

#define ROUNDS		2000
#define BYTES_MAX	4096

static const char *const names[HAPPENED_MAX] = {
	[HAPPENED_KEY_NEW]		= "keys are made",
	[HAPPENED_KEY_DEL]		= "keys are deleted",
	[HAPPENED_KEY_GET]		= "keys are shown",
	[HAPPENED_BINDING_NEW]		= "bindings are made",
	[HAPPENED_BINDING_DEL]		= "bindings are deleted",
	[HAPPENED_BINDING_GET]		= "bindings are shown",
	[HAPPENED_REFUSED]		= "what is refused changes nothing and says why",
	[HAPPENED_NOT_PERMITTED]	= "who may not gets no answer",
	[HAPPENED_NO_MEMORY]		= "without memory nothing changes and nothing leaks",
	[HAPPENED_DUMP_WHOLE]		= "a dump tells everything once",
	[HAPPENED_DUMP_IN_PARTS]	= "a dump goes on where it was",
	[HAPPENED_DUMP_INTERRUPTED]	= "a dump that missed something says so",
	[HAPPENED_EVENT]		= "events are sent without secrets",
	[HAPPENED_EVENT_SUPPRESSED]	= "events that are held back are counted",
	[HAPPENED_SIZE_LEARNED]		= "block sizes are learned once",
	[HAPPENED_SIZE_CONFLICT]	= "another block size makes a binding unusable",
	[HAPPENED_RANGE_OUTLIVES_KEY]	= "ciphers live as long as their last range",
	[HAPPENED_BINDING_OUTLIVES_NAMESPACE] = "bindings may outlive their namespace, unusable",
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
	requests_run(bytes, len);
	return true;
}

int main(int argc, char **argv)
{
	u8 bytes[BYTES_MAX];
	u32 i, len;

	if (argc == 3 && !strcmp(argv[1], "--corpus"))
		return write_corpus(argv[2]);
	for (i = 1; i < (u32)argc; i++)
		tap_ok(run_file(argv[i]), "requests of %s", argv[i]);
	for (i = 0; i < ROUNDS; i++) {
		len = make(bytes, i);
		requests_run(bytes, len);
	}
	tap_ok(true, "%u rounds of requests at random", ROUNDS);
	for (i = 0; i < HAPPENED_MAX; i++)
		tap_ok(happened[i], "%s: %llu times", names[i],
		       (unsigned long long)happened[i]);
	return tap_end();
}
