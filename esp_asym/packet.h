/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets, below TCP.
 */
#ifndef _ESP_ASYM_PACKET_H
#define _ESP_ASYM_PACKET_H

#include <asym/wire.h>
#include <crypto/skcipher.h>
#include <linux/scatterlist.h>
#include <linux/skbuff.h>
#include <net/xfrm.h>

#include "flow.h"

/* ---- reframe.c ---- */

/**
 * struct asym_sg_pair - what a cipher reads and where it writes
 * @src: scatterlist, terminated by asym_sg_end()
 * @dst: scatterlist of the same bytes
 * @nr: entries in use
 * @bytes: sum of their lengths
 */
struct asym_sg_pair {
	struct scatterlist	*src;
	struct scatterlist	*dst;
	u32			nr;
	u32			bytes;
};

void asym_sg_init(struct asym_sg_pair *sg, struct scatterlist *entries,
		  u32 max);
void asym_sg_reset(struct asym_sg_pair *sg);
void asym_sg_add(struct asym_sg_pair *sg, struct page *src, u32 src_off,
		 struct page *dst, u32 dst_off, u32 len);
void asym_sg_add_buf(struct asym_sg_pair *sg, u8 *src, u8 *dst, u32 len);
void asym_sg_end(struct asym_sg_pair *sg);
void asym_sg_xor(const struct asym_sg_pair *sg, const u8 *stream);

/**
 * struct asym_reframe - rewriting the bytes of a packet without copying them
 * @skb: packet with a private head
 * @frag: fragment at which the next stretch begins
 * @frag_off: and offset in it
 * @exchanges: a stretch in fragments is rewritten
 * @frags: fragments that take the place of all of the packet's, if @exchanges, or
 *	follow them; referenced
 * @nr_frags: valid entries of @frags
 * @fresh_bytes: new memory among them
 * @tail_len: bytes to be appended to the linear part
 *
 * Bytes in the private linear part are rewritten in place.  Bytes in fragments
 * never are: their pages may belong to anybody (a file, another packet), so
 * they are written to fresh memory, which replaces them on commit.  Where nothing
 * in fragments is rewritten, they stay where they are.
 */
struct asym_reframe {
	struct sk_buff	*skb;
	u32		frag;
	u32		frag_off;
	bool		exchanges;
	skb_frag_t	frags[MAX_SKB_FRAGS];
	u32		nr_frags;
	u32		fresh_bytes;
	u32		tail_len;
};

int asym_reframe_private(struct sk_buff *skb);
void asym_reframe_init(struct asym_reframe *rf, struct sk_buff *skb);
int asym_reframe_begin(struct asym_reframe *rf, struct sk_buff *skb,
		       u32 append);
int asym_reframe_keep(struct asym_reframe *rf, u32 off, u32 len);
int asym_reframe_rewrite(struct asym_reframe *rf, u32 off, u32 len,
			 struct asym_sg_pair *sg);
int asym_reframe_append(struct asym_reframe *rf, u32 len, u8 **room);
void asym_reframe_commit(struct asym_reframe *rf);
void asym_reframe_abandon(struct asym_reframe *rf);

/* ---- inner.c ---- */

/* Headers of the inner packet lie in so many of its bytes, or it is refused. */
#define ASYM_INNER_HEADERS	128

/**
 * struct asym_inner - what is in the payload of an ESP packet
 * @proto: of what is behind the IP headers; TCP is never in fragments
 * @off: where that begins in the payload
 * @len: bytes of it; the payload may be longer
 * @saddr: source address; those of IPv4 are mapped
 * @daddr: destination address, likewise
 */
struct asym_inner {
	u8		proto;
	u32		off;
	u32		len;
	struct in6_addr	saddr;
	struct in6_addr	daddr;
};

u32 asym_inner_headers(const struct xfrm_state *x);
const char *asym_inner_find(const struct xfrm_state *x,
			    const struct sk_buff *skb, u32 seen, u8 proto,
			    u32 len, struct asym_inner *inner);

/* ---- mac.c ---- */

u32 asym_mac_room(const struct xfrm_state *x);
int asym_mac(struct xfrm_state *x, const struct sk_buff *skb, u32 off,
	     u32 len, const u8 *mask, const u8 *aad, u32 aad_len, void *room,
	     u8 *mac);
u32 asym_mac_aad(const struct xfrm_state *x, const struct ip_esp_hdr *esph,
		 __be32 seq_hi, u8 *aad);
#define ASYM_AAD_BYTES_MAX	12

/* ---- keystream.c ---- */

struct asym_sa;

/* What one request makes at most: behind the metadata of a packet, and packets. */
#define ASYM_AHEAD_BYTES	128
#define ASYM_AHEAD_PACKETS	8

/**
 * struct asym_lead - the beginning of the keystream of a packet
 * @mask: of the ICV
 * @meta: for the metadata
 * @ahead: for what follows, position %ASYM_STREAM_INNER: as a rule headers of TCP
 *	and of a PDU, and the trailer
 */
struct asym_lead {
	u8	mask[ASYM_ICV_BYTES];
	u8	meta[ASYM_META_BYTES];
	u8	ahead[ASYM_AHEAD_BYTES];
};

/**
 * struct asym_keystream - beginnings of the keystreams of some packets in turn
 * @seq: sequence number of the first one, 64 bits
 * @iv_mask: their IVs, as numbers, XOR their sequence numbers
 * @made: packets
 * @there: a bit for each that nobody has taken
 * @counter: of the stream cipher, where there is no block cipher
 * @stream: what it makes, for one packet
 * @lead: by packet
 * @sg: what is made
 *
 * Where a page ends in what is made, it ends between two blocks: ciphers need a
 * copy of one that is cut.
 *
 * What has not been taken is as secret as the key of the SA, and is overwritten
 * with what comes next or wiped with the SA.
 */
struct asym_keystream {
	u64	seq;
	u64	iv_mask;
	u32	made;
	u32	there;
	u8	counter[16];
	union {
		u8			stream[ASYM_STREAM_INNER +
					       ASYM_AHEAD_BYTES];
		struct asym_lead	lead[ASYM_AHEAD_PACKETS];
	} __aligned(ASYM_BLOCK_BYTES);
	struct scatterlist sg;
};

int asym_keystream_make(struct asym_keystream *ks, const struct asym_sa *sa,
			struct skcipher_request *req, u64 seq, u64 iv_mask,
			bool at_once);
struct asym_lead *asym_keystream_take(struct asym_keystream *ks,
				      const struct asym_sa *sa, u64 seq);

/* ---- op.c ---- */

/* What becomes of a packet.  Over the loopback device an SA is used both ways. */
enum asym_way {
	ASYM_SEAL,
	ASYM_OPEN,
	ASYM_WAYS
};

/**
 * struct asym_spare - memory of a packet that is gone, for the next one
 * @op: as asym_op_alloc() has laid it out, or NULL
 */
struct asym_spare {
	void	*op[ASYM_WAYS];
};

/**
 * struct asym_op_room - what is behind the structure of a packet on its way
 * @req: request to a cipher of the SA
 * @keystream: of this packet and the next ones
 * @mac: what asym_mac() works in
 */
struct asym_op_room {
	struct skcipher_request	*req;
	struct asym_keystream	*keystream;
	void			*mac;
};

int asym_op_init(struct asym_sa *sa);
void asym_op_exit(struct asym_sa *sa);
void *asym_op_alloc(const struct xfrm_state *x, enum asym_way way, size_t size,
		    struct asym_op_room *room);
void asym_op_free(const struct xfrm_state *x, enum asym_way way, void *op);

/* ---- segment.c ---- */

/**
 * struct asym_segment - a TCP segment in a received packet
 * @net: namespace
 * @meta: what the peer says of it
 * @head_len: bytes of the payload of ESP in front of the segment's data: the TCP
 *	header, and inner IP headers if there are any
 * @len: the same with the data
 * @seq: sequence number of the first byte behind the header
 * @flow: the connection, referenced, or NULL when it is not needed
 * @rcv_nxt: what TCP expects next, with @flow
 */
struct asym_segment {
	struct net		*net;
	const struct asym_meta	*meta;
	u32			head_len;
	u32			len;
	u32			seq;
	struct asym_flow	*flow;
	u32			rcv_nxt;
};

int asym_segment_take(struct asym_segment *seg, const struct sk_buff *skb,
		      const struct asym_inner *inner);
bool asym_segment_is_history(const struct asym_segment *seg,
			     const struct asym_range_entry *range);
int asym_segment_find_range(struct asym_segment *seg,
			    const struct asym_range_entry *range,
			    struct asym_binding **binding, u64 *offset);

/* ---- seal.c ---- */

int asym_output(struct xfrm_state *x, struct sk_buff *skb);
int asym_xmit(struct xfrm_state *x, struct sk_buff *skb,
	      netdev_features_t features);

/* ---- admit.c ---- */

struct nf_hook_state;

unsigned int asym_admit(void *priv, struct sk_buff *skb,
			const struct nf_hook_state *state);
void asym_admit_mark(struct sk_buff *skb, const struct asym_flow *flow);

/* ---- open.c ---- */

int asym_input(struct xfrm_state *x, struct sk_buff *skb);

#endif /* _ESP_ASYM_PACKET_H */
