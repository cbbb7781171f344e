/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SAs and how xfrm comes to them.
 */
#ifndef _ESP_ASYM_SA_H
#define _ESP_ASYM_SA_H

#include <asym/wire.h>
#include <crypto/hash.h>
#include <crypto/internal/poly1305.h>
#include <crypto/skcipher.h>
#include <net/xfrm.h>

/* ---- suite.c ---- */

#define ASYM_SUITES		2
#define ASYM_SA_SALT_BYTES	4

/**
 * struct asym_suite - an algorithm of SAs
 * @name: of the algorithm, for xfrm
 * @shell: of what holds an SA's keys, in the crypto API
 * @cipher: stream cipher, in the crypto API
 * @block_cipher: block cipher behind it, likewise, if the last four bytes of a
 *	counter block are its number, big endian; otherwise NULL
 * @label: HKDF info of the cipher's key
 * @hash_label: HKDF info of the key of the ICV's hash
 * @key_bytes: the lengths that the key may have, without salt
 * @put_counter: the cipher's counter block of the byte @stream_pos of the
 *	keystream, which begins one: a multiple of 64
 */
struct asym_suite {
	char		*name;
	const char	*shell;
	const char	*cipher;
	const char	*block_cipher;
	const char	*label;
	const char	*hash_label;
	u8		key_bytes[2];
	void		(*put_counter)(const u8 *salt, const u8 *iv,
				       u32 stream_pos, u8 *counter);
};

extern const struct asym_suite asym_suites[ASYM_SUITES];
const struct asym_suite *asym_suite_find(const char *name);

/* ---- cipher.c ---- */

/**
 * struct asym_cipher - a cipher of an SA
 * @best: the implementation that the kernel prefers
 * @prompt: one that always answers at once; NULL if @best does
 * @simd: @best answers at once as long as vector registers may be used
 */
struct asym_cipher {
	struct crypto_skcipher	*best;
	struct crypto_skcipher	*prompt;
	bool			simd;
};

int asym_cipher_init(struct asym_cipher *cipher, const char *name);
void asym_cipher_exit(struct asym_cipher *cipher);
int asym_cipher_set_key(struct asym_cipher *cipher, const u8 *key,
			unsigned int len);
unsigned int asym_cipher_reqsize(const struct asym_cipher *cipher);
struct crypto_skcipher *asym_cipher_pick(const struct asym_cipher *cipher,
					 bool at_once);

/* ---- mac.c ---- */

/**
 * struct asym_mac_key - key of the hash behind the ICVs of an SA
 * @head: of what is hashed in front: length and additional data
 * @text: NHPoly1305 with the key of the rest
 */
struct asym_mac_key {
	struct poly1305_core_key	head;
	struct crypto_shash		*text;
};

int asym_mac_init_key(struct asym_mac_key *key);
void asym_mac_exit_key(struct asym_mac_key *key);
int asym_mac_set_key(struct asym_mac_key *key, const u8 *raw);

/* ---- sa.c ---- */

struct asym_spare;

/**
 * struct asym_sa - what an SA needs to seal and open packets
 * @suite: its algorithm
 * @stream: stream cipher keyed with a key derived from the SA key
 * @blocks: block cipher behind it, with the same key, if the suite has one
 * @mac: key of the hash, derived from the SA key
 * @salt: first four bytes of the nonce (RFC 4106 section 4)
 * @iv_mask: makes the IVs of two SAs with the same key differ
 * @spare: of each CPU, see op.c
 */
struct asym_sa {
	const struct asym_suite	*suite;
	struct asym_cipher	stream;
	struct asym_cipher	blocks;
	struct asym_mac_key	mac;
	u8			salt[4];
	u64			iv_mask;
	struct asym_spare __percpu *spare;
};

int asym_sa_init(void);
void asym_sa_exit(void);
struct crypto_aead *asym_sa_create(const struct asym_suite *suite,
				   const u8 *key, unsigned int key_len,
				   struct netlink_ext_ack *extack);
void asym_sa_destroy(struct crypto_aead *shell);
struct asym_sa *asym_sa_of(const struct xfrm_state *x);
unsigned int asym_sa_reqsize(const struct asym_sa *sa);
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

/* ---- egress.c ---- */

struct netdev_queue;

bool asym_egress_can_wait(const struct netdev_queue *txq);
int asym_egress_init(void);
void asym_egress_exit(void);

/* ---- encap.c ---- */

int asym_encap_check(const struct xfrm_state *x,
		     struct netlink_ext_ack *extack);
u32 asym_encap_bytes(const struct xfrm_state *x);
int asym_encap_put(struct xfrm_state *x, struct sk_buff *skb, u32 len);
void asym_encap_checksum(const struct xfrm_state *x, struct sk_buff *skb);
u32 asym_encap_ip_bytes(const struct xfrm_state *x, const struct sk_buff *skb);
void asym_encap_learn(struct xfrm_state *x, const struct sk_buff *skb);
int asym_encap_send(struct xfrm_state *x, struct sk_buff *skb);

/* ---- route.c ---- */

/**
 * enum asym_route - where what TCP sends will go
 * @ASYM_ROUTE_OTHER: through no asymmetric SA
 * @ASYM_ROUTE_OURS: first through an asymmetric SA
 * @ASYM_ROUTE_HIDDEN: through one that gets it out of another SA
 * @ASYM_ROUTE_WAITS: into a queue, until there is an SA (xfrm_larval_drop=0)
 */
enum asym_route {
	ASYM_ROUTE_OTHER,
	ASYM_ROUTE_OURS,
	ASYM_ROUTE_HIDDEN,
	ASYM_ROUTE_WAITS,
};

enum asym_route asym_route_judge(struct sk_buff *skb, u8 family);

#endif /* _ESP_ASYM_SA_H */
