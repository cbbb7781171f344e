/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values of attributes, good and bad, that come again and again.
 */
#ifndef _KEYSTORE_TESTS_VALUE_H
#define _KEYSTORE_TESTS_VALUE_H

#include <asym/types.h>

/* The first ones most of the time, so that requests meet each other. */
u32 take_index(u32 n);
const char *take_key_name(void);
const char *take_target(void);
const char *take_cipher(void);
const char *take_keyring_type(void);
u32 take_size(void);
u32 take_lun(void);
u64 take_lun_field(void);

#endif /* _KEYSTORE_TESTS_VALUE_H */
