/*
 * serving.c - marks the time in which another allocator serves; see serving.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "serving.h"

#include "core/attrs.h"
#include "member.h"
#include "real.h"

static struct real next RL_SELDOM;

RL_INLINE void *serve_size(void *(*function)(size_t), size_t size)
{
	bool outer = thread_self.serving;
	void *block;

	thread_self.serving = true;
	block = function(size);
	thread_self.serving = outer;
	return block;
}

/* Of a count and a size, or an alignment and a size. */
RL_INLINE void *serve_two(void *(*function)(size_t, size_t), size_t first, size_t size)
{
	bool outer = thread_self.serving;
	void *block;

	thread_self.serving = true;
	block = function(first, size);
	thread_self.serving = outer;
	return block;
}

static void *serve_malloc(size_t size)
{
	return serve_size(next.malloc, size);
}

static void *serve_calloc(size_t count, size_t size)
{
	return serve_two(next.calloc, count, size);
}

static void *serve_realloc(void *old, size_t size)
{
	bool outer = thread_self.serving;
	void *block;

	thread_self.serving = true;
	block = next.realloc(old, size);
	thread_self.serving = outer;
	return block;
}

static void serve_free(void *block)
{
	bool outer = thread_self.serving;

	thread_self.serving = true;
	next.free(block);
	thread_self.serving = outer;
}

static void *serve_aligned_alloc(size_t alignment, size_t size)
{
	return serve_two(next.aligned_alloc, alignment, size);
}

static void *serve_memalign(size_t alignment, size_t size)
{
	return serve_two(next.memalign, alignment, size);
}

static int serve_posix_memalign(void **block, size_t alignment, size_t size)
{
	bool outer = thread_self.serving;
	int error;

	thread_self.serving = true;
	error = next.posix_memalign(block, alignment, size);
	thread_self.serving = outer;
	return error;
}

static void *serve_valloc(size_t size)
{
	return serve_size(next.valloc, size);
}

static void *serve_pvalloc(size_t size)
{
	return serve_size(next.pvalloc, size);
}

void serving_begin(void)
{
	next = real;
	real.malloc = serve_malloc;
	real.calloc = serve_calloc;
	real.realloc = serve_realloc;
	real.free = serve_free;
	real.aligned_alloc = serve_aligned_alloc;
	real.memalign = serve_memalign;
	real.posix_memalign = serve_posix_memalign;
	real.valloc = serve_valloc;
	real.pvalloc = serve_pvalloc;
}
