/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections.
 *
 * DOC: Locking, outermost first
 *
 *   asym_flow.send_mutex   one sender at a time on a connection, process context
 *   socket lock            what a sender does with the TCP socket
 *   asym_flow.lock (BH)    records and tasks: filled by the sender, read by
 *                          the packet path
 *
 * The packet path (seal.c, segment.c, open.c) takes asym_flow.lock only.  Flows
 * are found under RCU and pinned by a reference.  No lock is shared between
 * flows.
 */
#ifndef _ESP_ASYM_FLOW_H
#define _ESP_ASYM_FLOW_H

#include <asym/iscsi_parse.h>
#include <asym/keystore.h>
#include <linux/in6.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "claim.h"
#include "record.h"
#include "task.h"

/* ---- digest.c ---- */

/**
 * struct asym_digest - sums (CRC32C) of a data segment that we change
 * @came: of its bytes as they came
 * @goes: of its bytes as they go on
 */
struct asym_digest {
	u32	came;
	u32	goes;
};

struct asym_flow;

bool asym_digest_follows(const struct asym_flow *flow);
void asym_digest_sum(const struct asym_flow *flow, u32 *crc, const u8 *bytes,
		     u32 len);
bool asym_digest_seal(const struct asym_digest *digest, u8 *bytes);
void asym_digest_open(const struct asym_digest *digest, u32 padding, u8 *bytes,
		      u32 pos, u32 len);

/* ---- track.c ---- */

/**
 * struct asym_track - the received stream of an initiator
 * @claims: how bytes came
 * @data_digest: data segments have digests
 * @stream: parser, stands at @claims.next
 * @done: bytes of the current data segment before @claims.next
 * @sense: data segment of the current SCSI Response, as far as it matters
 * @opaque: the current data segment is user data of a bound unit
 * @digest: of the current opaque data segment: as it came, up to the last claim
 *	that is done with; as it was opened, up to @claims.next
 * @reader: data_ready of whoever reads the socket now
 * @first_reader: data_ready as it was when the connection began
 *
 * @claims and @data_digest are protected by asym_flow.lock, the rest by the
 * socket lock.
 */
struct asym_track {
	struct asym_claims	claims;
	bool			data_digest;
	struct iscsi_stream	stream;
	u32			done;
	u8			sense[ASYM_SENSE_SEGMENT];
	bool			opaque;
	struct asym_digest	digest;
	void			(*reader)(struct sock *sk);
	void			(*first_reader)(struct sock *sk);
};

struct asym_segment;

void asym_track_init(struct asym_track *track);
void asym_track_free(struct asym_track *track);
void asym_track_attach(struct sock *sk, struct asym_flow *flow);
void asym_track_stay(struct asym_flow *flow);
void asym_track_detach(struct sock *sk, struct asym_flow *flow);
int asym_track_claim(const struct asym_segment *seg, const struct sk_buff *skb,
		     u32 off, u32 len, const struct asym_range_entry *range);

/* ---- flow.c ---- */

/**
 * struct asym_flow_key - a connection as its local end sees it
 * @net: network namespace
 * @laddr: local address; those of IPv4 are mapped (RFC 4291 section 2.5.5.2)
 * @raddr: remote address, likewise
 * @lport: local port
 * @rport: remote port
 */
struct asym_flow_key {
	struct net	*net;
	struct in6_addr	laddr;
	struct in6_addr	raddr;
	__be16		lport;
	__be16		rport;
};

/**
 * struct asym_pending - bytes of the stream that go before anything else
 * @bytes: what TCP shall copy, or NULL
 * @page: what TCP shall refer to, without @bytes; referenced
 * @off: first byte in @page
 * @len: bytes, 0: nothing is pending
 * @owed: the sender was told one byte less than was taken from it.  It will
 *	offer that byte again, which is when the rest can go: so TCP need not
 *	take a head, a cipher block or a sealed run in one piece.
 */
struct asym_pending {
	const u8	*bytes;
	struct page	*page;
	u32		off;
	u32		len;
	bool		owed;
};

/**
 * enum asym_watch - how closely a connection is followed
 * @ASYM_WATCH_PROTECTED: it runs under an asymmetric SA
 * @ASYM_WATCH_LOGIN: it does not, and the target is not known yet
 * @ASYM_WATCH_NOT: it does not, and need not: no unit of the target is sealed
 */
enum asym_watch {
	ASYM_WATCH_PROTECTED,
	ASYM_WATCH_LOGIN,
	ASYM_WATCH_NOT,
};

#define ASYM_WINDOW_PDUS	8

/**
 * struct asym_flow - an iSCSI connection under asymmetric SAs
 * @node: in the table of flows
 * @listed: in the list that user space looks at (netlink.c)
 * @key: lookup key
 * @ref: references; the socket holds one
 * @rcu: for lookups
 * @mark: hash of its packets for GRO, drawn at random and not 0 (admit.c)
 * @role: which end is local
 * @watch: how closely it is followed; set to %ASYM_WATCH_NOT by the sender, and to
 *	%ASYM_WATCH_PROTECTED when an SA comes before the first byte
 * @generation: of the bindings that were asked then
 * @lock: protects @records, @tasks, @sk, what follows it up to @broken, and the
 *	claims of @track
 * @records: what was sent
 * @tasks: SCSI tasks
 * @track: what is received, initiator only
 * @sk: socket, NULL once it is gone
 * @opaque_sent: bytes of user data that are opaque to the peer, in the PDUs that
 *	have begun to be sent
 * @opaque_received: bytes of user data that came as such and were compared,
 *	initiator only
 * @declared: digests that the login responses have declared so far, target only
 * @full_feature: something else than logins has been sent
 * @reason: why the connection is refused, if @broken
 * @broken: the connection is refused from now on
 * @abort_work: resets the connection from process context
 * @send_mutex: one sender at a time
 * @digests_known: the final login response has been received, initiator only
 * @digests: outcome of the digest negotiation (ASYM_SESSION_*_DIGEST), initiator
 *	only
 * @stream: parser of what is sent
 * @treatment: of the current data segment
 * @task: of the current data segment, a copy with a reference of its own
 * @done: bytes of the current data segment taken from the sender
 * @held_len: of these, bytes of an incomplete cipher block in @block
 * @block: the incomplete cipher block, or the complete one that is pending
 * @digest: of the current data segment and its padding, if a data digest follows;
 *	initiator only
 * @digest_bytes: the data digest while it is collected or pending
 * @pending: see struct asym_pending
 * @bounce: for bytes that are looked at on their way
 * @window_end: the last PDUs with metadata: their ends
 * @window_cost: and bytes of metadata
 * @window_count: entries
 */
struct asym_flow {
	struct rhash_head	node;
	struct hlist_node	listed;
	struct asym_flow_key	key;
	refcount_t		ref;
	struct rcu_head		rcu;
	u32			mark;
	enum iscsi_role		role;
	enum asym_watch		watch;
	unsigned int		generation;

	spinlock_t		lock;	/* records, tasks, sk */
	struct asym_records	records;
	struct asym_tasks	tasks;
	struct asym_track	track;
	struct sock		*sk;
	u64			opaque_sent;
	u64			opaque_received;
	u8			declared;
	bool			full_feature;
	enum asym_reason	reason;
	bool			broken;
	struct work_struct	abort_work;

	struct mutex		send_mutex;	/* one sender at a time */
	bool			digests_known;
	u8			digests;
	struct iscsi_stream	stream;
	enum asym_treatment	treatment;
	struct asym_task	task;
	u32			done;
	u32			held_len;
	u8			block[ASYM_BLOCK_BYTES] __aligned(16);
	struct asym_digest	digest;
	u8			digest_bytes[ISCSI_DIGEST_BYTES];
	struct asym_pending	pending;
	u8			*bounce;
	u32			window_end[ASYM_WINDOW_PDUS];
	u8			window_cost[ASYM_WINDOW_PDUS];
	u32			window_count;
};

int asym_flow_init(void);
void asym_flow_exit(void);
bool asym_port_is_iscsi(__be16 port);
struct asym_flow *asym_flow_create(struct sock *sk, enum iscsi_role role,
				   enum asym_watch watch, u32 base);
struct asym_flow *asym_flow_get(const struct asym_flow_key *key);
void asym_flow_put(struct asym_flow *flow);
void asym_flow_end(struct asym_flow *flow);
bool asym_flow_starts_at(struct asym_flow *flow, u32 seq);
void asym_flow_break(struct asym_flow *flow, enum asym_reason reason,
		     const char *detail);
bool asym_flow_received(struct asym_flow *flow, u32 *rcv_nxt);
void asym_flow_abort_socket(struct sock *sk);

/* ---- netlink.c ---- */

int asym_netlink_init(void);
void asym_netlink_exit(void);
void asym_netlink_list(struct asym_flow *flow);
void asym_netlink_unlist(struct asym_flow *flow);

/* ---- socket.c ---- */

void asym_socket_exit(void);
struct asym_flow *asym_socket_flow(const struct sock *sk);
int asym_socket_track(struct sock *sk, struct asym_flow *flow);
int asym_socket_attach(struct sock *sk, enum iscsi_role role,
		       enum asym_watch watch, u32 base);

/* ---- hook.c ---- */

int asym_hook_init(void);
void asym_hook_exit(void);

#endif /* _ESP_ASYM_FLOW_H */
