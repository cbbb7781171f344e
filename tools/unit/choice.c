// SPDX-License-Identifier: GPL-2.0
#include "choice.h"

static struct {
	const u8	*bytes;
	size_t		left;
} input;

void choice_start(const u8 *bytes, size_t len)
{
	input.bytes = bytes;
	input.left = len;
}

bool choice_left(void)
{
	return input.left;
}

u32 take(u32 limit)
{
	if (!input.left)
		return 0;
	input.left--;
	return *input.bytes++ % limit;
}

u64 take_bytes(u32 n)
{
	u64 value = 0;

	while (n--)
		value = value << 8 | take(256);
	return value;
}
