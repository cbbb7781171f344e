// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdio.h>

#include "inputs.h"
#include "tap.h"

#define BUILT	16

static size_t make(uint8_t *bytes, uint32_t seed)
{
	uint32_t state = seed * 2654435761u + 1, len, i;

	for (i = 0, len = 0; i < 4 || i < len; i++) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		if (i == 3)
			len = 64 + state % (INPUT_BYTES_MAX - 64);
		bytes[i] = (uint8_t)(state >> 16);
	}
	return len;
}

int inputs_corpus(const char *directory)
{
	uint8_t bytes[INPUT_BYTES_MAX];
	char path[4096];
	uint32_t i;

	for (i = 0; i < BUILT; i++) {
		size_t len = make(bytes, i);
		FILE *file;

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

static bool run_file(const char *path,
		     void (*run)(const uint8_t *bytes, size_t len))
{
	uint8_t bytes[INPUT_BYTES_MAX];
	FILE *file = fopen(path, "rb");
	size_t len;

	if (!file)
		return false;
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	run(bytes, len);
	return true;
}

void inputs_run(const char *what, char **files, int count,
		unsigned int rounds,
		void (*run)(const uint8_t *bytes, size_t len))
{
	uint8_t bytes[INPUT_BYTES_MAX];
	unsigned int i;

	while (count--) {
		tap_ok(run_file(*files, run), "%s of %s", what, *files);
		files++;
	}
	for (i = 0; i < rounds; i++)
		run(bytes, make(bytes, i));
	tap_ok(true, "%u %s at random", rounds, what);
}
