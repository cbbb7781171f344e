/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What keystore sends must be true.
 */
#ifndef _KEYSTORE_TESTS_TOLD_H
#define _KEYSTORE_TESTS_TOLD_H

#include <asym/types.h>

/**
 * struct told - what it has sent
 * @replies: messages since the request began
 * @events: events, or told to be missing
 */
struct told {
	u32	replies;
	u64	events;
};

extern struct told told;

#endif /* _KEYSTORE_TESTS_TOLD_H */
