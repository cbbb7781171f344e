/* SPDX-License-Identifier: GPL-2.0 */
/* Up to 6.9 references of fragments are in skbuff.h. */
#ifndef _COMPAT_LINUX_SKBUFF_REF_H
#define _COMPAT_LINUX_SKBUFF_REF_H

#if __has_include_next(<linux/skbuff_ref.h>)
#include_next <linux/skbuff_ref.h>
#else
#include <linux/skbuff.h>
#endif

#endif
