/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private interfaces of esp_asym, grouped by the file that implements them.
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
#ifndef _ESP_ASYM_H
#define _ESP_ASYM_H

#include <asym/iscsi_parse.h>
#include <asym/keystore.h>
#include <asym/wire.h>
#include <crypto/skcipher.h>
#include <linux/hashtable.h>
#include <linux/in6.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include <net/xfrm.h>

/* ---- stat.c ---- */

/**
 * enum asym_stat - counters of a network namespace
 * @ASYM_STAT_PACKETS_SEALED: packets sent
 * @ASYM_STAT_PACKETS_OPENED: packets received
 * @ASYM_STAT_OPAQUE_BYTES_SENT: bytes in opaque ranges, sent
 * @ASYM_STAT_OPAQUE_BYTES_RECEIVED: bytes in opaque ranges, received
 * @ASYM_STAT_BYTES_HASHED: bytes that went through Poly1305
 * @ASYM_STAT_BYTES_STREAMED: bytes that went through the stream cipher
 * @ASYM_STAT_BLOCKS_SEALED: cipher blocks encrypted under a local key
 * @ASYM_STAT_BLOCKS_OPENED: cipher blocks decrypted under a local key
 * @ASYM_STAT_EDGE_BYTES_RECEIVED: bytes that completed cut blocks
 * @ASYM_STAT_BLOCKS_CUT: blocks that a sender handed over in pieces
 * @ASYM_STAT_BYTES_HELD: bytes that waited for the rest of their block
 * @ASYM_STAT_RECORD_ENDS: segments ended early to make room for metadata
 * @ASYM_STAT_ASYNC_COMPLETIONS: ciphers that called back
 * @ASYM_STAT_FLOWS_STARTED: connections followed
 * @ASYM_STAT_FLOWS_ENDED: of these, closed
 * @ASYM_STAT_FLOWS_BROKEN: of these, refused
 * @ASYM_STAT_MAX: number of counters; refusals by reason follow
 */
enum asym_stat {
	ASYM_STAT_PACKETS_SEALED,
	ASYM_STAT_PACKETS_OPENED,
	ASYM_STAT_OPAQUE_BYTES_SENT,
	ASYM_STAT_OPAQUE_BYTES_RECEIVED,
	ASYM_STAT_BYTES_HASHED,
	ASYM_STAT_BYTES_STREAMED,
	ASYM_STAT_BLOCKS_SEALED,
	ASYM_STAT_BLOCKS_OPENED,
	ASYM_STAT_EDGE_BYTES_RECEIVED,
	ASYM_STAT_BLOCKS_CUT,
	ASYM_STAT_BYTES_HELD,
	ASYM_STAT_RECORD_ENDS,
	ASYM_STAT_ASYNC_COMPLETIONS,
	ASYM_STAT_FLOWS_STARTED,
	ASYM_STAT_FLOWS_ENDED,
	ASYM_STAT_FLOWS_BROKEN,
	ASYM_STAT_MAX
};

int asym_stat_init(void);
void asym_stat_exit(void);
void asym_count(struct net *net, enum asym_stat stat, u64 n);
void asym_count_reason(struct net *net, enum asym_reason reason);

/**
 * asym_refuse() - count, trace, log and report a refusal
 * @net: network namespace
 * @reason: why
 * @target: target name or NULL
 * @lun: LUN if @target is given
 * @detail: sentence or NULL
 */
void asym_refuse(struct net *net, enum asym_reason reason, const char *target,
		 u64 lun, const char *detail);

/* ---- suite.c ---- */

#define ASYM_SUITES		2
#define ASYM_SA_SALT_BYTES	4

/**
 * struct asym_suite - an algorithm of SAs
 * @name: of the algorithm, for xfrm
 * @shell: of what holds an SA's keys, in the crypto API
 * @cipher: stream cipher, in the crypto API
 * @label: HKDF info of the cipher's key
 * @key_bytes: the lengths that the key may have, without salt
 * @put_counter: the cipher's counter block of the byte @stream_pos of the
 *	keystream, which begins one: a multiple of 64
 */
struct asym_suite {
	char		*name;
	const char	*shell;
	const char	*cipher;
	const char	*label;
	u8		key_bytes[2];
	void		(*put_counter)(const u8 *salt, const u8 *iv,
				       u32 stream_pos, u8 *counter);
};

extern const struct asym_suite asym_suites[ASYM_SUITES];
const struct asym_suite *asym_suite_find(const char *name);

/* ---- sa.c ---- */

/**
 * struct asym_sa - what an SA needs to seal and open packets
 * @suite: its algorithm
 * @stream: stream cipher keyed with a key derived from the SA key
 * @salt: first four bytes of the nonce (RFC 4106 section 4)
 * @iv_mask: makes the IVs of two SAs with the same key differ
 */
struct asym_sa {
	const struct asym_suite	*suite;
	struct crypto_skcipher	*stream;
	u8			salt[4];
	u64			iv_mask;
};

int asym_sa_init(void);
void asym_sa_exit(void);
struct crypto_aead *asym_sa_create(const struct asym_suite *suite,
				   const u8 *key, unsigned int key_len,
				   struct netlink_ext_ack *extack);
void asym_sa_destroy(struct crypto_aead *shell);
struct asym_sa *asym_sa_of(const struct xfrm_state *x);
void asym_sa_counter(const struct asym_sa *sa, const u8 *iv, u32 stream_pos,
		     u8 *counter);

/* ---- algo.c ---- */

int asym_algo_init(void);
void asym_algo_exit(void);

/* ---- state.c ---- */

int asym_state_init(void);
void asym_state_exit(void);
bool asym_state_is_ours(const struct xfrm_state *x);

/* ---- offload.c ---- */

int asym_offload_init(void);
void asym_offload_exit(void);
bool asym_offload_available(unsigned short family);
extern const struct xfrm_type_offload asym_type_offload;

/* ---- record.c ---- */

/**
 * enum asym_treatment - what happens to the data segment of a sent PDU
 * @ASYM_TREAT_SEALED_BY_SA: part of the SA's stream
 * @ASYM_TREAT_LOCAL: user data under the local key, opaque to the peer
 * @ASYM_TREAT_OPAQUE: user data the target passes on as they are
 * @ASYM_TREAT_ZEROED: data of a refused command: zeros go out instead
 */
enum asym_treatment {
	ASYM_TREAT_SEALED_BY_SA,
	ASYM_TREAT_LOCAL,
	ASYM_TREAT_OPAQUE,
	ASYM_TREAT_ZEROED,
};

/**
 * struct asym_record - one sent PDU in TCP sequence space
 * @seq: first byte of the head
 * @head_len: bytes of the head
 * @data_len: bytes of the data segment
 * @tail_len: bytes of padding and data digest
 * @itt: task
 * @buffer_offset: of the data segment
 * @treatment: enum asym_treatment
 * @note: enum asym_note_type that travels with this PDU, 0: none
 * @note_value: grant, digests or block size; a note with value 0 of type
 *	%ASYM_NOTE_BLOCK_SIZE is not known yet and not sent
 */
struct asym_record {
	u32	seq;
	u32	head_len;
	u32	data_len;
	u32	tail_len;
	u32	itt;
	u32	buffer_offset;
	u8	treatment;
	u8	note;
	u32	note_value;
};

/**
 * struct asym_source - where the bytes of a sent opaque stretch lie
 * @seq: sequence number of the first byte
 * @len: bytes
 * @off: offset in @page
 * @page: referenced
 */
struct asym_source {
	u32		seq;
	u32		len;
	u32		off;
	struct page	*page;
};

/**
 * struct asym_ring - growing ring of entries sorted by sequence number
 * @entries: array, a power of two long
 * @size: its length in entries
 * @first: index of the oldest entry, wraps freely
 * @count: entries in use
 */
struct asym_ring {
	void	*entries;
	u32	size;
	u32	first;
	u32	count;
};

/**
 * struct asym_records - sent PDUs that may still be transmitted
 * @pdus: of struct asym_record
 * @sources: of struct asym_source
 * @base: first byte of the connection's stream
 * @limit: end of the bytes TCP may have
 */
struct asym_records {
	struct asym_ring	pdus;
	struct asym_ring	sources;
	u32			base;
	u32			limit;
};

/**
 * enum asym_describe - can a stretch of the stream be sent?
 * @ASYM_DESCRIBE_OK: yes
 * @ASYM_DESCRIBE_STALE: it has been acknowledged: there is no need to
 * @ASYM_DESCRIBE_BYPASSED: it holds bytes that were not seen
 * @ASYM_DESCRIBE_OVERFLOW: its metadata do not fit into a packet
 */
enum asym_describe {
	ASYM_DESCRIBE_OK,
	ASYM_DESCRIBE_STALE,
	ASYM_DESCRIBE_BYPASSED,
	ASYM_DESCRIBE_OVERFLOW,
};

void asym_records_init(struct asym_records *r, u32 base);
void asym_records_free(struct asym_records *r);
int asym_records_reserve(struct asym_records *r, spinlock_t *lock);
void asym_records_add(struct asym_records *r, const struct asym_record *rec);
void asym_records_add_source(struct asym_records *r,
			     const struct asym_source *src);
void asym_records_trim_source(struct asym_records *r, u32 end);
struct asym_record *asym_records_last(struct asym_records *r);
void asym_records_acked(struct asym_records *r, u32 una);
enum asym_describe asym_records_describe(struct asym_records *r, bool tagged,
					 u32 seq, u32 len, u32 shift,
					 struct asym_meta *meta);

/* ---- task.c ---- */

#define ASYM_TASK_HASH_BITS	6
#define ASYM_TASKS_MAX		65536

/**
 * struct asym_task - a SCSI task of a flow
 * @node: in the flow's table
 * @itt: initiator task tag
 * @generation: tells tasks apart that use the same tag one after the other
 * @grant: how Data-In is sent (enum asym_grant)
 * @treatment: how Data-Out is sent, initiator only
 * @binding: the unit, referenced, or NULL
 * @offset: byte offset of the access in the unit
 * @len: bytes of user data
 * @run: bytes after which the access starts again at @offset: @len, or half of
 *	it for COMPARE AND WRITE
 * @since: RCV.NXT when the command was sent: no segment with a byte of its
 *	answer begins before; initiator only
 * @received: bytes of the buffer that have come, from its start and without a
 *	hole; initiator only
 */
struct asym_task {
	struct hlist_node	node;
	u32			itt;
	u32			generation;
	u8			grant;
	u8			treatment;
	struct asym_binding	*binding;
	u64			offset;
	u32			len;
	u32			run;
	u32			since;
	u32			received;
};

/**
 * struct asym_tasks - the tasks of a flow by ITT
 * @table: hash by ITT
 * @count: entries
 *
 * An entry lives until its ITT is used again: only then is it certain that no
 * byte of the old task can still be wanted.
 */
struct asym_tasks {
	DECLARE_HASHTABLE(table, ASYM_TASK_HASH_BITS);
	u32	count;
};

void asym_tasks_init(struct asym_tasks *tasks);
void asym_tasks_free(struct asym_tasks *tasks);
int asym_task_set(struct asym_tasks *tasks, const struct asym_task *task);
struct asym_task *asym_task_find(struct asym_tasks *tasks, u32 itt);

/* ---- status.c ---- */

/* As much as matters, behind its length (RFC 7143 section 11.4.7). */
#define ASYM_SENSE_BYTES	20
#define ASYM_SENSE_SEGMENT	(2 + ASYM_SENSE_BYTES)

bool asym_status_comes(const struct iscsi_stream *s);
u32 asym_status_claims(const struct iscsi_stream *s, const u8 *segment,
		       const struct asym_task *task);

/* ---- claim.c ---- */

/**
 * struct asym_claim - how a stretch of the received stream came
 * @node: in asym_claims.list
 * @seq: first byte
 * @end: behind the last byte
 * @opaque: sealed under the local key, and opened
 * @itt: task that the packet named, if @opaque
 * @generation: which of the tasks that use this tag one after the other
 * @buffer_offset: of @seq in the buffer of the task, if @opaque
 * @crc: CRC32C, begun with 0, of the bytes as they came, if @opaque and data
 *	digests are on
 * @crc_len: of how many: @seq moves on when bytes are compared
 */
struct asym_claim {
	struct list_head	node;
	u32			seq;
	u32			end;
	bool			opaque;
	u32			itt;
	u32			generation;
	u32			buffer_offset;
	u32			crc;
	u32			crc_len;
};

/**
 * struct asym_claims - how the bytes came that are not compared yet
 * @list: of struct asym_claim, ascending, disjoint
 * @count: entries
 * @started: @next is valid
 * @next: first byte that is not compared yet
 */
struct asym_claims {
	struct list_head	list;
	u32			count;
	bool			started;
	u32			next;
};

/**
 * struct asym_claimed - the bytes that a claim is about
 * @sum: CRC32C of @len of them from @off on, begun with @crc
 * @packet: where they are
 * @origin: sequence number that is @off 0
 */
struct asym_claimed {
	u32		(*sum)(const void *packet, u32 off, u32 len, u32 crc);
	const void	*packet;
	u32		origin;
};

void asym_claims_init(struct asym_claims *claims);
void asym_claims_free(struct asym_claims *claims);
void asym_claims_start(struct asym_claims *claims, u32 seq);
int asym_claims_add(struct asym_claims *claims, const struct asym_claim *claim,
		    const struct asym_claimed *bytes);
bool asym_claims_agree(const struct asym_claims *claims,
		       const struct asym_claim *truth);
void asym_claims_pass(struct asym_claims *claims, u32 len, u32 *crc);

/* ---- received.c ---- */

u32 asym_received_crc(const struct sk_buff *skb, u32 off, u32 len, u32 crc);
bool asym_received_copy(const struct sock *sk, u32 seq, u8 *buf, u32 len);
bool asym_received_sum(const struct sock *sk, u32 seq, u32 len, u32 *crc);
bool asym_received_exchange(struct sock *sk, u32 seq, const u8 *bytes, u32 len);

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

/* ---- stream.c ---- */

#define ASYM_BOUNCE_BYTES	2048

int asym_stream_send(struct sock *sk, struct asym_flow *flow,
		     struct msghdr *msg);

/* ---- block.c ---- */

int asym_block_send(struct sock *sk, struct asym_flow *flow,
		    struct msghdr *msg, size_t *taken);

/* ---- push.c ---- */

int asym_push(struct sock *sk, struct asym_flow *flow, const u8 *bytes,
	      struct page *page, u32 off, u32 len, int flags);
int asym_push_pending(struct sock *sk, struct asym_flow *flow,
		      struct msghdr *msg);
int asym_push_or_owe(struct sock *sk, struct asym_flow *flow,
		     struct msghdr *msg, size_t *taken);

/* ---- message.c ---- */

int asym_message_flags(struct msghdr *msg, size_t len);
bool asym_message_take(struct msghdr *msg, u8 *to, u32 len);
bool asym_message_peek(struct msghdr *msg, void *to, u32 len);
bool asym_message_splices(struct msghdr *msg);
u32 asym_message_piece(struct msghdr *msg, struct page **page, u32 *off);

/* ---- pdu.c ---- */

int asym_pdu_feed(struct asym_flow *flow, const u8 *bytes, u32 len);
int asym_pdu_begin(struct sock *sk, struct asym_flow *flow);
int asym_pdu_text(struct asym_flow *flow);
void asym_pdu_data(struct asym_flow *flow, const u8 *bytes, u32 len);
u8 asym_pdu_digests(const struct iscsi_params *p);

/* ---- socket.c ---- */

int asym_socket_init(void);
void asym_socket_exit(void);
struct asym_flow *asym_socket_flow(const struct sock *sk);
int asym_socket_track(struct sock *sk, struct asym_flow *flow);
int asym_socket_attach(struct sock *sk, enum iscsi_role role,
		       enum asym_watch watch, u32 base);

/* ---- route.c ---- */

bool asym_route_is_ours(struct sk_buff *skb, u8 family);

/* ---- hook.c ---- */

int asym_hook_init(void);
void asym_hook_exit(void);

/* ---- reframe.c ---- */

/**
 * struct asym_sg_pair - what a cipher reads and where it writes
 * @src: scatterlist, terminated by asym_sg_end()
 * @dst: scatterlist of the same bytes
 * @max: entries there is room for in each
 * @nr: entries in use
 * @bytes: sum of their lengths
 */
struct asym_sg_pair {
	struct scatterlist	*src;
	struct scatterlist	*dst;
	u32			max;
	u32			nr;
	u32			bytes;
};

void asym_sg_init(struct asym_sg_pair *sg, struct scatterlist *entries,
		  u32 max);
void asym_sg_reset(struct asym_sg_pair *sg);
void asym_sg_add(struct asym_sg_pair *sg, struct page *src, u32 src_off,
		 struct page *dst, u32 dst_off, u32 len);
void asym_sg_add_buf(struct asym_sg_pair *sg, u8 *src, u8 *dst, u32 len);
void asym_sg_end(struct asym_sg_pair *sg);

/**
 * struct asym_reframe - rewriting the bytes of a packet without copying them
 * @skb: packet with a private head
 * @frag: fragment at which the next stretch begins
 * @frag_off: and offset in it
 * @frags: fragments of the packet once it is rewritten, referenced
 * @nr_frags: valid entries of @frags
 * @fresh_bytes: new memory among them
 * @tail_len: bytes to be appended to the linear part
 *
 * Bytes in the private linear part are rewritten in place.  Bytes in fragments
 * never are: their pages may belong to anybody (a file, another packet), so
 * they are written to fresh memory, which replaces them on commit.
 */
struct asym_reframe {
	struct sk_buff	*skb;
	u32		frag;
	u32		frag_off;
	skb_frag_t	frags[MAX_SKB_FRAGS];
	u32		nr_frags;
	u32		fresh_bytes;
	u32		tail_len;
};

int asym_reframe_private(struct sk_buff *skb);
int asym_reframe_begin(struct asym_reframe *rf, struct sk_buff *skb,
		       u32 append);
int asym_reframe_keep(struct asym_reframe *rf, u32 off, u32 len);
int asym_reframe_rewrite(struct asym_reframe *rf, u32 off, u32 len,
			 struct asym_sg_pair *sg);
u8 *asym_reframe_append(struct asym_reframe *rf, u32 len);
void asym_reframe_commit(struct asym_reframe *rf);
void asym_reframe_abandon(struct asym_reframe *rf);

/* ---- mac.c ---- */

void asym_mac(struct net *net, const struct sk_buff *skb, u32 off, u32 len,
	      const u8 *key, const u8 *aad, u32 aad_len, u8 *mac);
u32 asym_mac_aad(const struct xfrm_state *x, const struct ip_esp_hdr *esph,
		 __be32 seq_hi, u8 *aad);
#define ASYM_AAD_BYTES_MAX	12

/* ---- inner.c ---- */

/* Headers of the inner packet lie in so many of its bytes, or it is refused. */
#define ASYM_INNER_HEADERS	128

/**
 * struct asym_inner - what is in the payload of an ESP packet
 * @proto: of what is behind the IP headers; TCP is never in fragments
 * @off: where that begins in the payload
 * @len: bytes of it; the payload may be longer
 * @saddr: source address; those of IPv4 are mapped
 * @daddr: destination address, likewise
 */
struct asym_inner {
	u8		proto;
	u32		off;
	u32		len;
	struct in6_addr	saddr;
	struct in6_addr	daddr;
};

u32 asym_inner_headers(const struct xfrm_state *x);
const char *asym_inner_find(const struct xfrm_state *x,
			    const struct sk_buff *skb, u32 seen, u8 proto,
			    u32 len, struct asym_inner *inner);

/* ---- encap.c ---- */

int asym_encap_check(const struct xfrm_state *x,
		     struct netlink_ext_ack *extack);
u32 asym_encap_bytes(const struct xfrm_state *x);
int asym_encap_put(struct xfrm_state *x, struct sk_buff *skb, u32 len);
void asym_encap_learn(struct xfrm_state *x, const struct sk_buff *skb);
int asym_encap_send(struct xfrm_state *x, struct sk_buff *skb);

/* ---- seal.c ---- */

int asym_output(struct xfrm_state *x, struct sk_buff *skb);
int asym_xmit(struct xfrm_state *x, struct sk_buff *skb,
	      netdev_features_t features);

/* ---- segment.c ---- */

/**
 * struct asym_segment - a TCP segment in a received packet
 * @net: namespace
 * @meta: what the peer says of it
 * @head_len: bytes of the payload of ESP in front of the segment's data: the TCP
 *	header, and inner IP headers if there are any
 * @len: the same with the data
 * @seq: sequence number of the first byte behind the header
 * @flow: the connection, referenced, or NULL when it is not needed
 * @rcv_nxt: what TCP expects next, with @flow
 */
struct asym_segment {
	struct net		*net;
	const struct asym_meta	*meta;
	u32			head_len;
	u32			len;
	u32			seq;
	struct asym_flow	*flow;
	u32			rcv_nxt;
};

int asym_segment_take(struct asym_segment *seg, const struct sk_buff *skb,
		      const struct asym_inner *inner);
bool asym_segment_is_history(const struct asym_segment *seg,
			     const struct asym_range_entry *range);
int asym_segment_find_range(struct asym_segment *seg,
			    const struct asym_range_entry *range,
			    struct asym_binding **binding, u64 *offset);

/* ---- open.c ---- */

int asym_input(struct xfrm_state *x, struct sk_buff *skb);

#endif /* _ESP_ASYM_H */
