/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests that run on inputs, which are the same for a fuzz target: some at random,
 * and those of files.
 */
#ifndef UNIT_INPUTS_H
#define UNIT_INPUTS_H

#include <stddef.h>
#include <stdint.h>

#define INPUT_BYTES_MAX	4096

/**
 * inputs_corpus() - write inputs to start fuzzing from
 * @directory: where to
 *
 * Return: exit status
 */
int inputs_corpus(const char *directory);

/**
 * inputs_run() - run files, one test each, and then inputs at random, as one test
 * @what: name of the tests
 * @files: paths
 * @count: how many
 * @rounds: inputs at random, the same each time
 * @run: ends the program if it finds something wrong
 */
void inputs_run(const char *what, char **files, int count,
		unsigned int rounds,
		void (*run)(const uint8_t *bytes, size_t len));

#endif
