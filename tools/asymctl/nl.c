// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: the family, requests, replies and what the kernel says to
 * errors.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asymctl.h"

const struct nl_family nl_asym = {
	.name		= ASYM_FAMILY_NAME,
	.version	= ASYM_FAMILY_VERSION,
	.missing	= "the kernel does not know about keys: load the module keystore",
};

const struct nl_family nl_asym_flow = {
	.name		= ASYM_FLOW_FAMILY_NAME,
	.version	= ASYM_FLOW_FAMILY_VERSION,
	.missing	= "the kernel follows no connections: load the module esp_asym",
};

/* How often a list is asked for that changes while it is read. */
#define LIST_ATTEMPTS	20

/* Build a request; nl->msg is then to be filled with attributes. */
static void nl_start(struct nl *nl, uint16_t type, uint8_t cmd, uint8_t version,
		     bool dump)
{
	struct genlmsghdr *genl;

	nl->msg = mnl_nlmsg_put_header(nl->request);
	nl->msg->nlmsg_type = type;
	nl->msg->nlmsg_flags = NLM_F_REQUEST | (dump ? NLM_F_DUMP : NLM_F_ACK);
	nl->msg->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nl->msg, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
}

void nl_request(struct nl *nl, uint8_t cmd, bool dump)
{
	nl_start(nl, nl->family, cmd, nl->of->version, dump);
}

struct attr_table {
	const struct nlattr	**attrs;
	uint16_t		max;
};

static int nl_attr(const struct nlattr *attr, void *data)
{
	struct attr_table *table = data;
	uint16_t type = mnl_attr_get_type(attr);

	if (type <= table->max)
		table->attrs[type] = attr;
	return MNL_CB_OK;
}

void nl_attrs(const struct nlmsghdr *nlh, const struct nlattr **attrs,
	      uint16_t max_attr)
{
	struct attr_table table = { attrs, max_attr };

	memset(attrs, 0, (max_attr + 1) * sizeof(*attrs));
	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), nl_attr, &table);
}

/* The sentence of the kernel in an error or at the end of a dump, or NULL. */
static const char *nl_kernel_text(const struct nlmsghdr *nlh)
{
	const struct nlattr *attrs[NLMSGERR_ATTR_MSG + 1] = { };
	struct attr_table table = { attrs, NLMSGERR_ATTR_MSG };
	size_t offset = sizeof(int);

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);

		offset = sizeof(*err);
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
			offset += mnl_nlmsg_get_payload_len(&err->msg);
	}
	mnl_attr_parse(nlh, offset, nl_attr, &table);
	return attrs[NLMSGERR_ATTR_MSG] ?
	       mnl_attr_get_str(attrs[NLMSGERR_ATTR_MSG]) : NULL;
}

/* The error number in an acknowledgment or at the end of a dump. */
static int nl_errno(const struct nlmsghdr *nlh)
{
	int err = 0;

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(err))
		memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
	return -err;
}

static int nl_finish(const struct nlmsghdr *nlh)
{
	int err = nl_errno(nlh);
	const char *text;

	if (!err)
		return EXIT_OK;
	text = nl_kernel_text(nlh);
	if (text)
		error("kernel: %s (%s)", text, strerror(err));
	else
		error("kernel: %s", strerror(err));
	return EXIT_FAILED;
}

/*
 * Send the request and hand each answer to reply(); complain about an error of
 * the kernel in its own words.
 */
static int nl_exchange(struct nl *nl, nl_reply_fn reply, uint16_t max_attr,
		       void *arg, bool *interrupted)
{
	const struct nlattr *attrs[max_attr + 1];
	uint32_t seq = nl->msg->nlmsg_seq;
	struct nlmsghdr *nlh;
	ssize_t ret;
	int len;

	*interrupted = false;
	if (mnl_socket_sendto(nl->sock, nl->msg, nl->msg->nlmsg_len) < 0) {
		error("cannot send to the kernel: %s", strerror(errno));
		return EXIT_FAILED;
	}
	for (;;) {
		ret = mnl_socket_recvfrom(nl->sock, nl->reply,
					  sizeof(nl->reply));
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0) {
			error("no answer of the kernel: %s", strerror(errno));
			return EXIT_FAILED;
		}
		len = ret;
		for (nlh = (struct nlmsghdr *)nl->reply; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			if (nlh->nlmsg_seq != seq)
				continue;
			if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
				*interrupted = true;
			if (nlh->nlmsg_type == NLMSG_ERROR ||
			    nlh->nlmsg_type == NLMSG_DONE)
				return nl_finish(nlh);
			if (nlh->nlmsg_type < NLMSG_MIN_TYPE || !reply)
				continue;
			nl_attrs(nlh, attrs, max_attr);
			reply(attrs, arg);
		}
	}
}

int nl_run(struct nl *nl, nl_reply_fn reply, uint16_t max_attr, void *arg)
{
	bool interrupted;
	int ret;

	ret = nl_exchange(nl, reply, max_attr, arg, &interrupted);
	if (ret || !interrupted)
		return ret;
	error("keys or bindings changed meanwhile; the list may be incomplete");
	return EXIT_FAILED;
}

/* Ask for a list until it has not changed meanwhile; forget() what came before. */
int nl_list(struct nl *nl, uint8_t cmd, nl_reply_fn reply, uint16_t max_attr,
	    void (*forget)(void *arg), void *arg)
{
	bool interrupted;
	int i, ret;

	for (i = 0; i < LIST_ATTEMPTS; i++) {
		forget(arg);
		nl_request(nl, cmd, true);
		ret = nl_exchange(nl, reply, max_attr, arg, &interrupted);
		if (ret || !interrupted)
			return ret;
	}
	error("the list changes faster than it can be read; try again");
	return EXIT_FAILED;
}

static int nl_group(const struct nlattr *group, struct nl *nl)
{
	const struct nlattr *attrs[CTRL_ATTR_MCAST_GRP_MAX + 1] = { };
	struct attr_table table = { attrs, CTRL_ATTR_MCAST_GRP_MAX };

	mnl_attr_parse_nested(group, nl_attr, &table);
	if (attrs[CTRL_ATTR_MCAST_GRP_NAME] && attrs[CTRL_ATTR_MCAST_GRP_ID] &&
	    !strcmp(mnl_attr_get_str(attrs[CTRL_ATTR_MCAST_GRP_NAME]),
		    ASYM_MCGRP_EVENTS))
		nl->events = mnl_attr_get_u32(attrs[CTRL_ATTR_MCAST_GRP_ID]);
	return MNL_CB_OK;
}

static void nl_family(const struct nlattr *const *attrs, void *arg)
{
	const struct nlattr *group;
	struct nl *nl = arg;

	if (attrs[CTRL_ATTR_FAMILY_ID])
		nl->family = mnl_attr_get_u16(attrs[CTRL_ATTR_FAMILY_ID]);
	if (attrs[CTRL_ATTR_MCAST_GROUPS])
		mnl_attr_for_each_nested(group, attrs[CTRL_ATTR_MCAST_GROUPS])
			nl_group(group, nl);
}

/* Ask for the family without a complaint that speaks of netlink. */
static bool nl_find_family(struct nl *nl)
{
	const struct nlattr *attrs[CTRL_ATTR_MCAST_GROUPS + 1];
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->reply;
	ssize_t ret;
	int len;

	nl_start(nl, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, false);
	nl->msg->nlmsg_flags = NLM_F_REQUEST;
	mnl_attr_put_strz(nl->msg, CTRL_ATTR_FAMILY_NAME, nl->of->name);
	if (mnl_socket_sendto(nl->sock, nl->msg, nl->msg->nlmsg_len) < 0)
		return false;
	ret = mnl_socket_recvfrom(nl->sock, nl->reply, sizeof(nl->reply));
	if (ret < 0)
		return false;
	len = ret;
	if (!mnl_nlmsg_ok(nlh, len) || nlh->nlmsg_type != GENL_ID_CTRL)
		return false;
	nl_attrs(nlh, attrs, CTRL_ATTR_MCAST_GROUPS);
	nl_family(attrs, nl);
	return nl->family;
}

struct nl *nl_open(const struct nl_family *family)
{
	struct nl *nl = calloc(1, sizeof(*nl));
	int on = 1;

	if (!nl) {
		error("out of memory");
		return NULL;
	}
	nl->of = family;
	nl->seq = time(NULL);
	nl->sock = mnl_socket_open(NETLINK_GENERIC);
	if (!nl->sock ||
	    mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		error("cannot open a netlink socket: %s", strerror(errno));
		goto err;
	}
	mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	if (!nl_find_family(nl)) {
		error("%s", family->missing);
		goto err;
	}
	return nl;
err:
	nl_close(nl);
	return NULL;
}

void nl_close(struct nl *nl)
{
	if (nl->sock)
		mnl_socket_close(nl->sock);
	free(nl);
}
