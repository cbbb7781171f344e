/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ciphers that are as simple as can be told apart, and may take their time.
 */
#ifndef _RECEIVER_CIPHER_H
#define _RECEIVER_CIPHER_H

#include <asym/types.h>

/* Requests that can wait at a time. */
#define CIPHER_LATE	4

u8 keystream(const u8 *counter, u32 pos);
/* With a block cipher behind the stream cipher, or without. */
void cipher_start(bool blocks);
/* A request that waits is done now. */
void cipher_complete(u32 i);
void cipher_end(void);

#endif /* _RECEIVER_CIPHER_H */
