/* SPDX-License-Identifier: GPL-2.0 */
/* Before 6.10 references of fragments are in skbuff.h. */
#ifndef _COMPAT_LINUX_SKBUFF_REF_H
#define _COMPAT_LINUX_SKBUFF_REF_H

#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#include_next <linux/skbuff_ref.h>
#else
#include <linux/skbuff.h>
#endif

#endif
