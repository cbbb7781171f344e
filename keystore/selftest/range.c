// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of the range cipher against vectors, and of every 16-byte cut against
 * the whole.  Included by range.c.
 */
#ifdef DEBUG

#include <linux/crc32.h>

#include "async.c"

#define TEST_BYTES	12288
#define TEST_SG		64

/*
 * Byte i of the text is 7 i + 13 (i >> 8) + 5, byte i of the key 29 i + 61, both
 * modulo 256.  What comes out was computed with OpenSSL's XTS, one call per
 * sector.
 */
struct range_vector {
	u8	key_bytes;
	u16	sector_size;
	bool	iv_large_sectors;
	u64	iv_offset;
	u64	start;		/* where in the unit the text lies, bytes */
	u32	crc;		/* CRC-32 of what comes out */
	u8	last[16];	/* its last block */
};

static const struct range_vector range_vectors[] __initconst = {
	{ 32, 512, false, 0, 0, 0x3effdfff,
	  "\x81\x02\x43\x59\x9b\xb5\x83\x3a\xcf\x40\x79\x5d\x81\x6b\x0e\x95" },
	{ 64, 512, false, 0, 0, 0x2dadf948,
	  "\xb5\x93\x82\x49\x92\x4a\xc1\xc3\xd4\xeb\x65\xf0\x04\x57\x47\x24" },
	/* the tweak wraps around */
	{ 64, 512, false, 0xfffffffffffffffcULL, 0, 0x363650e4,
	  "\x7e\xec\x57\xd5\x90\x6f\x67\xdf\x5e\xa8\x13\xcb\xe4\x71\x02\x74" },
	{ 32, 1024, false, 6, 0, 0xfc3148c7,
	  "\xb8\x96\x6f\x84\xc3\x87\xfc\x06\x23\xd0\x29\x8e\xff\x85\x6a\xd9" },
	{ 64, 1024, true, 6, 0, 0xea21083e,
	  "\x68\x8e\x3e\x8a\xb5\xac\x22\x9e\x82\xc7\x10\x16\x1f\x53\x1d\xc4" },
	{ 64, 2048, false, 0, 0, 0x29f2e959,
	  "\xc7\x59\xa8\xb9\xef\xda\x1a\xb4\x63\xa5\xb1\x42\x61\xcd\xec\x50" },
	{ 64, 4096, false, 0, 0, 0x8ab8b45d,
	  "\x2f\xf9\x46\x46\xf4\xe1\xa8\x9d\xd8\x0e\x69\x14\xf5\xdf\x26\x0d" },
	{ 64, 4096, true, 0, 0, 0xe6aa1802,
	  "\xfb\xc3\xc4\x24\xa0\xb9\x23\x11\x1c\x52\x95\x18\x9a\x34\xb4\x7f" },
	{ 32, 4096, false, 1ULL << 40, 0, 0x434ac9f9,
	  "\x79\x45\x64\xd8\xce\x58\x61\xd2\xbb\x34\xae\xb6\xcb\x4d\x45\xca" },
	{ 32, 4096, false, 0, 1ULL << 49, 0x434ac9f9,
	  "\x79\x45\x64\xd8\xce\x58\x61\xd2\xbb\x34\xae\xb6\xcb\x4d\x45\xca" },
	{ 64, 4096, true, 1ULL << 40, 0, 0x8e9ba19b,
	  "\x71\xc8\xbb\x23\x46\x19\x1f\xd8\xb4\x62\xe7\x44\xe4\x20\xc1\xe4" },
	{ 64, 4096, true, 0, 1ULL << 49, 0x8e9ba19b,
	  "\x71\xc8\xbb\x23\x46\x19\x1f\xd8\xb4\x62\xe7\x44\xe4\x20\xc1\xe4" },
};

struct range_test {
	struct asym_binding	*binding;
	struct asym_range	*range;
	u64			start;
	u8			*text;
	u8			*whole;
	u8			*out;
	struct scatterlist	src[TEST_SG];
	struct scatterlist	dst[TEST_SG];
};

/* Pieces as they come from packets and pages, cut anywhere. */
static void __init range_test_sg(struct scatterlist *sg, u8 *buf, u32 len,
				 unsigned int turn)
{
	static const u16 pieces[] __initconst = { 7, 48, 1460, 100, 16, 4096, 33 };
	unsigned int n = 0;

	sg_init_table(sg, TEST_SG);
	while (len) {
		u32 piece = min_t(u32, len, pieces[turn++ % ARRAY_SIZE(pieces)]);

		sg_set_buf(&sg[n++], buf, piece);
		buf += piece;
		len -= piece;
	}
	sg_mark_end(&sg[n - 1]);
}

static int __init range_test_crypt(struct range_test *t, u8 *dst, u8 *src,
				   u32 from, u32 to, bool seal)
{
	struct asym_range *range = t->range;

	range_test_sg(t->src, src + from, to - from, from / 16);
	range_test_sg(t->dst, dst + from, to - from, to / 16 + 3);
	range->binding = t->binding;
	range->offset = t->start + from;
	range->len = to - from;
	range->src = t->src;
	range->dst = src == dst ? t->src : t->dst;
	range->seal = seal;
	return asym_range_crypt_wait(range);
}

/* Bytes [from, to) alone come out as in the whole, and open again in place. */
static bool __init range_test_piece(struct range_test *t, u32 from, u32 to)
{
	u8 before = from ? t->out[from - 1] : 0;
	u8 after = t->out[to];

	if (range_test_crypt(t, t->out, t->text, from, to, true) ||
	    memcmp(t->out + from, t->whole + from, to - from))
		return false;
	if (range_test_crypt(t, t->out, t->out, from, to, false) ||
	    memcmp(t->out + from, t->text + from, to - from))
		return false;
	return (!from || t->out[from - 1] == before) && t->out[to] == after;
}

static bool __init range_test_cuts(struct range_test *t)
{
	u32 end = 2 * t->binding->sector_size;
	u32 from, to;

	for (to = 16; to < end; to += 16)
		if (!range_test_piece(t, 0, to) ||
		    !range_test_piece(t, to, end) ||
		    !range_test_piece(t, to, to + 16))
			return false;
	/* Every pair of cuts in a few blocks around the edge of a sector. */
	for (from = end / 2 - 256; from < end / 2 + 256; from += 16)
		for (to = from + 16; to <= end / 2 + 256; to += 16)
			if (!range_test_piece(t, from, to))
				return false;
	return true;
}

static bool __init range_test_vector(struct range_test *t,
				     const struct range_vector *v,
				     const char *alg)
{
	struct asym_key *key;
	bool success = false;
	u8 material[64];
	int i;

	for (i = 0; i < sizeof(material); i++)
		material[i] = 29 * i + 61;
	for (i = 0; i < TEST_BYTES; i++)
		t->text[i] = 7 * i + 13 * (i >> 8) + 5;
	key = asym_key_create("selftest", alg, material, v->key_bytes, NULL);
	if (IS_ERR(key))
		return false;
	t->start = v->start;
	t->binding->key = key;
	t->binding->sector_size = v->sector_size;
	t->binding->iv_offset = v->iv_offset;
	t->binding->iv_large_sectors = v->iv_large_sectors;
	t->range = kmalloc(asym_range_size(t->binding), GFP_KERNEL);
	if (!t->range)
		goto out;

	if (range_test_crypt(t, t->whole, t->text, 0, TEST_BYTES, true) ||
	    (crc32_le(~0, t->whole, TEST_BYTES) ^ ~0) != v->crc ||
	    memcmp(t->whole + TEST_BYTES - 16, v->last, 16))
		goto out;
	if (!range_test_cuts(t))
		goto out;

	/* Refused: not whole blocks, the end of the world, no key any more. */
	if (range_test_crypt(t, t->out, t->text, 8, 24, true) != -EINVAL ||
	    range_test_crypt(t, t->out, t->text, 16, 24, true) != -EINVAL)
		goto out;
	t->start = -16ULL;
	if (range_test_crypt(t, t->out, t->text, 0, 32, true) != -EINVAL)
		goto out;
	success = true;
out:
	asym_key_hold(key);
	asym_key_kill(key);
	t->start = 0;
	if (t->range && range_test_crypt(t, t->out, t->text, 0, 16, true) !=
	    -ENOKEY)
		success = false;
	asym_key_put(key);
	kfree(t->range);
	return success;
}

/* IEEE 1619-2007, annex B, vector 2 */
static bool __init range_test_ieee(struct range_test *t)
{
	static const u8 expected[32] __initconst =
		"\xc4\x54\x18\x5e\x6a\x16\x93\x6e\x39\x33\x40\x38\xac\xef\x83\x8b"
		"\xfb\x18\x6f\xff\x74\x80\xad\xc4\x28\x93\x82\xec\xd6\xd3\x94\xf0";
	struct asym_key *key;
	bool success = false;
	u8 material[32];

	memset(material, 0x11, 16);
	memset(material + 16, 0x22, 16);
	memset(t->text, 0x44, 32);
	key = asym_key_create("selftest", "xts(aes)", material, 32, NULL);
	if (IS_ERR(key))
		return false;
	t->start = 0x3333333333ULL << 9;
	t->binding->key = key;
	t->binding->sector_size = 512;
	t->binding->iv_offset = 0;
	t->binding->iv_large_sectors = false;
	t->range = kmalloc(asym_range_size(t->binding), GFP_KERNEL);
	if (t->range) {
		success = !range_test_crypt(t, t->whole, t->text, 0, 32, true) &&
			  !memcmp(t->whole, expected, 32);
		kfree(t->range);
	}
	asym_key_kill(key);
	return success;
}

static bool __init range_test_keys(void)
{
	u8 material[64];
	struct asym_key *key;

	memset(material, 0x5a, sizeof(material));
	key = asym_key_create("selftest", "xts(aes)", material, 64, NULL);
	if (key != ERR_PTR(-EINVAL))	/* equal halves */
		return false;
	material[0] = 0;
	key = asym_key_create("selftest", "xts(aes)", material, 48, NULL);
	return key == ERR_PTR(-EINVAL);
}

static bool __init range_test_luns(void)
{
	u32 lun;

	for (lun = 0; lun <= ASYM_LUN_MAX; lun++)
		if (asym_lun_number(asym_lun_field(lun)) != lun)
			return false;
	return asym_lun_field(7) == 0x0007000000000000ULL &&
	       asym_lun_field(300) == 0x412c000000000000ULL &&
	       asym_lun_number(0x4007000000000000ULL) == 7 &&
	       asym_lun_number(0x012c000000000000ULL) == 300 &&
	       asym_lun_number(0x8007000000000000ULL) == -1 &&
	       asym_lun_number(0xc101000000000000ULL) == -1 &&
	       asym_lun_number(0x0007000000000001ULL) == -1;
}

bool __init asym_range_selftest(void)
{
	static const char * const algs[] __initconst = {
		"xts(aes)", ASYNC_XTS_NAME
	};
	struct range_test *t;
	bool success = false;
	int i, j;

	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return false;
	t->binding = kzalloc(sizeof(*t->binding), GFP_KERNEL);
	t->text = kzalloc(TEST_BYTES + 1, GFP_KERNEL);
	t->whole = kzalloc(TEST_BYTES + 1, GFP_KERNEL);
	t->out = kzalloc(TEST_BYTES + 1, GFP_KERNEL);
	if (!t->binding || !t->text || !t->whole || !t->out)
		goto out;

	if (!range_test_luns()) {
		pr_err("asym: selftest of LUNs: FAIL\n");
		goto out;
	}
	if (!range_test_keys()) {
		pr_err("asym: selftest of keys: FAIL\n");
		goto out;
	}
	if (!range_test_ieee(t)) {
		pr_err("asym: selftest of ranges, IEEE 1619: FAIL\n");
		goto out;
	}
	if (crypto_register_skcipher(&async_xts)) {
		pr_err("asym: selftest of ranges: no asynchronous cipher\n");
		goto out;
	}
	for (j = 0; j < ARRAY_SIZE(algs); j++) {
		for (i = 0; i < ARRAY_SIZE(range_vectors); i++) {
			/* Answers that come later take long enough anyway. */
			if (j && range_vectors[i].sector_size > 1024)
				continue;
			if (!range_test_vector(t, &range_vectors[i], algs[j])) {
				pr_err("asym: selftest of ranges, %s, vector %d: FAIL\n",
				       algs[j], i);
				goto out_async;
			}
		}
	}
	pr_info("asym: selftests of ranges: pass\n");
	success = true;
out_async:
	/* Its users are gone when the keys are wiped. */
	asym_keys_wait();
	crypto_unregister_skcipher(&async_xts);
out:
	kfree(t->out);
	kfree(t->whole);
	kfree(t->text);
	kfree(t->binding);
	kfree(t);
	return success;
}

#endif /* DEBUG */
