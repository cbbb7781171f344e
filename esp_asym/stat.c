// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of a network namespace in /proc/net/esp_asym_stat, one "name value"
 * per line.  Documented in Documentation/esp_asym.rst.
 */
#include <linux/percpu.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <net/ip.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/snmp.h>

#include "stat.h"
#include "trace.h"

#define NR_REASONS	(__ASYM_REASON_MAX)

/* As net/snmp.h has them. */
struct stat_mib {
	u64			mibs[ASYM_STAT_MAX + NR_REASONS];
	struct u64_stats_sync	syncp;
};

struct stat_net {
	struct stat_mib __percpu *mib;
};

static unsigned int stat_net_id;

static const char * const stat_names[ASYM_STAT_MAX] = {
	[ASYM_STAT_PACKETS_SEALED]		= "packets_sealed",
	[ASYM_STAT_PACKETS_OPENED]		= "packets_opened",
	[ASYM_STAT_OPAQUE_BYTES_SENT]		= "opaque_bytes_sent",
	[ASYM_STAT_OPAQUE_BYTES_RECEIVED]	= "opaque_bytes_received",
	[ASYM_STAT_BYTES_HASHED]		= "bytes_hashed",
	[ASYM_STAT_BYTES_STREAMED]		= "bytes_streamed",
	[ASYM_STAT_BLOCKS_SEALED]		= "blocks_sealed",
	[ASYM_STAT_BLOCKS_OPENED]		= "blocks_opened",
	[ASYM_STAT_EDGE_BYTES_RECEIVED]		= "edge_bytes_received",
	[ASYM_STAT_BLOCKS_CUT]			= "blocks_cut",
	[ASYM_STAT_BYTES_HELD]			= "bytes_held",
	[ASYM_STAT_RECORD_ENDS]			= "record_ends",
	[ASYM_STAT_ASYNC_COMPLETIONS]		= "async_completions",
	[ASYM_STAT_FLOWS_STARTED]		= "flows_started",
	[ASYM_STAT_FLOWS_ENDED]			= "flows_ended",
	[ASYM_STAT_FLOWS_BROKEN]		= "flows_broken",
};

static void count(struct net *net, u32 index, u64 n)
{
	struct stat_net *sn = net_generic(net, stat_net_id);

	SNMP_ADD_STATS64(sn->mib, index, n);
}

void asym_count(struct net *net, enum asym_stat stat, u64 n)
{
	count(net, stat, n);
}

/* A packet was sent: bytes in its opaque ranges, bytes of the stream cipher. */
void asym_count_sealed(struct net *net, u32 opaque, u32 streamed)
{
	struct stat_net *sn = net_generic(net, stat_net_id);

	SNMP_ADD_STATS64(sn->mib, ASYM_STAT_PACKETS_SEALED, 1);
	SNMP_ADD_STATS64(sn->mib, ASYM_STAT_OPAQUE_BYTES_SENT, opaque);
	SNMP_ADD_STATS64(sn->mib, ASYM_STAT_BYTES_STREAMED, streamed);
}

/* A packet was received; @edges are bytes that completed cut blocks. */
void asym_count_opened(struct net *net, u32 opaque, u32 edges, u32 streamed)
{
	struct stat_net *sn = net_generic(net, stat_net_id);

	SNMP_ADD_STATS64(sn->mib, ASYM_STAT_PACKETS_OPENED, 1);
	SNMP_ADD_STATS64(sn->mib, ASYM_STAT_OPAQUE_BYTES_RECEIVED, opaque);
	SNMP_ADD_STATS64(sn->mib, ASYM_STAT_EDGE_BYTES_RECEIVED, edges);
	SNMP_ADD_STATS64(sn->mib, ASYM_STAT_BYTES_STREAMED, streamed);
}

/* For refusals that another module reports. */
void asym_count_reason(struct net *net, enum asym_reason reason)
{
	count(net, ASYM_STAT_MAX + reason, 1);
	trace_asym_refuse(reason);
}

void asym_refuse(struct net *net, enum asym_reason reason, const char *target,
		 u64 lun, const char *detail)
{
	asym_count_reason(net, reason);
	asym_event(net, reason, target, lun, detail);
}

static u64 stat_sum(const struct stat_net *sn, u32 index)
{
	return snmp_fold_field64(sn->mib, index,
				 offsetof(struct stat_mib, syncp));
}

static int stat_show(struct seq_file *seq, void *v)
{
	struct net *net = seq->private;
	struct stat_net *sn = net_generic(net, stat_net_id);
	u32 i;

	for (i = 0; i < ASYM_STAT_MAX; i++)
		seq_printf(seq, "%-32s %llu\n", stat_names[i],
			   stat_sum(sn, i));
	for (i = 0; i < NR_REASONS; i++)
		seq_printf(seq, "refused-%-24s %llu\n", asym_reason_name(i),
			   stat_sum(sn, ASYM_STAT_MAX + i));
	return 0;
}

static int __net_init stat_net_init(struct net *net)
{
	struct stat_net *sn = net_generic(net, stat_net_id);
	int i;

	sn->mib = alloc_percpu(struct stat_mib);
	if (!sn->mib)
		return -ENOMEM;
	for_each_possible_cpu(i)
		u64_stats_init(&per_cpu_ptr(sn->mib, i)->syncp);

	if (!proc_create_net_single("esp_asym_stat", 0444, net->proc_net,
				    stat_show, NULL)) {
		free_percpu(sn->mib);
		return -ENOMEM;
	}
	return 0;
}

static void __net_exit stat_net_exit(struct net *net)
{
	struct stat_net *sn = net_generic(net, stat_net_id);

	remove_proc_entry("esp_asym_stat", net->proc_net);
	free_percpu(sn->mib);
}

static struct pernet_operations stat_net_ops = {
	.init	= stat_net_init,
	.exit	= stat_net_exit,
	.id	= &stat_net_id,
	.size	= sizeof(struct stat_net),
};

int asym_stat_init(void)
{
	return register_pernet_subsys(&stat_net_ops);
}

void asym_stat_exit(void)
{
	unregister_pernet_subsys(&stat_net_ops);
}
