/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's names of integers, also for code that is built in user space. */
#ifndef _ASYM_TYPES_H
#define _ASYM_TYPES_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#endif

#endif /* _ASYM_TYPES_H */
