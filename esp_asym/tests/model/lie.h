/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A target that does not tell the truth about the bytes of a packet.
 */
#ifndef _MODEL_LIE_H
#define _MODEL_LIE_H

#include "packet.h"

void lie_tell(struct packet *p, u32 other_itt);
void lie_hear(const struct packet *p);

#endif /* _MODEL_LIE_H */
