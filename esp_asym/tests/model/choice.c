// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "choice.h"

static struct {
	u32		seed;
	u64		state;
	const u8	*bytes;
	size_t		left;
} source;

void choice_seed(u32 seed)
{
	source.seed = seed;
	source.state = seed * 0x9e3779b97f4a7c15ull + 1;
	source.bytes = NULL;
}

void choice_bytes(const u8 *bytes, size_t len)
{
	choice_seed(0);
	source.bytes = bytes;
	source.left = len;
}

/* A seed never is. */
bool choice_exhausted(void)
{
	return source.bytes && !source.left;
}

const char *choice_name(void)
{
	static char name[32];

	if (source.bytes)
		return "this input";
	snprintf(name, sizeof(name), "MODEL_SEED=%u", source.seed);
	return name;
}

static u32 next(void)
{
	u32 value = 0, i;

	if (!source.bytes) {
		source.state ^= source.state << 13;
		source.state ^= source.state >> 7;
		source.state ^= source.state << 17;
		return (u32)(source.state >> 32);
	}
	for (i = 0; i < 2 && source.left; i++, source.left--)
		value = value << 8 | *source.bytes++;
	return value;
}

/* 0 to @limit - 1 */
u32 pick(u32 limit)
{
	return next() % limit;
}

u32 pick_between(u32 first, u32 last)
{
	return first + pick(last - first + 1);
}

/* 1 to @limit: short, around a cipher block, or anything. */
u32 pick_length(u32 limit)
{
	u32 len;

	switch (pick(4)) {
	case 0:
		len = pick_between(1, 20);
		break;
	case 1:
		len = limit - pick(20);
		break;
	default:
		len = pick_between(1, limit);
	}
	return len - 1 < limit ? len : limit;
}

bool pick_one_in(u32 n)
{
	return !pick(n);
}
