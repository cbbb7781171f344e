// SPDX-License-Identifier: GPL-2.0
/*
 * Attaching a flow to a TCP socket, as an upper layer protocol (ULP) does: the
 * socket's struct proto is replaced by a copy that sends through stream.c, and
 * where received bytes are tracked its struct proto_ops by one that keeps TCP
 * telling of each of them.  No application asks for it; hook.c attaches when a
 * connection starts.
 */
#include <linux/module.h>
#include <net/inet_connection_sock.h>
#include <net/tcp.h>

#include "flow.h"
#include "stream.h"

/* Copies of tcp_prot and, for IPv4-mapped addresses, tcpv6_prot. */
struct proto_pair {
	struct proto	*base;
	struct proto	ours;
};

/* Copies of inet_stream_ops and inet6_stream_ops. */
struct ops_pair {
	const struct proto_ops	*base;
	struct proto_ops	ours;
};

static struct proto_pair pairs[2];
static struct ops_pair ops_pairs[2];
static DEFINE_SPINLOCK(pairs_lock);

static const struct tcp_ulp_ops ulp_ops;

/**
 * asym_socket_flow() - the flow of a socket
 * @sk: full TCP socket
 *
 * Return: flow, or NULL if the socket is not ours; valid while the socket is
 * locked or its caller holds it open
 */
struct asym_flow *asym_socket_flow(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);

	if (READ_ONCE(icsk->icsk_ulp_ops) != &ulp_ops)
		return NULL;
	return (__force struct asym_flow *)READ_ONCE(icsk->icsk_ulp_data);
}

static int sendmsg(struct sock *sk, struct msghdr *msg, size_t size)
{
	struct asym_flow *flow = asym_socket_flow(sk);
	int err;

	if (READ_ONCE(flow->watch) == ASYM_WATCH_NOT)
		return tcp_sendmsg(sk, msg, size);
	if (msg->msg_flags & (MSG_OOB | MSG_FASTOPEN))
		return -EOPNOTSUPP;
	/* Data are copied or sealed: pages of user space never go out. */
	msg->msg_flags &= ~MSG_ZEROCOPY;

	err = mutex_lock_interruptible(&flow->send_mutex);
	if (err)
		return err;
	lock_sock(sk);
	err = asym_stream_send(sk, flow, msg);
	release_sock(sk);
	mutex_unlock(&flow->send_mutex);
	return err;
}

static int __maybe_unused sendpage(struct sock *sk, struct page *page,
				   int off, size_t size, int flags)
{
	struct msghdr msg = { .msg_flags = flags | MSG_SPLICE_PAGES };
	struct bio_vec bv;

	if (READ_ONCE(asym_socket_flow(sk)->watch) == ASYM_WATCH_NOT)
		return asym_tcp_sendpage(sk, page, off, size, flags);
	bvec_set_page(&bv, page, size, off);
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, &bv, 1, size);
	return sendmsg(sk, &msg, size);
}

/*
 * Below the mark TCP has bytes in order, and gives them to whoever reads, without
 * calling data_ready: they would be read before track.c has seen them.
 */
static int set_rcvlowat(struct sock *sk, int bytes)
{
	return bytes > 1 ? -EOPNOTSUPP : 0;
}

static const struct proto_ops *ops_for(const struct proto_ops *base)
{
	const struct proto_ops *found = NULL;
	size_t i;

	spin_lock_bh(&pairs_lock);
	for (i = 0; i < ARRAY_SIZE(ops_pairs) && !found; i++) {
		if (!ops_pairs[i].base) {
			ops_pairs[i].ours = *base;
			ops_pairs[i].ours.set_rcvlowat = set_rcvlowat;
			ops_pairs[i].base = base;
		}
		if (ops_pairs[i].base == base)
			found = &ops_pairs[i].ours;
	}
	spin_unlock_bh(&pairs_lock);
	return found;
}

static struct proto *proto_for(struct sock *sk)
{
	struct proto *base = READ_ONCE(sk->sk_prot), *found = NULL;
	size_t i;

	/* Somebody else's proto would be lost, or bypassed. */
	if (base->sendmsg != tcp_sendmsg)
		return NULL;

	spin_lock_bh(&pairs_lock);
	for (i = 0; i < ARRAY_SIZE(pairs) && !found; i++) {
		if (!pairs[i].base) {
			pairs[i].ours = *base;
			pairs[i].ours.sendmsg = sendmsg;
			asym_proto_set_sendpage(&pairs[i].ours, sendpage);
			pairs[i].base = base;
		}
		if (pairs[i].base == base)
			found = &pairs[i].ours;
	}
	spin_unlock_bh(&pairs_lock);
	return found;
}

static struct proto *base_of(const struct proto *ours)
{
	return container_of(ours, struct proto_pair, ours)->base;
}

/**
 * asym_socket_track() - let nobody read what the socket receives before it is judged
 * @sk: socket of an initiator with a flow, locked, nothing received yet
 * @flow: its flow
 *
 * Context: BHs may be off
 * Return: 0, -EBUSY when the socket is of an unknown kind
 */
int asym_socket_track(struct sock *sk, struct asym_flow *flow)
{
	const struct proto_ops *ops;

	/* Nobody can read from a socket that has no struct socket. */
	if (sk->sk_socket) {
		ops = ops_for(sk->sk_socket->ops);
		if (!ops)
			return -EBUSY;
		/* Nobody takes it back: who can call one of these has the file
		 * open, which holds the sock, which holds this module.
		 */
		WRITE_ONCE(sk->sk_socket->ops, ops);
		WRITE_ONCE(sk->sk_rcvlowat, 1);
	}
	asym_track_attach(sk, flow);
	return 0;
}

/* Nobody else can see the socket, or it is locked and new to us. */
static void release(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct asym_flow *flow = asym_socket_flow(sk);

	WRITE_ONCE(sk->sk_prot, base_of(sk->sk_prot));
	asym_track_detach(sk, flow);
	rcu_assign_pointer(icsk->icsk_ulp_data, NULL);
	asym_flow_end(flow);
}

/**
 * asym_socket_attach() - follow a connection from its first byte
 * @sk: socket, locked, nothing sent yet
 * @role: which end is local
 * @watch: how closely to follow it
 * @base: sequence number of the first byte
 *
 * Context: BHs may be off
 * Return: 0, -EBUSY when something else sits on the socket, -ENOMEM, -ENODEV when
 * the module is being unloaded
 */
int asym_socket_attach(struct sock *sk, enum iscsi_role role,
		       enum asym_watch watch, u32 base)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct asym_flow *flow;
	struct proto *prot;
	int err = 0;

	if (icsk->icsk_ulp_ops)
		return -EBUSY;
	prot = proto_for(sk);
	if (!prot)
		return -EBUSY;
	/* tcp_cleanup_ulp() gives it back after release().  Nobody holds the
	 * module for us: an unprotected connection has no SA.
	 */
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	flow = asym_flow_create(sk, role, watch, base);
	if (IS_ERR(flow)) {
		module_put(THIS_MODULE);
		return PTR_ERR(flow);
	}

	rcu_assign_pointer(icsk->icsk_ulp_data, flow);
	WRITE_ONCE(icsk->icsk_ulp_ops, &ulp_ops);
	WRITE_ONCE(sk->sk_prot, prot);
	if (role == ISCSI_ROLE_INITIATOR && watch == ASYM_WATCH_PROTECTED)
		err = asym_socket_track(sk, flow);
	if (err) {
		release(sk);
		WRITE_ONCE(icsk->icsk_ulp_ops, NULL);
		module_put(THIS_MODULE);
	}
	return err;
}

/* Nobody asks for it by name. */
static int init(struct sock *sk)
{
	return -EOPNOTSUPP;
}

static const struct tcp_ulp_ops ulp_ops = {
	.name		= "asym-esp",
	.owner		= THIS_MODULE,
	.init		= init,
	.release	= release,
};

void asym_socket_exit(void)
{
	/* Callers of sendmsg() that had read the proto before release(). */
	synchronize_net();
}
