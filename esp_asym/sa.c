// SPDX-License-Identifier: GPL-2.0
/*
 * Keys of an SA.  xfrm_state_mtu() reads block size and ICV length from
 * x->data as a struct crypto_aead, so the context is that of an AEAD algorithm
 * of our own, which nothing but this file can allocate.
 */
#include <crypto/hash.h>
#include <crypto/internal/aead.h>
#include <linux/random.h>

#include "packet.h"
#include "sa.h"

/* The AEAD algorithm of a suite. */
struct shell {
	struct aead_alg		alg;
	const struct asym_suite	*suite;
};

static struct shell shells[ASYM_SUITES];

static bool takes_key(const struct asym_suite *suite, unsigned int len)
{
	return len == suite->key_bytes[0] + ASYM_SA_SALT_BYTES ||
	       len == suite->key_bytes[1] + ASYM_SA_SALT_BYTES;
}

struct asym_sa *asym_sa_of(const struct xfrm_state *x)
{
	return crypto_aead_ctx(x->data);
}

/* Bytes behind a request to one of the ciphers. */
unsigned int asym_sa_reqsize(const struct asym_sa *sa)
{
	unsigned int size = asym_cipher_reqsize(&sa->stream);

	return sa->suite->block_cipher ?
	       max(size, asym_cipher_reqsize(&sa->blocks)) : size;
}

/* The counter block of byte @stream_pos of the keystream of a packet. */
void asym_sa_counter(const struct asym_sa *sa, const u8 *iv, u32 stream_pos,
		     u8 *counter)
{
	sa->suite->put_counter(sa->salt, iv, stream_pos, counter);
}

/* HKDF-SHA256 (RFC 5869) without salt. */
static int derive(const u8 *ikm, unsigned int ikm_len, const char *label,
		  u8 *okm, unsigned int okm_len)
{
	u8 prk[32], block[32], zero[32] = {}, count = 0;
	unsigned int block_len = 0, n;
	struct crypto_shash *hmac;
	int err;

	hmac = crypto_alloc_shash("hmac(sha256)", 0, 0);
	if (IS_ERR(hmac))
		return PTR_ERR(hmac);
	{
		SHASH_DESC_ON_STACK(desc, hmac);

		desc->tfm = hmac;
		err = crypto_shash_setkey(hmac, zero, sizeof(zero)) ?:
		      crypto_shash_digest(desc, ikm, ikm_len, prk) ?:
		      crypto_shash_setkey(hmac, prk, sizeof(prk));
		for (; !err && okm_len; okm += n, okm_len -= n) {
			count++;
			err = crypto_shash_init(desc) ?:
			      crypto_shash_update(desc, block, block_len) ?:
			      crypto_shash_update(desc, label, strlen(label)) ?:
			      crypto_shash_finup(desc, &count, 1, block);
			block_len = sizeof(block);
			n = min_t(unsigned int, okm_len, sizeof(block));
			memcpy(okm, block, n);
		}
		shash_desc_zero(desc);
	}
	memzero_explicit(prk, sizeof(prk));
	memzero_explicit(block, sizeof(block));
	crypto_free_shash(hmac);
	return err;
}

static int set_stream_key(struct asym_sa *sa, const u8 *key, unsigned int len)
{
	int err = asym_cipher_set_key(&sa->stream, key, len);

	return err || !sa->suite->block_cipher ?
	       err : asym_cipher_set_key(&sa->blocks, key, len);
}

static int shell_setkey(struct crypto_aead *shell, const u8 *key,
			unsigned int len)
{
	struct asym_sa *sa = crypto_aead_ctx(shell);
	u8 *derived;
	int err;

	if (!takes_key(sa->suite, len))
		return -EINVAL;
	derived = kmalloc(ASYM_HASH_KEY_BYTES, GFP_KERNEL);
	if (!derived)
		return -ENOMEM;
	len -= ASYM_SA_SALT_BYTES;
	memcpy(sa->salt, key + len, ASYM_SA_SALT_BYTES);

	err = derive(key, len, sa->suite->label, derived, len) ?:
	      set_stream_key(sa, derived, len) ?:
	      derive(key, len, sa->suite->hash_label, derived,
		     ASYM_HASH_KEY_BYTES) ?:
	      asym_mac_set_key(&sa->mac, derived);
	kfree_sensitive(derived);
	return err;
}

static int shell_setauthsize(struct crypto_aead *shell, unsigned int size)
{
	return size == ASYM_ICV_BYTES ? 0 : -EINVAL;
}

static int alloc_ciphers(struct asym_sa *sa)
{
	int err = asym_cipher_init(&sa->stream, sa->suite->cipher);

	if (err || !sa->suite->block_cipher)
		return err;
	err = asym_cipher_init(&sa->blocks, sa->suite->block_cipher);
	if (err)
		asym_cipher_exit(&sa->stream);
	return err;
}

static void free_ciphers(struct asym_sa *sa)
{
	if (sa->suite->block_cipher)
		asym_cipher_exit(&sa->blocks);
	asym_cipher_exit(&sa->stream);
}

static int shell_init(struct crypto_aead *shell)
{
	struct asym_sa *sa = crypto_aead_ctx(shell);
	int err;

	sa->suite = container_of(crypto_aead_alg(shell), struct shell,
				 alg)->suite;
	err = alloc_ciphers(sa);
	if (err)
		return err;
	err = asym_mac_init_key(&sa->mac);
	if (err)
		goto free;
	err = asym_op_init(sa);
	if (err)
		goto exit_mac;
	get_random_bytes(&sa->iv_mask, sizeof(sa->iv_mask));
	return 0;

exit_mac:
	asym_mac_exit_key(&sa->mac);
free:
	free_ciphers(sa);
	return err;
}

static void shell_exit(struct crypto_aead *shell)
{
	struct asym_sa *sa = crypto_aead_ctx(shell);

	asym_op_exit(sa);
	asym_mac_exit_key(&sa->mac);
	free_ciphers(sa);
	memzero_explicit(sa, sizeof(*sa));
}

/* A packet is no flat (AAD, text) pair: seal.c and open.c do the work. */
static int shell_crypt(struct aead_request *req)
{
	return -EOPNOTSUPP;
}

static const struct aead_alg shell_alg = {
	.setkey		= shell_setkey,
	.setauthsize	= shell_setauthsize,
	.init		= shell_init,
	.exit		= shell_exit,
	.encrypt	= shell_crypt,
	.decrypt	= shell_crypt,
	.ivsize		= ASYM_IV_BYTES,
	.maxauthsize	= ASYM_ICV_BYTES,
	.chunksize	= 1,
	.base = {
		.cra_priority		= 1,
		.cra_flags		= CRYPTO_ALG_INTERNAL,
		.cra_blocksize		= 1,
		.cra_ctxsize		= sizeof(struct asym_sa),
		.cra_module		= THIS_MODULE,
	},
};

/**
 * asym_sa_create() - context of an SA
 * @suite: its algorithm
 * @key: SA key and 4 bytes of salt
 * @key_len: bytes of both
 * @extack: for the reason of a refusal
 *
 * Context: process
 * Return: what goes into x->data, or an ERR_PTR
 */
struct crypto_aead *asym_sa_create(const struct asym_suite *suite,
				   const u8 *key, unsigned int key_len,
				   struct netlink_ext_ack *extack)
{
	struct crypto_aead *shell;
	int err;

	if (!takes_key(suite, key_len)) {
		NL_SET_ERR_MSG(extack,
			       "asym(gcm(aes)) takes a key of 160 or 288 bits, asym(chacha20,poly1305) one of 288: the last 32 are salt");
		return ERR_PTR(-EINVAL);
	}

	shell = crypto_alloc_aead(suite->shell, CRYPTO_ALG_INTERNAL,
				  CRYPTO_ALG_INTERNAL);
	if (IS_ERR(shell)) {
		NL_SET_ERR_MSG(extack,
			       "The kernel does not offer the cipher of this algorithm: ctr(aes) and ecb(aes), or chacha20, and nhpoly1305");
		return shell;
	}
	err = crypto_aead_setkey(shell, key, key_len) ?:
	      crypto_aead_setauthsize(shell, ASYM_ICV_BYTES);
	if (err) {
		NL_SET_ERR_MSG(extack,
			       "The SA key could not be set; is hmac(sha256) available?");
		crypto_free_aead(shell);
		return ERR_PTR(err);
	}
	return shell;
}

void asym_sa_destroy(struct crypto_aead *shell)
{
	crypto_free_aead(shell);
}

static int register_shell(struct shell *shell, const struct asym_suite *suite)
{
	struct crypto_alg *base = &shell->alg.base;

	shell->suite = suite;
	shell->alg = shell_alg;
	strscpy(base->cra_name, suite->shell, sizeof(base->cra_name));
	strscpy(base->cra_driver_name, suite->shell,
		sizeof(base->cra_driver_name));
	return crypto_register_aead(&shell->alg);
}

int asym_sa_init(void)
{
	int err, i;

	for (i = 0; i < ASYM_SUITES; i++) {
		err = register_shell(&shells[i], &asym_suites[i]);
		if (err)
			goto err;
	}
	return 0;

err:
	while (i--)
		crypto_unregister_aead(&shells[i].alg);
	return err;
}

void asym_sa_exit(void)
{
	int i;

	for (i = ASYM_SUITES; i--;)
		crypto_unregister_aead(&shells[i].alg);
}
