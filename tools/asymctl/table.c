// SPDX-License-Identifier: GPL-2.0
/*
 * Arrays that grow.
 */
#include <stdlib.h>
#include <string.h>

#include "asymctl.h"
#include "view.h"

/* A new row of zeros; rows before it may move. */
void *table_add(struct table *t, size_t size)
{
	char *row;

	if (t->count == t->room) {
		t->room = t->room ? 2 * t->room : 16;
		t->rows = reallocarray(t->rows, t->room, size);
		if (!t->rows) {
			error("out of memory");
			exit(EXIT_FAILED);
		}
	}
	row = (char *)t->rows + t->count++ * size;
	return memset(row, 0, size);
}

void table_free(struct table *t)
{
	free(t->rows);
	*t = (struct table){ };
}
