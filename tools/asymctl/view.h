/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What there is to look at: connections, SAs, sessions and disks, bindings; and
 * what follows from them together.
 */
#ifndef _ASYMCTL_VIEW_H
#define _ASYMCTL_VIEW_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/asym.h>

#define NAME_BYTES	(ASYM_TARGET_LEN + 1)

/* ---- table.c: arrays that grow ---- */

struct table {
	void	*rows;
	size_t	count;
	size_t	room;
};

void *table_add(struct table *t, size_t size);
void table_free(struct table *t);
#define table_row(t, type, i)	(&((type *)(t)->rows)[i])

/* ---- end.c: an end of a TCP connection ---- */

#define END_TEXT	64

/* IPv4 in IPv6 is IPv4. */
struct end {
	int		family;		/* AF_INET, AF_INET6 */
	unsigned char	addr[16];
	uint16_t	port;
};

bool end_set(struct end *end, const void *addr, size_t len, unsigned int port);
bool end_parse(struct end *end, const char *addr, unsigned int port);
bool end_same_addr(const struct end *a, const struct end *b);
bool end_same(const struct end *a, const struct end *b);
bool end_is_any(const struct end *end);
const char *end_addr(const struct end *end, char *text);
const char *end_text(const struct end *end, char *text);

/* ---- flow.c: what the kernel follows ---- */

struct flow {
	uint32_t	role;		/* enum asym_flow_role */
	uint32_t	state;		/* enum asym_flow_state */
	uint32_t	reason;		/* if broken */
	struct end	local;
	struct end	remote;
	char		target[NAME_BYTES];	/* "" while not known */
	bool		discovery;
	bool		header_digest;
	bool		data_digest;
	uint64_t	sent;		/* bytes of opaque user data */
	bool		has_received;
	uint64_t	received;
};

int flows_get(struct table *flows);

/* ---- sa.c: asymmetric SAs ---- */

struct sa {
	struct end	src;		/* port 0 */
	struct end	dst;
	bool		tunnel;		/* or BEET: others than the connection's */
	bool		from_here;	/* src is an address of this host */
	bool		to_here;	/* dst is one */
	uint32_t	spi;		/* in host byte order */
	char		algorithm[64];
	uint64_t	added;		/* seconds since 1970 */
};

int sas_get(struct table *sas);

/* ---- bound.c: bindings, with the keys that they name ---- */

struct bound {
	char		target[NAME_BYTES];
	uint32_t	lun;
	bool		plain;
	char		key[ASYM_KEY_NAME_LEN + 1];
	uint32_t	bits;		/* of the key, 0: it is gone */
	uint32_t	sector_size;
	uint32_t	block_size;	/* 0: not known */
	uint32_t	state;		/* enum asym_state */
};

int bounds_get(struct table *bounds);

/* ---- session.c: open-iscsi, as sysfs has it ---- */

struct session {
	unsigned int	number;
	char		target[NAME_BYTES];
	char		state[32];
	bool		connected;
	struct end	remote;		/* if connected */
	uint16_t	local_port;	/* likewise */
};

struct disk {
	char		name[32];	/* sdX */
	unsigned int	session;
	int		lun;		/* -1: of a form that is not known */
};

/* Before /sys and /proc; "" but in tests. */
extern const char *view_root;

int sessions_get(struct table *sessions, struct table *disks);
int disk_find(const char *arg, struct table *disks);

/* ---- tcp.c: established TCP connections, and the portals of LIO ---- */

struct tcp {
	struct end	local;
	struct end	remote;
};

struct portal {
	struct end	end;
	char		target[NAME_BYTES];
};

int tcps_get(struct table *tcps);
int portals_get(struct table *portals);

/* ---- view.c ---- */

struct unit {
	const struct disk	*disk;
	const struct bound	*bound;		/* or NULL */
	char			problem[128];	/* "": as configured */
};

struct conn {
	uint32_t		role;
	const struct flow	*flow;		/* or NULL */
	const struct session	*session;	/* or NULL */
	struct end		local;		/* family 0: not known */
	struct end		remote;		/* likewise */
	const char		*target;	/* "": not known */
	const struct sa		*out;		/* or NULL */
	const struct sa		*in;
	struct table		units;		/* of struct unit */
	char			problem[192];	/* "": as configured */
};

struct view {
	struct table	flows;
	struct table	sas;
	struct table	bounds;
	struct table	sessions;
	struct table	disks;
	struct table	tcps;
	struct table	portals;
	struct table	conns;
};

int view_get(struct view *view);
void view_join(struct view *view);
void view_free(struct view *view);
size_t view_problems(const struct view *view);

#endif /* _ASYMCTL_VIEW_H */
