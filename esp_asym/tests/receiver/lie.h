/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Another word about a segment than is true.
 */
#ifndef _RECEIVER_LIE_H
#define _RECEIVER_LIE_H

#include "packet.h"

/* @bytes: the metadata as they will be sent */
void lie(struct packet *p, struct asym_meta *meta, u8 *bytes, u32 *padding,
	 u8 *claimed);

#endif /* _RECEIVER_LIE_H */
