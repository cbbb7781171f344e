// SPDX-License-Identifier: GPL-2.0
/*
 * check [FILE...]: requests at random and those of files
 * check --corpus DIRECTORY: writes inputs for fuzz_netlink.c
 */
#include <string.h>

#include "inputs.h"
#include "requests.h"
#include "tap.h"

#define ROUNDS	2000

static const char *const names[HAPPENED_MAX] = {
	[HAPPENED_KEY_NEW]		= "keys are made",
	[HAPPENED_KEY_DEL]		= "keys are deleted",
	[HAPPENED_KEY_GET]		= "keys are shown",
	[HAPPENED_BINDING_NEW]		= "bindings are made",
	[HAPPENED_BINDING_DEL]		= "bindings are deleted",
	[HAPPENED_BINDING_GET]		= "bindings are shown",
	[HAPPENED_REFUSED]		= "what is refused changes nothing and says why",
	[HAPPENED_NOT_PERMITTED]	= "who may not gets no answer",
	[HAPPENED_NO_MEMORY]		= "without memory nothing changes and nothing leaks",
	[HAPPENED_DUMP_WHOLE]		= "a dump tells everything once",
	[HAPPENED_DUMP_IN_PARTS]	= "a dump goes on where it was",
	[HAPPENED_DUMP_INTERRUPTED]	= "a dump that missed something says so",
	[HAPPENED_EVENT]		= "events are sent without secrets",
	[HAPPENED_EVENT_SUPPRESSED]	= "events that are held back are counted",
	[HAPPENED_SIZE_LEARNED]		= "block sizes are learned once",
	[HAPPENED_SIZE_CONFLICT]	= "another block size makes a binding unusable",
	[HAPPENED_RANGE_OUTLIVES_KEY]	= "ciphers live as long as their last range",
	[HAPPENED_BINDING_OUTLIVES_NAMESPACE] = "bindings may outlive their namespace, unusable",
};

static void run(const uint8_t *bytes, size_t len)
{
	requests_run(bytes, len);
}

int main(int argc, char **argv)
{
	u32 i;

	if (argc == 3 && !strcmp(argv[1], "--corpus"))
		return inputs_corpus(argv[2]);
	inputs_run("requests", argv + 1, argc - 1, ROUNDS, run);
	for (i = 0; i < HAPPENED_MAX; i++)
		tap_ok(happened[i], "%s: %llu times", names[i],
		       (unsigned long long)happened[i]);
	return tap_end();
}
