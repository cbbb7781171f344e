// SPDX-License-Identifier: GPL-2.0
/*
 * asymctl: local keys and bindings of asymmetric ESP for iSCSI, and what they
 * protect.
 */
#include <string.h>

#include "asymctl.h"

bool json_output;

static const char usage[] =
	"Usage: asymctl [ -j ] OBJECT { COMMAND | help }\n"
	"       asymctl [ -j ] { show [ [ disk ] DISK ] | check }\n"
	"where  OBJECT := { key | bind | stat | monitor }\n";

static int cmd_help(int argc, char **argv)
{
	fputs(usage, stdout);
	return EXIT_OK;
}

static const struct command commands[] = {
	{ "key",	cmd_key },
	{ "bind",	cmd_bind },
	{ "stat",	cmd_stat },
	{ "monitor",	cmd_monitor },
	{ "show",	cmd_show },
	{ "check",	cmd_check },
	{ "help",	cmd_help },
	{ }
};

int main(int argc, char **argv)
{
	for (argc--, argv++; argc && **argv == '-'; argc--, argv++) {
		const char *opt = *argv + 1;

		if (*opt == '-')
			opt++;
		if (!strcmp(opt, "j") || !strcmp(opt, "json"))
			json_output = true;
		else if (!strcmp(opt, "h") || !strcmp(opt, "help"))
			return cmd_help(0, NULL);
		else
			return usage_error(usage, "unknown option \"%s\"",
					   *argv);
	}
	if (!argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	return command_run(commands, argc, argv, usage);
}
