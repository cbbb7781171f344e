/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bytes of the input, which choose; at their end the first choice.
 */
#ifndef _KEYSTORE_TESTS_CHOICE_H
#define _KEYSTORE_TESTS_CHOICE_H

#include <asym/types.h>

void choice_start(const u8 *bytes, size_t len);
bool choice_left(void);

u32 take(u32 limit);
u64 take_bytes(u32 n);
/* The first ones most of the time, so that requests meet each other. */
u32 take_index(u32 n);

#endif /* _KEYSTORE_TESTS_CHOICE_H */
