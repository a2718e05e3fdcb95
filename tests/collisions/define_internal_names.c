/*
 * define_internal_names.c - defines and exports functions with reslimit's internal names; none may be called.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>

static int calls;

#define NAME(name)                                                                                           \
	int name(void);                                                                                      \
	int name(void)                                                                                       \
	{                                                                                                    \
		return ++calls;                                                                              \
	}
#include "names.h"

int main(void)
{
	int refused = 0;

	for (int i = 0; i < 1000; i++)
		free(malloc((size_t)i));
	if (!malloc(64 << 20))
		refused = 1;
	printf("mine %d refused %d\n", calls, refused);
	return calls;
}
