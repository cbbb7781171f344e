/* SPDX-License-Identifier: GPL-2.0 */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/asym-flow.yaml */

#ifndef _ASYM_FLOW_NAMES_GEN_H
#define _ASYM_FLOW_NAMES_GEN_H

#define ASYM_FLOW_ROLE_NAMES {					\
	[ASYM_FLOW_ROLE_INITIATOR] = "initiator",		\
	[ASYM_FLOW_ROLE_TARGET] = "target",			\
}

#define ASYM_FLOW_STATE_NAMES {					\
	[ASYM_FLOW_STATE_LOGIN] = "login",			\
	[ASYM_FLOW_STATE_FULL_FEATURE] = "full-feature",	\
	[ASYM_FLOW_STATE_BROKEN] = "broken",			\
	[ASYM_FLOW_STATE_UNPROTECTED] = "unprotected",		\
}

#endif /* _ASYM_FLOW_NAMES_GEN_H */
