// SPDX-License-Identifier: GPL-2.0
/*
 * asymctl key
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "asymctl.h"

static const char usage[] =
	"Usage: asymctl key add NAME [ cipher CIPHER ] SOURCE\n"
	"       asymctl key del NAME\n"
	"       asymctl key show [ NAME ]\n"
	"where  SOURCE := { keyring TYPE:DESCRIPTION | file PATH | stdin }\n"
	"       TYPE := { logon | user }\n"
	"       CIPHER := aes-xts-plain64\n"
	"A file and stdin hold 32 or 64 raw bytes.\n";

/* The material on its way to the kernel, in memory that is not swapped. */
static unsigned char material[KEY_BYTES_MAX + 1];

static bool key_name_ok(const char *name)
{
	return *name && strlen(name) <= ASYM_KEY_NAME_LEN;
}

static int key_name_error(void)
{
	return usage_error(usage, "the name of a key has 1 to %d characters",
			   ASYM_KEY_NAME_LEN);
}

static bool key_reference(const char *arg, struct key_args *args)
{
	const char *colon = strchr(arg, ':');

	if (!colon || colon == arg || !colon[1] ||
	    (size_t)(colon - arg) >= sizeof(args->type) ||
	    strlen(colon + 1) > ASYM_KEYRING_DESC_LEN)
		return false;
	memcpy(args->type, arg, colon - arg);
	args->type[colon - arg] = '\0';
	args->description = colon + 1;
	return true;
}

int key_add_parse(int argc, char **argv, struct key_args *args)
{
	static const char *const words[] = {
		"cipher", "keyring", "file", "stdin", NULL
	};
	enum { CIPHER, KEYRING, FILE_, STDIN };
	int word;

	memset(args, 0, sizeof(*args));
	if (!argc)
		return usage_error(usage, "the name of the key is missing");
	args->name = *argv++;
	argc--;
	if (!key_name_ok(args->name))
		return key_name_error();

	for (; argc; argc--, argv++) {
		word = word_match(*argv, words);
		if (word < 0)
			return usage_error(usage, "what is \"%s\"?", *argv);
		if (word != CIPHER && args->source != KEY_NOWHERE)
			return usage_error(usage,
					   "more than one source of the key");
		if (word == STDIN) {
			args->source = KEY_STDIN;
			continue;
		}
		if (argc < 2)
			return usage_error(usage, "something is missing after \"%s\"",
					   *argv);
		argc--;
		argv++;
		switch (word) {
		case CIPHER:
			if (args->cipher)
				return usage_error(usage, "more than one cipher");
			if (strlen(*argv) > ASYM_CIPHER_LEN)
				return usage_error(usage, "what cipher is that?");
			args->cipher = *argv;
			break;
		case KEYRING:
			if (!key_reference(*argv, args))
				return usage_error(usage, "\"%s\" is not TYPE:DESCRIPTION",
						   *argv);
			args->source = KEY_KEYRING;
			break;
		case FILE_:
			args->path = *argv;
			args->source = KEY_FILE;
			break;
		}
	}
	if (args->source == KEY_NOWHERE)
		return usage_error(usage, "the source of the key is missing");
	return EXIT_OK;
}

/* Read all there is, up to one byte more than a key may have. */
static int key_read(int fd, const char *where, size_t *len)
{
	ssize_t ret;

	for (*len = 0; *len < sizeof(material); *len += ret) {
		ret = read(fd, material + *len, sizeof(material) - *len);
		if (ret < 0 && errno == EINTR) {
			ret = 0;
		} else if (ret < 0) {
			error("%s: %s", where, strerror(errno));
			return EXIT_FAILED;
		} else if (!ret) {
			break;
		}
	}
	if (*len == 32 || *len == 64)
		return EXIT_OK;
	if (*len > KEY_BYTES_MAX)
		error("%s: more than %d bytes; a key is 32 or 64 raw bytes, no hex, no line feed",
		      where, KEY_BYTES_MAX);
	else
		error("%s: %zu bytes; a key is 32 or 64 raw bytes", where,
		      *len);
	return EXIT_FAILED;
}

/* Read the material and put it where the kernel can be told to find it. */
static int key_load(const struct key_args *args, int32_t *serial,
		    char *description, size_t size)
{
	const char *where = "stdin";
	int fd = STDIN_FILENO;
	size_t len = 0;
	int ret;

	/* Neither a core dump nor a debugger nor swap gets to see it. */
	prctl(PR_SET_DUMPABLE, 0);
	mlock(material, sizeof(material));
	if (args->source == KEY_FILE) {
		where = args->path;
		fd = open(where, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			error("%s: %s", where, strerror(errno));
			return EXIT_FAILED;
		}
	} else if (isatty(fd)) {
		error("stdin is a terminal; a key is raw bytes from a pipe or file");
		return EXIT_FAILED;
	}
	ret = key_read(fd, where, &len);
	if (!ret)
		ret = keyring_put(args->name, material, len, serial,
				  description, size);
	explicit_bzero(material, sizeof(material));
	if (fd != STDIN_FILENO)
		close(fd);
	return ret;
}

static int key_add(int argc, char **argv)
{
	char description[ASYM_KEY_NAME_LEN + sizeof("asym:")];
	struct key_args args;
	int32_t serial = 0;
	struct nl *nl;
	int ret;

	ret = key_add_parse(argc, argv, &args);
	if (ret)
		return ret;
	nl = nl_open(&nl_asym);
	if (!nl)
		return EXIT_FAILED;
	if (args.source == KEY_KEYRING) {
		keyring_reach();
	} else {
		ret = key_load(&args, &serial, description,
			       sizeof(description));
		if (ret)
			goto out;
		snprintf(args.type, sizeof(args.type), "logon");
		args.description = description;
	}

	nl_request(nl, ASYM_CMD_KEY_NEW, false);
	mnl_attr_put_strz(nl->msg, ASYM_A_KEY_NAME, args.name);
	if (args.cipher)
		mnl_attr_put_strz(nl->msg, ASYM_A_KEY_CIPHER, args.cipher);
	mnl_attr_put_strz(nl->msg, ASYM_A_KEY_KEYRING_TYPE, args.type);
	mnl_attr_put_strz(nl->msg, ASYM_A_KEY_KEYRING_DESC, args.description);
	ret = nl_run(nl, NULL, 0, NULL);
	if (serial)
		keyring_drop(serial);
out:
	nl_close(nl);
	return ret;
}

static int key_del(int argc, char **argv)
{
	struct nl *nl;
	int ret;

	if (argc != 1)
		return usage_error(usage, "one name of a key is expected");
	if (!key_name_ok(*argv))
		return key_name_error();
	nl = nl_open(&nl_asym);
	if (!nl)
		return EXIT_FAILED;
	nl_request(nl, ASYM_CMD_KEY_DEL, false);
	mnl_attr_put_strz(nl->msg, ASYM_A_KEY_NAME, *argv);
	ret = nl_run(nl, NULL, 0, NULL);
	nl_close(nl);
	return ret;
}

static void key_print(const struct nlattr *const *attrs, void *arg)
{
	const char *name, *cipher;
	uint32_t bits, bindings;

	if (!attrs[ASYM_A_KEY_NAME] || !attrs[ASYM_A_KEY_CIPHER] ||
	    !attrs[ASYM_A_KEY_BITS] || !attrs[ASYM_A_KEY_BINDINGS])
		return;
	name = mnl_attr_get_str(attrs[ASYM_A_KEY_NAME]);
	cipher = mnl_attr_get_str(attrs[ASYM_A_KEY_CIPHER]);
	bits = mnl_attr_get_u32(attrs[ASYM_A_KEY_BITS]);
	bindings = mnl_attr_get_u32(attrs[ASYM_A_KEY_BINDINGS]);
	if (!json_output) {
		printf("%s cipher %s bits %u bindings %u\n", name, cipher, bits,
		       bindings);
		return;
	}
	json_open(NULL, '{');
	json_string("name", name);
	json_string("cipher", cipher);
	json_number("bits", bits);
	json_number("bindings", bindings);
	json_close('}');
}

static int key_show(int argc, char **argv)
{
	struct nl *nl;
	int ret;

	if (argc > 1)
		return usage_error(usage, "at most one name of a key is expected");
	if (argc && !key_name_ok(*argv))
		return key_name_error();
	nl = nl_open(&nl_asym);
	if (!nl)
		return EXIT_FAILED;
	nl_request(nl, ASYM_CMD_KEY_GET, !argc);
	if (argc)
		mnl_attr_put_strz(nl->msg, ASYM_A_KEY_NAME, *argv);
	if (json_output)
		json_open(NULL, '[');
	ret = nl_run(nl, key_print, ASYM_A_KEY_MAX, NULL);
	if (json_output) {
		json_close(']');
		json_end();
	}
	nl_close(nl);
	return ret;
}

static int key_help(int argc, char **argv)
{
	fputs(usage, stdout);
	return EXIT_OK;
}

int cmd_key(int argc, char **argv)
{
	static const struct command commands[] = {
		{ "add",	key_add },
		{ "delete",	key_del },
		{ "show",	key_show },
		{ "list",	key_show },
		{ "help",	key_help },
		{ }
	};

	if (!argc)
		return key_show(0, NULL);
	return command_run(commands, argc, argv, usage);
}
