// SPDX-License-Identifier: GPL-2.0
/*
 * The ICV: a universal hash of the packet as it is on the wire, with a mask that
 * serves this one packet (Wegman and Carter).  The hash is that of Adiantum:
 * Poly1305 of what is in front, and NHPoly1305 of the text, added.
 */
#include <crypto/hash.h>
#include <crypto/internal/poly1305.h>
#include <crypto/nhpoly1305.h>
#include <linux/highmem.h>
#include <linux/unaligned.h>
#include <net/esp.h>

#include "packet.h"
#include "sa.h"
#include "stat.h"

static_assert(ASYM_HASH_KEY_BYTES ==
	      POLY1305_BLOCK_SIZE + NHPOLY1305_KEY_SIZE);
static_assert(sizeof(__le32) + ASYM_AAD_BYTES_MAX <= POLY1305_BLOCK_SIZE);

int asym_mac_init_key(struct asym_mac_key *key)
{
	key->text = crypto_alloc_shash("nhpoly1305", 0, 0);
	return PTR_ERR_OR_ZERO(key->text);
}

void asym_mac_exit_key(struct asym_mac_key *key)
{
	crypto_free_shash(key->text);
	memzero_explicit(&key->head, sizeof(key->head));
}

/* @raw has %ASYM_HASH_KEY_BYTES bytes: first that of @head. */
int asym_mac_set_key(struct asym_mac_key *key, const u8 *raw)
{
	poly1305_core_setkey(&key->head, raw);
	return crypto_shash_setkey(key->text, raw + POLY1305_BLOCK_SIZE,
				   NHPOLY1305_KEY_SIZE);
}

static int update_skb(struct shash_desc *text, const struct sk_buff *skb,
		      u32 off, u32 len)
{
	u32 head = skb_headlen(skb), n;
	int err = 0, i;

	if (off < head) {
		n = min(len, head - off);
		err = crypto_shash_update(text, skb->data + off, n);
		off += n;
		len -= n;
	}
	off -= min(off, head);
	for (i = 0; len && i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];
		u32 size = skb_frag_size(frag), p_off, p_len, copied;
		struct page *page;

		if (off >= size) {
			off -= size;
			continue;
		}
		n = min(len, size - off);
		skb_frag_foreach_page(frag, skb_frag_off(frag) + off, n, page,
				      p_off, p_len, copied) {
			u8 *bytes = kmap_local_page(page);

			err = err ?: crypto_shash_update(text, bytes + p_off,
							 p_len);
			kunmap_local(bytes);
		}
		off = 0;
		len -= n;
	}
	return err;
}

/* The hash of length and additional data, and the mask. */
static void start(const struct asym_mac_key *key, const u8 *mask,
		  const u8 *aad, u32 aad_len, u32 len, u8 *mac)
{
	u8 head[POLY1305_BLOCK_SIZE] = {};
	struct poly1305_state state;
	u32 nonce[4], i;

	put_unaligned_le32(len, head);
	memcpy(head + sizeof(__le32), aad, aad_len);
	for (i = 0; i < ARRAY_SIZE(nonce); i++)
		nonce[i] = get_unaligned_le32(mask + 4 * i);
	poly1305_core_init(&state);
	poly1305_core_blocks(&state, &key->head, head, 1, 1);
	poly1305_core_emit(&state, nonce, mac);
	memzero_explicit(&state, sizeof(state));
	memzero_explicit(nonce, sizeof(nonce));
}

/* Numbers of 128 bits, little endian. */
static void add(u8 *sum, const u8 *n)
{
	u64 low = get_unaligned_le64(sum) + get_unaligned_le64(n);
	u64 high = get_unaligned_le64(sum + 8) + get_unaligned_le64(n + 8) +
		   (low < get_unaligned_le64(n));

	put_unaligned_le64(low, sum);
	put_unaligned_le64(high, sum + 8);
}

/**
 * asym_mac_room() - what asym_mac() works in
 * @x: SA
 *
 * On the stack the kernel would clear it for each packet.
 *
 * Return: bytes
 */
u32 asym_mac_room(const struct xfrm_state *x)
{
	return sizeof(struct shash_desc) +
	       crypto_shash_descsize(asym_sa_of(x)->mac.text);
}

/**
 * asym_mac() - ICV of a packet
 * @x: SA
 * @skb: packet
 * @off: first byte covered, counted from skb->data
 * @len: bytes covered
 * @mask: of this packet, %ASYM_ICV_BYTES bytes, which nobody else has seen
 * @aad: additional data
 * @aad_len: bytes, at most %ASYM_AAD_BYTES_MAX
 * @room: asym_mac_room() bytes, aligned as memory of kmalloc() is
 * @mac: result, %ASYM_ICV_BYTES bytes
 *
 * Return: 0, or an error of the hash
 */
int asym_mac(struct xfrm_state *x, const struct sk_buff *skb, u32 off,
	     u32 len, const u8 *mask, const u8 *aad, u32 aad_len, void *room,
	     u8 *mac)
{
	const struct asym_mac_key *key = &asym_sa_of(x)->mac;
	struct shash_desc *text = room;
	u8 hash[POLY1305_DIGEST_SIZE];
	int err;

	text->tfm = key->text;
	err = crypto_shash_init(text) ?: update_skb(text, skb, off, len) ?:
	      crypto_shash_final(text, hash);
	memzero_explicit(room, asym_mac_room(x));
	if (!err) {
		start(key, mask, aad, aad_len, len, mac);
		add(mac, hash);
		asym_count(xs_net(x), ASYM_STAT_BYTES_HASHED, len);
	}
	/* Without its mask it says something of the key. */
	memzero_explicit(hash, sizeof(hash));
	return err;
}

/* SPI and sequence number, 64 bits long with ESN (RFC 4106 section 5). */
u32 asym_mac_aad(const struct xfrm_state *x, const struct ip_esp_hdr *esph,
		 __be32 seq_hi, u8 *aad)
{
	u32 len = 0;

	memcpy(aad, &esph->spi, 4);
	len += 4;
	if (x->props.flags & XFRM_STATE_ESN) {
		memcpy(aad + len, &seq_hi, 4);
		len += 4;
	}
	memcpy(aad + len, &esph->seq_no, 4);
	return len + 4;
}
