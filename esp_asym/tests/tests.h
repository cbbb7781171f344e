/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What check.c runs: test_*.c.
 */
#ifndef _ESP_ASYM_TESTS_H
#define _ESP_ASYM_TESTS_H

void test_meta(void);
void test_meta_file(const char *path);

#endif /* _ESP_ASYM_TESTS_H */
