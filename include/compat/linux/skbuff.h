/* SPDX-License-Identifier: GPL-2.0 */
/* Up to 6.4 a fragment is a bio_vec and filled in field by field. */
#ifndef _COMPAT_LINUX_SKBUFF_H
#define _COMPAT_LINUX_SKBUFF_H

#include_next <linux/skbuff.h>
#include <linux/version.h>

/* An inline function cannot be tested for. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
static inline void skb_frag_fill_page_desc(skb_frag_t *frag, struct page *page,
					   int off, int size)
{
	frag->bv_page = page;
	skb_frag_off_set(frag, off);
	skb_frag_size_set(frag, size);
}
#endif

#endif
