// SPDX-License-Identifier: GPL-2.0
/*
 * The command line: words that may be abbreviated, numbers, complaints.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "asymctl.h"

#define MATCH_NONE	(-1)
#define MATCH_MANY	(-2)

void error(const char *fmt, ...)
{
	va_list ap;

	fputs("asymctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* Complain, show how it goes, and give the exit code for that. */
int usage_error(const char *usage, const char *fmt, ...)
{
	va_list ap;

	fputs("asymctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n%s", usage);
	return EXIT_USAGE;
}

/*
 * The index of the word that arg is or abbreviates; negative if it is none of
 * them, or could be several.
 */
int word_match(const char *arg, const char *const *words)
{
	int found = MATCH_NONE;
	int i;

	for (i = 0; words[i]; i++) {
		if (!strcmp(arg, words[i]))
			return i;
		if (*arg && !strncmp(arg, words[i], strlen(arg)))
			found = found == MATCH_NONE ? i : MATCH_MANY;
	}
	return found;
}

/* Run the command that argv[0] is or abbreviates; the first one wins. */
int command_run(const struct command *commands, int argc, char **argv,
		const char *usage)
{
	const struct command *c;

	for (c = commands; c->name; c++)
		if (**argv && !strncmp(*argv, c->name, strlen(*argv)))
			return c->run(argc - 1, argv + 1);
	return usage_error(usage, "unknown command \"%s\"", *argv);
}

bool parse_number(const char *arg, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	/* strtoull() takes a sign and leading blanks. */
	if (*arg < '0' || *arg > '9')
		return false;
	errno = 0;
	*value = strtoull(arg, &end, 0);
	return !errno && !*end && *value >= min && *value <= max;
}
