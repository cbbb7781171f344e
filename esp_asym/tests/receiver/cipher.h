/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ciphers that are as simple as can be told apart, and may take their time.
 */
#ifndef _RECEIVER_CIPHER_H
#define _RECEIVER_CIPHER_H

#include <asym/types.h>

/* Requests that can wait at a time. */
#define CIPHER_LATE	4

/**
 * enum cipher_kind - how the kernel's preferred implementations answer
 * @CIPHER_PROMPT: always at once
 * @CIPHER_SIMD: at once as long as vector registers may be used
 * @CIPHER_DEVICE: later
 * @CIPHER_KINDS: number of these
 */
enum cipher_kind {
	CIPHER_PROMPT,
	CIPHER_SIMD,
	CIPHER_DEVICE,
	CIPHER_KINDS
};

/* Of what is allocated from now on. */
void cipher_set_kind(enum cipher_kind kind);
u8 keystream(const u8 *counter, u32 pos);
/* With a block cipher behind the stream cipher, or without. */
void cipher_start(bool blocks);
/* A request that waits is done now. */
void cipher_complete(u32 i);
void cipher_end(void);

#endif /* _RECEIVER_CIPHER_H */
