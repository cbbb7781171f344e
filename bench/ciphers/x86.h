/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What x86's ciphers ask a kernel on bare metal for, in User Mode Linux: there
 * vector registers are those of an ordinary process, always usable and never to
 * be saved.  Included in front of each of their sources.
 */
#ifndef __ASSEMBLY__
#define _ASM_X86_CPU_DEVICE_ID
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/types.h>
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>

#define X86_MATCH_FEATURE(bit, data) { .feature = (bit) }
#define x86_match_cpu(ids) boot_cpu_has((ids)->feature)

/* A flag that /proc/cpuinfo does not show, which is where UML looks. */
#undef X86_FEATURE_OSXSAVE
#define X86_FEATURE_OSXSAVE X86_FEATURE_XSAVE

#define cpu_has_xfeatures(features, name) true
#define XFEATURE_MASK_SSE 0
#define XFEATURE_MASK_YMM 0
#define XFEATURE_MASK_AVX512 0

/* Compared with that of a processor that is better off without AVX-512. */
#define x86_model loops_per_jiffy
#endif
