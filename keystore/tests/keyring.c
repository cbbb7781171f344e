// SPDX-License-Identifier: GPL-2.0
#include "kernel.h"
#include "keyring.h"

#define WORD_BYTES	4

/* The first half of a key is made of one, the second of the other. */
static const u8 words[2][WORD_BYTES] = {
	{ 0x9d, 0xc3, 0xa7, 0x8b },
	{ 0xe5, 0x96, 0xb1, 0xcf },
};

enum flaw {
	GOOD,
	HALVES_EQUAL,
	REVOKED_MEANWHILE,
};

static const struct {
	const char	*description;
	unsigned short	len;
	enum flaw	flaw;
	int		error;
} entries[] = {
	{ "good:64",		64,	GOOD,			0 },
	{ "good:32",		32,	GOOD,			0 },
	{ "halves-equal",	64,	HALVES_EQUAL,		0 },
	{ "long",		65,	GOOD,			0 },
	{ "short",		16,	GOOD,			0 },
	{ "empty",		0,	GOOD,			0 },
	{ "revoked-meanwhile",	64,	REVOKED_MEANWHILE,	0 },
	{ "revoked",		0,	GOOD,			-EKEYREVOKED },
	{ "expired",		0,	GOOD,			-EKEYEXPIRED },
	{ "not-permitted",	0,	GOOD,			-EACCES },
	{ "quota",		0,	GOOD,			-EDQUOT },
};

const char *const keyring_descriptions[] = {
	"good:64", "good:32", "halves-equal", "long", "short", "empty",
	"revoked-meanwhile", "revoked", "expired", "not-permitted", "quota",
	"missing",
};

const u32 keyring_count = ARRAY_SIZE(keyring_descriptions);

struct key_type key_type_logon = { "logon" }, key_type_user = { "user" };

static u32 keys_held;

void keyring_start(void)
{
	keys_held = 0;
}

void keyring_end(void)
{
	kernel_assert(!keys_held);
}

/* Bytes of a key in a row are a whole word wherever they begin. */
bool kernel_is_secret(const void *bytes, size_t len)
{
	const u8 *b = bytes;
	size_t i;

	for (i = 0; i + WORD_BYTES <= len; i++) {
		if (b[i] < 0x80)
			continue;
		if (!memcmp(b + i, words[0], WORD_BYTES) ||
		    !memcmp(b + i, words[1], WORD_BYTES))
			return true;
	}
	return false;
}

struct key *request_key(struct key_type *type, const char *description,
			const char *callout_info)
{
	struct key *key;
	u32 i, j;

	kernel_assert(type == &key_type_logon || type == &key_type_user);
	/* Otherwise user space would be asked. */
	kernel_assert(!callout_info);
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		if (!strcmp(entries[i].description, description))
			break;
	if (i == ARRAY_SIZE(entries))
		return ERR_PTR(-ENOKEY);
	if (entries[i].error)
		return ERR_PTR(entries[i].error);

	key = calloc(1, sizeof(*key));
	kernel_assert(key);
	key->refs = 1;
	keys_held++;
	if (entries[i].flaw == REVOKED_MEANWHILE)
		return key;
	/* Exactly as long as it says. */
	key->payload = malloc(sizeof(*key->payload) + entries[i].len);
	kernel_assert(key->payload);
	key->payload->datalen = entries[i].len;
	for (j = 0; j < entries[i].len; j++)
		key->payload->data[j] =
			words[entries[i].flaw != HALVES_EQUAL &&
			      j >= entries[i].len / 2u][j % WORD_BYTES];
	return key;
}

void key_put(struct key *key)
{
	kernel_assert(key->refs == 1 && !key->sem.readers);
	keys_held--;
	free(key->payload);
	free(key);
}

const struct user_key_payload *user_key_payload_locked(const struct key *key)
{
	kernel_assert(key->sem.readers);
	return key->payload;
}

/* ---- ciphers ---- */

struct crypto_skcipher {
	u8	key[64];
};

struct crypto_cipher {
	u8	key[32];
};

static void *tfm_alloc(size_t size)
{
	int err = kernel.crypto_error;
	void *tfm;

	kernel.crypto_error = 0;
	if (err)
		return ERR_PTR(err);
	tfm = kzalloc(size, GFP_KERNEL);
	return tfm ? tfm : ERR_PTR(-ENOMEM);
}

static void tfm_free(void *tfm, size_t size)
{
	memset(tfm, 0, size);
	kfree(tfm);
}

static int tfm_setkey(u8 *to, const u8 *key, u32 len)
{
	int err = kernel.crypto_error;

	kernel.crypto_error = 0;
	if (!err)
		memcpy(to, key, len);
	return err;
}

struct crypto_skcipher *crypto_alloc_skcipher(const char *name, u32 type,
					      u32 mask)
{
	(void)type;
	(void)mask;
	kernel_assert(!strcmp(name, "xts(aes)"));
	return tfm_alloc(sizeof(struct crypto_skcipher));
}

int crypto_skcipher_setkey(struct crypto_skcipher *tfm, const u8 *key, u32 len)
{
	kernel_assert(len == 32 || len == 64);
	return tfm_setkey(tfm->key, key, len);
}

void crypto_free_skcipher(struct crypto_skcipher *tfm)
{
	tfm_free(tfm, sizeof(*tfm));
}

u32 crypto_skcipher_reqsize(struct crypto_skcipher *tfm)
{
	(void)tfm;
	return 64;
}

struct crypto_cipher *crypto_alloc_cipher(const char *name, u32 type, u32 mask)
{
	(void)type;
	(void)mask;
	kernel_assert(!strcmp(name, "aes"));
	return tfm_alloc(sizeof(struct crypto_cipher));
}

int crypto_cipher_setkey(struct crypto_cipher *tfm, const u8 *key, u32 len)
{
	kernel_assert(len == 16 || len == 32);
	return tfm_setkey(tfm->key, key, len);
}

void crypto_free_cipher(struct crypto_cipher *tfm)
{
	tfm_free(tfm, sizeof(*tfm));
}
