// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>

#include "choice.h"
#include "property.h"
#include "tap.h"

static const char *const properties[PROPERTY_MAX] = {
	[PROPERTY_DESCRIBED]	= "every segment within the limits can be described",
	[PROPERTY_ALONE]	= "a packet alone gives exactly the bytes of its segment",
	[PROPERTY_DETERMINED]	= "a byte is sent as the same byte with the same mark in every cut",
	[PROPERTY_SECRET]	= "nothing that is readable holds user data",
	[PROPERTY_SEALED]	= "every byte is what dm-crypt would write, or is not user data",
	[PROPERTY_NOTED]	= "notes are where the format wants them and nowhere else",
	[PROPERTY_CODED]	= "metadata are read as they were written",
	[PROPERTY_ACKED]	= "what has been acknowledged is stale or described right",
	[PROPERTY_BEYOND]	= "what TCP was not given is not described",
	[PROPERTY_MERGED]	= "segments beyond the limits are described right or not at all",
	[PROPERTY_CLAIMED]	= "nothing is read before it has been compared",
	[PROPERTY_READ]		= "what is read is what was said, digests included",
	[PROPERTY_BELIEVED]	= "nothing is read that the target has lied about",
	[PROPERTY_MEMORY]	= "memory is bounded by what is not acknowledged",
	[PROPERTY_HONEST]	= "nothing honest is refused",
	[PROPERTY_COMPLETE]	= "sessions come to their end",
};

static const char *const events[EVENT_MAX] = {
	[EVENT_CUT_BEFORE]	= "ranges that begin inside of a block",
	[EVENT_CUT_AFTER]	= "ranges that end inside of a block",
	[EVENT_CUT_BOTH]	= "packets with both edges",
	[EVENT_RANGES]		= "packets with more than one range",
	[EVENT_FULL_METADATA]	= "metadata with less than 10 bytes left",
	[EVENT_RECORD_END]	= "record ends",
	[EVENT_WRAP]		= "segments over the end of sequence space",
	[EVENT_SIGN]		= "segments over its middle",
	[EVENT_HISTORY]		= "packets with what TCP had before",
	[EVENT_DISORDER]	= "packets in front of a gap",
	[EVENT_REFUSED]		= "refused commands",
	[EVENT_BLOCK_PENDING]	= "pushes that TCP took in part",
	[EVENT_BUSY]		= "pushes that TCP refused",
	[EVENT_GROWN]		= "rings that had to grow",
	[EVENT_LEARNED]		= "block sizes learned",
	[EVENT_DATA_DIGEST]	= "data digests",
	[EVENT_LIE_UNMARKED]	= "refused packets with user data that were not marked",
	[EVENT_LIE_MOVED]	= "refused packets with user data at another place",
	[EVENT_LIE_TASK]	= "refused packets with user data of another task",
	[EVENT_LIE_MARKED]	= "refused packets with marks on what is no user data",
};

u64 property_checked[PROPERTY_MAX];
enum property property_last;

static u64 failed[PROPERTY_MAX], happened[EVENT_MAX];

/* The first failures are told with what it takes to see them again. */
void property_fail(const char *fmt, ...)
{
	enum property property = property_last;
	va_list args;

	if (failed[property]++ < 3) {
		printf("# %s: %s: ", choice_name(), properties[property]);
		va_start(args, fmt);
		vprintf(fmt, args);
		va_end(args);
		putchar('\n');
	}
}

bool property_failed(void)
{
	u32 i;

	for (i = 0; i < PROPERTY_MAX; i++)
		if (failed[i])
			return true;
	return false;
}

void event_count(enum event event, u32 n)
{
	happened[event] += n;
}

/* What was never checked has not been shown. */
void property_report(void)
{
	u32 i;

	/* Whoever has failed has not come to everything. */
	for (i = 0; i < EVENT_MAX && !property_failed(); i++)
		tap_ok(happened[i], "there are %s: %llu", events[i],
		       (unsigned long long)happened[i]);
	for (i = 0; i < PROPERTY_MAX; i++)
		tap_ok(property_checked[i] && !failed[i],
		       "%s: %llu of %llu times", properties[i],
		       (unsigned long long)(property_checked[i] - failed[i]),
		       (unsigned long long)property_checked[i]);
}
