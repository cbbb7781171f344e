// SPDX-License-Identifier: GPL-2.0
#include "../../packet.h"
#include "../../sa.h"
#include "cipher.h"
#include "host.h"
#include "receiver.h"

/* Requests that take their time, of either kind. */
static struct skcipher_request *late_stream[CIPHER_LATE];
static struct asym_range *late_range[CIPHER_LATE];

u8 keystream(const u8 *counter, u32 pos)
{
	u32 word = (get_unaligned_be32(counter + 12) * 16 + pos) * 0x9d >> 1;
	u32 i;

	for (i = 4; i < 12; i++)
		word = word * 3 + counter[i];
	return (u8)word;
}

/* What the kernel prefers, and what always answers at once. */
static const struct crypto_alg preferred[CIPHER_KINDS] = {
	[CIPHER_PROMPT]	= { 0, "prompt", 8 },
	[CIPHER_SIMD]	= { CRYPTO_ALG_ASYNC, "simd", 24 },
	[CIPHER_DEVICE]	= { CRYPTO_ALG_ASYNC, "device", 40 },
};

static const struct crypto_alg plain = { 0, "plain", 32 };
static enum cipher_kind kind;

void cipher_set_kind(enum cipher_kind now)
{
	kind = now;
}

struct crypto_skcipher *crypto_alloc_skcipher(const char *name, u32 type,
					      u32 mask)
{
	struct crypto_skcipher *cipher = kzalloc(sizeof(*cipher), 0);

	if (!cipher)
		return ERR_PTR(-ENOMEM);
	cipher->__crt_alg = preferred[kind].cra_flags & mask ?
			    &plain : &preferred[kind];
	cipher->blocks = !strcmp(name, "blocks");
	return cipher;
}

bool crypto_has_skcipher(const char *name, u32 type, u32 mask)
{
	return type & mask & CRYPTO_ALG_INTERNAL && !strcmp(name, "__simd");
}

/* Counter blocks become keystream. */
static void blocks_now(struct skcipher_request *req)
{
	struct sg_cursor src = { req->src, 0 }, dst = { req->dst, 0 };
	u8 counter[ASYM_BLOCK_BYTES];
	u32 i, j;

	kernel_assert(!(req->len % sizeof(counter)));
	for (i = 0; i < req->len; i += sizeof(counter)) {
		for (j = 0; j < sizeof(counter); j++)
			counter[j] = *sg_next_byte(&src);
		for (j = 0; j < sizeof(counter); j++)
			*sg_next_byte(&dst) = keystream(counter, j);
	}
}

static void stream_now(struct skcipher_request *req)
{
	struct sg_cursor src = { req->src, 0 }, dst = { req->dst, 0 };
	u32 i;

	if (req->tfm->blocks) {
		blocks_now(req);
		return;
	}
	for (i = 0; i < req->len; i++)
		*sg_next_byte(&dst) = *sg_next_byte(&src) ^
				      keystream(req->iv, i);
}

static void range_now(struct asym_range *range)
{
	struct sg_cursor src = { range->src, 0 }, dst = { range->dst, 0 };
	u32 i;

	kernel_assert(range->binding->refs);
	kernel_assert(!range->seal && !(range->offset % 16) &&
		      !(range->len % 16));
	for (i = 0; i < range->len; i++) {
		sg_next_byte(&src);
		*sg_next_byte(&dst) = reader_content(range->binding,
						     range->offset + i);
	}
}

static bool postpone(struct skcipher_request *req, struct asym_range *range)
{
	u32 i;

	if (!kernel.delay)
		return false;
	kernel.delay = false;
	for (i = 0; i < CIPHER_LATE; i++) {
		if (late_stream[i] || late_range[i])
			continue;
		late_stream[i] = req;
		late_range[i] = range;
		return true;
	}
	return false;
}

static int cipher_error(void)
{
	int err = kernel.cipher_error;

	kernel.cipher_error = 0;
	reader.honest &= !err;
	return err;
}

int crypto_skcipher_encrypt(struct skcipher_request *req)
{
	int err;

	if (postpone(req, NULL))
		return -EINPROGRESS;
	err = cipher_error();
	if (!err)
		stream_now(req);
	return err;
}

int asym_range_crypt(struct asym_range *range)
{
	int err;

	if (range->binding->deleted)
		return -ENOKEY;
	if (postpone(NULL, range))
		return -EINPROGRESS;
	err = cipher_error();
	if (!err)
		range_now(range);
	return err;
}

void cipher_complete(u32 i)
{
	struct skcipher_request *req = late_stream[i];
	struct asym_range *range = late_range[i];
	int err;

	if (!req && !range)
		return;
	happened[HAPPENED_ASYNC]++;
	late_stream[i] = NULL;
	late_range[i] = NULL;
	err = cipher_error();
	if (req) {
		if (!err)
			stream_now(req);
		req->done(req->arg, err);
	} else {
		if (!err)
			range_now(range);
		range->complete(range, err);
	}
}

struct asym_sa *asym_sa_of(const struct xfrm_state *x)
{
	static struct asym_sa of;

	kernel_assert(x == &sa);
	return &of;
}

unsigned int asym_sa_reqsize(const struct asym_sa *of)
{
	return asym_cipher_reqsize(&of->stream);
}

void cipher_start(bool blocks)
{
	static const struct asym_suite suites[] = {
		{ .cipher = "stream" },
		{ .cipher = "stream", .block_cipher = "blocks" },
	};
	struct asym_sa *of = asym_sa_of(&sa);

	of->suite = &suites[blocks];
	kernel_assert(!asym_cipher_init(&of->stream, of->suite->cipher));
	if (blocks)
		kernel_assert(!asym_cipher_init(&of->blocks,
						of->suite->block_cipher));
	kernel_assert(!asym_op_init(of));
}

void cipher_end(void)
{
	struct asym_sa *of = asym_sa_of(&sa);

	asym_op_exit(of);
	if (of->suite->block_cipher)
		asym_cipher_exit(&of->blocks);
	asym_cipher_exit(&of->stream);
}

void asym_sa_counter(const struct asym_sa *of, const u8 *iv, u32 stream_pos,
		     u8 *counter)
{
	memcpy(counter, of->salt, 4);
	memcpy(counter + 4, iv, ASYM_IV_BYTES);
	put_unaligned_be32(stream_pos / 16, counter + 12);
}
