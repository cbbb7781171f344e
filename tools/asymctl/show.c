// SPDX-License-Identifier: GPL-2.0
/*
 * asymctl show, asymctl check
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asymctl.h"
#include "view.h"

static const char show_usage[] =
	"Usage: asymctl show\n"
	"       asymctl show [ disk ] DISK\n"
	"where  DISK := { /dev/NAME | NAME }\n";

static const char check_usage[] =
	"Usage: asymctl check\n"
	"Exit status 3 if an iSCSI connection or disk is not protected as configured.\n";

/* Until a connection that begins or ends just now has done so. */
#define SETTLE_USEC	200000

/* What looks wrong once may be half of a change: look again. */
static int get_settled(struct view *view)
{
	int ret = view_get(view);

	if (ret || !view_problems(view))
		return ret;
	view_free(view);
	usleep(SETTLE_USEC);
	return view_get(view);
}

static int conn_compare(const void *a, const void *b)
{
	const struct conn *x = a, *y = b;
	char s[END_TEXT], t[END_TEXT];
	int diff;

	if (x->role != y->role)
		return x->role < y->role ? -1 : 1;
	diff = strcmp(end_text(&x->remote, s), end_text(&y->remote, t));
	return diff ? diff : (int)x->local.port - (int)y->local.port;
}

/* ---- as text ---- */

static void print_name(const char *word, const char *name)
{
	printf(" %s ", word);
	print_safe(stdout, name);
}

static void print_sa(const struct conn *conn)
{
	if (conn->out)
		printf(" %s spi-out 0x%08x", conn->out->algorithm,
		       conn->out->spi);
	if (conn->in)
		printf(" spi-in 0x%08x", conn->in->spi);
}

static void print_problem(const char *text)
{
	fputs(" NOT protected: ", stdout);
	print_safe(stdout, text);
}

static void print_binding(const struct bound *bound)
{
	if (bound->plain) {
		printf(" plain");
		return;
	}
	print_name("key", bound->key);
	if (bound->bits)
		printf(" aes-xts-plain64 bits %u", bound->bits);
	printf(" sector-size %u", bound->sector_size);
}

static void print_lun(const struct disk *disk)
{
	if (disk->lun >= 0)
		printf(" lun %d", disk->lun);
}

static void print_unit(const struct unit *unit)
{
	putchar('\t');
	print_safe(stdout, unit->disk->name);
	print_lun(unit->disk);
	if (unit->bound)
		print_binding(unit->bound);
	if (*unit->problem)
		print_problem(unit->problem);
	putchar('\n');
}

/* Without a line feed. */
static void print_ends(const struct conn *conn)
{
	char local[END_TEXT], remote[END_TEXT];

	printf("%s", flow_role_name(conn->role));
	if (conn->local.family)
		printf(" local %s", end_text(&conn->local, local));
	if (conn->remote.family)
		printf(" peer %s", end_text(&conn->remote, remote));
	if (conn->session)
		printf(" session %u", conn->session->number);
	if (*conn->target)
		print_name("target", conn->target);
}

static void print_flow(const struct flow *flow)
{
	printf(" state %s", flow_state_name(flow->state));
	if (flow->discovery)
		printf(" discovery");
	if (flow->header_digest)
		printf(" header-digest");
	if (flow->data_digest)
		printf(" data-digest");
	printf(" sent %" PRIu64, flow->sent);
	if (flow->has_received)
		printf(" received %" PRIu64, flow->received);
}

static void print_conn(const struct conn *conn)
{
	size_t i;

	print_ends(conn);
	if (conn->flow) {
		print_flow(conn->flow);
		print_sa(conn);
	}
	if (*conn->problem)
		print_problem(conn->problem);
	putchar('\n');
	for (i = 0; i < conn->units.count; i++)
		print_unit(table_row(&conn->units, struct unit, i));
}

/* ---- as JSON ---- */

static void json_protected(const char *problem)
{
	json_bool("protected", !*problem);
	if (*problem)
		json_string("problem", problem);
}

static void json_unit(const struct unit *unit)
{
	const struct bound *bound = unit->bound;

	json_string("disk", unit->disk->name);
	if (unit->disk->lun >= 0)
		json_number("lun", unit->disk->lun);
	if (bound)
		json_bool("plain", bound->plain);
	if (bound && !bound->plain) {
		json_string("key", bound->key);
		json_string("cipher", "aes-xts-plain64");
		if (bound->bits)
			json_number("bits", bound->bits);
		json_number("sector-size", bound->sector_size);
	}
}

static void json_sas(const struct conn *conn)
{
	if (conn->out) {
		json_string("algorithm", conn->out->algorithm);
		json_number("spi-out", conn->out->spi);
	}
	if (conn->in)
		json_number("spi-in", conn->in->spi);
}

static void json_flow(const struct flow *flow)
{
	json_string("state", flow_state_name(flow->state));
	if (flow->state == ASYM_FLOW_STATE_BROKEN)
		json_string("reason", reason_name(flow->reason));
	json_bool("discovery", flow->discovery);
	json_bool("header-digest", flow->header_digest);
	json_bool("data-digest", flow->data_digest);
	json_number("sent", flow->sent);
	if (flow->has_received)
		json_number("received", flow->received);
}

static void json_end_of(const char *addr_name, const char *port_name,
			const struct end *end)
{
	char addr[END_TEXT];

	if (!end->family)
		return;
	json_string(addr_name, end_addr(end, addr));
	json_number(port_name, end->port);
}

static void json_conn(const struct conn *conn)
{
	size_t i;

	json_open(NULL, '{');
	json_string("role", flow_role_name(conn->role));
	json_end_of("local", "local-port", &conn->local);
	json_end_of("peer", "peer-port", &conn->remote);
	if (conn->session)
		json_number("session", conn->session->number);
	if (*conn->target)
		json_string("target", conn->target);
	json_bool("followed", conn->flow);
	if (conn->flow)
		json_flow(conn->flow);
	json_sas(conn);
	json_protected(conn->problem);
	json_open("disks", '[');
	for (i = 0; i < conn->units.count; i++) {
		const struct unit *unit = table_row(&conn->units, struct unit,
						    i);

		json_open(NULL, '{');
		json_unit(unit);
		json_protected(unit->problem);
		json_close('}');
	}
	json_close(']');
	json_close('}');
}

/* ---- commands ---- */

static int show_all(const struct view *view)
{
	size_t i;

	if (json_output)
		json_open(NULL, '[');
	for (i = 0; i < view->conns.count; i++) {
		const struct conn *conn = table_row(&view->conns, struct conn,
						    i);

		if (json_output)
			json_conn(conn);
		else
			print_conn(conn);
	}
	if (json_output) {
		json_close(']');
		json_end();
	}
	return EXIT_OK;
}

/* The connection of a disk, and the disk as a unit of it. */
static const struct conn *find_unit(const struct view *view,
				    const struct disk *disk,
				    const struct unit **unit)
{
	size_t i, u;

	for (i = 0; i < view->conns.count; i++) {
		const struct conn *conn = table_row(&view->conns, struct conn,
						    i);

		for (u = 0; u < conn->units.count; u++) {
			*unit = table_row(&conn->units, struct unit, u);
			if (!strcmp((*unit)->disk->name, disk->name))
				return conn;
		}
	}
	return NULL;
}

/* In one line: is it protected, and how? */
static void print_disk(const char *name, const struct conn *conn,
		       const struct unit *unit, const char *problem)
{
	const struct bound *bound = unit ? unit->bound : NULL;

	print_safe(stdout, name);
	if (conn)
		print_name("target", conn->target);
	if (unit)
		print_lun(unit->disk);
	putchar(':');
	if (*problem) {
		print_problem(problem);
	} else if (bound->plain) {
		printf(" plain, by its binding: the target reads and stores it; over ESP");
		print_sa(conn);
	} else {
		print_name("sealed under key", bound->key);
		printf(" (aes-xts-plain64, %u bits, sector-size %u), over ESP",
		       bound->bits, bound->sector_size);
		print_sa(conn);
	}
	putchar('\n');
}

static void json_disk(const struct conn *conn, const struct unit *unit,
		      const char *name, const char *problem)
{
	json_open(NULL, '{');
	if (unit)
		json_unit(unit);
	else
		json_string("disk", name);
	if (conn) {
		json_string("target", conn->target);
		json_sas(conn);
	}
	json_protected(problem);
	json_close('}');
}

static bool show_disk(const struct view *view, const struct disk *disk)
{
	const struct unit *unit = NULL;
	const struct conn *conn = find_unit(view, disk, &unit);
	const char *problem = "its session has just ended";

	if (conn)
		problem = *conn->problem ? conn->problem : unit->problem;
	else
		unit = NULL;
	if (json_output)
		json_disk(conn, unit, disk->name, problem);
	else
		print_disk(disk->name, conn, unit, problem);
	return !*problem;
}

static int show_disks(const struct view *view, const char *name)
{
	struct table disks = { };
	int ret = disk_find(name, &disks);
	size_t i;

	if (ret)
		return ret;
	if (json_output)
		json_open(NULL, '[');
	for (i = 0; i < disks.count; i++)
		if (!show_disk(view, table_row(&disks, struct disk, i)))
			ret = EXIT_UNPROTECTED;
	if (!disks.count) {
		static const char problem[] = "it is no iSCSI disk";

		if (json_output)
			json_disk(NULL, NULL, name, problem);
		else
			print_disk(name, NULL, NULL, problem);
		ret = EXIT_UNPROTECTED;
	}
	if (json_output) {
		json_close(']');
		json_end();
	}
	table_free(&disks);
	return ret;
}

int cmd_show(int argc, char **argv)
{
	static const char *const words[] = { "disk", NULL };
	const char *disk = NULL;
	struct view view;
	int ret;

	if (argc == 1 && !strcmp(*argv, "help")) {
		fputs(show_usage, stdout);
		return EXIT_OK;
	}
	if (argc > 1 && word_match(*argv, words) == 0) {
		argc--;
		argv++;
	} else if (argc && !strcmp(*argv, "disk")) {
		return usage_error(show_usage, "the name of the disk is missing");
	}
	if (argc > 1)
		return usage_error(show_usage, "what is \"%s\"?", argv[1]);
	if (argc)
		disk = *argv;
	if (disk && !*disk)
		return usage_error(show_usage, "the name of the disk is missing");
	ret = get_settled(&view);
	if (!ret) {
		qsort(view.conns.rows, view.conns.count, sizeof(struct conn),
		      conn_compare);
		ret = disk ? show_disks(&view, disk) : show_all(&view);
	}
	view_free(&view);
	return ret;
}

static size_t count_units(const struct view *view)
{
	size_t i, n = 0;

	for (i = 0; i < view->conns.count; i++)
		n += table_row(&view->conns, struct conn, i)->units.count;
	return n;
}

static void check_print(const struct view *view)
{
	size_t i, u;

	for (i = 0; i < view->conns.count; i++) {
		const struct conn *conn = table_row(&view->conns, struct conn,
						    i);

		if (*conn->problem) {
			print_ends(conn);
			print_problem(conn->problem);
			putchar('\n');
		}
		for (u = 0; u < conn->units.count; u++) {
			const struct unit *unit =
				table_row(&conn->units, struct unit, u);

			if (!*unit->problem)
				continue;
			print_disk(unit->disk->name, conn, unit,
				   unit->problem);
		}
	}
	printf("%zu connections, %zu disks, %zu problems\n", view->conns.count,
	       count_units(view), view_problems(view));
}

static void check_json(const struct view *view)
{
	json_open(NULL, '{');
	json_bool("protected", !view_problems(view));
	json_number("connections", view->conns.count);
	json_number("disks", count_units(view));
	json_number("problems", view_problems(view));
	json_close('}');
	json_end();
}

int cmd_check(int argc, char **argv)
{
	struct view view;
	int ret;

	if (argc == 1 && !strcmp(*argv, "help")) {
		fputs(check_usage, stdout);
		return EXIT_OK;
	}
	if (argc)
		return usage_error(check_usage, "what is \"%s\"?", *argv);
	ret = get_settled(&view);
	if (!ret) {
		if (json_output)
			check_json(&view);
		else
			check_print(&view);
		ret = view_problems(&view) ? EXIT_UNPROTECTED : EXIT_OK;
	}
	view_free(&view);
	return ret;
}
