/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The logical units of the target, as the initiator means them and as the target
 * stores them.  In the place of keystore: the cipher is OpenSSL's.
 */
#ifndef _MODEL_DISK_H
#define _MODEL_DISK_H

#include <asym/types.h>

#define DISK_BYTES	(64 * 1024)

/* What all user data are full of, and nothing else is. */
#define DISK_MARKER		"SECRET"
#define DISK_MARKER_BYTES	6

enum disk_kind {
	DISK_SEALED,		/* sectors of 512 bytes */
	DISK_SEALED_4K,		/* blocks and sectors of 4096 bytes */
	DISK_PLAIN,
	DISK_UNBOUND,
	DISK_MAX
};

/**
 * struct asym_binding - a unit
 * @kind: see enum disk_kind; it is the LUN, too
 * @block_size: bytes
 * @sector_size: bytes
 * @refs: references that the modules hold
 * @learned: how often its block size was learned
 * @plain: content as its owner knows it
 * @stored: content as the target has it
 */
struct asym_binding {
	enum disk_kind	kind;
	u32		block_size;
	u32		sector_size;
	u32		refs;
	u32		learned;
	u8		plain[DISK_BYTES];
	u8		stored[DISK_BYTES];
};

void disk_reset(void);
u32 disk_refs(void);
struct asym_binding *disk_of(enum disk_kind kind);
bool disk_is_sealed(const struct asym_binding *disk);
void disk_user_data(u8 *bytes, u32 len);
void disk_noise(u8 *bytes, u32 len);
void disk_crypt(const struct asym_binding *disk, u64 offset, u32 len,
		const u8 *from, u8 *to, bool seal);

#endif /* _MODEL_DISK_H */
