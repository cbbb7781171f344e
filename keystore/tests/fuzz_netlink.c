// SPDX-License-Identifier: GPL-2.0
/*
 * Any requests: keystore keeps its promises, see requests.c.
 */
#include "requests.h"

int LLVMFuzzerTestOneInput(const u8 *input, size_t len)
{
	requests_run(input, len);
	return 0;
}
