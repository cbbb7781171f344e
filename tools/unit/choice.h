/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bytes of a fuzzer's input, which choose; at their end the first choice.
 */
#ifndef _UNIT_CHOICE_H
#define _UNIT_CHOICE_H

#include <asym/types.h>

void choice_start(const u8 *bytes, size_t len);
bool choice_left(void);

u32 take(u32 limit);
u64 take_bytes(u32 n);

#endif /* _UNIT_CHOICE_H */
