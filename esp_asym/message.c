// SPDX-License-Identifier: GPL-2.0
/*
 * What a sender offers: bytes to be copied, or pages that may be used as they
 * are.
 */
#include <linux/highmem.h>
#include <net/tcp.h>

#include "stream.h"

/**
 * asym_message_flags() - the flags with which a part of it is sent
 * @msg: what the sender offers
 * @len: bytes of it that are to be sent
 *
 * Return: its flags, with %MSG_MORE if they are not all
 */
int asym_message_flags(struct msghdr *msg, size_t len)
{
	return msg->msg_flags | (msg_data_left(msg) > len ? MSG_MORE : 0);
}

/**
 * asym_message_take() - take up to a cipher block into the flow
 * @msg: what the sender offers
 * @to: where in the flow
 * @len: bytes
 *
 * It goes through the stack: hardened usercopy knows flows as objects that no
 * copy from a sender may end in.
 *
 * Return: false if they cannot be read
 */
bool asym_message_take(struct msghdr *msg, u8 *to, u32 len)
{
	u8 bytes[ASYM_BLOCK_BYTES];

	if (!copy_from_iter_full(bytes, len, &msg->msg_iter))
		return false;
	memcpy(to, bytes, len);
	memzero_explicit(bytes, sizeof(bytes));
	return true;
}

/**
 * asym_message_peek() - read bytes without taking them
 * @msg: what the sender offers
 * @to: result
 * @len: bytes
 *
 * Return: false if they cannot be read
 */
bool asym_message_peek(struct msghdr *msg, void *to, u32 len)
{
	struct iov_iter it = msg->msg_iter;

	return copy_from_iter_full(to, len, &it);
}

/**
 * asym_message_splices() - may what the sender offers be used where it lies?
 * @msg: what the sender offers
 *
 * Return: true for pages that are offered as such
 */
bool asym_message_splices(struct msghdr *msg)
{
	return msg->msg_flags & MSG_SPLICE_PAGES &&
	       iov_iter_is_bvec(&msg->msg_iter);
}

/**
 * asym_message_piece() - the piece of a page that comes first
 * @msg: what the sender offers; asym_message_splices() is true
 * @page: result
 * @off: result, first byte in @page
 *
 * Return: its bytes
 */
u32 asym_message_piece(struct msghdr *msg, struct page **page, u32 *off)
{
	const struct iov_iter *it = &msg->msg_iter;
	const struct bio_vec *bv = it->bvec;
	size_t skip = it->iov_offset;

	while (skip >= bv->bv_len) {
		skip -= bv->bv_len;
		bv++;
	}
	*page = bv->bv_page;
	*off = bv->bv_offset + skip;
	return min(bv->bv_len - skip, msg_data_left(msg));
}
