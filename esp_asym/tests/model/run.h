/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A session over a network that loses, repeats and reorders, and a TCP that cuts
 * anew whenever it sends again.
 */
#ifndef _MODEL_RUN_H
#define _MODEL_RUN_H

#include <asym/types.h>

extern u64 run_packets;

void run(void);

#endif /* _MODEL_RUN_H */
