// SPDX-License-Identifier: GPL-2.0
/*
 * The ICV: Poly1305 (RFC 8439) over the packet as it is on the wire, with a key
 * that serves this one packet.
 */
#include <crypto/poly1305.h>
#include <linux/highmem.h>
#include <linux/unaligned.h>
#include <net/esp.h>

#include "packet.h"
#include "stat.h"

static void update_skb(struct poly1305_desc_ctx *mac, const struct sk_buff *skb,
		       u32 off, u32 len)
{
	u32 head = skb_headlen(skb), n;
	int i;

	if (off < head) {
		n = min(len, head - off);
		poly1305_update(mac, skb->data + off, n);
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

			poly1305_update(mac, bytes + p_off, p_len);
			kunmap_local(bytes);
		}
		off = 0;
		len -= n;
	}
}

/**
 * asym_mac() - ICV of a packet, composed as in RFC 8439 section 2.8
 * @net: for the counter of hashed bytes
 * @skb: packet
 * @off: first byte covered, counted from skb->data
 * @len: bytes covered
 * @key: one-time key, %POLY1305_KEY_SIZE bytes
 * @aad: additional data
 * @aad_len: bytes, at most %ASYM_AAD_BYTES_MAX
 * @mac: result, %ASYM_ICV_BYTES bytes
 */
void asym_mac(struct net *net, const struct sk_buff *skb, u32 off, u32 len,
	      const u8 *key, const u8 *aad, u32 aad_len, u8 *mac)
{
	u8 head[round_up(ASYM_AAD_BYTES_MAX, POLY1305_BLOCK_SIZE)] = {};
	u8 tail[POLY1305_BLOCK_SIZE + 2 * sizeof(__le64)] = {};
	u32 rest = len % POLY1305_BLOCK_SIZE;
	u32 tail_len = rest ? sizeof(tail) : sizeof(tail) - POLY1305_BLOCK_SIZE;
	struct poly1305_desc_ctx desc;

	/* A block by itself costs vector code as much as four of them.  So what
	 * is behind the last whole one goes with the lengths.
	 */
	memcpy(head, aad, aad_len);
	WARN_ON_ONCE(skb_copy_bits(skb, off + len - rest, tail, rest));
	put_unaligned_le64(aad_len, tail + tail_len - 16);
	put_unaligned_le64(len, tail + tail_len - 8);

	poly1305_init(&desc, key);
	poly1305_update(&desc, head, sizeof(head));
	update_skb(&desc, skb, off, len - rest);
	poly1305_update(&desc, tail, tail_len);
	poly1305_final(&desc, mac);
	memzero_explicit(&desc, sizeof(desc));
	asym_count(net, ASYM_STAT_BYTES_HASHED, len);
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
