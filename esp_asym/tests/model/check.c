// SPDX-License-Identifier: GPL-2.0
/*
 * check [ROUNDS [SEED]]: runs sessions
 * check --corpus DIRECTORY: writes inputs for fuzz_model.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "choice.h"
#include "property.h"
#include "run.h"
#include "tap.h"

static int write_corpus(const char *directory)
{
	char path[4096];
	FILE *file;
	u32 i, n;

	for (i = 0; i < 8; i++) {
		choice_seed(i);
		snprintf(path, sizeof(path), "%s/random-%u", directory, i);
		file = fopen(path, "wb");
		if (!file) {
			perror(path);
			return 1;
		}
		for (n = 0; n < 0x1000u << i % 4; n++)
			putc((int)pick(256), file);
		if (fclose(file)) {
			perror(path);
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	u32 rounds, seed, i;

	if (argc == 3 && !strcmp(argv[1], "--corpus"))
		return write_corpus(argv[2]);

	rounds = argc > 1 ? (u32)strtoul(argv[1], NULL, 0) : 1;
	seed = argc > 2 ? (u32)strtoul(argv[2], NULL, 0) : 0;
	for (i = 0; i < rounds && !property_failed(); i++) {
		choice_seed(seed + i);
		run();
	}
	tap_note("%u sessions from seed %u, %llu packets", i, seed,
		 (unsigned long long)run_packets);
	property_report();
	return tap_end();
}
