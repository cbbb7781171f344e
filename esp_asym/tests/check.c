// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the unit tests, also over files that hold the metadata of the test
 * vectors, or writes a fuzzing corpus.
 */
#include <stdio.h>
#include <string.h>

#include "build.h"
#include "tap.h"
#include "tests.h"

/* See fuzz_meta.c for the two bytes before the metadata. */
static int write_corpus(const char *directory)
{
	u8 bytes[2 + ASYM_META_BYTES] = { 0x05, 0xdc };
	struct asym_meta meta;
	char path[4096];
	FILE *file;
	u32 seed;

	for (seed = 0; seed < 24; seed++) {
		build_meta(&meta, seed);
		if (!asym_meta_encode(&meta, bytes + 2))
			continue;
		snprintf(path, sizeof(path), "%s/built-%02u", directory, seed);
		file = fopen(path, "wb");
		if (!file) {
			perror(path);
			return 1;
		}
		fwrite(bytes, sizeof(bytes), 1, file);
		if (fclose(file)) {
			perror(path);
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	int i;

	if (argc == 3 && !strcmp(argv[1], "--corpus"))
		return write_corpus(argv[2]);

	test_meta();
	for (i = 1; i < argc; i++)
		test_meta_file(argv[i]);
	return tap_end();
}
