// SPDX-License-Identifier: GPL-2.0
#include <asym/keystore.h>
#include <openssl/evp.h>
#include <string.h>

#include "choice.h"
#include "disk.h"
#include "kernel.h"
#include "property.h"

static struct asym_binding disks[DISK_MAX] = {
	[DISK_SEALED]	 = { DISK_SEALED, 512, 512 },
	[DISK_SEALED_4K] = { DISK_SEALED_4K, 4096, 4096 },
	[DISK_PLAIN]	 = { DISK_PLAIN, 512, 512 },
	[DISK_UNBOUND]	 = { DISK_UNBOUND, 512, 512 },
};

struct asym_binding *disk_of(enum disk_kind kind)
{
	return &disks[kind];
}

bool disk_is_sealed(const struct asym_binding *disk)
{
	return disk->kind == DISK_SEALED || disk->kind == DISK_SEALED_4K;
}

/* The marker is in any 13 bytes in a row. */
void disk_user_data(u8 *bytes, u32 len)
{
	u32 word = pick(0x10000), i;

	for (i = 0; i < len; i++) {
		if (i % 8 < DISK_MARKER_BYTES)
			bytes[i] = (u8)DISK_MARKER[i % 8];
		else
			bytes[i] = (u8)((word += 0x6b43a9) >> 16);
	}
}

/* Without the marker. */
void disk_noise(u8 *bytes, u32 len)
{
	u32 word = pick(0x10000);

	while (len--)
		*bytes++ = (u8)((word = word * 0x19660d + 0x3c6ef35f) >> 24) |
			   0x80;
}

static EVP_CIPHER_CTX *cipher_of(const struct asym_binding *disk, bool seal)
{
	static EVP_CIPHER_CTX *ciphers[DISK_MAX][2];
	EVP_CIPHER_CTX **cipher = &ciphers[disk->kind][seal];
	u8 key[64];
	u32 i;

	if (*cipher)
		return *cipher;
	for (i = 0; i < sizeof(key); i++)
		key[i] = (u8)(i * 7 + disk->kind);
	*cipher = EVP_CIPHER_CTX_new();
	if (!*cipher || !EVP_CipherInit_ex(*cipher, EVP_aes_256_xts(), NULL,
					   key, NULL, seal))
		abort();
	return *cipher;
}

/*
 * aes-xts-plain64 over @len bytes at @offset of the unit.  A library knows whole
 * sectors only; blocks do not depend on each other, so those in front are made
 * up.
 */
void disk_crypt(const struct asym_binding *disk, u64 offset, u32 len,
		const u8 *from, u8 *to, bool seal)
{
	EVP_CIPHER_CTX *cipher = cipher_of(disk, seal);
	u8 sector[4096], iv[16];
	int done;

	if (offset % 16 || len % 16)
		abort();
	while (len) {
		u32 skip = (u32)(offset % disk->sector_size);
		u32 n = min(len, disk->sector_size - skip), i;
		u64 tweak = (offset - skip) / 512;

		memset(iv, 0, sizeof(iv));
		for (i = 0; i < 8; i++)
			iv[i] = (u8)(tweak >> (8 * i));
		memset(sector, 0, skip);
		memcpy(sector + skip, from, n);
		if (!EVP_CipherInit_ex(cipher, NULL, NULL, NULL, iv, -1) ||
		    !EVP_CipherUpdate(cipher, sector, &done, sector,
				      (int)(skip + n)) ||
		    done != (int)(skip + n))
			abort();
		memcpy(to, sector + skip, n);
		from += n;
		to += n;
		offset += n;
		len -= n;
	}
}

void disk_reset(void)
{
	u32 i;

	for (i = 0; i < DISK_MAX; i++) {
		disks[i].refs = 0;
		if (!disk_is_sealed(&disks[i])) {
			disk_noise(disks[i].plain, DISK_BYTES);
			memcpy(disks[i].stored, disks[i].plain, DISK_BYTES);
			continue;
		}
		disk_user_data(disks[i].plain, DISK_BYTES);
		disk_crypt(&disks[i], 0, DISK_BYTES, disks[i].plain,
			   disks[i].stored, true);
	}
}

u32 disk_refs(void)
{
	u32 sum = 0, i;

	for (i = 0; i < DISK_MAX; i++)
		sum += disks[i].refs;
	return sum;
}

/* ---- the interface of keystore ---- */

struct asym_binding *asym_binding_get(struct net *net, const char *target,
				      u64 lun)
{
	(void)net;
	if (strcmp(target, "iqn.2003-01.org.example:disk") ||
	    lun >> 48 >= DISK_UNBOUND)
		return NULL;
	return asym_binding_hold(&disks[lun >> 48]);
}

struct asym_binding *asym_binding_hold(struct asym_binding *binding)
{
	binding->refs++;
	return binding;
}

void asym_binding_put(struct asym_binding *binding)
{
	if (!binding)
		return;
	if (!binding->refs)
		abort();
	binding->refs--;
}

bool asym_target_is_sealed(struct net *net, const char *target)
{
	(void)net;
	(void)target;
	return true;
}

unsigned int asym_bindings_generation(struct net *net)
{
	(void)net;
	return 0;
}

bool asym_binding_is_plain(const struct asym_binding *binding)
{
	return binding->kind == DISK_PLAIN;
}

bool asym_binding_usable(const struct asym_binding *binding)
{
	(void)binding;
	return true;
}

u32 asym_binding_block_size(const struct asym_binding *binding)
{
	return binding->block_size;
}

int asym_binding_learn_block_size(struct asym_binding *binding, u32 bytes)
{
	event_count(EVENT_LEARNED, 1);
	binding->learned++;
	property_check(PROPERTY_NOTED, bytes == binding->block_size,
		       "unit %u is told to have blocks of %u bytes",
		       binding->kind, bytes);
	return bytes == binding->block_size ? 0 : -ESTALE;
}

unsigned int asym_range_size(const struct asym_binding *binding)
{
	(void)binding;
	return sizeof(struct asym_range);
}

/* Senders seal what is in one piece. */
int asym_range_crypt_wait(struct asym_range *range)
{
	const u8 *src = page_address(range->src->page);
	u8 *dst = page_address(range->dst->page);

	if (range->src->length < range->len || range->dst->length < range->len)
		abort();
	disk_crypt(range->binding, range->offset, range->len,
		   src + range->src->offset, dst + range->dst->offset,
		   range->seal);
	return 0;
}
