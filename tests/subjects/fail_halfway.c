/*
 * fail_halfway.c - makes calls that fail when they have done a part, and compares the ledger with the kernel.
 *
 * Usage: fail_halfway. Prints a line per step after which they differ, then "wrong=N failed=N".
 *
 * Where the kernel has no mseal(), which makes most of them fail, those succeed, and are compared all the
 * same.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/resource.h>

#include "charged.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

enum { PAGE = 4096, MSEAL = 462, MEMFD_SECRET = 447, ROOM = 1 << 16 };
enum { RW = PROT_READ | PROT_WRITE, MOVE = MREMAP_MAYMOVE | MREMAP_FIXED };

static char *window = (char *)0x200000000000;
static long base, wrong, failed;

/* What lies in the window: private pages that the kernel counts as committed, and shared ones. */
static long committed(void)
{
	static char buffer[ROOM], line[512];
	unsigned long from = 0, to = 0;
	long sum = 0;
	FILE *smaps = fopen("/proc/self/smaps", "re");

	setvbuf(smaps, buffer, _IOFBF, sizeof(buffer));
	while (fgets(line, sizeof(line), smaps)) {
		unsigned long a, b;

		if (sscanf(line, "%lx-%lx %*[rwxps-]", &a, &b) == 2) {
			from = a;
			to = b;
		} else if (!strncmp(line, "VmFlags:", 8) && (strstr(line, " ac") || strstr(line, " sh")) &&
			   from >= (unsigned long)window && to <= (unsigned long)window + 8192UL * PAGE) {
			sum += (long)(to - from);
		}
	}
	fclose(smaps);
	return sum;
}

static void compare(const char *what)
{
	long ours = charged() - base, kernel = committed();

	if (ours == kernel)
		return;
	say("%s: ledger=%ld kernel=%ld\n", what, ours / PAGE, kernel / PAGE);
	wrong++;
}

/* Touched, or the kernel would not keep what becomes read-only. */
static char *map(long at, long pages, int prot)
{
	char *p = mmap(window + at * PAGE, (size_t)pages * PAGE, prot,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (p == MAP_FAILED)
		_exit(95);
	if (prot == RW)
		memset(p, 1, (size_t)pages * PAGE);
	return p;
}

static void unmap(const char *what)
{
	munmap(window, 8192UL * PAGE);
	compare(what);
}

/* For good: so each test has pages of its own. */
static void seal(char *p, long pages)
{
	syscall(MSEAL, p, (size_t)pages * PAGE, 0L);
}

static void protect_without_room(void)
{
	static char buffer[ROOM], line[256];
	char *p = map(0, 8, PROT_READ);
	FILE *status = fopen("/proc/self/status", "re");
	struct rlimit was, little;
	long kilobytes = 0;

	map(8, 8, PROT_NONE);
	setvbuf(status, buffer, _IOFBF, sizeof(buffer));
	while (fgets(line, sizeof(line), status))
		if (!strncmp(line, "VmData:", 7))
			kilobytes = strtol(line + 7, NULL, 10);
	fclose(status);
	getrlimit(RLIMIT_DATA, &was);
	little = (struct rlimit){(rlim_t)kilobytes * 1024 + 12 * PAGE, was.rlim_max};
	setrlimit(RLIMIT_DATA, &little);
	failed += mprotect(p, 16 * PAGE, RW) == -1 && errno == ENOMEM;
	setrlimit(RLIMIT_DATA, &was);
	compare("half of it writable");
	unmap("and gone");
}

static void map_huge_pages_over(void)
{
	char *p = map(0, 600, RW);

	/* Few machines have any. */
	if (mmap(p, 512 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_HUGETLB, -1, 0) == p)
		munmap(p, 512 * PAGE);
	compare("huge pages over it");
	unmap("and gone");
}

static void protect_what_is_sealed(void)
{
	char *p = map(1000, 30, PROT_NONE);

	seal(p + 10 * PAGE, 10);
	failed += mprotect(p, 30 * PAGE, RW) == -1;
	compare("writable up to what is sealed");
	munmap(p, 10 * PAGE);
	munmap(p + 20 * PAGE, 10 * PAGE);
	compare("and gone");
}

/* Three mappings, of which the last is sealed, to where others lie or nothing does. */
static void move_what_is_sealed(long at, long target_pages)
{
	char *p = map(at, 4, RW), *to = window + (at + 100) * PAGE;

	map(at + 4, 4, PROT_READ);
	map(at + 8, 4, RW);
	if (target_pages)
		map(at + 100, target_pages, RW);
	seal(p + 8 * PAGE, 4);
	failed += mremap(p, 12 * PAGE, 12 * PAGE, MOVE, to) == MAP_FAILED;
	compare("what precedes the sealed one moved");
	munmap(to, 20 * PAGE);
	compare("the target gone");
	munmap(p, 8 * PAGE);
	compare("the source gone");
}

static void unmap_what_is_sealed(void)
{
	char *p = map(3000, 30, RW);

	seal(p + 10 * PAGE, 10);
	failed += munmap(p, 30 * PAGE) == -1;
	compare("unmapped in vain");
	failed += mmap(p, 30 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED;
	compare("mapped over in vain");
	failed += mremap(p, 30 * PAGE, 5 * PAGE, 0) == MAP_FAILED;
	compare("shrunk in vain");
	failed += mremap(p + 10 * PAGE, 10 * PAGE, 40 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED;
	compare("grown in vain");
}

/* What these hold is not what the kernel calls committed. */
static void kinds_of_memory(void)
{
	int secret = (int)syscall(MEMFD_SECRET, 0L);
	long before = charged();
	char *p = mmap(window, 8 * PAGE, PROT_NONE, MAP_DROPPABLE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (p != MAP_FAILED) {
		wrong += charged() != before;
		mprotect(p, 8 * PAGE, RW);
		wrong += charged() != before + 8 * PAGE;
		munmap(p, 8 * PAGE);
		wrong += charged() != before;
	}
	if (secret < 0 || ftruncate(secret, 4 * PAGE))
		return;
	mmap(window, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, secret, 0);
	compare("secret");
	unmap("and gone");
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	committed();
	base = charged();
	protect_without_room();
	map_huge_pages_over();
	kinds_of_memory();
	protect_what_is_sealed();
	move_what_is_sealed(1500, 0);
	move_what_is_sealed(2000, 12);
	move_what_is_sealed(2500, 20);
	unmap_what_is_sealed();
	say("wrong=%ld failed=%ld\n", wrong, failed);
	return wrong != 0;
}
