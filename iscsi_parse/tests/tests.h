/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What check.c runs: test_*.c.
 */
#ifndef _ISCSI_PARSE_TESTS_H
#define _ISCSI_PARSE_TESTS_H

void test_stream(void);
void test_captured(const char *path);
void test_text(void);
void test_errors(void);
void test_cdb(void);

#endif /* _ISCSI_PARSE_TESTS_H */
