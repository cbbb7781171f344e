// SPDX-License-Identifier: GPL-2.0
/*
 * Any peer that holds the SA: the receive path keeps its promises, see
 * receiver.c and reader.c.
 */
#include "receiver.h"

int LLVMFuzzerTestOneInput(const u8 *input, size_t len)
{
	receiver_run(input, len);
	return 0;
}
