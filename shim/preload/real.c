/*
 * real.c - the next definition of each hooked function; see real.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "bootheap.h"
#include "core/attrs.h"
#include "core/rawsys.h"
#include "symbols.h"

/*
 * Volatile, because dlsym is declared as a leaf, which never calls back into
 * this file; but for a missing name it allocates, and comes back to ready().
 */
static volatile bool resolved, resolving;

/* Whether the real functions are known, after trying if that is possible. */
static bool ready(void)
{
	/* ld.so allocates before libc is initialised, and dlsym may allocate while it looks. */
	if (!resolved && !resolving && environ)
		real_resolve();
	return resolved;
}

static void *boot_aligned_alloc(size_t alignment, size_t size)
{
	return ready() ? real.aligned_alloc(alignment, size) : bootheap_alloc(size, alignment);
}

static void *boot_memalign(size_t alignment, size_t size)
{
	return ready() ? real.memalign(alignment, size) : bootheap_alloc(size, alignment);
}

static int boot_posix_memalign(void **block, size_t alignment, size_t size)
{
	if (ready())
		return real.posix_memalign(block, alignment, size);
	*block = bootheap_alloc(size, alignment);
	return *block ? 0 : ENOMEM;
}

static void *boot_malloc(size_t size)
{
	return ready() ? real.malloc(size) : bootheap_alloc(size, BOOTHEAP_ALIGNMENT);
}

static void *boot_calloc(size_t count, size_t size)
{
	size_t bytes;

	if (ready())
		return real.calloc(count, size);
	/* The boot heap is static memory, zero until it is handed out, and never handed out twice. */
	return __builtin_mul_overflow(count, size, &bytes) ? NULL : bootheap_alloc(bytes, BOOTHEAP_ALIGNMENT);
}

static void *boot_realloc(void *block, size_t size)
{
	/* Blocks of the boot heap do not come here: the hook copies them. */
	return ready() ? real.realloc(block, size) : bootheap_alloc(size, BOOTHEAP_ALIGNMENT);
}

static void *boot_valloc(size_t size)
{
	return ready() ? real.valloc(size) : bootheap_alloc(size, 4096);
}

static void *boot_pvalloc(size_t size)
{
	return ready() ? real.pvalloc(size) : bootheap_alloc((size + 4095) & ~(size_t)4095, 4096);
}

static void boot_free(void *block)
{
	if (ready())
		real.free(block);
}

static long errno_of(long result)
{
	if (!raw_is_error(result))
		return result;
	errno = (int)-result;
	return -1;
}

/* An allocator may map memory before libc is ready, and dlsym would call it again: these never look anything
 * up. */
static void *boot_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	return (void *)errno_of(raw_mmap(at, len, prot, flags, fd, offset));
}

static int boot_munmap(void *at, size_t len)
{
	return (int)errno_of(raw_munmap(at, len));
}

static int boot_mprotect(void *at, size_t len, int prot)
{
	return (int)errno_of(raw_mprotect(at, len, prot));
}

static void *boot_mremap(void *old, size_t old_len, size_t new_len, int flags, ...)
{
	va_list arguments;
	void *target;

	va_start(arguments, flags);
	target = va_arg(arguments, void *);
	va_end(arguments);
	return (void *)errno_of(raw_syscall5(SYS_mremap, old, old_len, new_len, flags, target));
}

struct real real = {
#define RL_BOOTHOOK(name) .name = boot_##name,
#include "interpose.def"
};

static bool missed;

static void *next(const struct symbols *symbols, const char *name)
{
	void *found = symbols_find(symbols, name);

	if (found)
		return found;
	found = dlsym(RTLD_NEXT, name);
	missed |= !found;
	return found;
}

void real_resolve(void)
{
	struct real found = {0};
	struct symbols symbols;

	if (resolved || resolving)
		return;
	resolving = true;
	symbols_begin(&symbols, SYMBOLS_BEHIND_US);
#define RL_BOOTHOOK(name) found.name = next(&symbols, #name);
#define RL_HOOK(name)	  found.name = next(&symbols, #name);
#define RL_REAL(name)	  found.name = next(&symbols, #name);
#define RL_LAZYHOOK(name) found.name = symbols.are_all ? NULL : next(&symbols, #name);
#include "interpose.def"
	/* The program must not be told of a failure that is ours. */
	if (missed)
		dlerror();
	symbols_begin(&symbols, SYMBOLS_KERNEL);
	raw_clock = (raw_clock_function *)symbols_find(&symbols, RAW_CLOCK_SYMBOL);
	memcpy(&real, &found, sizeof(real));
	resolved = true;
	resolving = false;
}

void *real_find(void **known, const char *name)
{
	struct symbols symbols;

	if (*known)
		return *known;
	symbols_begin(&symbols, SYMBOLS_BEHIND_US);
	*known = symbols_find(&symbols, name);
	if (!*known)
		*known = dlsym(RTLD_NEXT, name);
	if (!*known)
		dlerror();
	return *known;
}

void *real_seen_by_program(const char *name)
{
	struct symbols symbols;
	void *found;

	symbols_begin(&symbols, SYMBOLS_ALL);
	found = symbols_find(&symbols, name);
	return found ? found : dlsym(RTLD_DEFAULT, name);
}

void *real_symbol_of(void *library, const char *name)
{
	void *found = dlsym(library, name);

	if (!found)
		dlerror();
	return found;
}

bool real_is_libc_malloc(void)
{
	struct symbols symbols;

	symbols_begin(&symbols, SYMBOLS_BEHIND_US);
	/* In glibc both names are the same function; nobody else has the second. */
	return (void *)real.malloc == next(&symbols, "__libc_malloc");
}
