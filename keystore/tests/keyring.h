/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The caller's keyrings, and ciphers that remember their keys.  All key material
 * is made of words that occur nowhere else, so that it is found wherever it goes.
 */
#ifndef _KEYSTORE_TESTS_KEYRING_H
#define _KEYSTORE_TESTS_KEYRING_H

#include <asym/types.h>

/* Descriptions, the good ones first. */
extern const char *const keyring_descriptions[];
extern const u32 keyring_count;

void keyring_start(void);
/* Is every key that was asked for given back? */
void keyring_end(void);

#endif /* _KEYSTORE_TESTS_KEYRING_H */
