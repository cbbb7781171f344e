/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where everything that is left to chance comes from: a seed, or the bytes that
 * a fuzzer has made.
 */
#ifndef _MODEL_CHOICE_H
#define _MODEL_CHOICE_H

#include <asym/types.h>

void choice_seed(u32 seed);
void choice_bytes(const u8 *bytes, size_t len);
bool choice_exhausted(void);
const char *choice_name(void);

u32 pick(u32 limit);
u32 pick_between(u32 first, u32 last);
u32 pick_length(u32 limit);
bool pick_one_in(u32 n);

#endif /* _MODEL_CHOICE_H */
