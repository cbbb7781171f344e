/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A strongSwan plugin that negotiates asymmetric ESP.
 */
#ifndef ASYM_STRONGSWAN_H
#define ASYM_STRONGSWAN_H

#include <bus/listeners/listener.h>

/*
 * The transforms, of type 1 (encryption algorithm), from the private-use space of
 * RFC 7296.  What the numbers mean is agreed on by the vendor ID.
 */
#define ENCR_ASYM_GCM_AES 42469
#define ENCR_ASYM_CHACHA20_POLY1305 42470

/* Key length attributes: those of the cipher, and the 32 bits of salt. */
#define ASYM_BITS_128 (128 + 32)
#define ASYM_BITS_256 (256 + 32)

/* negotiation.c */
listener_t *asym_negotiation(void);
void asym_negotiation_begin(void);

#endif
