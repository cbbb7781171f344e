// SPDX-License-Identifier: GPL-2.0
/*
 * asymctl bind
 */
#include <inttypes.h>
#include <string.h>

#include "asymctl.h"

static const char usage[] =
	"Usage: asymctl bind add UNIT { key NAME [ OPTIONS ] | plain } [ block-size BYTES ]\n"
	"       asymctl bind del UNIT\n"
	"       asymctl bind show [ UNIT ]\n"
	"where  UNIT := target IQN lun NUMBER\n"
	"       OPTIONS := [ sector-size BYTES ] [ iv-offset UNITS ] [ iv-large-sectors ]\n"
	"       BYTES := { 512 | 1024 | 2048 | 4096 }\n"
	"The IV offset counts 512-byte units.\n";

enum word {
	TARGET, IQN, LUN,
	/* of "add" only */
	KEY, PLAIN, SECTOR_SIZE, IV_OFFSET, IV_LARGE_SECTORS, BLOCK_SIZE,
};

static const char *const add_words[] = {
	"target", "iqn", "lun", "key", "plain", "sector-size", "iv-offset",
	"iv-large-sectors", "block-size", NULL
};

static const char *const unit_words[] = { "target", "iqn", "lun", NULL };

static int bind_value(enum word word, const char *arg, struct bind_args *args)
{
	uint64_t number = 0;

	switch (word) {
	case TARGET:
	case IQN:
		if (!*arg || strlen(arg) > ASYM_TARGET_LEN)
			return usage_error(usage, "a target name has 1 to %d bytes",
					   ASYM_TARGET_LEN);
		args->target = arg;
		return EXIT_OK;
	case LUN:
		if (!parse_number(arg, 0, ASYM_LUN_MAX, &number))
			return usage_error(usage, "\"%s\" is not a LUN (0 to %d)",
					   arg, ASYM_LUN_MAX);
		args->lun = number;
		args->has_lun = true;
		return EXIT_OK;
	case KEY:
		if (!*arg || strlen(arg) > ASYM_KEY_NAME_LEN)
			return usage_error(usage, "the name of a key has 1 to %d characters",
					   ASYM_KEY_NAME_LEN);
		args->key = arg;
		return EXIT_OK;
	case SECTOR_SIZE:
	case BLOCK_SIZE:
		if (!parse_number(arg, ASYM_BLOCK_SIZE_MIN, ASYM_BLOCK_SIZE_MAX,
				  &number) || number & (number - 1))
			return usage_error(usage, "\"%s\" is not 512, 1024, 2048 or 4096",
					   arg);
		if (word == SECTOR_SIZE)
			args->sector_size = number;
		else
			args->block_size = number;
		return EXIT_OK;
	case IV_OFFSET:
		if (!parse_number(arg, 0, UINT64_MAX, &number))
			return usage_error(usage, "\"%s\" is not a number of 512-byte units",
					   arg);
		args->iv_offset = number;
		args->has_iv_offset = true;
		return EXIT_OK;
	case PLAIN:
		args->plain = true;
		return EXIT_OK;
	case IV_LARGE_SECTORS:
		args->iv_large_sectors = true;
		return EXIT_OK;
	}
	return EXIT_USAGE;
}

static int bind_parse(int argc, char **argv, const char *const *words,
		      struct bind_args *args)
{
	unsigned int seen = 0;
	int word, bit, ret;

	memset(args, 0, sizeof(*args));
	for (; argc; argc--, argv++) {
		word = word_match(*argv, words);
		if (word == -1)
			return usage_error(usage, "what is \"%s\"?", *argv);
		if (word < 0)
			return usage_error(usage, "\"%s\" may mean several things",
					   *argv);
		bit = 1 << (word == IQN ? TARGET : word);
		if (seen & bit)
			return usage_error(usage, "\"%s\" is given twice",
					   words[word]);
		seen |= bit;
		if (word != PLAIN && word != IV_LARGE_SECTORS) {
			if (argc < 2)
				return usage_error(usage, "something is missing after \"%s\"",
						   *argv);
			argc--;
			argv++;
		}
		ret = bind_value(word, *argv, args);
		if (ret)
			return ret;
	}
	return EXIT_OK;
}

static int bind_unit_check(const struct bind_args *args)
{
	if (!args->target)
		return usage_error(usage, "the target is missing");
	if (!args->has_lun)
		return usage_error(usage, "the LUN is missing");
	return EXIT_OK;
}

int bind_unit_parse(int argc, char **argv, struct bind_args *args)
{
	int ret = bind_parse(argc, argv, unit_words, args);

	return ret ? ret : bind_unit_check(args);
}

int bind_add_parse(int argc, char **argv, struct bind_args *args)
{
	int ret = bind_parse(argc, argv, add_words, args);

	if (!ret)
		ret = bind_unit_check(args);
	if (ret)
		return ret;
	if (!args->key && !args->plain)
		return usage_error(usage, "either a key or \"plain\" is needed");
	if (args->key && args->plain)
		return usage_error(usage, "a unit has a key or is plain, not both");
	if (args->plain && (args->sector_size || args->has_iv_offset ||
			    args->iv_large_sectors))
		return usage_error(usage, "sector size and IV options mean nothing without a key");
	return EXIT_OK;
}

static void bind_put_unit(struct nl *nl, const struct bind_args *args)
{
	mnl_attr_put_strz(nl->msg, ASYM_A_BINDING_TARGET, args->target);
	mnl_attr_put_u32(nl->msg, ASYM_A_BINDING_LUN, args->lun);
}

/* A request about one unit, or NULL. */
static struct nl *bind_request(uint8_t cmd, const struct bind_args *args)
{
	struct nl *nl = nl_open(&nl_asym);

	if (!nl)
		return NULL;
	nl_request(nl, cmd, false);
	bind_put_unit(nl, args);
	return nl;
}

static int bind_add(int argc, char **argv)
{
	struct bind_args args;
	struct nl *nl;
	int ret;

	ret = bind_add_parse(argc, argv, &args);
	if (ret)
		return ret;
	nl = bind_request(ASYM_CMD_BINDING_NEW, &args);
	if (!nl)
		return EXIT_FAILED;
	if (args.key)
		mnl_attr_put_strz(nl->msg, ASYM_A_BINDING_KEY, args.key);
	if (args.plain)
		mnl_attr_put(nl->msg, ASYM_A_BINDING_PLAIN, 0, NULL);
	if (args.sector_size)
		mnl_attr_put_u32(nl->msg, ASYM_A_BINDING_SECTOR_SIZE,
				 args.sector_size);
	if (args.has_iv_offset)
		mnl_attr_put_u64(nl->msg, ASYM_A_BINDING_IV_OFFSET,
				 args.iv_offset);
	if (args.iv_large_sectors)
		mnl_attr_put(nl->msg, ASYM_A_BINDING_IV_LARGE_SECTORS, 0, NULL);
	if (args.block_size)
		mnl_attr_put_u32(nl->msg, ASYM_A_BINDING_BLOCK_SIZE,
				 args.block_size);
	ret = nl_run(nl, NULL, 0, NULL);
	nl_close(nl);
	return ret;
}

static int bind_del(int argc, char **argv)
{
	struct bind_args args;
	struct nl *nl;
	int ret;

	ret = bind_unit_parse(argc, argv, &args);
	if (ret)
		return ret;
	nl = bind_request(ASYM_CMD_BINDING_DEL, &args);
	if (!nl)
		return EXIT_FAILED;
	ret = nl_run(nl, NULL, 0, NULL);
	nl_close(nl);
	return ret;
}

static void bind_print_json(const struct nlattr *const *attrs)
{
	json_open(NULL, '{');
	json_string("target", mnl_attr_get_str(attrs[ASYM_A_BINDING_TARGET]));
	json_number("lun", mnl_attr_get_u32(attrs[ASYM_A_BINDING_LUN]));
	json_bool("plain", attrs[ASYM_A_BINDING_PLAIN]);
	if (attrs[ASYM_A_BINDING_KEY])
		json_string("key", mnl_attr_get_str(attrs[ASYM_A_BINDING_KEY]));
	if (attrs[ASYM_A_BINDING_SECTOR_SIZE])
		json_number("sector-size",
			    mnl_attr_get_u32(attrs[ASYM_A_BINDING_SECTOR_SIZE]));
	if (attrs[ASYM_A_BINDING_IV_OFFSET])
		json_number("iv-offset",
			    mnl_attr_get_u64(attrs[ASYM_A_BINDING_IV_OFFSET]));
	if (attrs[ASYM_A_BINDING_KEY])
		json_bool("iv-large-sectors",
			  attrs[ASYM_A_BINDING_IV_LARGE_SECTORS]);
	if (attrs[ASYM_A_BINDING_BLOCK_SIZE]) {
		json_number("block-size",
			    mnl_attr_get_u32(attrs[ASYM_A_BINDING_BLOCK_SIZE]));
		json_bool("block-size-pinned",
			  attrs[ASYM_A_BINDING_BLOCK_SIZE_PINNED]);
	}
	json_string("state",
		    state_name(mnl_attr_get_u32(attrs[ASYM_A_BINDING_STATE])));
	json_close('}');
}

/* What "add" would take comes first, and then what the kernel found out. */
static void bind_print(const struct nlattr *const *attrs, void *arg)
{
	const struct nlattr *attr;

	if (!attrs[ASYM_A_BINDING_TARGET] || !attrs[ASYM_A_BINDING_LUN] ||
	    !attrs[ASYM_A_BINDING_STATE])
		return;
	if (json_output) {
		bind_print_json(attrs);
		return;
	}
	printf("target %s lun %u",
	       mnl_attr_get_str(attrs[ASYM_A_BINDING_TARGET]),
	       mnl_attr_get_u32(attrs[ASYM_A_BINDING_LUN]));
	if (attrs[ASYM_A_BINDING_PLAIN])
		printf(" plain");
	attr = attrs[ASYM_A_BINDING_KEY];
	if (attr)
		printf(" key %s", mnl_attr_get_str(attr));
	attr = attrs[ASYM_A_BINDING_SECTOR_SIZE];
	if (attr)
		printf(" sector-size %u", mnl_attr_get_u32(attr));
	attr = attrs[ASYM_A_BINDING_IV_OFFSET];
	if (attr && mnl_attr_get_u64(attr))
		printf(" iv-offset %" PRIu64, mnl_attr_get_u64(attr));
	if (attrs[ASYM_A_BINDING_IV_LARGE_SECTORS])
		printf(" iv-large-sectors");
	attr = attrs[ASYM_A_BINDING_BLOCK_SIZE];
	if (attr)
		printf(" block-size %u%s", mnl_attr_get_u32(attr),
		       attrs[ASYM_A_BINDING_BLOCK_SIZE_PINNED] ? "" :
		       " (learned)");
	printf(" state %s\n",
	       state_name(mnl_attr_get_u32(attrs[ASYM_A_BINDING_STATE])));
}

static int bind_show(int argc, char **argv)
{
	struct bind_args args;
	struct nl *nl;
	int ret;

	if (argc) {
		ret = bind_unit_parse(argc, argv, &args);
		if (ret)
			return ret;
	}
	nl = nl_open(&nl_asym);
	if (!nl)
		return EXIT_FAILED;
	nl_request(nl, ASYM_CMD_BINDING_GET, !argc);
	if (argc)
		bind_put_unit(nl, &args);
	if (json_output)
		json_open(NULL, '[');
	ret = nl_run(nl, bind_print, ASYM_A_BINDING_MAX, NULL);
	if (json_output) {
		json_close(']');
		json_end();
	}
	nl_close(nl);
	return ret;
}

static int bind_help(int argc, char **argv)
{
	fputs(usage, stdout);
	return EXIT_OK;
}

int cmd_bind(int argc, char **argv)
{
	static const struct command commands[] = {
		{ "add",	bind_add },
		{ "delete",	bind_del },
		{ "show",	bind_show },
		{ "list",	bind_show },
		{ "help",	bind_help },
		{ }
	};

	if (!argc)
		return bind_show(0, NULL);
	return command_run(commands, argc, argv, usage);
}
