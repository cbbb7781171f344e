// SPDX-License-Identifier: GPL-2.0
/*
 * How long the kernel's own ciphers and hashes take, for bench/theory: a line
 *
 *	speed: NAME DRIVER SIZE PICOSECONDS
 *
 * in the log for each size of a request.  It is all done when the module is
 * loaded.
 */
#include <crypto/aead.h>
#include <crypto/hash.h>
#include <crypto/skcipher.h>
#include <linux/crypto.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/checksum.h>

#define SIZE_MAX_BYTES	16384
#define AAD_BYTES	8
/* Time of a turn, and turns: the best is that which nothing has disturbed. */
#define TURN_NS		(NSEC_PER_MSEC / 2)
#define TURNS		40

static const u32 sizes[] = { 64, 128, 256, 512, 1024, 1472, 4096, 16384 };

struct subject {
	const char	*name;
	int		(*once)(struct subject *subject, u32 size);
	u32		key_size;

	union {
		struct crypto_skcipher	*skcipher;
		struct crypto_aead	*aead;
		struct crypto_shash	*shash;
	};
	void		*req;
};

static u8 *buf;
/* For the AAD; and what no compiler may leave out. */
static u8 aad[AAD_BYTES];
static __wsum sum;

static int once_skcipher(struct subject *s, u32 size)
{
	u8 iv[16] = {};
	struct scatterlist sg;
	DECLARE_CRYPTO_WAIT(wait);

	sg_init_one(&sg, buf, size);
	skcipher_request_set_crypt(s->req, &sg, &sg, size, iv);
	skcipher_request_set_callback(s->req, 0, crypto_req_done, &wait);
	return crypto_wait_req(crypto_skcipher_encrypt(s->req), &wait);
}

static int once_aead(struct subject *s, u32 size)
{
	u8 iv[16] = {};
	struct scatterlist sg[2];
	DECLARE_CRYPTO_WAIT(wait);

	sg_init_table(sg, 2);
	sg_set_buf(&sg[0], aad, sizeof(aad));
	sg_set_buf(&sg[1], buf, size + 16);
	aead_request_set_crypt(s->req, sg, sg, size, iv);
	aead_request_set_ad(s->req, sizeof(aad));
	aead_request_set_callback(s->req, 0, crypto_req_done, &wait);
	return crypto_wait_req(crypto_aead_encrypt(s->req), &wait);
}

static int once_shash(struct subject *s, u32 size)
{
	SHASH_DESC_ON_STACK(desc, s->shash);
	u8 hash[16];

	desc->tfm = s->shash;
	return crypto_shash_init(desc) ?: crypto_shash_update(desc, buf, size) ?:
	       crypto_shash_final(desc, hash);
}

/* Its key is the first 32 bytes of what it gets, as Poly1305's in version 1. */
static int once_poly1305(struct subject *s, u32 size)
{
	return once_shash(s, size + 32);
}

static int once_checksum(struct subject *s, u32 size)
{
	sum = csum_partial(buf, size, sum);
	return 0;
}

/* Picoseconds, or an error. */
static s64 measure(struct subject *s, u32 size)
{
	u64 begin, took, best = U64_MAX;
	u32 i, turn, n = 1;
	int err;

	for (turn = 0; turn < TURNS; turn++) {
		begin = ktime_get_ns();
		for (i = 0; i < n; i++) {
			err = s->once(s, size);
			if (err)
				return err;
		}
		took = ktime_get_ns() - begin;
		if (took < TURN_NS / 2) {
			n *= 2;
			turn = 0;
			best = U64_MAX;
			continue;
		}
		best = min(best, div_u64(took * 1000, n));
		cond_resched();
	}
	return best;
}

static int run(struct subject *s, const char *driver)
{
	s64 ps;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ps = measure(s, sizes[i]);
		if (ps < 0) {
			pr_err("speed: %s: error %lld\n", s->name, ps);
			return ps;
		}
		pr_info("speed: %s %s %u %lld\n", s->name, driver, sizes[i],
			ps);
	}
	return 0;
}

static int run_skcipher(struct subject *s)
{
	int err;

	s->skcipher = crypto_alloc_skcipher(s->name, 0, 0);
	if (IS_ERR(s->skcipher))
		return PTR_ERR(s->skcipher);
	err = crypto_skcipher_setkey(s->skcipher, buf, s->key_size);
	s->req = skcipher_request_alloc(s->skcipher, GFP_KERNEL);
	if (!err)
		err = s->req ? run(s, crypto_skcipher_driver_name(s->skcipher)) :
		      -ENOMEM;
	skcipher_request_free(s->req);
	crypto_free_skcipher(s->skcipher);
	return err;
}

static int run_aead(struct subject *s)
{
	int err;

	s->aead = crypto_alloc_aead(s->name, 0, 0);
	if (IS_ERR(s->aead))
		return PTR_ERR(s->aead);
	err = crypto_aead_setkey(s->aead, buf, s->key_size) ?:
	      crypto_aead_setauthsize(s->aead, 16);
	s->req = aead_request_alloc(s->aead, GFP_KERNEL);
	if (!err)
		err = s->req ? run(s, crypto_tfm_alg_driver_name
				   (crypto_aead_tfm(s->aead))) : -ENOMEM;
	aead_request_free(s->req);
	crypto_free_aead(s->aead);
	return err;
}

static int run_shash(struct subject *s)
{
	int err = 0;

	s->shash = crypto_alloc_shash(s->name, 0, 0);
	if (IS_ERR(s->shash))
		return PTR_ERR(s->shash);
	if (s->key_size)
		err = crypto_shash_setkey(s->shash, buf, s->key_size);
	if (!err)
		err = run(s, crypto_shash_driver_name(s->shash));
	crypto_free_shash(s->shash);
	return err;
}

static struct subject skciphers[] = {
	{ .name = "xts(aes)",	.once = once_skcipher,	.key_size = 64 },
	{ .name = "ctr(aes)",	.once = once_skcipher,	.key_size = 32 },
	{ .name = "ecb(aes)",	.once = once_skcipher,	.key_size = 32 },
	{ .name = "chacha20",	.once = once_skcipher,	.key_size = 32 },
};

static struct subject aeads[] = {
	{ .name = "gcm(aes)",	.once = once_aead,	.key_size = 32 },
};

static struct subject shashes[] = {
	{ .name = "nhpoly1305",	.once = once_shash,	.key_size = 16 + 1072 },
	{ .name = "poly1305",	.once = once_poly1305 },
};

static struct subject checksum = { .name = "checksum", .once = once_checksum };

static int __init speed_init(void)
{
	int err, i;

	buf = kmalloc(SIZE_MAX_BYTES + 32, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	/* The two halves of an XTS key must differ. */
	for (i = 0; i < SIZE_MAX_BYTES + 32; i++)
		buf[i] = i;

	err = run(&checksum, "csum_partial");
	for (i = 0; !err && i < ARRAY_SIZE(skciphers); i++)
		err = run_skcipher(&skciphers[i]);
	for (i = 0; !err && i < ARRAY_SIZE(aeads); i++)
		err = run_aead(&aeads[i]);
	for (i = 0; !err && i < ARRAY_SIZE(shashes); i++)
		err = run_shash(&shashes[i]);
	kfree(buf);
	return err;
}

static void __exit speed_exit(void)
{
}

module_init(speed_init);
module_exit(speed_exit);
MODULE_DESCRIPTION("Time that ciphers and hashes take");
MODULE_LICENSE("GPL");
