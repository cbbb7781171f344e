// SPDX-License-Identifier: GPL-2.0
/*
 * The data digest (CRC32C) of a PDU whose data segment is not the same on both
 * sides of us.  One that was right shall be right for what goes on, and one that
 * was wrong must not become right.
 */
#include <linux/crc32.h>
#include <linux/crc32c.h>
#include <linux/unaligned.h>

#include "flow.h"

/**
 * asym_digest_follows() - does a data digest follow that has to be changed?
 * @flow: flow that sends a data segment
 *
 * Return: always false on a target, which sends data as they are and digests
 * with them
 */
bool asym_digest_follows(const struct asym_flow *flow)
{
	return flow->digests & ASYM_SESSION_DATA_DIGEST;
}

/**
 * asym_digest_sum() - more bytes of what is sent
 * @flow: flow
 * @crc: which sum of @flow->digest
 * @bytes: of a data segment or its padding
 * @len: how many
 */
void asym_digest_sum(const struct asym_flow *flow, u32 *crc, const u8 *bytes,
		     u32 len)
{
	if (asym_digest_follows(flow))
		*crc = crc32c(*crc, bytes, len);
}

/**
 * asym_digest_seal() - from the digest of what was to be sent to that of what is
 * @digest: both sums, begun with ~0, with padding
 * @bytes: the digest
 *
 * Return: false when it is wrong
 */
bool asym_digest_seal(const struct asym_digest *digest, u8 *bytes)
{
	if (get_unaligned_le32(bytes) != ~digest->came)
		return false;
	put_unaligned_le32(~digest->goes, bytes);
	return true;
}

/**
 * asym_digest_open() - from the digest of what has come to that of what is read
 * @digest: both sums, begun with 0, without padding
 * @padding: bytes of it, which are the same in both
 * @bytes: some of the digest
 * @pos: position of the first of them
 * @len: how many
 *
 * CRCs are linear: what the bytes and their digests differ in is the same.  So a
 * wrong digest stays wrong, for the reader to see.
 */
void asym_digest_open(const struct asym_digest *digest, u32 padding, u8 *bytes,
		      u32 pos, u32 len)
{
	u8 change[ISCSI_DIGEST_BYTES];
	u32 i;

	put_unaligned_le32(__crc32c_le_shift(digest->came ^ digest->goes,
					     padding), change);
	for (i = 0; i < len; i++)
		bytes[i] ^= change[pos + i];
}
