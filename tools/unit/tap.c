// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>

#include "tap.h"

static unsigned int tests, failures;

/**
 * tap_ok() - report a test
 * @passed: did it
 * @fmt: its name
 *
 * Return: @passed
 */
bool tap_ok(bool passed, const char *fmt, ...)
{
	va_list args;

	printf("%sok %u - ", passed ? "" : "not ", ++tests);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	failures += !passed;
	return passed;
}

/**
 * tap_note() - say something about the test before or after
 * @fmt: a line
 */
void tap_note(const char *fmt, ...)
{
	va_list args;

	printf("# ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

/**
 * tap_end() - report the sum
 *
 * Return: exit status, 1 if a test failed or there was none
 */
int tap_end(void)
{
	printf("1..%u\n%u passed, %u failed, 0 skipped\n", tests,
	       tests - failures, failures);
	return failures || !tests;
}
