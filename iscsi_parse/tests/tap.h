/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One line per test, named by what it proves.
 */
#ifndef _ISCSI_PARSE_TAP_H
#define _ISCSI_PARSE_TAP_H

#include <stdbool.h>

/* check.c */
bool tap_ok(bool passed, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void tap_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* test_*.c */
void test_stream(void);
void test_text(void);
void test_errors(void);
void test_cdb(void);

#endif /* _ISCSI_PARSE_TAP_H */
