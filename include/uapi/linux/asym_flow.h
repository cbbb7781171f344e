/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/asym-flow.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_ASYM_FLOW_H
#define _UAPI_LINUX_ASYM_FLOW_H

#define ASYM_FLOW_FAMILY_NAME		"asym-flow"
#define ASYM_FLOW_FAMILY_VERSION	1

/**
 * enum asym_flow_role - which end of the connection is local
 * @ASYM_FLOW_ROLE_INITIATOR: this host has connected, and has the local keys
 * @ASYM_FLOW_ROLE_TARGET: this host has accepted, and passes opaque data on
 */
enum asym_flow_role {
	ASYM_FLOW_ROLE_INITIATOR,
	ASYM_FLOW_ROLE_TARGET,

	/* private: */
	__ASYM_FLOW_ROLE_MAX,
	ASYM_FLOW_ROLE_MAX = (__ASYM_FLOW_ROLE_MAX - 1)
};

/**
 * enum asym_flow_state - what a connection can be used for
 * @ASYM_FLOW_STATE_LOGIN: followed, and nothing but logins was sent so far
 * @ASYM_FLOW_STATE_FULL_FEATURE: followed, and the login is done
 * @ASYM_FLOW_STATE_BROKEN: refused for a reason; its reset is under way
 * @ASYM_FLOW_STATE_UNPROTECTED: there is no asymmetric SA; only the login is
 *   read, until it is known whether the target has a unit that is bound to a
 *   key
 */
enum asym_flow_state {
	ASYM_FLOW_STATE_LOGIN,
	ASYM_FLOW_STATE_FULL_FEATURE,
	ASYM_FLOW_STATE_BROKEN,
	ASYM_FLOW_STATE_UNPROTECTED,

	/* private: */
	__ASYM_FLOW_STATE_MAX,
	ASYM_FLOW_STATE_MAX = (__ASYM_FLOW_STATE_MAX - 1)
};

enum {
	ASYM_FLOW_A_FLOW_ROLE = 1,
	ASYM_FLOW_A_FLOW_LOCAL_ADDR,
	ASYM_FLOW_A_FLOW_REMOTE_ADDR,
	ASYM_FLOW_A_FLOW_LOCAL_PORT,
	ASYM_FLOW_A_FLOW_REMOTE_PORT,
	ASYM_FLOW_A_FLOW_STATE,
	ASYM_FLOW_A_FLOW_REASON,
	ASYM_FLOW_A_FLOW_TARGET,
	ASYM_FLOW_A_FLOW_DISCOVERY,
	ASYM_FLOW_A_FLOW_HEADER_DIGEST,
	ASYM_FLOW_A_FLOW_DATA_DIGEST,
	ASYM_FLOW_A_FLOW_OPAQUE_SENT,
	ASYM_FLOW_A_FLOW_OPAQUE_RECEIVED,
	ASYM_FLOW_A_FLOW_PAD,

	__ASYM_FLOW_A_FLOW_MAX,
	ASYM_FLOW_A_FLOW_MAX = (__ASYM_FLOW_A_FLOW_MAX - 1)
};

enum {
	ASYM_FLOW_CMD_GET = 1,

	__ASYM_FLOW_CMD_MAX,
	ASYM_FLOW_CMD_MAX = (__ASYM_FLOW_CMD_MAX - 1)
};

#endif /* _UAPI_LINUX_ASYM_FLOW_H */
