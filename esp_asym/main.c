// SPDX-License-Identifier: GPL-2.0
/*
 * esp_asym: ESP that carries user data under a key of the initiator's own.
 */
#include <linux/module.h>

#include "flow.h"
#include "sa.h"
#include "stat.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

struct part {
	int	(*init)(void);		/* or NULL */
	void	(*exit)(void);
};

/* From the bottom up; names of algorithms last, so that nothing can be set up
 * before all of it works.
 */
static const struct part parts[] = {
	{ asym_stat_init, asym_stat_exit },
	{ asym_netlink_init, asym_netlink_exit },
	{ asym_sa_init, asym_sa_exit },
	{ asym_flow_init, asym_flow_exit },
	{ NULL, asym_socket_exit },
	{ asym_hook_init, asym_hook_exit },
	{ asym_offload_init, asym_offload_exit },
	{ asym_egress_init, asym_egress_exit },
	{ asym_state_init, asym_state_exit },
	{ asym_algo_init, asym_algo_exit },
};

static void stop(size_t n)
{
	while (n--)
		parts[n].exit();
}

static int __init asym_init(void)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		err = parts[i].init ? parts[i].init() : 0;
		if (err) {
			stop(i);
			return err;
		}
	}
	return 0;
}

static void __exit asym_exit(void)
{
	stop(ARRAY_SIZE(parts));
}

module_init(asym_init);
module_exit(asym_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Asymmetric ESP for iSCSI");
MODULE_SOFTDEP("pre: esp4 esp4_offload esp6 esp6_offload");
