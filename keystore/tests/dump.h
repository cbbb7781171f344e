/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dumps that are read slowly, while things change.
 */
#ifndef _KEYSTORE_TESTS_DUMP_H
#define _KEYSTORE_TESTS_DUMP_H

#include "space.h"

/* Whose dump goes on. */
extern struct space *dumper;

/* The next packet, of @size bytes at most. */
void dump_next(struct space *space, u32 size);
/* It ends, once nothing comes in between. */
void dump_finish(struct space *space);

#endif /* _KEYSTORE_TESTS_DUMP_H */
