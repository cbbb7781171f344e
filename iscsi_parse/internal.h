/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of iscsi_parse have from each other.
 */
#ifndef _ISCSI_PARSE_INTERNAL_H
#define _ISCSI_PARSE_INTERNAL_H

#include <asym/iscsi_parse.h>

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/string.h>
#else
#include <errno.h>
#include <string.h>
#define EXPORT_SYMBOL_GPL(symbol) struct symbol##_is_exported
#endif

/* stream.c */
int iscsi_stream_fail(struct iscsi_stream *s, const char *error);

/* text.c */
int iscsi_text_begin(struct iscsi_stream *s);
int iscsi_text_feed(struct iscsi_stream *s, const u8 *bytes, u32 len);
int iscsi_text_end(struct iscsi_stream *s);

#endif /* _ISCSI_PARSE_INTERNAL_H */
