/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is asked of keystore from its load to its end: netlink messages, well
 * formed and not, from those who may and those who may not, dumps that are read
 * slowly, and in between what esp_asym asks.  Input: bytes that choose.
 */
#ifndef _KEYSTORE_TESTS_REQUESTS_H
#define _KEYSTORE_TESTS_REQUESTS_H

#include <asym/types.h>

/* What has happened, to see that it has. */
enum happened {
	HAPPENED_KEY_NEW,
	HAPPENED_KEY_DEL,
	HAPPENED_KEY_GET,
	HAPPENED_BINDING_NEW,
	HAPPENED_BINDING_DEL,
	HAPPENED_BINDING_GET,
	HAPPENED_REFUSED,
	HAPPENED_NOT_PERMITTED,
	HAPPENED_NO_MEMORY,
	HAPPENED_DUMP_WHOLE,
	HAPPENED_DUMP_IN_PARTS,
	HAPPENED_DUMP_INTERRUPTED,
	HAPPENED_EVENT,
	HAPPENED_EVENT_SUPPRESSED,
	HAPPENED_SIZE_LEARNED,
	HAPPENED_SIZE_CONFLICT,
	HAPPENED_RANGE_OUTLIVES_KEY,
	HAPPENED_BINDING_OUTLIVES_NAMESPACE,
	HAPPENED_MAX
};

extern u64 happened[HAPPENED_MAX];

/* Aborts if a property does not hold. */
void requests_run(const u8 *input, size_t len);

#endif /* _KEYSTORE_TESTS_REQUESTS_H */
