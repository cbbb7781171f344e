/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What must hold whatever happens, and whether it did.
 */
#ifndef _MODEL_PROPERTY_H
#define _MODEL_PROPERTY_H

#include <asym/types.h>

/* See property.c for what they say; the order is that of the report. */
enum property {
	PROPERTY_DESCRIBED,
	PROPERTY_ALONE,
	PROPERTY_DETERMINED,
	PROPERTY_SECRET,
	PROPERTY_SEALED,
	PROPERTY_NOTED,
	PROPERTY_CODED,
	PROPERTY_ACKED,
	PROPERTY_BEYOND,
	PROPERTY_MERGED,
	PROPERTY_CLAIMED,
	PROPERTY_READ,
	PROPERTY_BELIEVED,
	PROPERTY_MEMORY,
	PROPERTY_HONEST,
	PROPERTY_COMPLETE,
	PROPERTY_MAX
};

/* What has to have happened for the properties to mean something. */
enum event {
	EVENT_CUT_BEFORE,
	EVENT_CUT_AFTER,
	EVENT_CUT_BOTH,
	EVENT_RANGES,
	EVENT_FULL_METADATA,
	EVENT_RECORD_END,
	EVENT_WRAP,
	EVENT_SIGN,
	EVENT_HISTORY,
	EVENT_DISORDER,
	EVENT_REFUSED,
	EVENT_BLOCK_PENDING,
	EVENT_BUSY,
	EVENT_GROWN,
	EVENT_LEARNED,
	EVENT_DATA_DIGEST,
	EVENT_LIE_UNMARKED,
	EVENT_LIE_MOVED,
	EVENT_LIE_TASK,
	EVENT_LIE_MARKED,
	EVENT_MAX
};

extern u64 property_checked[PROPERTY_MAX];
extern enum property property_last;

/* Often asked for every byte. */
static inline bool property_holds(enum property property, bool holds)
{
	property_checked[property]++;
	property_last = property;
	return holds;
}

#define property_check(property, holds, ...) do {			\
	if (!property_holds(property, holds))				\
		property_fail(__VA_ARGS__);				\
} while (0)

void property_fail(const char *fmt, ...)
	__attribute__((__format__(printf, 1, 2)));
bool property_failed(void);
void event_count(enum event event, u32 n);
void property_report(void);

#endif /* _MODEL_PROPERTY_H */
