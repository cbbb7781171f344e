// SPDX-License-Identifier: GPL-2.0
/*
 * JSON on stdout.
 */
#include <inttypes.h>

#include "asymctl.h"

static bool comma;

/* Bytes that are not ASCII come from the network and need not be UTF-8. */
static void json_text(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		unsigned char c = *text;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void json_name(const char *name)
{
	if (comma)
		putchar(',');
	comma = true;
	if (name) {
		json_text(name);
		putchar(':');
	}
}

void json_open(const char *name, char bracket)
{
	json_name(name);
	putchar(bracket);
	comma = false;
}

void json_close(char bracket)
{
	putchar(bracket);
	comma = true;
}

void json_string(const char *name, const char *value)
{
	json_name(name);
	json_text(value);
}

void json_number(const char *name, uint64_t value)
{
	json_name(name);
	printf("%" PRIu64, value);
}

void json_bool(const char *name, bool value)
{
	json_name(name);
	fputs(value ? "true" : "false", stdout);
}

/* The value is complete; another one may follow on the next line. */
void json_end(void)
{
	putchar('\n');
	comma = false;
}
