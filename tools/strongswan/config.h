/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the headers of strongSwan want to know of the configuration that Debian has
 * built it with.
 */
#ifndef ASYM_STRONGSWAN_CONFIG_H
#define ASYM_STRONGSWAN_CONFIG_H

#define CONFIG_H_INCLUDED

#define HAVE_STDBOOL_H
#define HAVE_SIGWAITINFO
#define HAVE_CLOSEFROM

/* Mediation: its methods are in the middle of those of an IKE_SA. */
#define ME

#endif
