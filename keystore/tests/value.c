// SPDX-License-Identifier: GPL-2.0
#include "../keystore.h"
#include "choice.h"
#include "value.h"

static const char *const key_names[] = {
	"a", "b", "c", "d",
	"63-characters-are-the-longest-name-that-a-key-may-have-and-here",
	"64-characters-are-too-much-and-so-this-name-of-a-key-is-refused.",
	"", "with space", "\x1b[2J", "caf\xc3\xa9",
};

static const char *const targets[] = {
	"iqn.2001-04.org.example:a", "IQN.2001-04.ORG.EXAMPLE:A",
	"iqn.2001-04.org.example:b", "eui.02004567A425678D", "t", "T",
	"", "two words", "\x07",
	"iqn.2001-04.org.example:223-characters.................................................................................................................................................................................",
};

static const char *const ciphers[] = {
	"aes-xts-plain64", "aes-cbc-essiv:sha256", "", "aes-xts-plain65",
};

static const char *const keyring_types[] = {
	"logon", "user", "encrypted", "trusted", "",
};

static const u32 sizes[] = {
	512, 1024, 2048, 4096, 0, 1, 511, 513, 3072, 4095, 8192, 1u << 31,
};

u32 take_index(u32 n)
{
	return take(4) ? take(3) : take(n);
}

const char *take_key_name(void)
{
	return key_names[take_index(ARRAY_SIZE(key_names))];
}

const char *take_target(void)
{
	return targets[take_index(ARRAY_SIZE(targets))];
}

const char *take_cipher(void)
{
	return ciphers[take_index(ARRAY_SIZE(ciphers))];
}

const char *take_keyring_type(void)
{
	return keyring_types[take_index(ARRAY_SIZE(keyring_types))];
}

u32 take_size(void)
{
	return sizes[take_index(ARRAY_SIZE(sizes))];
}

u32 take_lun(void)
{
	static const u32 luns[] = { 0, 1, 2, 255, 256, 16383, 16384 };
	u32 choice = take_index(8);

	return choice < ARRAY_SIZE(luns) ? luns[choice] : (u32)take_bytes(4);
}

u64 take_lun_field(void)
{
	u32 choice = take(4);

	return choice ? asym_lun_field(take_lun() & ASYM_LUN_MAX) :
			take_bytes(8);
}
