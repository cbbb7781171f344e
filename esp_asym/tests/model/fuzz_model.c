// SPDX-License-Identifier: GPL-2.0
/*
 * Input: choices, two bytes each: what is said, where it is cut, what is lost.
 */
#include <stdio.h>
#include <stdlib.h>

#include "choice.h"
#include "property.h"
#include "run.h"

int LLVMFuzzerTestOneInput(const u8 *input, size_t len)
{
	choice_bytes(input, len);
	run();
	if (property_failed()) {
		/* abort() would keep to itself what has failed. */
		fflush(stdout);
		abort();
	}
	return 0;
}
