/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What esp_asym asks: it holds bindings, has ranges in flight, learns block sizes
 * and reports.
 */
#ifndef _KEYSTORE_TESTS_ASKER_H
#define _KEYSTORE_TESTS_ASKER_H

#include "space.h"

#define ASKER_HELD	8

/* A binding that esp_asym has, with a range in flight or not. */
struct held {
	struct asym_binding	*binding;
	bool			range;
};

extern struct held held[ASKER_HELD];

void asker_hold(struct space *space);
void asker_drop(struct held *h);
void asker_use(struct held *h);
void asker_learn(struct held *h);
void asker_ask_sealed(struct space *space);
void asker_tell(struct space *space);
/* A namespace has ended: its bindings are of no use any more. */
void asker_outlives(const struct net *net);
void asker_end(void);

#endif /* _KEYSTORE_TESTS_ASKER_H */
