/*
 * kept.c - the block that a thread got last and has just freed; see kept.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "kept.h"

#include "real.h"

size_t kept_most;
size_t kept_libc_mark;

void kept_learn(void)
{
	void *block = real.malloc(CHUNK_LEAST - CHUNK_OVERHEAD);
	/* By address, because to the compiler a block that was freed is nobody's. */
	volatile size_t *second = (volatile size_t *)((uintptr_t)block + sizeof(size_t));

	if (!block)
		return;
	*second = 0;
	real.free(block);
	kept_libc_mark = *second;
	if (kept_libc_mark)
		kept_most = KEPT_MOST;
}

void kept_give_back(void)
{
	if (!thread_self.kept || !thread_self.fast)
		return;
	thread_self.kept = 0;
	real.free(thread_self.latest);
}

/* libc is told of the first time only now, so that it finds the second and says what it always says. */
bool kept_freed_twice(void *block)
{
	kept_give_back();
	real.free(block);
	return true;
}
