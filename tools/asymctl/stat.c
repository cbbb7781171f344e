// SPDX-License-Identifier: GPL-2.0
/*
 * asymctl stat
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "asymctl.h"

#define STAT_PATH	"/proc/net/esp_asym_stat"

static const char usage[] =
	"Usage: asymctl stat [ NAME ... ]\n"
	"Without names all counters of the network namespace are shown.\n";

static bool stat_wanted(int argc, char **argv, const char *name, bool *seen)
{
	bool wanted = !argc;
	int i;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], name)) {
			seen[i] = true;
			wanted = true;
		}
	}
	return wanted;
}

static int stat_show(FILE *file, int argc, char **argv)
{
	bool seen[argc + 1];
	char name[64];
	uint64_t value;
	int ret = EXIT_OK;
	int i;

	memset(seen, 0, sizeof(seen));
	if (json_output)
		json_open(NULL, '{');
	while (fscanf(file, "%63s %" SCNu64, name, &value) == 2) {
		if (!stat_wanted(argc, argv, name, seen))
			continue;
		if (json_output)
			json_number(name, value);
		else
			printf("%-32s %" PRIu64 "\n", name, value);
	}
	if (json_output) {
		json_close('}');
		json_end();
	}
	for (i = 0; i < argc; i++) {
		if (!seen[i]) {
			error("there is no counter \"%s\"", argv[i]);
			ret = EXIT_FAILED;
		}
	}
	return ret;
}

int cmd_stat(int argc, char **argv)
{
	FILE *file;
	int ret;

	if (argc && !strcmp(*argv, "help")) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	file = fopen(STAT_PATH, "re");
	if (!file) {
		if (errno == ENOENT)
			error("there are no counters: load the module esp_asym");
		else
			error(STAT_PATH ": %s", strerror(errno));
		return EXIT_FAILED;
	}
	ret = stat_show(file, argc, argv);
	fclose(file);
	return ret;
}
