// SPDX-License-Identifier: GPL-2.0
/*
 * Flows: iSCSI connections under asymmetric SAs, by namespace and 4-tuple.  They
 * belong to the TCP socket, not to an SA: SAs are rekeyed under a living
 * connection (RFC 3723 section 3.3).
 */
#include <linux/jhash.h>
#include <linux/module.h>
#include <linux/random.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/netns/hash.h>
#include <net/tcp.h>

#include "flow.h"
#include "record.h"
#include "stat.h"
#include "task.h"

#define PORTS_MAX	16
#define ISCSI_PORT	3260

static unsigned short iscsi_ports[PORTS_MAX] = { ISCSI_PORT };
static int iscsi_ports_count = 1;
module_param_array(iscsi_ports, ushort, &iscsi_ports_count, 0444);
MODULE_PARM_DESC(iscsi_ports, "TCP ports of iSCSI targets (default 3260)");

/* A flow is a little larger than a page: kmalloc() would take two. */
static struct kmem_cache *flow_cache;
static struct rhashtable flows;
static struct workqueue_struct *abort_wq;

bool asym_port_is_iscsi(__be16 port)
{
	int i;

	for (i = 0; i < iscsi_ports_count; i++)
		if (ntohs(port) == iscsi_ports[i])
			return true;
	return false;
}

/* As inet6_ehashfn() does: every packet with data is looked up. */
static u32 hash_key(const void *data, u32 len, u32 seed)
{
	const struct asym_flow_key *key = data;

	return jhash_3words((__force u32)key->laddr.s6_addr32[3] ^
			    net_hash_mix(key->net),
			    __ipv6_addr_jhash(&key->raddr, seed),
			    (__force u32)key->lport << 16 |
			    (__force u32)key->rport, seed);
}

/* 0 if they are the same. */
static int compare_key(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct asym_flow *flow = obj;
	const struct asym_flow_key *a = arg->key, *b = &flow->key;

	return a->net != b->net || a->lport != b->lport ||
	       a->rport != b->rport || !ipv6_addr_equal(&a->raddr, &b->raddr) ||
	       !ipv6_addr_equal(&a->laddr, &b->laddr);
}

static const struct rhashtable_params flow_params = {
	.head_offset		= offsetof(struct asym_flow, node),
	.key_offset		= offsetof(struct asym_flow, key),
	.key_len		= sizeof(struct asym_flow_key),
	.hashfn			= hash_key,
	.obj_cmpfn		= compare_key,
	.automatic_shrinking	= true,
};

/* A socket to be reset that has no flow. */
struct abort_job {
	struct work_struct	work;
	struct sock		*sk;
};

static void abort_job(struct work_struct *work)
{
	struct abort_job *job = container_of(work, struct abort_job, work);

	tcp_abort(job->sk, ECONNABORTED);
	sock_put(job->sk);
	kfree(job);
}

/**
 * asym_flow_abort_socket() - reset a connection that cannot be followed
 * @sk: its socket
 *
 * So that its owner notices at once and connects again.  tcp_abort() takes the
 * socket lock, so it needs a context of its own.
 *
 * Context: any
 */
void asym_flow_abort_socket(struct sock *sk)
{
	struct abort_job *job = kmalloc(sizeof(*job), GFP_ATOMIC);

	/* Without memory the owner has to find out by its own timeouts. */
	if (!job)
		return;
	/* A packet that waits somewhere may outlive its socket. */
	if (!refcount_inc_not_zero(&sk->sk_refcnt)) {
		kfree(job);
		return;
	}
	job->sk = sk;
	INIT_WORK(&job->work, abort_job);
	queue_work(abort_wq, &job->work);
}

/* As above; the flow's own work needs no memory. */
static void abort_connection(struct work_struct *work)
{
	struct asym_flow *flow = container_of(work, struct asym_flow,
					      abort_work);
	struct sock *sk;

	spin_lock_bh(&flow->lock);
	sk = flow->sk;
	if (sk && !refcount_inc_not_zero(&sk->sk_refcnt))
		sk = NULL;
	spin_unlock_bh(&flow->lock);
	if (sk) {
		tcp_abort(sk, ECONNABORTED);
		sock_put(sk);
	}
	asym_flow_put(flow);
}

/*
 * TCP lets a new connection have the addresses of one that is closed while its
 * owner still holds the socket: then the old flow is of no use any more.
 */
static int insert(struct asym_flow *flow)
{
	struct asym_flow *old;
	int err;

	err = rhashtable_lookup_insert_fast(&flows, &flow->node, flow_params);
	if (err != -EEXIST)
		return err;
	old = asym_flow_get(&flow->key);
	if (old) {
		spin_lock_bh(&old->lock);
		WRITE_ONCE(old->broken, true);
		spin_unlock_bh(&old->lock);
		rhashtable_remove_fast(&flows, &old->node, flow_params);
		asym_netlink_unlist(old);
		asym_flow_put(old);
	}
	return rhashtable_lookup_insert_fast(&flows, &flow->node, flow_params);
}

/**
 * asym_flow_starts_at() - is this the connection's first byte?
 * @flow: flow
 * @seq: sequence number
 *
 * Return: true while nothing has been sent and @seq is what comes first
 */
bool asym_flow_starts_at(struct asym_flow *flow, u32 seq)
{
	bool starts;

	spin_lock_bh(&flow->lock);
	starts = flow->records.base == seq && flow->records.limit == seq;
	spin_unlock_bh(&flow->lock);
	return starts;
}

static void set_key(struct asym_flow_key *key, const struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);

	key->net = sock_net(sk);
	key->lport = inet->inet_sport;
	key->rport = inet->inet_dport;
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6 && !ipv6_addr_v4mapped(&sk->sk_v6_daddr)) {
		key->laddr = inet6_sk(sk)->saddr;
		key->raddr = sk->sk_v6_daddr;
		return;
	}
#endif
	ipv6_addr_set_v4mapped(inet->inet_saddr, &key->laddr);
	ipv6_addr_set_v4mapped(inet->inet_daddr, &key->raddr);
}

/**
 * asym_flow_create() - start following a connection
 * @sk: its socket, locked
 * @role: which end is local
 * @watch: how closely to follow it
 * @base: sequence number of the first byte of the stream
 *
 * Context: any, BHs may be off
 * Return: flow with the socket's reference, or an ERR_PTR
 */
struct asym_flow *asym_flow_create(struct sock *sk, enum iscsi_role role,
				   enum asym_watch watch, u32 base)
{
	struct asym_flow *flow;

	flow = kmem_cache_zalloc(flow_cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!flow)
		return ERR_PTR(-ENOMEM);
	set_key(&flow->key, sk);
	flow->mark = get_random_u32() | 1;
	flow->role = role;
	flow->watch = watch;
	flow->sk = sk;
	refcount_set(&flow->ref, 1);
	spin_lock_init(&flow->lock);
	mutex_init(&flow->send_mutex);
	INIT_WORK(&flow->abort_work, abort_connection);
	asym_records_init(&flow->records, base);
	asym_tasks_init(&flow->tasks);
	asym_track_init(&flow->track);
	iscsi_stream_init(&flow->stream, role);

	/* The table did not get memory to grow, whatever it calls that. */
	if (insert(flow)) {
		kmem_cache_free(flow_cache, flow);
		return ERR_PTR(-ENOMEM);
	}
	asym_netlink_list(flow);
	asym_count(flow->key.net, ASYM_STAT_FLOWS_STARTED, 1);
	return flow;
}

/**
 * asym_flow_get() - find a flow
 * @key: connection
 *
 * Return: flow with a reference or NULL
 */
struct asym_flow *asym_flow_get(const struct asym_flow_key *key)
{
	struct asym_flow *flow;

	rcu_read_lock();
	flow = rhashtable_lookup(&flows, key, flow_params);
	if (flow && !refcount_inc_not_zero(&flow->ref))
		flow = NULL;
	rcu_read_unlock();
	return flow;
}

static void flow_free(struct rcu_head *rcu)
{
	kmem_cache_free(flow_cache, container_of(rcu, struct asym_flow, rcu));
}

void asym_flow_put(struct asym_flow *flow)
{
	if (!refcount_dec_and_test(&flow->ref))
		return;
	asym_records_free(&flow->records);
	asym_tasks_free(&flow->tasks);
	asym_track_free(&flow->track);
	asym_binding_put(flow->task.binding);
	if (flow->pending.page)
		put_page(flow->pending.page);
	kfree_sensitive(flow->bounce);
	call_rcu(&flow->rcu, flow_free);
}

/**
 * asym_flow_received() - how far the local TCP has received the stream
 * @flow: flow, unlocked
 * @rcv_nxt: next sequence number it expects; it only grows
 *
 * What a packet says about bytes before it is history: TCP drops them, and their
 * task tags may have been used again.
 *
 * Context: BHs off
 * Return: false when the socket is gone
 */
bool asym_flow_received(struct asym_flow *flow, u32 *rcv_nxt)
{
	bool alive;

	spin_lock(&flow->lock);
	alive = flow->sk;
	if (alive)
		*rcv_nxt = READ_ONCE(tcp_sk(flow->sk)->rcv_nxt);
	spin_unlock(&flow->lock);
	return alive;
}

/**
 * asym_flow_end() - the socket is gone
 * @flow: flow; the socket's reference is given back
 */
void asym_flow_end(struct asym_flow *flow)
{
	rhashtable_remove_fast(&flows, &flow->node, flow_params);
	asym_netlink_unlist(flow);
	spin_lock_bh(&flow->lock);
	flow->sk = NULL;
	spin_unlock_bh(&flow->lock);
	/* Plaintext of a block that was never completed. */
	memzero_explicit(flow->block, sizeof(flow->block));
	asym_count(flow->key.net, ASYM_STAT_FLOWS_ENDED, 1);
	asym_flow_put(flow);
}

/**
 * asym_flow_break() - refuse a connection from now on and reset it
 * @flow: flow, unlocked
 * @reason: why
 * @detail: sentence
 *
 * Nothing more is sent or received on it.  The initiator's iSCSI logs in again.
 *
 * Context: any
 */
void asym_flow_break(struct asym_flow *flow, enum asym_reason reason,
		     const char *detail)
{
	bool first;

	spin_lock_bh(&flow->lock);
	first = !flow->broken;
	if (first)
		flow->reason = reason;
	WRITE_ONCE(flow->broken, true);
	spin_unlock_bh(&flow->lock);
	if (!first)
		return;

	asym_count(flow->key.net, ASYM_STAT_FLOWS_BROKEN, 1);
	/* Only the sender writes the name, and only during login. */
	asym_refuse(flow->key.net, reason,
		    flow->stream.params.target_name[0] ?
		    flow->stream.params.target_name : NULL, 0, detail);
	refcount_inc(&flow->ref);
	if (!queue_work(abort_wq, &flow->abort_work))
		asym_flow_put(flow);
}

int asym_flow_init(void)
{
	int err;

	flow_cache = KMEM_CACHE(asym_flow, 0);
	if (!flow_cache)
		return -ENOMEM;
	abort_wq = alloc_workqueue("esp_asym", WQ_MEM_RECLAIM, 0);
	if (!abort_wq) {
		err = -ENOMEM;
		goto err_cache;
	}
	err = rhashtable_init(&flows, &flow_params);
	if (err)
		goto err_wq;
	return 0;

err_wq:
	destroy_workqueue(abort_wq);
err_cache:
	kmem_cache_destroy(flow_cache);
	return err;
}

void asym_flow_exit(void)
{
	/* Sockets hold our module, so no flow is left; works and RCU may be. */
	destroy_workqueue(abort_wq);
	rcu_barrier();
	rhashtable_destroy(&flows);
	kmem_cache_destroy(flow_cache);
}
