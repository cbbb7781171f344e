/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One line per test, named by what it proves.
 */
#ifndef _ISCSI_PARSE_TAP_H
#define _ISCSI_PARSE_TAP_H

#include <stdbool.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define __printf(fmt, args)	__attribute__((__format__(printf, fmt, args)))

/* check.c */
bool __printf(2, 3) tap_ok(bool passed, const char *fmt, ...);
void __printf(1, 2) tap_note(const char *fmt, ...);

/* test_*.c */
void test_stream(void);
void test_captured(const char *path);
void test_text(void);
void test_errors(void);
void test_cdb(void);

#endif /* _ISCSI_PARSE_TAP_H */
