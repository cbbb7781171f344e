// SPDX-License-Identifier: GPL-2.0
/*
 * Connections, SAs, sessions and bindings put together: what is protected, and
 * what is not as it is configured.
 */
#include <string.h>
#include <strings.h>

#include "asymctl.h"
#include "view.h"

#define problem(conn, ...)						\
	text_cut((conn)->problem, sizeof((conn)->problem), __VA_ARGS__)

/* The newest one between two hosts, which is what the sender uses. */
static const struct sa *find_between(const struct table *sas,
				     const struct end *src,
				     const struct end *dst)
{
	const struct sa *found = NULL;
	size_t i;

	for (i = 0; i < sas->count; i++) {
		const struct sa *sa = table_row(sas, struct sa, i);

		if (end_same_addr(&sa->src, src) &&
		    end_same_addr(&sa->dst, dst) &&
		    (!found || sa->added > found->added))
			found = sa;
	}
	return found;
}

/*
 * The newest one of another mode than transport, which has addresses of its own.
 * Which of several tunnels a connection takes only policies could tell.
 */
static const struct sa *find_tunnel(const struct table *sas, bool out)
{
	const struct sa *found = NULL;
	size_t i;

	for (i = 0; i < sas->count; i++) {
		const struct sa *sa = table_row(sas, struct sa, i);

		if (sa->tunnel && (out ? sa->from_here : sa->to_here) &&
		    (!found || sa->added > found->added))
			found = sa;
	}
	return found;
}

static const struct bound *find_bound(const struct table *bounds,
				      const char *target, int lun)
{
	size_t i;

	for (i = 0; i < bounds->count; i++) {
		const struct bound *b = table_row(bounds, struct bound, i);

		if ((int)b->lun == lun && !strcasecmp(b->target, target))
			return b;
	}
	return NULL;
}

static void judge_unit(struct unit *unit)
{
	const struct bound *bound = unit->bound;
	char *text = unit->problem;
	size_t size = sizeof(unit->problem);

	if (!bound)
		text_cut(text, size, "not bound: its data commands are refused");
	else if (bound->state != ASYM_STATE_USABLE)
		text_cut(text, size,
			 "its binding is in state %s: its data commands are refused",
			 state_name(bound->state));
	else if (!bound->plain && !bound->block_size)
		text_cut(text, size,
			 "its block size is not known: its data commands are refused until it is scanned again");
}

static void join_units(const struct view *view, struct conn *conn)
{
	size_t i;

	if (!conn->session)
		return;
	for (i = 0; i < view->disks.count; i++) {
		const struct disk *disk = table_row(&view->disks, struct disk,
						    i);
		struct unit *unit;

		if (disk->session != conn->session->number)
			continue;
		unit = table_add(&conn->units, sizeof(*unit));
		unit->disk = disk;
		unit->bound = find_bound(&view->bounds, conn->session->target,
					 disk->lun);
		judge_unit(unit);
	}
}

static void judge_sas(struct conn *conn)
{
	const struct end *from = conn->out ? &conn->remote : &conn->local;
	const struct end *to = conn->out ? &conn->local : &conn->remote;
	char src[END_TEXT], dst[END_TEXT];

	if (!conn->out || !conn->in)
		problem(conn, "no asymmetric SA from %s to %s",
			end_addr(from, src), end_addr(to, dst));
}

static void judge_flow(struct conn *conn)
{
	const struct flow *flow = conn->flow;

	/* No user data on it, and over as soon as the targets are known. */
	if (flow->discovery && flow->state != ASYM_FLOW_STATE_BROKEN)
		return;
	if (flow->state == ASYM_FLOW_STATE_BROKEN)
		problem(conn, "the connection is refused (%s)",
			reason_name(flow->reason));
	else if (flow->state == ASYM_FLOW_STATE_UNPROTECTED)
		problem(conn, "no asymmetric SA protects the connection");
	else
		judge_sas(conn);
}

/* There is no flow: why? */
static void judge_unfollowed(struct conn *conn)
{
	if (conn->session && !conn->session->connected)
		problem(conn, "the session has no connection (state %s)",
			conn->session->state);
	else if (!conn->local.family)
		problem(conn, "its connection is not established in this network namespace");
	else
		judge_sas(conn);
	if (!*conn->problem)
		problem(conn, "not followed: older than SA or module, or not to an iSCSI port");
}

static void join_conn(const struct view *view, struct conn *conn)
{
	if (conn->local.family && conn->remote.family) {
		conn->out = find_between(&view->sas, &conn->local,
					 &conn->remote);
		conn->in = find_between(&view->sas, &conn->remote,
					&conn->local);
		if (!conn->out)
			conn->out = find_tunnel(&view->sas, true);
		if (!conn->in)
			conn->in = find_tunnel(&view->sas, false);
	}
	join_units(view, conn);
	if (conn->flow)
		judge_flow(conn);
	else
		judge_unfollowed(conn);
}

static bool is_of(const struct session *session, const struct end *local,
		  const struct end *remote)
{
	return session->connected && session->local_port == local->port &&
	       end_same(&session->remote, remote);
}

static const struct session *find_session(const struct view *view,
					  const struct flow *flow)
{
	size_t i;

	for (i = 0; i < view->sessions.count; i++) {
		const struct session *session =
			table_row(&view->sessions, struct session, i);

		if (is_of(session, &flow->local, &flow->remote))
			return session;
	}
	return NULL;
}

/* The only target at a portal; several may share one. */
static const char *portal_target(const struct view *view,
				 const struct end *local, bool *known)
{
	const char *target = "";
	size_t i;

	*known = false;
	for (i = 0; i < view->portals.count; i++) {
		const struct portal *portal =
			table_row(&view->portals, struct portal, i);

		if (portal->end.port != local->port ||
		    !(end_is_any(&portal->end) ||
		      end_same_addr(&portal->end, local)))
			continue;
		if (*known && strcmp(target, portal->target))
			return "";
		target = portal->target;
		*known = true;
	}
	return target;
}

static void join_flows(struct view *view)
{
	size_t i;
	bool known;

	for (i = 0; i < view->flows.count; i++) {
		const struct flow *flow = table_row(&view->flows, struct flow,
						    i);
		struct conn *conn = table_add(&view->conns, sizeof(*conn));

		conn->role = flow->role;
		conn->flow = flow;
		conn->local = flow->local;
		conn->remote = flow->remote;
		conn->target = flow->target;
		if (flow->role == ASYM_FLOW_ROLE_INITIATOR)
			conn->session = find_session(view, flow);
		else
			conn->target = portal_target(view, &flow->local,
						     &known);
	}
}

static bool session_is_joined(const struct view *view,
			      const struct session *session)
{
	size_t i;

	for (i = 0; i < view->conns.count; i++)
		if (table_row(&view->conns, struct conn, i)->session ==
		    session)
			return true;
	return false;
}

static void join_sessions(struct view *view)
{
	size_t i, t;

	for (i = 0; i < view->sessions.count; i++) {
		const struct session *session =
			table_row(&view->sessions, struct session, i);
		struct conn *conn;

		if (session_is_joined(view, session))
			continue;
		conn = table_add(&view->conns, sizeof(*conn));
		conn->role = ASYM_FLOW_ROLE_INITIATOR;
		conn->session = session;
		conn->target = session->target;
		if (session->connected)
			conn->remote = session->remote;
		for (t = 0; t < view->tcps.count; t++) {
			const struct tcp *tcp = table_row(&view->tcps,
							  struct tcp, t);

			if (is_of(session, &tcp->local, &tcp->remote))
				conn->local = tcp->local;
		}
	}
}

static bool tcp_is_followed(const struct view *view, const struct tcp *tcp)
{
	size_t i;

	for (i = 0; i < view->flows.count; i++) {
		const struct flow *flow = table_row(&view->flows, struct flow,
						    i);

		if (end_same(&flow->local, &tcp->local) &&
		    end_same(&flow->remote, &tcp->remote))
			return true;
	}
	return false;
}

/* What has been accepted by a portal of ours. */
static void join_accepted(struct view *view)
{
	size_t i;
	bool known;

	for (i = 0; i < view->tcps.count; i++) {
		const struct tcp *tcp = table_row(&view->tcps, struct tcp, i);
		const char *target = portal_target(view, &tcp->local, &known);
		struct conn *conn;

		if (!known || tcp_is_followed(view, tcp))
			continue;
		conn = table_add(&view->conns, sizeof(*conn));
		conn->role = ASYM_FLOW_ROLE_TARGET;
		conn->target = target;
		conn->local = tcp->local;
		conn->remote = tcp->remote;
	}
}

/* From what has been gathered: the connections, and what is wrong with them. */
void view_join(struct view *view)
{
	size_t i;

	join_flows(view);
	join_sessions(view);
	join_accepted(view);
	for (i = 0; i < view->conns.count; i++)
		join_conn(view, table_row(&view->conns, struct conn, i));
}

/*
 * Gather everything.  What says that a connection exists comes first: one that
 * begins meanwhile is not missed among the flows, and is not taken for one
 * that is not followed.
 */
int view_get(struct view *view)
{
	int ret;

	memset(view, 0, sizeof(*view));
	ret = sessions_get(&view->sessions, &view->disks);
	if (!ret)
		ret = portals_get(&view->portals);
	if (!ret)
		ret = tcps_get(&view->tcps);
	if (!ret)
		ret = flows_get(&view->flows);
	if (!ret)
		ret = bounds_get(&view->bounds);
	if (!ret)
		ret = sas_get(&view->sas);
	if (!ret)
		view_join(view);
	return ret;
}

void view_free(struct view *view)
{
	size_t i;

	for (i = 0; i < view->conns.count; i++)
		table_free(&table_row(&view->conns, struct conn, i)->units);
	table_free(&view->conns);
	table_free(&view->flows);
	table_free(&view->sas);
	table_free(&view->bounds);
	table_free(&view->sessions);
	table_free(&view->disks);
	table_free(&view->tcps);
	table_free(&view->portals);
}

size_t view_problems(const struct view *view)
{
	size_t i, u, n = 0;

	for (i = 0; i < view->conns.count; i++) {
		const struct conn *conn = table_row(&view->conns, struct conn,
						    i);

		n += *conn->problem != '\0';
		for (u = 0; u < conn->units.count; u++)
			n += *table_row(&conn->units, struct unit, u)->problem
			     != '\0';
	}
	return n;
}
