/*
 * allocate_by_name.c - asks one allocation function, by name, for SIZE bytes and says what came back.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static int code;

static void *by_malloc(size_t n)
{
	return malloc(n);
}
static void *by_calloc(size_t n)
{
	return calloc(1, n);
}
static void *by_realloc(size_t n)
{
	return realloc(malloc(16), n);
}
static void *by_realloc_null(size_t n)
{
	return realloc(NULL, n);
}
static void *by_reallocarray(size_t n)
{
	return reallocarray(NULL, n, 1);
}
static void *by_aligned_alloc(size_t n)
{
	return aligned_alloc(64, n);
}
static void *by_memalign(size_t n)
{
	return memalign(4096, n);
}
static void *by_posix_memalign(size_t n)
{
	void *p = NULL;

	code = posix_memalign(&p, 256, n);
	return code ? NULL : p;
}
static void *by_valloc(size_t n)
{
	return valloc(n);
}
static void *by_pvalloc(size_t n)
{
	return pvalloc(n);
}
static void *by_strdup(size_t n)
{
	static char text[1 << 23];

	memset(text, 'x', n - 1);
	return strdup(text);
}

static const struct {
	const char *name;
	void *(*allocate)(size_t);
} ways[] = {
	{"malloc", by_malloc},
	{"calloc", by_calloc},
	{"realloc", by_realloc},
	{"realloc_null", by_realloc_null},
	{"reallocarray", by_reallocarray},
	{"aligned_alloc", by_aligned_alloc},
	{"memalign", by_memalign},
	{"posix_memalign", by_posix_memalign},
	{"valloc", by_valloc},
	{"pvalloc", by_pvalloc},
	{"strdup", by_strdup},
};

int main(int argc, char **argv)
{
	size_t size = (size_t)number(argv, argc - 1);

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		void *p;
		int error;

		if (strcmp(ways[i].name, argv[1]) != 0)
			continue;
		errno = 99;
		p = ways[i].allocate(size);
		error = errno;
		say("%s code=%d errno=%d usable=%zu\n", p ? "granted" : "refused", code, error,
		    malloc_usable_size(p));
		errno = 99;
		free(p);
		say("after_free=%d\n", errno);
		return 0;
	}
	return 2;
}
