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

u32 take32(void)
{
	u32 value = 0, i;

	for (i = 0; i < 4; i++)
		value = value << 8 | take(256);
	return value;
}
