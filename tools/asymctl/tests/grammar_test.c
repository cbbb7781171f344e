// SPDX-License-Identifier: GPL-2.0
/*
 * What the command line means, without a kernel.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asymctl.h"
#include "tap.h"

bool json_output;

/* Cut a line at blanks. */
static int split(const char *line, char *copy, char **argv)
{
	int argc = 0;
	char *word;

	strcpy(copy, line);
	for (word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return argc;
}

static char copy[8192];
static char *argv[64];
static struct bind_args b;
static struct key_args k;

static int bind_add(const char *line)
{
	return bind_add_parse(split(line, copy, argv), argv, &b);
}

static int bind_unit(const char *line)
{
	return bind_unit_parse(split(line, copy, argv), argv, &b);
}

static int key_add(const char *line)
{
	return key_add_parse(split(line, copy, argv), argv, &k);
}

static void test_bind(void)
{
	char line[512];
	int i;

	tap_ok(!bind_add("target iqn.a lun 3 key k0") && !strcmp(b.target, "iqn.a") &&
	       b.lun == 3 && !strcmp(b.key, "k0") && !b.plain && !b.sector_size &&
	       !b.block_size && !b.has_iv_offset && !b.iv_large_sectors,
	       "a binding with a key");
	tap_ok(!bind_add("iqn iqn.a lun 0 plain") && b.plain && !b.key,
	       "a plain binding, and iqn for target");
	tap_ok(!bind_add("lun 16383 plain block-size 4096 target x") &&
	       b.lun == 16383 && b.block_size == 4096, "any order");
	tap_ok(!bind_add("target x lun 0 key k sector-size 4096 iv-offset 8 iv-large-sectors") &&
	       b.sector_size == 4096 && b.has_iv_offset && b.iv_offset == 8 &&
	       b.iv_large_sectors, "all options of a key");
	tap_ok(!bind_add("ta x lu 0x10 k k0 s 1024 iv-o 0xffffffffffffffff bl 512") &&
	       b.lun == 16 && b.sector_size == 1024 && b.iv_offset == UINT64_MAX &&
	       b.block_size == 512, "abbreviations and hexadecimal numbers");
	tap_ok(!bind_add("target key lun 0 key lun") && !strcmp(b.target, "key") &&
	       !strcmp(b.key, "lun"), "values that look like words");

	tap_ok(bind_add("") == EXIT_USAGE, "nothing is refused");
	tap_ok(bind_add("lun 0 key k") == EXIT_USAGE, "no target is refused");
	tap_ok(bind_add("target x key k") == EXIT_USAGE, "no LUN is refused");
	tap_ok(bind_add("target x lun 0") == EXIT_USAGE,
	       "neither key nor plain is refused");
	tap_ok(bind_add("target x lun 0 key k plain") == EXIT_USAGE,
	       "key and plain is refused");
	tap_ok(bind_add("target x lun 0 plain sector-size 512") == EXIT_USAGE,
	       "a sector size without a key is refused");
	tap_ok(bind_add("target x lun 0 plain iv-offset 0") == EXIT_USAGE,
	       "an IV offset without a key is refused");
	tap_ok(bind_add("target x lun 0 key k iv 3") == EXIT_USAGE,
	       "an ambiguous abbreviation is refused");
	tap_ok(bind_add("target x iqn y lun 0 key k") == EXIT_USAGE,
	       "two targets are refused");
	tap_ok(bind_add("target x lun 0 lun 0 key k") == EXIT_USAGE,
	       "two LUNs are refused");
	tap_ok(bind_add("target x lun 0 key k colour red") == EXIT_USAGE,
	       "an unknown word is refused");
	tap_ok(bind_add("target x lun 0 key") == EXIT_USAGE,
	       "a word without its value is refused");
	tap_ok(bind_add("target x lun -1 key k") == EXIT_USAGE &&
	       bind_add("target x lun 16384 key k") == EXIT_USAGE &&
	       bind_add("target x lun 1x key k") == EXIT_USAGE &&
	       bind_add("target x lun 18446744073709551616 key k") == EXIT_USAGE,
	       "LUNs that are none are refused");
	tap_ok(bind_add("target x lun 0 key k sector-size 513") == EXIT_USAGE &&
	       bind_add("target x lun 0 key k sector-size 8192") == EXIT_USAGE &&
	       bind_add("target x lun 0 key k block-size 3072") == EXIT_USAGE &&
	       bind_add("target x lun 0 key k block-size 256") == EXIT_USAGE,
	       "sizes that are none are refused");

	strcpy(line, "lun 0 plain target ");
	for (i = 0; i < ASYM_TARGET_LEN; i++)
		strcat(line, "x");
	tap_ok(!bind_add(line), "the longest target name");
	strcat(line, "x");
	tap_ok(bind_add(line) == EXIT_USAGE, "a longer one is refused");

	tap_ok(!bind_unit("target x lun 5") && b.lun == 5, "a unit");
	tap_ok(bind_unit("target x lun 5 plain") == EXIT_USAGE,
	       "options of a unit are refused");
}

static void test_key(void)
{
	char line[8000];
	int i;

	tap_ok(!key_add("k0 stdin") && !strcmp(k.name, "k0") &&
	       k.source == KEY_STDIN && !k.cipher, "a key from stdin");
	tap_ok(!key_add("k0 cipher aes-xts-plain64 file /x") &&
	       k.source == KEY_FILE && !strcmp(k.path, "/x") &&
	       !strcmp(k.cipher, "aes-xts-plain64"), "a key from a file");
	tap_ok(!key_add("k0 keyring logon:asym:k0") && k.source == KEY_KEYRING &&
	       !strcmp(k.type, "logon") && !strcmp(k.description, "asym:k0"),
	       "a key from a keyring, with a colon in its description");
	tap_ok(!key_add("file file file") && !strcmp(k.name, "file") &&
	       !strcmp(k.path, "file"), "a key called like a word");

	tap_ok(key_add("") == EXIT_USAGE, "no name is refused");
	tap_ok(key_add("k0") == EXIT_USAGE, "no source is refused");
	tap_ok(key_add("k0 stdin file x") == EXIT_USAGE,
	       "two sources are refused");
	tap_ok(key_add("k0 file") == EXIT_USAGE, "no path is refused");
	tap_ok(key_add("k0 keyring logon") == EXIT_USAGE &&
	       key_add("k0 keyring :x") == EXIT_USAGE &&
	       key_add("k0 keyring user:") == EXIT_USAGE,
	       "half a reference is refused");
	tap_ok(key_add("k0 0123456789abcdef") == EXIT_USAGE,
	       "a key on the command line is refused");

	line[0] = '\0';
	for (i = 0; i < ASYM_KEY_NAME_LEN; i++)
		strcat(line, "k");
	strcat(line, " stdin");
	tap_ok(!key_add(line), "the longest name of a key");
	memmove(line + 1, line, strlen(line) + 1);
	tap_ok(key_add(line) == EXIT_USAGE, "a longer one is refused");
	strcpy(line, "k0 keyring user:");
	for (i = 0; i < ASYM_KEYRING_DESC_LEN + 1; i++)
		strcat(line, "d");
	tap_ok(key_add(line) == EXIT_USAGE, "a description too long is refused");
}

static void test_names(void)
{
	tap_ok(!strcmp(reason_name(ASYM_REASON_UNBOUND_LUN), "unbound-lun") &&
	       !strcmp(reason_name(ASYM_REASON_MAX), "seal-bypassed") &&
	       !strcmp(reason_name(4711), "4711"), "names of reasons");
}

int main(void)
{
	/* Complaints are expected; their text is tested by tests/usage. */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	test_bind();
	test_key();
	test_names();
	return tap_end();
}
