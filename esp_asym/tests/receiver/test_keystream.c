// SPDX-License-Identifier: GPL-2.0
/*
 * keystream.c: each packet has its own keystream, whoever was asked for before.
 */
#include <string.h>

#include "cipher.h"
#include "host.h"
#include "kernel.h"
#include "receiver.h"
#include "tap.h"

#include "../../packet.h"
#include "../../sa.h"

#define IV_MASK	0x1122334455667788ull

static u8 byte_at(u64 seq, u32 pos)
{
	u8 iv[ASYM_IV_BYTES], counter[ASYM_BLOCK_BYTES];

	put_unaligned_be64(seq ^ IV_MASK, iv);
	asym_sa_counter(asym_sa_of(&sa), iv, 0, counter);
	return keystream(counter, pos);
}

/* Of so many bytes at this position, how many are not what they have to be. */
static u32 wrong(const u8 *bytes, u32 len, u64 seq, u32 pos)
{
	u32 i, n = 0;

	for (i = 0; i < len; i++)
		n += bytes[i] != byte_at(seq, pos + i);
	return n;
}

static int ask(struct asym_keystream *ks, u64 seq)
{
	struct skcipher_request req = {};

	return asym_keystream_make(ks, asym_sa_of(&sa), &req, seq, IV_MASK,
				   false);
}

static bool has_its_own(struct asym_keystream *ks, u64 seq)
{
	const struct asym_lead *lead;

	if (ask(ks, seq))
		return false;
	lead = asym_keystream_take(ks, asym_sa_of(&sa), seq);
	return !wrong(lead->mask, sizeof(lead->mask), seq, 0) &&
	       !wrong(lead->meta, sizeof(lead->meta), seq, ASYM_STREAM_META) &&
	       !wrong(lead->ahead, sizeof(lead->ahead), seq,
		      ASYM_STREAM_INNER);
}

static void test_order(const char *cipher)
{
	/* In turn, with gaps, back, and again. */
	static const u64 numbers[] = {
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 13, 40, 41, 43, 42,
		41, 41, 0x100000000ull, 0x100000001ull, 1,
	};
	struct asym_keystream ks = {};
	u32 i, own = 0;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		own += has_its_own(&ks, numbers[i]);
	tap_ok(own == ARRAY_SIZE(numbers),
	       "keystream, %s: in any order a packet has its own (%u of %zu)",
	       cipher, own, ARRAY_SIZE(numbers));
}

static void test_error(const char *cipher)
{
	struct asym_keystream ks = {};
	bool own = has_its_own(&ks, 1) && has_its_own(&ks, 2);

	/* 3 has not been asked for, so that 4 needs a request. */
	kernel.cipher_error = -EIO;
	tap_ok(own && ask(&ks, 4) == -EIO,
	       "keystream, %s: a cipher's error is passed on", cipher);
	kernel.cipher_error = 0;
	tap_ok(has_its_own(&ks, 5) && has_its_own(&ks, 4),
	       "keystream, %s: what an error has left is not given out",
	       cipher);
}

void test_keystream(void)
{
	static const char *const ciphers[] = { "stream cipher", "block cipher" };
	u32 i;

	/* Memory does not fail. */
	kernel.fail_in = -1;
	for (i = 0; i < ARRAY_SIZE(ciphers); i++) {
		cipher_start(i);
		test_order(ciphers[i]);
		test_error(ciphers[i]);
		cipher_end();
	}
}
