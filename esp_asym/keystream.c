// SPDX-License-Identifier: GPL-2.0
/*
 * The beginning of a packet's keystream: the mask of the ICV, what the metadata
 * are encrypted with, and what follows, which is enough for most packets.
 *
 * A request to a cipher costs more than the blocks of a packet.  Packets mostly
 * come with numbers that follow each other, so the request for one makes the
 * keystream of the next ones as well.  Of a stream cipher that is in another place
 * for each packet, so counter blocks go through the block cipher itself; where
 * there is none (ChaCha20) each packet has its own request.
 */
#include <linux/unaligned.h>

#include "packet.h"
#include "sa.h"

static bool is_there(const struct asym_keystream *ks, u64 seq, u64 iv_mask)
{
	return iv_mask == ks->iv_mask && seq - ks->seq < ks->made &&
	       ks->there & BIT(seq - ks->seq);
}

/* Twice as many as the last time, if the packet follows the last one of these, or
 * one that needed none.
 */
static u32 how_many(const struct asym_keystream *ks, u64 seq, u64 iv_mask)
{
	if (iv_mask != ks->iv_mask ||
	    seq - ks->seq - ks->made >= ASYM_AHEAD_PACKETS)
		return 1;
	return clamp_t(u32, 2 * ks->made, 1, ASYM_AHEAD_PACKETS);
}

static void first_counter(const struct asym_sa *sa, u64 iv, u8 *counter)
{
	u8 raw_iv[ASYM_IV_BYTES];

	put_unaligned_be64(iv, raw_iv);
	asym_sa_counter(sa, raw_iv, 0, counter);
}

/* Counter blocks in the place of the keystream: one of the mask, then all. */
static void put_counters(const struct asym_sa *sa, u64 iv,
			 struct asym_lead *lead)
{
	u32 number = ASYM_STREAM_META / ASYM_BLOCK_BYTES, i;
	u8 counter[ASYM_BLOCK_BYTES], *bytes = (u8 *)lead;

	first_counter(sa, iv, counter);
	memcpy(bytes, counter, sizeof(counter));
	for (i = sizeof(lead->mask); i < sizeof(*lead); i += sizeof(counter)) {
		memcpy(bytes + i, counter, sizeof(counter));
		put_unaligned_be32(number++, bytes + i + sizeof(counter) -
					     sizeof(__be32));
	}
}

/**
 * asym_keystream_make() - have the keystream of a packet
 * @ks: of the CPU, the SA and the way, see asym_op_alloc()
 * @sa: SA
 * @req: request for its ciphers, with what is called when it is answered later
 * @seq: sequence number of the packet, 64 bits
 * @iv_mask: its IV, as a number, XOR @seq
 * @at_once: the keystream cannot come later
 *
 * Return: 0, -EINPROGRESS, or an error of the cipher
 */
int asym_keystream_make(struct asym_keystream *ks, const struct asym_sa *sa,
			struct skcipher_request *req, u64 seq, u64 iv_mask,
			bool at_once)
{
	bool in_turn = sa->suite->block_cipher;
	const struct asym_cipher *cipher;
	u32 i;

	if (is_there(ks, seq, iv_mask))
		return 0;
	ks->made = in_turn ? how_many(ks, seq, iv_mask) : 1;
	ks->there = 0;
	ks->seq = seq;
	ks->iv_mask = iv_mask;
	if (in_turn) {
		for (i = 0; i < ks->made; i++)
			put_counters(sa, (seq + i) ^ iv_mask, &ks->lead[i]);
		sg_init_one(&ks->sg, ks->lead, ks->made * sizeof(*ks->lead));
		cipher = &sa->blocks;
	} else {
		first_counter(sa, seq ^ iv_mask, ks->counter);
		memset(ks->stream, 0, sizeof(ks->stream));
		sg_init_one(&ks->sg, ks->stream, sizeof(ks->stream));
		cipher = &sa->stream;
	}
	skcipher_request_set_tfm(req, asym_cipher_pick(cipher, at_once));
	skcipher_request_set_crypt(req, &ks->sg, &ks->sg, ks->sg.length,
				   ks->counter);
	return crypto_skcipher_encrypt(req);
}

/**
 * asym_keystream_take() - take the keystream of a packet
 * @ks: as for asym_keystream_make(), which has succeeded for the packet
 * @sa: SA
 * @seq: sequence number of the packet, 64 bits
 *
 * Return: keystream that nobody gets a second time, the caller's to wipe and its
 * own until it calls asym_keystream_make() again
 */
struct asym_lead *asym_keystream_take(struct asym_keystream *ks,
				      const struct asym_sa *sa, u64 seq)
{
	u32 i = seq - ks->seq;

	/* What it was made for comes first. */
	if (!i)
		ks->there = GENMASK(ks->made - 1, 0);
	if (!sa->suite->block_cipher) {
		memmove(ks->stream + offsetof(struct asym_lead, meta),
			ks->stream + ASYM_STREAM_META,
			sizeof(ks->stream) - ASYM_STREAM_META);
		memzero_explicit(ks->stream + sizeof(struct asym_lead),
				 sizeof(ks->stream) - sizeof(struct asym_lead));
	}
	ks->there &= ~BIT(i);
	return &ks->lead[i];
}
