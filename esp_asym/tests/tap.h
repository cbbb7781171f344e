/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One line per test, named by what it proves.
 */
#ifndef _ESP_ASYM_TAP_H
#define _ESP_ASYM_TAP_H

#include <stdbool.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define __printf(fmt, args)	__attribute__((__format__(printf, fmt, args)))

/* check.c */
bool __printf(2, 3) tap_ok(bool passed, const char *fmt, ...);
void __printf(1, 2) tap_note(const char *fmt, ...);

/* test_meta.c */
void test_meta(void);
void test_meta_file(const char *path);

#endif /* _ESP_ASYM_TAP_H */
