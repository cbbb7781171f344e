// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the unit tests, also over files of captured streams, or writes streams of
 * the builder as a fuzzing corpus.
 */
#include <stdio.h>
#include <string.h>

#include "build.h"
#include "tap.h"
#include "tests.h"

#define CORPUS_FILE_MAX	5000

/* See fuzz_stream.c for the two bytes before the stream. */
static int write_corpus(const char *directory)
{
	struct build b;
	char path[4096];
	FILE *file;
	u32 seed;

	for (seed = 0; seed < 32; seed++) {
		build_session(&b, seed & 4 ? ISCSI_ROLE_TARGET :
					     ISCSI_ROLE_INITIATOR, seed);
		/* Fuzzers do better with small ones. */
		if (b.len > CORPUS_FILE_MAX) {
			build_free(&b);
			continue;
		}
		snprintf(path, sizeof(path), "%s/built-%02u", directory, seed);
		file = fopen(path, "wb");
		if (!file) {
			perror(path);
			return 1;
		}
		fputc((int)((seed >> 2 & 1) | 2 | (seed & 3) << 2), file);
		fputc((int)seed, file);
		fwrite(b.bytes, b.len, 1, file);
		if (fclose(file)) {
			perror(path);
			return 1;
		}
		build_free(&b);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int i;

	if (argc == 3 && !strcmp(argv[1], "--corpus"))
		return write_corpus(argv[2]);
	if (argc > 1 && argv[1][0] == '-') {
		fprintf(stderr, "usage: %s [--corpus DIRECTORY | CAPTURED...]\n",
			argv[0]);
		return 2;
	}
	test_stream();
	for (i = 1; i < argc; i++)
		test_captured(argv[i]);
	test_text();
	test_errors();
	test_cdb();
	return tap_end();
}
