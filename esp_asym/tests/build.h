/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random metadata that obey the rules of the format; some are too many for a
 * packet.
 */
#ifndef _ESP_ASYM_BUILD_H
#define _ESP_ASYM_BUILD_H

#include <asym/wire.h>

#define BUILD_INNER_BYTES	1500

void build_meta(struct asym_meta *meta, u32 seed);
u32 build_size(const struct asym_meta *meta);
const char *build_differ(const struct asym_meta *a, const struct asym_meta *b);

#endif /* _ESP_ASYM_BUILD_H */
