// SPDX-License-Identifier: GPL-2.0
/*
 * xts(aes) that answers later, as drivers and cryptd may, by turns directly and
 * from a backlog.  Private to the selftest: cryptd would stay registered as the
 * preferred xts(aes) of the whole system.  Included by range.c of the selftest.
 */
#include <crypto/internal/skcipher.h>
#include <linux/err.h>

#define ASYNC_XTS_NAME	"asym-selftest-xts"

struct async_xts_req {
	struct work_struct	work;
	bool			seal;
	bool			backlog;
	struct skcipher_request	inner;	/* last: has a context behind it */
};

static atomic_t async_xts_turn __initdata = ATOMIC_INIT(0);

static void __init async_xts_work(struct work_struct *work)
{
	struct async_xts_req *ctx =
		container_of(work, struct async_xts_req, work);
	struct skcipher_request *req =
		container_of((void *)ctx, struct skcipher_request, __ctx);
	int err;

	if (ctx->backlog) {
		local_bh_disable();
		skcipher_request_complete(req, -EINPROGRESS);
		local_bh_enable();
	}
	err = ctx->seal ? crypto_skcipher_encrypt(&ctx->inner) :
			  crypto_skcipher_decrypt(&ctx->inner);
	local_bh_disable();
	skcipher_request_complete(req, err);
	local_bh_enable();
}

static int __init async_xts_queue(struct skcipher_request *req, bool seal)
{
	struct crypto_skcipher **inner =
		crypto_skcipher_ctx(crypto_skcipher_reqtfm(req));
	struct async_xts_req *ctx = skcipher_request_ctx(req);

	ctx->seal = seal;
	ctx->backlog = atomic_inc_return(&async_xts_turn) & 1;
	skcipher_request_set_tfm(&ctx->inner, *inner);
	skcipher_request_set_callback(&ctx->inner, 0, NULL, NULL);
	skcipher_request_set_crypt(&ctx->inner, req->src, req->dst,
				   req->cryptlen, req->iv);
	INIT_WORK(&ctx->work, async_xts_work);
	schedule_work(&ctx->work);
	return ctx->backlog ? -EBUSY : -EINPROGRESS;
}

static int __init async_xts_encrypt(struct skcipher_request *req)
{
	return async_xts_queue(req, true);
}

static int __init async_xts_decrypt(struct skcipher_request *req)
{
	return async_xts_queue(req, false);
}

static int __init async_xts_setkey(struct crypto_skcipher *tfm, const u8 *key,
				   unsigned int len)
{
	struct crypto_skcipher **inner = crypto_skcipher_ctx(tfm);

	return crypto_skcipher_setkey(*inner, key, len);
}

static int __init async_xts_init(struct crypto_skcipher *tfm)
{
	struct crypto_skcipher **inner = crypto_skcipher_ctx(tfm);

	*inner = crypto_alloc_skcipher("xts(aes)", 0, CRYPTO_ALG_ASYNC);
	if (IS_ERR(*inner))
		return PTR_ERR(*inner);
	crypto_skcipher_set_reqsize(tfm, sizeof(struct async_xts_req) +
				    crypto_skcipher_reqsize(*inner));
	return 0;
}

/* Not __init: a key may be wiped a little later than the test. */
static void async_xts_exit(struct crypto_skcipher *tfm)
{
	struct crypto_skcipher **inner = crypto_skcipher_ctx(tfm);

	crypto_free_skcipher(*inner);
}

static struct skcipher_alg async_xts __refdata = {
	.base.cra_name		= ASYNC_XTS_NAME,
	.base.cra_driver_name	= ASYNC_XTS_NAME,
	.base.cra_flags		= CRYPTO_ALG_ASYNC,
	.base.cra_blocksize	= XTS_BLOCK_SIZE,
	.base.cra_ctxsize	= sizeof(struct crypto_skcipher *),
	.base.cra_module	= THIS_MODULE,
	.min_keysize		= 32,
	.max_keysize		= 64,
	.ivsize			= XTS_BLOCK_SIZE,
	.setkey			= async_xts_setkey,
	.encrypt		= async_xts_encrypt,
	.decrypt		= async_xts_decrypt,
	.init			= async_xts_init,
	.exit			= async_xts_exit,
};
