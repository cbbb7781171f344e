/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bytes of the input, which choose; at their end the first choice.
 */
#ifndef _RECEIVER_CHOICE_H
#define _RECEIVER_CHOICE_H

#include <asym/types.h>

void choice_start(const u8 *bytes, size_t len);
bool choice_left(void);

u32 take(u32 limit);
u32 take32(void);

#endif /* _RECEIVER_CHOICE_H */
