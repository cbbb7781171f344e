// SPDX-License-Identifier: GPL-2.0
/*
 * What follows from sysfs, configfs, /proc and the lists of the kernel, without
 * any of them: a directory takes the place of the root.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asymctl.h"
#include "tap.h"
#include "view.h"

#define IQN	"iqn.2026-11.example:disks"

bool json_output;

static char root[64];

/* ---- a root of our own ---- */

static void make_parents(const char *path)
{
	char copy[512], *slash;

	strcpy(copy, path);
	for (slash = strchr(copy + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copy, 0700);
		*slash = '/';
	}
}

static void put(const char *name, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void put(const char *name, const char *fmt, ...)
{
	char path[512];
	va_list ap;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	make_parents(path);
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		exit(1);
	}
	va_start(ap, fmt);
	vfprintf(file, fmt, ap);
	va_end(ap);
	fclose(file);
}

static void put_link(const char *name, const char *to)
{
	char path[512], target[512];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	snprintf(target, sizeof(target), "%s/%s", root, to);
	make_parents(path);
	if (symlink(target, path)) {
		perror(path);
		exit(1);
	}
}

#define CLASS	"sys/class/iscsi_session/session"
#define CONN	"sys/class/iscsi_connection/connection"
#define HOST	"sys/devices/platform/host"

/* One session of three disks, another one without a connection. */
static void put_sessions(void)
{
	put(CLASS "1/targetname", IQN "\n");
	put(CLASS "1/state", "LOGGED_IN\n");
	put_link(CLASS "1/device", HOST "2/session1");
	put(HOST "2/session1/target2:0:0/2:0:0:0/block/sda/size", "8\n");
	put(HOST "2/session1/target2:0:0/2:0:0:0/block/sda/sda1/partition",
	    "1\n");
	put(HOST "2/session1/target2:0:0/2:0:0:1/block/sdb/size", "8\n");
	/* flat space addressing, a LUN of two levels, and a logical unit address */
	put(HOST "2/session1/target2:0:0/2:0:0:16684/block/sdc/size", "8\n");
	put(HOST "2/session1/target2:0:0/2:0:0:65536/block/sdd/size", "8\n");
	put(HOST "2/session1/target2:0:0/2:0:0:32768/block/sdf/size", "8\n");
	/* an enclosure has no block device */
	put(HOST "2/session1/target2:0:0/2:0:0:9/type", "13\n");
	put(CONN "1:0/address", "192.0.2.2\n");
	put(CONN "1:0/port", "3260\n");
	put(CONN "1:0/local_port", "41000\n");

	put(CLASS "12/targetname", "iqn.other\n");
	put(CLASS "12/state", "FAILED\n");
	put(HOST "3/session12/target3:0:0/3:0:0:0/block/sde/size", "8\n");
	put_link(CLASS "12/device", HOST "3/session12");
	put(CONN "12:0/port", "3260\n");

	put_link("sys/class/block/sda", HOST
		 "2/session1/target2:0:0/2:0:0:0/block/sda");
	put_link("sys/class/block/sda1", HOST
		 "2/session1/target2:0:0/2:0:0:0/block/sda/sda1");
	put_link("sys/class/block/sde", HOST
		 "3/session12/target3:0:0/3:0:0:0/block/sde");
	put("sys/devices/pci0/block/vda/size", "8\n");
	put_link("sys/class/block/vda", "sys/devices/pci0/block/vda");
	/* dm-1 on dm-0 on sda1 and sde */
	put("sys/devices/virtual/block/dm-0/size", "8\n");
	put("sys/devices/virtual/block/dm-1/size", "8\n");
	put_link("sys/class/block/dm-1", "sys/devices/virtual/block/dm-1");
	put_link("sys/devices/virtual/block/dm-1/slaves/dm-0",
		 "sys/devices/virtual/block/dm-0");
	put_link("sys/devices/virtual/block/dm-0/slaves/sda1", HOST
		 "2/session1/target2:0:0/2:0:0:0/block/sda/sda1");
	put_link("sys/devices/virtual/block/dm-0/slaves/sde", HOST
		 "3/session12/target3:0:0/3:0:0:0/block/sde");
	/* a partition of what is made of sde */
	put("sys/devices/virtual/block/md0/md0p1/partition", "1\n");
	put_link("sys/class/block/md0p1",
		 "sys/devices/virtual/block/md0/md0p1");
	put_link("sys/devices/virtual/block/md0/slaves/sde", HOST
		 "3/session12/target3:0:0/3:0:0:0/block/sde");
	/* one that is made of itself */
	put("sys/devices/virtual/block/dm-9/size", "8\n");
	put_link("sys/class/block/dm-9", "sys/devices/virtual/block/dm-9");
	put_link("sys/devices/virtual/block/dm-9/slaves/dm-9",
		 "sys/devices/virtual/block/dm-9");
}

static uint32_t word(const char *addr)
{
	struct end end;
	uint32_t value;

	end_parse(&end, addr, 0);
	memcpy(&value, end.addr, sizeof(value));
	return value;
}

#define TCP_HEAD	"  sl  local_address rem_address   st\n"

static void put_tcp(void)
{
	put("proc/net/tcp", TCP_HEAD
	    "   0: 00000000:0CBC 00000000:0000 0A 00000000:00000000\n"
	    "   1: %08X:A028 %08X:0CBC 01 00000000:00000000\n"
	    "   2: %08X:0CBC %08X:9999 01 00000000:00000000\n"
	    "   3: %08X:0CBC %08X:9998 06 00000000:00000000\n",
	    word("192.0.2.1"), word("192.0.2.2"),
	    word("192.0.2.1"), word("192.0.2.7"),
	    word("192.0.2.1"), word("192.0.2.7"));
	put("proc/net/tcp6", TCP_HEAD
	    "   0: 0000000000000000FFFF0000%08X:0016 0000000000000000FFFF0000%08X:1234 01 0\n",
	    word("192.0.2.1"), word("192.0.2.9"));
	put("sys/kernel/config/target/iscsi/" IQN "/tpgt_1/np/0.0.0.0:3260/iser",
	    "0\n");
	put("sys/kernel/config/target/iscsi/" IQN "/tpgt_1/np/[2001:db8::1]:3261/iser",
	    "0\n");
	put("sys/kernel/config/target/iscsi/discovery_auth/enforce", "0\n");
}

/* ---- ends ---- */

static void test_ends(void)
{
	static const unsigned char mapped[16] = {
		[10] = 0xff, 0xff, 192, 0, 2, 1
	};
	struct end a, b;
	char text[END_TEXT];

	tap_ok(end_parse(&a, "192.0.2.1", 3260) &&
	       !strcmp(end_text(&a, text), "192.0.2.1:3260"), "an IPv4 end");
	tap_ok(end_parse(&b, "2001:db8::1", 3260) &&
	       !strcmp(end_text(&b, text), "[2001:db8::1]:3260") &&
	       !end_same(&a, &b), "an IPv6 end");
	tap_ok(end_set(&b, mapped, 16, 3260) && end_same(&a, &b) &&
	       end_parse(&b, "0000:0000:0000:0000:0000:ffff:c000:0201", 3260) &&
	       end_same(&a, &b), "IPv4 in IPv6 is IPv4");
	tap_ok(!end_parse(&b, "disk", 1) && !end_set(&b, mapped, 5, 1) &&
	       !strcmp(end_addr(&b, text), "?"), "what is no address");
}

/* ---- the directories ---- */

static const struct disk *disk_at(const struct table *disks, const char *name)
{
	size_t i;

	for (i = 0; i < disks->count; i++) {
		const struct disk *disk = table_row(disks, struct disk, i);

		if (!strcmp(disk->name, name))
			return disk;
	}
	return NULL;
}

static bool disk_is(const struct table *disks, const char *name,
		    unsigned int session, int lun)
{
	const struct disk *disk = disk_at(disks, name);

	return disk && disk->session == session && disk->lun == lun;
}

static void test_sessions(void)
{
	struct table sessions = { }, disks = { };
	const struct session *one = NULL, *twelve = NULL;
	size_t i;

	sessions_get(&sessions, &disks);
	for (i = 0; i < sessions.count; i++) {
		const struct session *s = table_row(&sessions, struct session,
						    i);

		if (s->number == 1)
			one = s;
		if (s->number == 12)
			twelve = s;
	}
	tap_ok(sessions.count == 2 && one && twelve, "two sessions");
	tap_ok(one && one->connected && !strcmp(one->target, IQN) &&
	       one->remote.port == 3260 && one->local_port == 41000,
	       "a session with its connection, not that of session 12");
	tap_ok(twelve && !twelve->connected && !strcmp(twelve->state, "FAILED"),
	       "a session without a connection");
	tap_ok(disks.count == 6 && disk_is(&disks, "sdf", 1, -1) && disk_is(&disks, "sda", 1, 0) &&
	       disk_is(&disks, "sdb", 1, 1) && disk_is(&disks, "sdc", 1, 300) &&
	       disk_is(&disks, "sdd", 1, -1) && disk_is(&disks, "sde", 12, 0),
	       "disks by session and LUN");
	table_free(&sessions);
	table_free(&disks);
}

static bool finds(const char *arg, struct table *disks)
{
	table_free(disks);
	return !disk_find(arg, disks);
}

static void test_disks(void)
{
	struct table disks = { };
	char path[512];

	tap_ok(finds("sda", &disks) && disks.count == 1 &&
	       disk_is(&disks, "sda", 1, 0), "a disk by its name");
	tap_ok(finds("sda1", &disks) && disks.count == 1 &&
	       disk_is(&disks, "sda", 1, 0), "a partition is its disk");
	tap_ok(finds("dm-1", &disks) && disks.count == 2 &&
	       disk_is(&disks, "sda", 1, 0) && disk_is(&disks, "sde", 12, 0),
	       "what a device is made of");
	tap_ok(finds("md0p1", &disks) && disks.count == 1 &&
	       disk_is(&disks, "sde", 12, 0), "a partition of such a device");
	tap_ok(finds("vda", &disks) && !disks.count, "a disk of no session");
	tap_ok(finds("dm-9", &disks) && !disks.count, "a loop has an end");
	tap_ok(!finds("sdz", &disks), "no disk");
	snprintf(path, sizeof(path), "%s/proc/net/tcp", root);
	tap_ok(!finds(path, &disks), "a file is no disk");
	table_free(&disks);
}

static void test_tcp(void)
{
	struct table tcps = { }, portals = { };
	char text[END_TEXT];
	bool any = false, one = false;
	size_t i;

	tap_ok(!tcps_get(&tcps) && tcps.count == 3,
	       "established connections of both families");
	tap_ok(tcps.count == 3 &&
	       !strcmp(end_text(&table_row(&tcps, struct tcp, 0)->local, text),
		       "192.0.2.1:41000") &&
	       !strcmp(end_text(&table_row(&tcps, struct tcp, 2)->remote, text),
		       "192.0.2.9:4660"), "their ends");
	tap_ok(!portals_get(&portals) && portals.count == 2, "two portals");
	for (i = 0; i < portals.count; i++) {
		const struct portal *p = table_row(&portals, struct portal, i);

		any = any || (end_is_any(&p->end) && p->end.port == 3260);
		one = one || !strcmp(end_text(&p->end, text),
				     "[2001:db8::1]:3261");
	}
	tap_ok(any && one, "a portal of any address, and one of IPv6");
	table_free(&tcps);
	table_free(&portals);
}

/* ---- what follows from it ---- */

static struct view view;

static struct sa *add_sa(const char *src, const char *dst, uint32_t spi)
{
	struct sa *sa = table_add(&view.sas, sizeof(*sa));

	end_parse(&sa->src, src, 0);
	end_parse(&sa->dst, dst, 0);
	sa->spi = spi;
	strcpy(sa->algorithm, "asym(gcm(aes))");
	return sa;
}

static struct bound *add_bound(uint32_t lun, bool plain)
{
	struct bound *bound = table_add(&view.bounds, sizeof(*bound));

	strcpy(bound->target, IQN);
	bound->lun = lun;
	bound->plain = plain;
	bound->block_size = 512;
	return bound;
}

static struct flow *add_flow(uint32_t role, const char *local,
			     unsigned int lport, const char *remote,
			     unsigned int rport)
{
	struct flow *flow = table_add(&view.flows, sizeof(*flow));

	flow->role = role;
	flow->state = ASYM_FLOW_STATE_FULL_FEATURE;
	end_parse(&flow->local, local, lport);
	end_parse(&flow->remote, remote, rport);
	return flow;
}

static void add_sas(void)
{
	add_sa("192.0.2.1", "192.0.2.2", 0x1000);
	add_sa("192.0.2.2", "192.0.2.1", 0x1001);
}

/* An initiator with one session of one disk. */
static void begin(void)
{
	struct session *session;
	struct disk *disk;

	view_free(&view);
	session = table_add(&view.sessions, sizeof(*session));
	session->number = 1;
	strcpy(session->target, IQN);
	session->connected = true;
	session->local_port = 41000;
	end_parse(&session->remote, "192.0.2.2", 3260);
	disk = table_add(&view.disks, sizeof(*disk));
	strcpy(disk->name, "sda");
	disk->session = 1;
}

static void begin_tcp(void)
{
	struct tcp *tcp = table_add(&view.tcps, sizeof(*tcp));

	end_parse(&tcp->local, "192.0.2.1", 41000);
	end_parse(&tcp->remote, "192.0.2.2", 3260);
}

static struct flow *begin_flow(void)
{
	begin();
	begin_tcp();
	return add_flow(ASYM_FLOW_ROLE_INITIATOR, "192.0.2.1", 41000,
			"192.0.2.2", 3260);
}

static const struct conn *only(void)
{
	view_join(&view);
	return view.conns.count == 1 ? table_row(&view.conns, struct conn, 0) :
				       NULL;
}

/* The connection and its first disk are told apart by who complains. */
static bool complains(const char *text)
{
	const struct conn *conn = only();

	if (conn && view_problems(&view) == 1 && strstr(conn->problem, text))
		return true;
	printf("# %zu connections, %zu problems: %s\n", view.conns.count,
	       view_problems(&view), conn ? conn->problem : "");
	return false;
}

static bool unit_complains(const char *text)
{
	const struct conn *conn = only();

	return conn && view_problems(&view) == 1 && conn->units.count &&
	       strstr(table_row(&conn->units, struct unit, 0)->problem, text);
}

static void test_initiator(void)
{
	const struct conn *conn;
	struct sa *sa;

	begin_flow();
	add_bound(0, false);
	add_sas();
	sa = add_sa("192.0.2.1", "192.0.2.2", 0x2000);
	sa->added = 7;
	add_sa("192.0.2.1", "192.0.2.3", 0x3000)->added = 9;
	conn = only();
	tap_ok(conn && !view_problems(&view) && conn->flow && conn->session &&
	       conn->units.count == 1 && conn->out->spi == 0x2000 &&
	       conn->in->spi == 0x1001,
	       "a protected session, with the newest SA of its hosts");

	begin_flow();
	strcpy(add_bound(0, false)->target, "IQN.2026-11.Example:Disks");
	add_sas();
	tap_ok(only() && !view_problems(&view), "names in upper case");

	begin_flow();
	add_bound(0, true)->block_size = 0;
	add_sas();
	tap_ok(only() && !view_problems(&view),
	       "a plain unit is as configured, of whatever block size");

	begin_flow();
	((struct disk *)table_add(&view.disks, sizeof(struct disk)))->session =
		7;
	add_bound(0, false);
	add_sas();
	conn = only();
	tap_ok(conn && conn->units.count == 1, "the disk of another session");

	begin_flow();
	add_bound(1, false);
	add_sas();
	tap_ok(unit_complains("not bound"), "an unbound unit");

	begin_flow();
	add_bound(0, false)->state = ASYM_STATE_NO_KEY;
	add_sas();
	tap_ok(unit_complains("no-key"), "a unit without a key");

	begin_flow();
	add_bound(0, false)->block_size = 0;
	add_sas();
	tap_ok(unit_complains("block size"), "a unit of unknown block size");

	begin_flow();
	table_row(&view.disks, struct disk, 0)->lun = -1;
	add_bound(0, false);
	add_sas();
	tap_ok(unit_complains("not bound"), "a unit whose LUN has no number");

	begin_flow()->state = ASYM_FLOW_STATE_BROKEN;
	table_row(&view.flows, struct flow, 0)->reason = ASYM_REASON_BAD_ICV;
	add_bound(0, false);
	add_sas();
	tap_ok(complains("refused (bad-icv)"), "a broken connection");

	begin_flow()->state = ASYM_FLOW_STATE_UNPROTECTED;
	add_bound(0, true);
	tap_ok(complains("no asymmetric SA protects"),
	       "a connection that is only watched");

	begin_flow();
	add_bound(0, false);
	sa = add_sa("198.51.100.1", "198.51.100.2", 0x1000);
	sa->from_here = true;
	sa->tunnel = true;
	sa = add_sa("198.51.100.2", "198.51.100.1", 0x1001);
	sa->to_here = true;
	sa->tunnel = true;
	conn = only();
	tap_ok(conn && !view_problems(&view) && conn->out->spi == 0x1000 &&
	       conn->in->spi == 0x1001, "a tunnel has addresses of its own");
	begin_flow();
	add_bound(0, false);
	sa = add_sa("198.51.100.1", "198.51.100.2", 0x1000);
	sa->from_here = true;
	sa->tunnel = true;
	tap_ok(complains("no asymmetric SA from 192.0.2.2 to 192.0.2.1"),
	       "half a tunnel");
	begin_flow();
	add_bound(0, false);
	add_sas();
	table_row(&view.sas, struct sa, 0)->from_here = true;
	end_parse(&table_row(&view.sas, struct sa, 0)->dst, "192.0.2.3", 0);
	tap_ok(complains("no asymmetric SA from 192.0.2.1 to 192.0.2.2"),
	       "an SA in transport mode is for its own hosts");

	begin_flow();
	add_bound(0, false);
	add_sa("192.0.2.1", "192.0.2.2", 0x1000);
	tap_ok(complains("no asymmetric SA from 192.0.2.2 to 192.0.2.1"),
	       "an SA in one direction");
	begin_flow();
	add_bound(0, false);
	add_sa("192.0.2.2", "192.0.2.1", 0x1000);
	tap_ok(complains("no asymmetric SA from 192.0.2.1 to 192.0.2.2"),
	       "an SA in the other direction");
}

static void test_unfollowed(void)
{
	struct flow *flow;

	begin();
	begin_tcp();
	add_bound(0, true);
	tap_ok(complains("no asymmetric SA from"), "no flow, and no SA");

	begin();
	begin_tcp();
	add_bound(0, true);
	add_sas();
	tap_ok(complains("not followed"), "no flow, though there are SAs");

	begin();
	add_bound(0, true);
	add_sas();
	tap_ok(complains("not established in this network namespace"),
	       "a connection that is not here");

	begin();
	table_row(&view.sessions, struct session, 0)->connected = false;
	strcpy(table_row(&view.sessions, struct session, 0)->state, "FAILED");
	add_bound(0, true);
	add_sas();
	tap_ok(complains("no connection (state FAILED)"),
	       "a session without a connection is a problem");

	flow = begin_flow();
	flow->local.port++;
	add_bound(0, true);
	add_sas();
	view_join(&view);
	tap_ok(view.conns.count == 2 && view_problems(&view) == 1,
	       "a flow from another port is not the session's");

	view_free(&view);
	tap_ok(!view_problems(&view) && (view_join(&view), !view.conns.count),
	       "nothing at all is no problem");

	view_free(&view);
	flow = add_flow(ASYM_FLOW_ROLE_INITIATOR, "192.0.2.1", 41000,
			"192.0.2.2", 3260);
	flow->state = ASYM_FLOW_STATE_UNPROTECTED;
	flow->discovery = true;
	view_join(&view);
	tap_ok(view.conns.count == 1 && !view_problems(&view),
	       "discovery has nothing to protect");
}

static void begin_target(const char *portal)
{
	struct tcp *tcp;
	struct portal *p;

	view_free(&view);
	tcp = table_add(&view.tcps, sizeof(*tcp));
	end_parse(&tcp->local, "192.0.2.2", 3260);
	end_parse(&tcp->remote, "192.0.2.1", 41000);
	p = table_add(&view.portals, sizeof(*p));
	end_parse(&p->end, portal, 3260);
	strcpy(p->target, IQN);
	add_sas();
}

static void test_target(void)
{
	const struct conn *conn;

	begin_target("0.0.0.0");
	tap_ok(complains("not followed"), "an accepted connection without a flow");

	begin_target("192.0.2.2");
	add_flow(ASYM_FLOW_ROLE_TARGET, "192.0.2.2", 3260, "192.0.2.1", 41000);
	conn = only();
	tap_ok(conn && !view_problems(&view) && !strcmp(conn->target, IQN) &&
	       conn->out->spi == 0x1001 && conn->in->spi == 0x1000,
	       "one with a flow, named by its portal");

	begin_target("192.0.2.2");
	add_flow(ASYM_FLOW_ROLE_TARGET, "192.0.2.2", 3260, "192.0.2.1", 41001);
	view_join(&view);
	tap_ok(view.conns.count == 2 && view_problems(&view) == 1,
	       "the flow of another connection does not count");

	begin_target("192.0.2.3");
	view_join(&view);
	tap_ok(!view.conns.count, "a connection to no portal of ours");
}

int main(void)
{
	char command[64];

	/* Complaints are expected. */
	strcpy(root, "/tmp/asymctl-view-XXXXXX");
	if (!freopen("/dev/null", "w", stderr) || !mkdtemp(root))
		return 1;
	view_root = root;
	put_sessions();
	put_tcp();
	test_ends();
	test_sessions();
	test_disks();
	test_tcp();
	test_initiator();
	test_unfollowed();
	test_target();
	view_free(&view);
	snprintf(command, sizeof(command), "rm -r '%s'", root);
	tap_ok(!system(command), "the directory of the tests can be removed");
	return tap_end();
}
