// SPDX-License-Identifier: GPL-2.0
/*
 * iscsi_parse as a kernel module.  User space builds the other files without
 * this one.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("iSCSI stream and SCSI command parser");
MODULE_LICENSE("GPL");
