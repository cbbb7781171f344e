// SPDX-License-Identifier: GPL-2.0
/*
 * AES in counter, ECB and XTS mode that mostly answer later, in any order: at once, from a
 * queue, some after a tick or several, and by way of a backlog where the caller
 * allows that.  Whoever asks for these names from now on gets them, as with a
 * driver of a crypto engine.
 */
#include <crypto/internal/skcipher.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/workqueue.h>

#define TICKS_MAX	3

struct async_req {
	struct delayed_work	work;
	bool			seal;
	bool			backlog;
	struct skcipher_request	inner;	/* last: has a context behind it */
};

static struct workqueue_struct *wq;

static void work(struct work_struct *w)
{
	struct async_req *ctx = container_of(to_delayed_work(w),
					     struct async_req, work);
	struct skcipher_request *req =
		container_of((void *)ctx, struct skcipher_request, __ctx);
	int err;

	local_bh_disable();
	if (ctx->backlog)
		skcipher_request_complete(req, -EINPROGRESS);
	err = ctx->seal ? crypto_skcipher_encrypt(&ctx->inner) :
			  crypto_skcipher_decrypt(&ctx->inner);
	skcipher_request_complete(req, err);
	local_bh_enable();
}

static int crypt(struct skcipher_request *req, bool seal)
{
	struct crypto_skcipher **inner =
		crypto_skcipher_ctx(crypto_skcipher_reqtfm(req));
	struct async_req *ctx = skcipher_request_ctx(req);
	u32 dice = get_random_u32();

	skcipher_request_set_tfm(&ctx->inner, *inner);
	skcipher_request_set_callback(&ctx->inner, 0, NULL, NULL);
	skcipher_request_set_crypt(&ctx->inner, req->src, req->dst,
				   req->cryptlen, req->iv);
	if (!(dice & 7))
		return seal ? crypto_skcipher_encrypt(&ctx->inner) :
			      crypto_skcipher_decrypt(&ctx->inner);
	ctx->seal = seal;
	ctx->backlog = req->base.flags & CRYPTO_TFM_REQ_MAY_BACKLOG &&
		       dice & 8;
	INIT_DELAYED_WORK(&ctx->work, work);
	/* ctx may be gone once the work is queued. */
	dice = ctx->backlog ? dice | 16 : dice & ~16;
	queue_delayed_work(wq, &ctx->work,
			   dice & 0xfe0 ? 0 : (dice >> 12) % TICKS_MAX + 1);
	return dice & 16 ? -EBUSY : -EINPROGRESS;
}

static int encrypt(struct skcipher_request *req)
{
	return crypt(req, true);
}

static int decrypt(struct skcipher_request *req)
{
	return crypt(req, false);
}

static int setkey(struct crypto_skcipher *tfm, const u8 *key, unsigned int len)
{
	struct crypto_skcipher **inner = crypto_skcipher_ctx(tfm);

	return crypto_skcipher_setkey(*inner, key, len);
}

static int init(struct crypto_skcipher *tfm)
{
	const char *name = crypto_tfm_alg_name(crypto_skcipher_tfm(tfm));
	struct crypto_skcipher **inner = crypto_skcipher_ctx(tfm);

	*inner = crypto_alloc_skcipher(name, 0, CRYPTO_ALG_ASYNC);
	if (IS_ERR(*inner))
		return PTR_ERR(*inner);
	crypto_skcipher_set_reqsize(tfm, sizeof(struct async_req) +
				    crypto_skcipher_reqsize(*inner));
	return 0;
}

static void done(struct crypto_skcipher *tfm)
{
	struct crypto_skcipher **inner = crypto_skcipher_ctx(tfm);

	crypto_free_skcipher(*inner);
}

#define ALG(name, driver, block, iv, min, max) {				\
	.base.cra_name		= name,					\
	.base.cra_driver_name	= driver,				\
	.base.cra_priority	= 10000,				\
	.base.cra_flags		= CRYPTO_ALG_ASYNC,			\
	.base.cra_blocksize	= block,				\
	.base.cra_ctxsize	= sizeof(struct crypto_skcipher *),	\
	.base.cra_module	= THIS_MODULE,				\
	.min_keysize		= min,					\
	.max_keysize		= max,					\
	.ivsize			= iv,					\
	.chunksize		= 16,					\
	.setkey			= setkey,				\
	.encrypt		= encrypt,				\
	.decrypt		= decrypt,				\
	.init			= init,					\
	.exit			= done,					\
}

static struct skcipher_alg algs[] = {
	ALG("ctr(aes)", "asyncrypt-ctr-aes", 1, 16, 16, 32),
	ALG("ecb(aes)", "asyncrypt-ecb-aes", 16, 0, 16, 32),
	ALG("xts(aes)", "asyncrypt-xts-aes", 16, 16, 32, 64),
};

static int __init asyncrypt_init(void)
{
	int err;

	/* Unbound, so that works of one CPU do not queue up in order. */
	wq = alloc_workqueue("asyncrypt", WQ_UNBOUND | WQ_MEM_RECLAIM, 16);
	if (!wq)
		return -ENOMEM;
	err = crypto_register_skciphers(algs, ARRAY_SIZE(algs));
	if (err)
		destroy_workqueue(wq);
	return err;
}

static void __exit asyncrypt_exit(void)
{
	crypto_unregister_skciphers(algs, ARRAY_SIZE(algs));
	destroy_workqueue(wq);
}

module_init(asyncrypt_init);
module_exit(asyncrypt_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("AES that takes its time, for tests");
