// SPDX-License-Identifier: GPL-2.0
/*
 * Ciphers of an SA: which implementation, and whether it answers at once.
 *
 * The kernel prefers implementations that may answer later.  Those of a device do
 * so always; those with vector registers (crypto/simd.c) when these are in use,
 * and then a packet is overtaken by others.  Beside either there is one that
 * answers at once.
 */
#include <crypto/skcipher.h>
#include <crypto/internal/simd.h>
#include <asm/simd.h>

#include "sa.h"

static bool may_answer_later(struct crypto_skcipher *tfm)
{
	return crypto_skcipher_tfm(tfm)->__crt_alg->cra_flags &
	       CRYPTO_ALG_ASYNC;
}

/* crypto/simd.c names what it makes like what it makes it of, without "__". */
static bool is_simd(struct crypto_skcipher *tfm)
{
	char name[CRYPTO_MAX_ALG_NAME];
	int len;

	len = snprintf(name, sizeof(name), "__%s",
		       crypto_skcipher_driver_name(tfm));
	return len < sizeof(name) &&
	       crypto_has_skcipher(name, CRYPTO_ALG_INTERNAL,
				   CRYPTO_ALG_INTERNAL | CRYPTO_ALG_ASYNC);
}

/**
 * asym_cipher_init() - find the implementations of a cipher
 * @cipher: result, for asym_cipher_exit()
 * @name: of the algorithm, in the crypto API
 *
 * Context: process
 * Return: 0, or why there is none, or none that answers at once
 */
int asym_cipher_init(struct asym_cipher *cipher, const char *name)
{
	int err;

	cipher->best = crypto_alloc_skcipher(name, 0, 0);
	if (IS_ERR(cipher->best))
		return PTR_ERR(cipher->best);
	cipher->prompt = NULL;
	cipher->simd = false;
	if (!may_answer_later(cipher->best))
		return 0;

	cipher->simd = is_simd(cipher->best);
	cipher->prompt = crypto_alloc_skcipher(name, 0, CRYPTO_ALG_ASYNC);
	if (!IS_ERR(cipher->prompt))
		return 0;
	err = PTR_ERR(cipher->prompt);
	crypto_free_skcipher(cipher->best);
	return err;
}

void asym_cipher_exit(struct asym_cipher *cipher)
{
	crypto_free_skcipher(cipher->prompt);
	crypto_free_skcipher(cipher->best);
}

int asym_cipher_set_key(struct asym_cipher *cipher, const u8 *key,
			unsigned int len)
{
	int err = crypto_skcipher_setkey(cipher->best, key, len);

	return err || !cipher->prompt ?
	       err : crypto_skcipher_setkey(cipher->prompt, key, len);
}

/* Bytes behind a request to either implementation. */
unsigned int asym_cipher_reqsize(const struct asym_cipher *cipher)
{
	unsigned int size = crypto_skcipher_reqsize(cipher->best);

	return cipher->prompt ?
	       max(size, crypto_skcipher_reqsize(cipher->prompt)) : size;
}

/**
 * asym_cipher_pick() - the implementation for a request that is made next
 * @cipher: cipher
 * @at_once: the request must not be answered later
 *
 * Context: the one that the request is made in
 * Return: the implementation, @cipher's
 */
struct crypto_skcipher *asym_cipher_pick(const struct asym_cipher *cipher,
					 bool at_once)
{
	bool later;

	if (!cipher->prompt)
		return cipher->best;
	later = cipher->simd ? !crypto_simd_usable() : at_once;
	return later ? cipher->prompt : cipher->best;
}
