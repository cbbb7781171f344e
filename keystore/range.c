// SPDX-License-Identifier: GPL-2.0
/*
 * The range cipher: aes-xts-plain64 over any 16-byte blocks of a unit.
 *
 * A range is a chain of requests to xts(aes), one per XTS sector, because the
 * crypto API takes one tweak per request.  Inside a sector block j has the tweak
 * T = E(K2, i) * alpha^j (IEEE 1619 section 5.3).  xts(aes) encrypts the tweak it
 * is given before it uses it, so a range that begins at block j hands in
 * D(K2, T).
 */
#include <crypto/internal/cipher.h>
#include <crypto/scatterwalk.h>
#include <crypto/skcipher.h>
#include <crypto/xts.h>
#include <linux/completion.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "keystore.h"

#define ASYM_UNIT_SHIFT		9	/* plain64 counts 512-byte units */

unsigned int asym_range_size(const struct asym_binding *binding)
{
	unsigned int size = sizeof(struct asym_range);

	if (binding->key)
		size += sizeof(struct skcipher_request) + binding->key->reqsize;
	return size;
}
EXPORT_SYMBOL_GPL(asym_range_size);

static struct skcipher_request *asym_range_req(struct asym_range *range)
{
	return (struct skcipher_request *)range->__req;
}

/* Multiply a tweak by alpha^n in GF(2^128), little endian as XTS has it. */
static void asym_tweak_mul(__le64 tweak[2], unsigned int n)
{
	u64 lo = le64_to_cpu(tweak[0]);
	u64 hi = le64_to_cpu(tweak[1]);

	while (n) {
		/* The seven bits that the reduction adds have to fit. */
		unsigned int step = min(n, 56u);
		u64 carry = hi >> (64 - step);

		hi = hi << step | lo >> (64 - step);
		lo = lo << step ^
		     carry ^ carry << 1 ^ carry << 2 ^ carry << 7;
		n -= step;
	}
	tweak[0] = cpu_to_le64(lo);
	tweak[1] = cpu_to_le64(hi);
}

/* The tweak to hand in for the block at @pos. */
static void asym_range_tweak(struct asym_range *range, u64 pos)
{
	const struct asym_binding *binding = range->binding;
	struct crypto_cipher *tfm = range->key->tweak;
	unsigned int block;
	u8 *iv = (u8 *)range->iv;
	u64 number;

	block = (pos & (binding->sector_size - 1)) / XTS_BLOCK_SIZE;
	pos &= ~(u64)(binding->sector_size - 1);
	number = (pos >> ASYM_UNIT_SHIFT) + binding->iv_offset;
	if (binding->iv_large_sectors)
		number /= binding->sector_size >> ASYM_UNIT_SHIFT;

	range->iv[0] = cpu_to_le64(number);
	range->iv[1] = 0;
	if (block) {
		crypto_cipher_encrypt_one(tfm, iv, iv);
		asym_tweak_mul(range->iv, block);
		crypto_cipher_decrypt_one(tfm, iv, iv);
	}
}

/* The list from here on, for the next request, which has @len bytes. */
static struct scatterlist *asym_range_rest(struct asym_range_pos *pos, u32 len)
{
	while (pos->offset >= pos->sg->length) {
		pos->offset -= pos->sg->length;
		pos->sg = sg_next(pos->sg);
	}
	if (pos->sg->length - pos->offset < len)
		return scatterwalk_ffwd(pos->rest, pos->sg, pos->offset);
	sg_init_table(pos->rest, 1);
	sg_set_page(pos->rest, sg_page(pos->sg), len,
		    pos->sg->offset + pos->offset);
	return pos->rest;
}

/*
 * Go through the sectors until the end, an error, or a request whose end will
 * be told to asym_range_step().  Then the range may be gone already.
 */
static int asym_range_run(struct asym_range *range)
{
	u32 sector_size = range->binding->sector_size;
	struct skcipher_request *req = asym_range_req(range);
	struct scatterlist *src, *dst;
	bool seal = range->seal;
	u64 pos;
	u32 len;
	int err;

	while (range->done < range->len) {
		pos = range->offset + range->done;
		len = sector_size - (pos & (sector_size - 1));
		len = min(len, range->len - range->done);

		src = asym_range_rest(&range->src_pos, len);
		dst = range->src == range->dst ? src :
		      asym_range_rest(&range->dst_pos, len);
		asym_range_tweak(range, pos);
		skcipher_request_set_crypt(req, src, dst, len, range->iv);

		range->done += len;
		range->src_pos.offset += len;
		range->dst_pos.offset += len;
		err = seal ? crypto_skcipher_encrypt(req) :
			     crypto_skcipher_decrypt(req);
		if (err == -EBUSY)	/* in the backlog */
			return -EINPROGRESS;
		if (err)
			return err;
	}
	return 0;
}

static void asym_range_step(void *data, int err)
{
	struct asym_range *range = data;
	struct asym_key *key = range->key;

	/* It has left the backlog. */
	if (err == -EINPROGRESS)
		return;
	if (!err)
		err = asym_range_run(range);
	if (err == -EINPROGRESS)
		return;
	/*
	 * @range is the caller's from here on, and so is the reference to the
	 * binding that keeps @key.
	 */
	percpu_ref_put(&key->users);
	range->complete(range, err);
}

DEFINE_CRYPTO_DONE(asym_range_step)

int asym_range_crypt(struct asym_range *range)
{
	const struct asym_binding *binding = range->binding;
	struct asym_key *key = binding->key;
	struct skcipher_request *req = asym_range_req(range);
	int err;

	if (!key || range->offset % XTS_BLOCK_SIZE ||
	    range->len % XTS_BLOCK_SIZE ||
	    range->offset + range->len < range->offset)
		return -EINVAL;
	if (!asym_binding_usable(binding) ||
	    !percpu_ref_tryget_live(&key->users))
		return -ENOKEY;

	range->done = 0;
	range->key = key;
	range->src_pos.sg = range->src;
	range->src_pos.offset = 0;
	range->dst_pos.sg = range->dst;
	range->dst_pos.offset = 0;
	skcipher_request_set_tfm(req, key->xts);
	skcipher_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG,
				      crypto_done(asym_range_step), range);

	err = asym_range_run(range);
	if (err != -EINPROGRESS)
		percpu_ref_put(&key->users);
	return err;
}
EXPORT_SYMBOL_GPL(asym_range_crypt);

struct asym_range_wait {
	struct completion	done;
	int			err;
};

static void asym_range_woken(struct asym_range *range, int err)
{
	struct asym_range_wait *wait = range->arg;

	wait->err = err;
	complete(&wait->done);
}

int asym_range_crypt_wait(struct asym_range *range)
{
	struct asym_range_wait wait;
	int err;

	init_completion(&wait.done);
	range->complete = asym_range_woken;
	range->arg = &wait;
	err = asym_range_crypt(range);
	if (err == -EINPROGRESS) {
		wait_for_completion(&wait.done);
		err = wait.err;
	}
	return err;
}
EXPORT_SYMBOL_GPL(asym_range_crypt_wait);

#include "selftest/range.c"
