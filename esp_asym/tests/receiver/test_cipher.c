// SPDX-License-Identifier: GPL-2.0
/*
 * cipher.c: who answers a request, and whether that is at once.
 */
#include "cipher.h"
#include "kernel.h"
#include "receiver.h"
#include "tap.h"

#include "../../sa.h"

#define KEY_BYTES	32

static const char *const kinds[CIPHER_KINDS] = {
	[CIPHER_PROMPT]	= "prompt",
	[CIPHER_SIMD]	= "simd",
	[CIPHER_DEVICE]	= "device",
};

static void test_pick(void)
{
	static const struct {
		enum cipher_kind	kind;
		bool			simd_usable;
		bool			at_once;
		bool			best;
	} choices[] = {
		{ CIPHER_PROMPT, true,  false, true },
		{ CIPHER_PROMPT, false, true,  true },
		{ CIPHER_SIMD,   true,  false, true },
		{ CIPHER_SIMD,   true,  true,  true },
		{ CIPHER_SIMD,   false, false, false },
		{ CIPHER_SIMD,   false, true,  false },
		{ CIPHER_DEVICE, true,  false, true },
		{ CIPHER_DEVICE, false, false, true },
		{ CIPHER_DEVICE, true,  true,  false },
		{ CIPHER_DEVICE, false, true,  false },
	};
	struct crypto_skcipher *picked;
	struct asym_cipher cipher;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(choices); i++) {
		cipher_set_kind(choices[i].kind);
		kernel.simd_usable = choices[i].simd_usable;
		kernel_assert(!asym_cipher_init(&cipher, "stream"));
		picked = asym_cipher_pick(&cipher, choices[i].at_once);
		tap_ok(picked == (choices[i].best ? cipher.best :
						  cipher.prompt) &&
		       (choices[i].best ||
			!(picked->__crt_alg->cra_flags & CRYPTO_ALG_ASYNC)),
		       "cipher, %s, vector registers %s%s: %s",
		       kinds[choices[i].kind],
		       choices[i].simd_usable ? "free" : "in use",
		       choices[i].at_once ? ", at once" : "",
		       choices[i].best ? "the preferred one" : "the prompt one");
		asym_cipher_exit(&cipher);
	}
}

/* What both implementations need. */
static void test_both(void)
{
	static const u8 key[KEY_BYTES];
	struct asym_cipher cipher;

	cipher_set_kind(CIPHER_SIMD);
	kernel_assert(!asym_cipher_init(&cipher, "stream"));
	tap_ok(asym_cipher_reqsize(&cipher) ==
	       max(cipher.best->__crt_alg->reqsize,
		   cipher.prompt->__crt_alg->reqsize),
	       "cipher: there is room for a request to either");
	tap_ok(!asym_cipher_set_key(&cipher, key, sizeof(key)) &&
	       cipher.best->key_bytes == sizeof(key) &&
	       cipher.prompt->key_bytes == sizeof(key),
	       "cipher: either has the key");
	asym_cipher_exit(&cipher);
}

static void test_failure(void)
{
	u32 before = kernel.allocated;
	struct asym_cipher cipher;
	u32 kind;
	int n;

	for (kind = 0; kind < CIPHER_KINDS; kind++) {
		cipher_set_kind(kind);
		for (n = 0;; n++) {
			kernel.fail_in = n;
			if (!asym_cipher_init(&cipher, "stream"))
				break;
			kernel_assert(kernel.allocated == before);
		}
		asym_cipher_exit(&cipher);
		tap_ok(n == (kind == CIPHER_PROMPT ? 1 : 2) &&
		       kernel.allocated == before,
		       "cipher, %s: nothing is left when it cannot be had",
		       kinds[kind]);
		kernel.fail_in = -1;
	}
}

void test_cipher(void)
{
	kernel.fail_in = -1;
	test_pick();
	test_both();
	test_failure();
	cipher_set_kind(CIPHER_PROMPT);
}
