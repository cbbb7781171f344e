/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For unit tests in user space: one line per test, named by what it proves.
 */
#ifndef _UNIT_TAP_H
#define _UNIT_TAP_H

#include <stdbool.h>

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#endif
#define __printf(fmt, args)	__attribute__((__format__(printf, fmt, args)))

bool __printf(2, 3) tap_ok(bool passed, const char *fmt, ...);
void __printf(1, 2) tap_note(const char *fmt, ...);
int tap_end(void);

#endif /* _UNIT_TAP_H */
