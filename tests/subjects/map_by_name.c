/*
 * map_by_name.c - takes memory by the call that is named, then gives it back.
 *
 * Usage: map_by_name NAME BYTES. Prints "granted errno=N" or "refused errno=N"; errno was 99 before.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/shm.h>

#include "charged.h"

enum { RW = PROT_READ | PROT_WRITE, PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS };

static char *small;
static int fd;

static int by_protect(size_t n, int pkey)
{
	char *p = mmap(NULL, n, PROT_NONE, PRIVATE, -1, 0);

	errno = 99;
	return (pkey ? pkey_mprotect(p, n, RW, -1) : mprotect(p, n, RW)) == 0;
}

/* Behind it is nothing, and the kernel says so when it comes there. */
static int by_protect_too_far(size_t n)
{
	char *p = mmap(NULL, 2 * n, PROT_NONE, PRIVATE, -1, 0);

	munmap(p + n, n);
	errno = 99;
	return mprotect(p, 2 * n, RW) == 0;
}

static int by_file(size_t n)
{
	if (ftruncate(fd, (off_t)n))
		return 0;
	errno = 99;
	return mmap(NULL, n, RW, MAP_SHARED, fd, 0) != MAP_FAILED;
}

static int by_segment(size_t n)
{
	int id = shmget(IPC_PRIVATE, n, 0600);
	void *p;
	int saved;

	errno = 99;
	p = shmat(id, NULL, 0);
	saved = errno;
	shmctl(id, IPC_RMID, NULL);
	errno = saved;
	return p != (void *)-1;
}

static int take(const char *name, size_t n)
{
	if (!strcmp(name, "mmap"))
		return mmap(NULL, n, RW, PRIVATE, -1, 0) != MAP_FAILED;
	if (!strcmp(name, "mmap64"))
		return mmap64(NULL, n, RW, PRIVATE, -1, 0) != MAP_FAILED;
	if (!strcmp(name, "mmap_noreserve"))
		return mmap(NULL, n, RW, PRIVATE | MAP_NORESERVE, -1, 0) != MAP_FAILED;
	if (!strcmp(name, "mmap_fixed"))
		return mmap((void *)0x200000000000, n, RW, PRIVATE | MAP_FIXED, -1, 0) != MAP_FAILED;
	if (!strcmp(name, "mmap_shared"))
		return mmap(NULL, n, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
	if (!strcmp(name, "mmap_memfd"))
		return by_file(n);
	if (!strcmp(name, "mremap"))
		return mremap(small, 4096, n, MREMAP_MAYMOVE) != MAP_FAILED;
	if (!strcmp(name, "mmap_huge"))
		return mmap(NULL, n, RW, PRIVATE | MAP_HUGETLB, -1, 0) != MAP_FAILED;
	if (!strcmp(name, "mprotect_too_far"))
		return by_protect_too_far(n);
	if (!strcmp(name, "mprotect"))
		return by_protect(n, 0);
	if (!strcmp(name, "pkey_mprotect"))
		return by_protect(n, 1);
	if (!strcmp(name, "sbrk"))
		return sbrk((intptr_t)n) != (void *)-1;
	if (!strcmp(name, "brk"))
		return brk((char *)sbrk(0) + n) == 0;
	return by_segment(n);
}

int main(int argc, char **argv)
{
	int granted;

	(void)argc;
	small = mmap(NULL, 4096, RW, PRIVATE, -1, 0);
	fd = memfd_create("test", MFD_CLOEXEC);
	errno = 99;
	granted = take(argv[1], (size_t)number(argv, 2));
	say("%s errno=%d\n", granted ? "granted" : "refused", errno);
	return 0;
}
