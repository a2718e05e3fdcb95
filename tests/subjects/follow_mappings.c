/*
 * follow_mappings.c - makes each kind of mapping and compares what the ledger charges with what it should.
 *
 * Usage: follow_mappings NAME... Prints a line per step that was charged otherwise, then "wrong=N".
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <sys/shm.h>

#include "charged.h"

enum { PAGE = 4096 };

static long last, wrong;

static void step(const char *what, long pages)
{
	long now = charged();

	if (now - last != pages * PAGE) {
		say("%s: %ld bytes, not %ld pages\n", what, now - last, pages);
		wrong++;
	}
	last = now;
}

static char *map(long pages, int prot, int flags)
{
	return mmap(NULL, (size_t)pages * PAGE, prot, flags, -1, 0);
}

static void unmap(char *at, long pages, const char *what, long change)
{
	munmap(at, (size_t)pages * PAGE);
	step(what, change);
}

enum {
	RW = PROT_READ | PROT_WRITE,
	PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS,
	SHARED = MAP_SHARED | MAP_ANONYMOUS
};

/* More pieces than one look takes in. */
static void motley(void)
{
	enum { PIECES = 300 };
	char *p = map(PIECES, PROT_READ, PRIVATE);

	for (int i = 0; i < PIECES; i += 2) {
		mprotect(p + (long)i * PAGE, PAGE, RW);
		p[(long)i * PAGE] = 1;
	}
	step("every other page writable", PIECES / 2);
	munmap(p + (PIECES - 1L) * PAGE, PAGE);
	if (mprotect(p, (long)PIECES * PAGE, RW) != -1 || errno != ENOMEM)
		wrong++;
	step("all others up to a hole, and refused", PIECES / 2 - 1);
	munmap(p, (long)PIECES * PAGE);
	step("gone", 1 - PIECES);
}

static void protections(void)
{
	char *p = map(100, PROT_NONE, PRIVATE);

	step("PROT_NONE", 0);
	mprotect(p, 100 * PAGE, PROT_READ);
	step("read-only", 0);
	mprotect(p + 10 * PAGE, 20 * PAGE, RW);
	step("a part writable", 20);
	p[10 * PAGE] = 1;
	mprotect(p, 40 * PAGE, RW);
	step("more writable", 20);
	mprotect(p, 100 * PAGE, PROT_NONE);
	step("all PROT_NONE again", 0);
	mprotect(p, 100 * PAGE, RW);
	step("all writable again", 60);
	madvise(p, 100 * PAGE, MADV_DONTNEED);
	step("emptied", 0);
	unmap(p, 100, "gone", -100);
	p = map(100, PROT_READ, PRIVATE);
	pkey_mprotect(p, 10 * PAGE, RW, -1);
	step("pkey_mprotect", 10);
	munmap(p + 50 * PAGE, PAGE);
	if (mprotect(p, 100 * PAGE, RW) != -1 || errno != ENOMEM)
		wrong++;
	step("writable up to a hole, and refused", 40);
	unmap(p, 100, "gone with its hole", -50);
	motley();
}

static void parts(void)
{
	char *p = mmap((void *)0x200000000000, 100 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), *q;

	step("mapped", 100);
	unmap(p + 10 * PAGE, 10, "a part gone", -10);
	unmap(p, 30, "around a hole", -20);
	unmap(p, 30, "nothing there", 0);
	mmap(p + 20 * PAGE, 20 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0);
	step("fixed, half of it over older", 10);
	mmap(p + 20 * PAGE, 20 * PAGE, PROT_NONE, PRIVATE | MAP_FIXED, -1, 0);
	step("reserved over it", -20);
	mmap(p + 20 * PAGE, 20 * PAGE, RW, PRIVATE | MAP_FIXED | MAP_NORESERVE, -1, 0);
	step("writable over it, without a reserve", 20);
	munmap(p, 60 * PAGE + 1);
	step("spanning, to the next page", -41);
	unmap(p, 200, "far beyond", -39);
	q = mmap64(NULL, 5 * PAGE + 1, RW, PRIVATE, -1, 0);
	step("mmap64, rounded", 6);
	munmap(q, 5 * PAGE + 1);
	step("rounded", -6);
	q = mmap(p, 3 * PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0);
	step("where nothing was", 3);
	unmap(q, 3, "gone", -3);
}

static void moves(void)
{
	char *p = map(50, RW, PRIVATE), *block = map(1, PROT_NONE, PRIVATE), *q;

	(void)block;
	step("mapped", 50);
	p = mremap(p, 50 * PAGE, 500 * PAGE, MREMAP_MAYMOVE);
	step("grown", 450);
	p = mremap(p, 500 * PAGE, 20 * PAGE, 0);
	step("shrunk", -480);
	q = map(60, RW, PRIVATE);
	step("another", 60);
	q = mremap(p, 20 * PAGE, 30 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q);
	step("moved over it and grown", -20);
	unmap(q + 30 * PAGE, 30, "the rest of it", -30);
	if (mremap(q, 30 * PAGE, 31 * PAGE, MREMAP_FIXED, p) != MAP_FAILED)
		wrong++;
	step("fixed without leave to move", 0);
	unmap(p, 1, "the old place", 0);
	q[0] = 'q';
	p = mremap(q, 30 * PAGE, 30 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	step("moved, the old place kept", 30);
	munmap(q, 30 * PAGE);
	unmap(p, 30, "both gone", -60);
	p = map(30, PROT_NONE, PRIVATE);
	p = mremap(p, 30 * PAGE, 300 * PAGE, MREMAP_MAYMOVE);
	step("a reservation grown", 0);
	mprotect(p, 300 * PAGE, RW);
	step("and writable", 300);
	unmap(p, 300, "gone", -300);
	p = mmap((void *)0x200000000000, 8 * PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0);
	mprotect(p + 4 * PAGE, 4 * PAGE, RW);
	step("read-only, and writable behind it", 4);
	if (mremap(p, 8 * PAGE, 4 * PAGE, 0) != p)
		wrong++;
	step("shrunk to what is read-only", -4);
	mprotect(p, 4 * PAGE, RW);
	step("writable", 4);
	unmap(p, 4, "gone", -4);
	p = map(8, RW, SHARED);
	q = mremap(p, 0, 8 * PAGE, MREMAP_MAYMOVE);
	step("shared, and a second place for it", 16);
	munmap(p, 8 * PAGE);
	unmap(q, 8, "both gone", -16);
}

static void shares(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC), zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
	int id = shmget(IPC_PRIVATE, 10 * PAGE + 1, 0600);
	char *p = map(10, PROT_READ, SHARED), *q;

	step("shared, read-only", 10);
	munmap(p + PAGE, 9 * PAGE);
	unmap(p, 1, "gone", -10);
	p = mmap(NULL, 10 * PAGE, RW, MAP_SHARED, zero, 0);
	step("/dev/zero, shared", 10);
	munmap(p, 10 * PAGE);
	p = mmap(NULL, 10 * PAGE, RW, MAP_PRIVATE, zero, 0);
	step("/dev/zero, private", 0);
	unmap(p, 10, "gone", -10);
	if (ftruncate(fd, 10 * PAGE))
		wrong++;
	p = mmap(NULL, 10 * PAGE, RW, MAP_SHARED, fd, 0);
	step("memfd", 10);
	q = mmap(NULL, 10 * PAGE, RW, MAP_SHARED, fd, 0);
	step("the same again", 0);
	unmap(q, 10, "without the second", 0);
	unmap(p, 10, "without the first", -10);
	p = mmap(NULL, 10 * PAGE, RW, MAP_SHARED, fd, 0);
	step("and once more", 10);
	unmap(p, 10, "gone", -10);
	p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	step("a page of it", 1);
	q = mmap(NULL, 9 * PAGE, RW, MAP_SHARED, fd, PAGE);
	step("the rest", 9);
	munmap(q, 9 * PAGE);
	q = mmap(NULL, 10 * PAGE, RW, MAP_SHARED, fd, 0);
	step("all of it instead", 0);
	unmap(p, 1, "without the page", 0);
	p = mmap(NULL, 10 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	step("again, read-only", 0);
	unmap(q, 10, "only that is left", 0);
	q = mremap(p, 10 * PAGE, 4 * PAGE, 0);
	step("and less of it", -6);
	p = mremap(p, 0, 4 * PAGE, MREMAP_MAYMOVE);
	step("and that twice", 0);
	munmap(p, 4 * PAGE);
	unmap(q, 4, "gone", -4);
	p = mmap(NULL, 5 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	q = mmap(NULL, 5 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	step("read-only, twice", 0);
	mprotect(p, 5 * PAGE, RW);
	mprotect(q, 5 * PAGE, RW);
	step("both writable", 5);
	munmap(p, 5 * PAGE);
	unmap(q, 5, "both gone", -5);
	p = shmat(id, NULL, 0);
	step("segment", 11);
	q = shmat(id, NULL, SHM_RDONLY);
	step("the same again", 0);
	shmdt(q);
	step("without the second", 0);
	shmdt(p);
	step("without the first", -11);
	p = shmat(id, NULL, 0);
	step("once more", 11);
	mmap(p + 2 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0);
	munmap(p + 5 * PAGE, PAGE);
	step("with something else in it, and a hole", -1);
	shmdt(p);
	step("all but that", -9);
	munmap(p + 2 * PAGE, PAGE);
	step("gone", -1);
	shmctl(id, IPC_RMID, NULL);
}

static void files(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char *p = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	step("file, read-only", 0);
	mprotect(p, PAGE, RW);
	step("a page writable", 1);
	unmap(p, 3, "gone", -1);
	p = mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE, fd, 0);
	step("file, writable", 3);
	unmap(p, 3, "gone", -3);
	p = mmap(NULL, 3 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	step("file, shared", 0);
	if (mprotect(p, 3 * PAGE, RW) != -1 || errno != EACCES)
		wrong++;
	unmap(p, 3, "gone", 0);
}

static void breaks(void)
{
	char *start = sbrk(0);
	char *low = mmap((void *)0x10000, 2L * PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0);

	step("far below", 2);
	brk(low - PAGE);
	step("the break below that, which cannot be", 0);
	unmap(low, 2, "gone", -2);
	sbrk(PAGE);
	step("a page", 1);
	sbrk(10);
	sbrk(-10);
	step("bytes", 0);
	sbrk(10 * PAGE);
	step("more", 10);
	sbrk(-3 * PAGE);
	step("less", -3);
	if (brk((char *)sbrk(0) + 5 * PAGE))
		wrong++;
	step("brk", 5);
	if (brk(start))
		wrong++;
	step("where it was", -13);
}

static void failures(void)
{
	char *p = map(10, RW, PRIVATE);

	step("mapped", 10);
	errno = 0;
	if (mmap(NULL, 0, RW, PRIVATE, -1, 0) != MAP_FAILED || errno != EINVAL)
		wrong++;
	if (mmap(p + 1, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) != MAP_FAILED || errno != EINVAL)
		wrong++;
	if (mmap(p, PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED || errno != EEXIST)
		wrong++;
	if (mmap(p, PAGE, RW, PRIVATE | MAP_FIXED | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED ||
	    errno != EEXIST)
		wrong++;
	if (mmap(NULL, PAGE, RW, MAP_PRIVATE, 999, 0) != MAP_FAILED || errno != EBADF)
		wrong++;
	if (munmap(p + 1, PAGE) != -1 || errno != EINVAL)
		wrong++;
	if (munmap(p, 0) != -1 || errno != EINVAL)
		wrong++;
	if (mremap(p, PAGE, 0, 0) != MAP_FAILED || errno != EINVAL)
		wrong++;
	if (mremap(p, PAGE, (size_t)1 << 46, MREMAP_MAYMOVE) != MAP_FAILED || errno != ENOMEM)
		wrong++;
	if (mprotect(p + 1, PAGE, RW) != -1 || errno != EINVAL)
		wrong++;
	if (shmat(-1, NULL, 0) != (void *)-1 || errno != EINVAL)
		wrong++;
	if (shmdt(p) != -1 || errno != EINVAL)
		wrong++;
	errno = 77;
	if (munmap(p, 10 * PAGE) || errno != 77)
		wrong++;
	step("all failed but the last", -10);
}

/* The kernel bounds how many mappings there are, and to take one from the midst of another makes one more. */
static void crowd(void)
{
	enum { MOST = 140000 };
	char *p = map(5, RW, PRIVATE), *others = map(MOST, PROT_NONE, PRIVATE);
	int made = 0;

	step("mapped", 5);
	while (made < MOST && !mprotect(others + (long)made * PAGE, PAGE, PROT_READ))
		made += 2;
	if (made < MOST && (munmap(p + 2 * PAGE, PAGE) != -1 || errno != ENOMEM))
		wrong++;
	step("no room for one more", 0);
	munmap(others, (long)MOST * PAGE);
	unmap(p, 5, "gone", -5);
}

int main(int argc, char **argv)
{
	last = charged();
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "protections"))
			protections();
		else if (!strcmp(argv[i], "parts"))
			parts();
		else if (!strcmp(argv[i], "moves"))
			moves();
		else if (!strcmp(argv[i], "shares"))
			shares();
		else if (!strcmp(argv[i], "files"))
			files();
		else if (!strcmp(argv[i], "crowd"))
			crowd();
		else if (!strcmp(argv[i], "breaks"))
			breaks();
		else
			failures();
	}
	say("wrong=%ld\n", wrong);
	return wrong != 0;
}
