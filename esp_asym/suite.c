// SPDX-License-Identifier: GPL-2.0
/*
 * The algorithms that an SA can be set up with.  They differ in the stream
 * cipher; what is authenticated and how does not (mac.c).
 */
#include <linux/unaligned.h>

#include "sa.h"

/* salt | IV | be32 block number, as in RFC 3686 section 4 but counting from 0. */
static void aes_counter(const u8 *salt, const u8 *iv, u32 stream_pos,
			u8 *counter)
{
	memcpy(counter, salt, ASYM_SA_SALT_BYTES);
	memcpy(counter + 4, iv, ASYM_IV_BYTES);
	put_unaligned_be32(stream_pos / 16, counter + 12);
}

/* le32 block number | nonce (RFC 8439 section 2.3), which is salt | IV (RFC 7634
 * section 2).
 */
static void chacha20_counter(const u8 *salt, const u8 *iv, u32 stream_pos,
			     u8 *counter)
{
	put_unaligned_le32(stream_pos / 64, counter);
	memcpy(counter + 4, salt, ASYM_SA_SALT_BYTES);
	memcpy(counter + 8, iv, ASYM_IV_BYTES);
}

/* The version of the wire format is part of the labels so that two formats never
 * share a key.
 */
const struct asym_suite asym_suites[ASYM_SUITES] = {
	{
		.name		= "asym(gcm(aes))",
		.shell		= "asym-esp-sa-aes",
		.cipher		= "ctr(aes)",
		.block_cipher	= "ecb(aes)",
		.label		= "asym-esp v2 stream",
		.hash_label	= "asym-esp v2 hash",
		.key_bytes	= { 16, 32 },
		.put_counter	= aes_counter,
	}, {
		.name		= "asym(chacha20,poly1305)",
		.shell		= "asym-esp-sa-chacha20",
		.cipher		= "chacha20",
		.label		= "asym-esp v2 chacha20",
		.hash_label	= "asym-esp v2 chacha20 hash",
		.key_bytes	= { 32, 32 },
		.put_counter	= chacha20_counter,
	},
};

/**
 * asym_suite_find() - the algorithm of a name
 * @name: as xfrm has it
 *
 * Return: NULL if it is not one of ours
 */
const struct asym_suite *asym_suite_find(const char *name)
{
	int i;

	for (i = 0; i < ASYM_SUITES; i++)
		if (!strcmp(asym_suites[i].name, name))
			return &asym_suites[i];
	return NULL;
}
