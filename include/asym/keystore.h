/* SPDX-License-Identifier: GPL-2.0 */
/*
 * keystore: local keys, bindings of logical units to keys, and the range
 * cipher that seals and opens bytes of a bound unit.
 */
#ifndef _ASYM_KEYSTORE_H
#define _ASYM_KEYSTORE_H

#include <linux/crypto.h>
#include <linux/scatterlist.h>
#include <linux/types.h>
#include <net/net_namespace.h>
#include <uapi/linux/asym.h>

struct asym_binding;
struct asym_key;

/**
 * asym_binding_get() - find the binding of a logical unit
 * @net: network namespace of the connection
 * @target: target IQN, zero terminated, compared case-insensitively
 * @lun: the LUN field of the iSCSI header as one big-endian number
 *
 * Peripheral and flat space addresses of the same number name the same unit.
 *
 * Context: any that may take a BH spinlock or RCU; does not sleep.
 * Return: a binding with a reference, or NULL when the unit is not bound.
 */
struct asym_binding *asym_binding_get(struct net *net, const char *target,
				      u64 lun);

/**
 * asym_target_is_sealed() - must data of a target not leave in the clear?
 * @net: network namespace of the connection
 * @target: target IQN, zero terminated, compared case-insensitively; NULL: any
 *
 * Context: any that may take RCU; does not sleep.
 * Return: true if a unit of the target is bound to a key
 */
bool asym_target_is_sealed(struct net *net, const char *target);

/**
 * asym_bindings_generation() - has anything changed since?
 * @net: network namespace
 *
 * To be read before asym_target_is_sealed() is asked, whose answer holds as long
 * as this number stays.
 *
 * Context: any
 * Return: a number that is another one after each change
 */
unsigned int asym_bindings_generation(struct net *net);

/**
 * asym_binding_hold() - take another reference
 * @binding: a binding to which the caller has a reference
 *
 * Context: any
 * Return: @binding
 */
struct asym_binding *asym_binding_hold(struct asym_binding *binding);

/**
 * asym_binding_put() - give back a reference
 * @binding: binding or NULL
 *
 * Context: any, softirq included; what must sleep is deferred.
 */
void asym_binding_put(struct asym_binding *binding);

/**
 * asym_binding_is_plain() - is the unit explicitly allowed in the clear?
 * @binding: binding
 *
 * Context: any; what it says does not change
 * Return: true for a binding without a key
 */
bool asym_binding_is_plain(const struct asym_binding *binding);

/**
 * asym_binding_usable() - may data still be sealed and opened?
 * @binding: binding
 *
 * Context: any; a range that is begun all the same is refused
 * Return: false once the binding or its key has been deleted, or the unit has
 * contradicted its block size, for good
 */
bool asym_binding_usable(const struct asym_binding *binding);

/**
 * asym_binding_block_size() - logical block size of the unit
 * @binding: binding
 *
 * Context: any
 * Return: bytes, 0 while it is neither pinned nor learned; once known they stay
 */
u32 asym_binding_block_size(const struct asym_binding *binding);

/**
 * asym_binding_learn_block_size() - take note of what READ CAPACITY said
 * @binding: binding
 * @bytes: block size
 *
 * The size outlives the connection.  The first learned size (or the pinned one)
 * stays; a different one fails closed: the binding becomes unusable.
 *
 * Context: softirq or process; the network namespace of the binding has to be
 *	alive, as that of a connection whose packet is being looked at is
 * Return: 0; -EINVAL when @bytes is not a power of two from 512 to 4096 (the size
 * stays as it was); -ESTALE when it contradicts what is known, or when the binding
 * is no longer usable.  The event is sent by keystore.
 */
int asym_binding_learn_block_size(struct asym_binding *binding, u32 bytes);

/* Where a range stands in a scatterlist; private to keystore. */
struct asym_range_pos {
	struct scatterlist	*sg;
	unsigned int		offset;		/* bytes done of @sg */
	struct scatterlist	rest[2];	/* the list from here on */
};

/**
 * struct asym_range - bytes of a bound unit to seal or to open
 * @binding: the unit; the caller keeps a reference until completion
 * @offset: byte offset from the start of the unit, a multiple of 16
 * @len: bytes, a multiple of 16
 * @src: source, at least @len bytes
 * @dst: destination, at least @len bytes; may be @src
 * @seal: true to encrypt, false to decrypt
 * @complete: called with the result, in softirq or process context, if and only
 *	if asym_range_crypt() returns -EINPROGRESS, perhaps before it returns; the
 *	range is the caller's again from then on
 * @arg: for @complete
 * The rest is private to keystore.
 *
 * The memory behind it is asym_range_size() bytes long and aligned as kmalloc()
 * does; it, @src and @dst belong to the cipher until completion.
 *
 * On the disk the result is what dm-crypt
 * aes-xts-plain64 writes for the same key and sector size: the tweak is the
 * number of the 512-byte unit in which the XTS sector begins (plus the IV offset
 * of the binding), or the number of XTS sectors with iv_large_sectors.
 */
struct asym_range {
	struct asym_binding	*binding;
	u64			offset;
	u32			len;
	struct scatterlist	*src;
	struct scatterlist	*dst;
	bool			seal;
	void			(*complete)(struct asym_range *range, int err);
	void			*arg;
	/* private: */
	u32			done;
	struct asym_key		*key;
	struct asym_range_pos	src_pos;
	struct asym_range_pos	dst_pos;
	__le64			iv[2];
	void			*__req[] CRYPTO_MINALIGN_ATTR;
};

/**
 * asym_range_size() - bytes to allocate for a struct asym_range
 * @binding: a binding that is not plain
 *
 * Context: any
 * Return: bytes, the same as long as the binding exists
 */
unsigned int asym_range_size(const struct asym_binding *binding);

/**
 * asym_range_crypt() - seal or open a range
 * @range: filled in by the caller
 *
 * Blocks of 16 bytes are addressed individually (IEEE 1619: T = E(K2, i) *
 * alpha^j), so a range may begin and end anywhere inside an XTS sector.  One that
 * has begun is finished even if the binding or the key is deleted meanwhile.
 * After an error the content of @range->dst is undefined.
 *
 * Context: softirq or process, does not sleep
 * Return: 0 when done, -EINPROGRESS when @range->complete will be called, -ENOKEY
 * when the binding is no longer usable, -EINVAL for a range that is misaligned or
 * wraps, or a plain binding, other errors from the cipher.
 */
int asym_range_crypt(struct asym_range *range);

/**
 * asym_range_crypt_wait() - asym_range_crypt() that sleeps until it is done
 * @range: filled in by the caller; @complete and @arg are overwritten
 *
 * Context: process
 * Return: as asym_range_crypt(), never -EINPROGRESS
 */
int asym_range_crypt_wait(struct asym_range *range);

/**
 * asym_event() - report a refusal to user space
 * @net: network namespace
 * @reason: why
 * @target: target IQN or NULL
 * @lun: LUN field as for asym_binding_get(), meaningful with @target only
 * @detail: a sentence a user can act on, or NULL; copied
 *
 * Sends a netlink message to the "events" group of the family if anybody
 * listens, and logs it, both rate-limited per namespace and reason.  Events that
 * were held back are counted in the next one that is sent.
 *
 * Context: softirq or process, spinlocks held or not; @net has to be alive
 */
void asym_event(struct net *net, enum asym_reason reason, const char *target,
		u64 lun, const char *detail);

/**
 * asym_reason_name() - the short name of a reason, as in netlink and counters
 * @reason: why
 *
 * Return: for example "unbound-lun"; "unknown" for values out of range
 */
const char *asym_reason_name(enum asym_reason reason);

#endif /* _ASYM_KEYSTORE_H */
