// SPDX-License-Identifier: GPL-2.0
/*
 * The connections that the kernel follows.
 */
#include <arpa/inet.h>
#include <string.h>

#include "asymctl.h"
#include "view.h"

static bool flow_end(struct end *end, const struct nlattr *addr,
		     const struct nlattr *port)
{
	return addr && port &&
	       end_set(end, mnl_attr_get_payload(addr),
		       mnl_attr_get_payload_len(addr),
		       ntohs(mnl_attr_get_u16(port)));
}

static void flow_add(const struct nlattr *const *attrs, void *arg)
{
	const struct nlattr *attr;
	struct flow flow = { };

	if (!attrs[ASYM_FLOW_A_FLOW_ROLE] || !attrs[ASYM_FLOW_A_FLOW_STATE] ||
	    !flow_end(&flow.local, attrs[ASYM_FLOW_A_FLOW_LOCAL_ADDR],
		      attrs[ASYM_FLOW_A_FLOW_LOCAL_PORT]) ||
	    !flow_end(&flow.remote, attrs[ASYM_FLOW_A_FLOW_REMOTE_ADDR],
		      attrs[ASYM_FLOW_A_FLOW_REMOTE_PORT]))
		return;
	flow.role = mnl_attr_get_u32(attrs[ASYM_FLOW_A_FLOW_ROLE]);
	flow.state = mnl_attr_get_u32(attrs[ASYM_FLOW_A_FLOW_STATE]);
	attr = attrs[ASYM_FLOW_A_FLOW_REASON];
	if (attr)
		flow.reason = mnl_attr_get_u32(attr);
	attr = attrs[ASYM_FLOW_A_FLOW_TARGET];
	if (attr)
		snprintf(flow.target, sizeof(flow.target), "%s",
			 mnl_attr_get_str(attr));
	flow.discovery = attrs[ASYM_FLOW_A_FLOW_DISCOVERY];
	flow.header_digest = attrs[ASYM_FLOW_A_FLOW_HEADER_DIGEST];
	flow.data_digest = attrs[ASYM_FLOW_A_FLOW_DATA_DIGEST];
	attr = attrs[ASYM_FLOW_A_FLOW_OPAQUE_SENT];
	if (attr)
		flow.sent = mnl_attr_get_u64(attr);
	attr = attrs[ASYM_FLOW_A_FLOW_OPAQUE_RECEIVED];
	if (attr) {
		flow.has_received = true;
		flow.received = mnl_attr_get_u64(attr);
	}
	*(struct flow *)table_add(arg, sizeof(flow)) = flow;
}

static void flows_forget(void *arg)
{
	table_free(arg);
}

int flows_get(struct table *flows)
{
	struct nl *nl = nl_open(&nl_asym_flow);
	int ret;

	if (!nl)
		return EXIT_FAILED;
	ret = nl_list(nl, ASYM_FLOW_CMD_GET, flow_add, ASYM_FLOW_A_FLOW_MAX,
		      flows_forget, flows);
	nl_close(nl);
	return ret;
}
