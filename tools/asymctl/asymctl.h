/* SPDX-License-Identifier: GPL-2.0 */
/*
 * asymctl: what its files know of each other.
 */
#ifndef _ASYMCTL_H
#define _ASYMCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <libmnl/libmnl.h>
#include <linux/asym.h>
#include <linux/asym_flow.h>

/* Exit codes, as ip(8) has them. */
enum {
	EXIT_OK = 0,
	EXIT_USAGE = 1,		/* the command line is wrong; nothing was done */
	EXIT_FAILED = 2,	/* refused or not possible */
	EXIT_UNPROTECTED = 3,	/* something is not as it is configured */
};

/* -j */
extern bool json_output;

struct command {
	const char	*name;
	int		(*run)(int argc, char **argv);
};

/* args.c */
int command_run(const struct command *commands, int argc, char **argv,
		const char *usage);
int word_match(const char *arg, const char *const *words);
int usage_error(const char *usage, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool parse_number(const char *arg, uint64_t min, uint64_t max,
		  uint64_t *value);

/* key.c */
#define KEY_BYTES_MAX	64

enum key_source { KEY_NOWHERE, KEY_KEYRING, KEY_FILE, KEY_STDIN };

struct key_args {
	const char	*name;
	const char	*cipher;	/* NULL: the default */
	enum key_source	source;
	const char	*path;		/* KEY_FILE */
	const char	*description;	/* KEY_KEYRING */
	char		type[ASYM_KEYRING_TYPE_LEN + 1];
};

int key_add_parse(int argc, char **argv, struct key_args *args);
int cmd_key(int argc, char **argv);

/* keyring.c */
int keyring_put(const char *name, const void *material, size_t len,
		int32_t *serial, char *description, size_t size);
void keyring_drop(int32_t serial);
void keyring_reach(void);

/* bind.c */
struct bind_args {
	const char	*target;
	const char	*key;
	bool		plain;
	bool		iv_large_sectors;
	bool		has_lun;
	uint32_t	lun;
	uint32_t	sector_size;	/* 0: not given */
	uint32_t	block_size;	/* 0: not given */
	bool		has_iv_offset;
	uint64_t	iv_offset;
};

int bind_add_parse(int argc, char **argv, struct bind_args *args);
int bind_unit_parse(int argc, char **argv, struct bind_args *args);
int cmd_bind(int argc, char **argv);

/* stat.c */
int cmd_stat(int argc, char **argv);

/* monitor.c */
int cmd_monitor(int argc, char **argv);

/* show.c */
int cmd_show(int argc, char **argv);
int cmd_check(int argc, char **argv);

/* nl.c */
struct nl_family {
	const char	*name;
	uint8_t		version;
	const char	*missing;	/* the sentence, when there is none */
};

extern const struct nl_family nl_asym, nl_asym_flow;

struct nl {
	struct mnl_socket	*sock;
	const struct nl_family	*of;
	uint16_t		family;
	uint32_t		events;		/* id of the multicast group */
	uint32_t		seq;
	struct nlmsghdr		*msg;		/* the request being built */
	/* of mnl_socket_recvfrom(); as large as a dump's messages may be */
	char			reply[32768] __attribute__((aligned(8)));
	char			request[8192] __attribute__((aligned(8)));
};

typedef void (*nl_reply_fn)(const struct nlattr *const *attrs, void *arg);

struct nl *nl_open(const struct nl_family *family);
void nl_close(struct nl *nl);
void nl_request(struct nl *nl, uint8_t cmd, bool dump);
int nl_run(struct nl *nl, nl_reply_fn reply, uint16_t max_attr, void *arg);
int nl_list(struct nl *nl, uint8_t cmd, nl_reply_fn reply, uint16_t max_attr,
	    void (*forget)(void *arg), void *arg);
void nl_attrs(const struct nlmsghdr *nlh, const struct nlattr **attrs,
	      uint16_t max_attr);

/* json.c: one JSON value on stdout, written as it comes */
void json_open(const char *name, char bracket);
void json_close(char bracket);
void json_string(const char *name, const char *value);
void json_number(const char *name, uint64_t value);
void json_bool(const char *name, bool value);
void json_end(void);

/* print.c */
const char *reason_name(uint32_t reason);
const char *state_name(uint32_t state);
const char *flow_role_name(uint32_t role);
const char *flow_state_name(uint32_t state);
void print_safe(FILE *out, const char *text);
void text_cut(char *text, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* _ASYMCTL_H */
