/*
 * make_odd_mappings.c - odd calls of the memory family; see odd.h. Usage: make_odd_mappings TOPIC.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/shm.h>

#include "odd.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif
#define HUGE_PAGE (2L << 20)

static void map_oddly(void)
{
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int directory = open("/", O_RDONLY | O_CLOEXEC);
	int memory = memfd_create("odd", MFD_CLOEXEC);
	int pipe_end[2], none = -1;
	char *p = map(4, RW, PRIVATE);

	if (pipe(pipe_end) || ftruncate(memory, 2L * PAGE))
		_exit(1);
	MAPPED(PAGE, mmap(NULL, 0, RW, PRIVATE, -1, 0));
	MAPPED(PAGE, mmap(NULL, 1, RW, PRIVATE, -1, 0));
	MAPPED(PAGE, mmap(NULL, (size_t)1 << 46, RW, PRIVATE, -1, 0));
	MAPPED(PAGE, mmap(NULL, (size_t)1 << 61, RW, PRIVATE, -1, 0));
	MAPPED(PAGE, mmap(NULL, (size_t)1 << 63, RW, PRIVATE, -1, 0));
	MAPPED(PAGE, mmap(NULL, SIZE_MAX, RW, PRIVATE, -1, 0));
	MAPPED(PAGE, mmap(NULL, SIZE_MAX, PROT_NONE, PRIVATE, -1, 0));
	MAPPED(PAGE, mmap(p + 1, PAGE, RW, PRIVATE, -1, 0));
	MAPPED(PAGE, mmap(p + 1, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	MAPPED(PAGE, mmap(p, 4L * PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0));
	MAPPED(PAGE, mmap(p, 4L * PAGE, RW, PRIVATE | MAP_FIXED | MAP_FIXED_NOREPLACE, -1, 0));
	MAPPED(PAGE, mmap(p + 2 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	MAPPED(PAGE, mmap(FAR, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	MAPPED(PAGE, mmap(FAR - PAGE, 2L * PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0));
	MAPPED(PAGE, mmap(KERNEL, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	MAPPED(PAGE, mmap(NOWHERE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	MAPPED(PAGE, mmap(NOWHERE, PAGE, RW, PRIVATE, -1, 0));
	MAPPED(PAGE, mmap((void *)-PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	MAPPED(PAGE, mmap((void *)-PAGE, 2L * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, 0, -1, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_ANONYMOUS | 0xf, -1, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_HUGETLB, memory, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | 0x40000000, memory, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_DROPPABLE | MAP_ANONYMOUS, -1, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_PRIVATE, none, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_SHARED, none, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_SHARED, 999, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_SHARED, file, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_PRIVATE, file, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_PRIVATE, file, 1));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_PRIVATE, file, -PAGE));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_PRIVATE, file, 1L << 40));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_PRIVATE, directory, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_SHARED, directory, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_PRIVATE, pipe_end[0], 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, MAP_SHARED, pipe_end[1], 0));
	MAPPED(3L * PAGE, mmap(NULL, 3L * PAGE, RW, MAP_SHARED, memory, 0));
	MAPPED(HUGE_PAGE, mmap(NULL, PAGE, RW, PRIVATE | MAP_HUGETLB, -1, 0));
	MAPPED(HUGE_PAGE, mmap(NULL, PAGE, RW, PRIVATE | MAP_HUGETLB | 12 << MAP_HUGE_SHIFT, -1, 0));
	MAPPED(HUGE_PAGE, mmap(NULL, PAGE, RW, PRIVATE | MAP_HUGETLB | 30U << MAP_HUGE_SHIFT, -1, 0));
	MAPPED(HUGE_PAGE, mmap(NULL, PAGE, RW, PRIVATE | MAP_HUGETLB | 63U << MAP_HUGE_SHIFT, -1, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, PRIVATE | MAP_GROWSDOWN, -1, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, PRIVATE | MAP_LOCKED | MAP_POPULATE, -1, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, RW, PRIVATE | MAP_STACK | MAP_NORESERVE | MAP_32BIT, -1, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, PROT_WRITE, PRIVATE, -1, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, PROT_EXEC, PRIVATE, -1, 0));
	MAPPED(PAGE, mmap(NULL, PAGE, -1, PRIVATE, -1, 0));
	MAPPED(PAGE, mmap64(NULL, PAGE, RW, PRIVATE, 17, 0));
	munmap(p, 4L * PAGE);
	close(file), close(directory), close(memory), close(pipe_end[0]), close(pipe_end[1]);
}

static void unmap_oddly(void)
{
	char *p = map(8, RW, PRIVATE), *q = map(2, PROT_NONE, PRIVATE);

	INT(munmap(p + 1, PAGE));
	INT(munmap(p, 0));
	INT(munmap(p, SIZE_MAX));
	INT(munmap(p, (size_t)1 << 62));
	INT(munmap(p, (size_t)1 << 63));
	INT(munmap(FAR, PAGE));
	INT(munmap(FAR, 2L * PAGE));
	INT(munmap(KERNEL, PAGE));
	INT(munmap(NOWHERE, PAGE));
	INT(munmap((void *)-PAGE, PAGE));
	INT(munmap((void *)-PAGE, 2L * PAGE));
	INT(munmap(NULL, PAGE));
	INT(munmap(p + 2 * PAGE, PAGE));
	INT(munmap(p + 2 * PAGE, PAGE));
	INT(mprotect(p, 8L * PAGE, RW));
	INT(mprotect(p, 8L * PAGE, PROT_READ));
	INT(mprotect(p + 1, PAGE, RW));
	INT(mprotect(p, 0, RW));
	INT(mprotect(p + 1, 0, RW));
	INT(mprotect(p, SIZE_MAX, RW));
	INT(mprotect(p, (size_t)1 << 62, RW));
	INT(mprotect(FAR, 2L * PAGE, RW));
	INT(mprotect(KERNEL, PAGE, RW));
	INT(mprotect(NOWHERE, PAGE, RW));
	INT(mprotect((void *)-PAGE, PAGE, RW));
	INT(mprotect(q, 2L * PAGE, RW | PROT_GROWSDOWN));
	INT(mprotect(q, 2L * PAGE, RW | PROT_GROWSUP));
	INT(mprotect(q, 2L * PAGE, RW | PROT_GROWSDOWN | PROT_GROWSUP));
	INT(mprotect(q, 2L * PAGE, RW | 0x8000));
	INT(mprotect(q, 1, PROT_WRITE));
	INT(pkey_mprotect(q, 2L * PAGE, RW, -1));
	INT(pkey_mprotect(q, 2L * PAGE, RW, 99));
	INT(pkey_mprotect(q + 1, PAGE, RW, -1));
	INT(pkey_mprotect(NOWHERE, PAGE, RW, -1));
	INT(munmap(q, 2L * PAGE));
	INT(munmap(p, 8L * PAGE));
}

static void move_oddly(void)
{
	char *p = map(8, RW, PRIVATE), *r = map(8, PROT_NONE, PRIVATE), *to = map(16, PROT_NONE, PRIVATE);
	char *shared = map(2, RW, MAP_SHARED | MAP_ANONYMOUS);
	enum { MAY = MREMAP_MAYMOVE, FIXED = MREMAP_MAYMOVE | MREMAP_FIXED };

	MAPPED(0, mremap(p + 1, PAGE, PAGE, 0));
	MAPPED(0, mremap(p, PAGE, 0, 0));
	MAPPED(0, mremap(p, PAGE, PAGE, 64));
	MAPPED(0, mremap(p, PAGE, PAGE, MREMAP_FIXED, to));
	MAPPED(0, mremap(p, PAGE, PAGE, FIXED, to + 1));
	MAPPED(0, mremap(p, 8L * PAGE, 8L * PAGE, FIXED, p + 4 * PAGE));
	MAPPED(0, mremap(p, PAGE, PAGE, FIXED, KERNEL));
	MAPPED(0, mremap(p, PAGE, PAGE, FIXED, NOWHERE));
	MAPPED(0, mremap(p, PAGE, PAGE, FIXED, (void *)-PAGE));
	MAPPED(0, mremap(p, PAGE, SIZE_MAX, MAY));
	MAPPED(0, mremap(p, PAGE, (size_t)1 << 46, MAY));
	MAPPED(0, mremap(p, PAGE, (size_t)1 << 62, MAY));
	MAPPED(0, mremap(p, PAGE, (size_t)1 << 63, MAY));
	MAPPED(0, mremap(p, SIZE_MAX, PAGE, MAY));
	MAPPED(0, mremap(p, 0, PAGE, MAY));
	MAPPED(0, mremap(p, 0, PAGE, 0));
	MAPPED(0, mremap(KERNEL, PAGE, PAGE, MAY));
	MAPPED(0, mremap(NOWHERE, PAGE, 2L * PAGE, MAY));
	MAPPED(0, mremap((void *)-PAGE, PAGE, 2L * PAGE, MAY));
	MAPPED(0, mremap(NULL, PAGE, 2L * PAGE, MAY));
	MAPPED(0, mremap(p, 8L * PAGE, 4L * PAGE, MREMAP_DONTUNMAP));
	MAPPED(0, mremap(p, 8L * PAGE, 4L * PAGE, MAY | MREMAP_DONTUNMAP));
	MAPPED(0, mremap(p, 8L * PAGE, 8L * PAGE, MAY | MREMAP_DONTUNMAP | 128));
	MAPPED(8L * PAGE, mremap(p, 8L * PAGE, 8L * PAGE, MAY | MREMAP_DONTUNMAP, NULL));
	MAPPED(2L * PAGE, mremap(shared, 0, 2L * PAGE, MAY));
	MAPPED(0, mremap(shared, 0, 2L * PAGE, 0));
	MAPPED(0, mremap(p, PAGE, 1, MAY));
	MAPPED(0, mremap(p, 7L * PAGE + 1, 8L * PAGE - 1, MAY));
	INT(munmap(p + 3 * PAGE, PAGE));
	MAPPED(0, mremap(p, 8L * PAGE, 16L * PAGE, MAY));
	INT(munmap(p, 8L * PAGE));
	INT(munmap(r, 8L * PAGE));
	INT(munmap(to, 16L * PAGE));
	INT(munmap(shared, 2L * PAGE));
}

static void attach_oddly(void)
{
	int id = shmget(IPC_PRIVATE, 2L * PAGE, 0600);
	char *taken = map(4, RW, PRIVATE), *room = map(4, PROT_NONE, PRIVATE), *at;
	char *start = sbrk(0);

	munmap(room, 4L * PAGE);
	MAPPED(0, shmat(-1, NULL, 0));
	MAPPED(0, shmat(id, room + 1, 0));
	MAPPED(0, shmat(id, taken, 0));
	MAPPED(0, shmat(id, taken + 1, SHM_RND));
	MAPPED(0, shmat(id, NULL, SHM_REMAP));
	MAPPED(0, shmat(id, NOWHERE, 0));
	MAPPED(0, shmat(id, KERNEL, 0));
	MAPPED(0, shmat(id, FAR, 0));
	INT((at = shmat(id, room + 1, SHM_RND)) == room);
	INT(shmdt(at + PAGE));
	INT(shmdt(at + 1));
	INT(shmdt(at));
	INT(shmdt(at));
	INT((at = shmat(id, taken, SHM_REMAP)) == taken);
	INT(shmdt(at));
	INT(munmap(taken, 4L * PAGE));
	INT((at = shmat(id, NULL, SHM_RDONLY)) != NULL);
	INT(munmap(at + PAGE, PAGE));
	INT(shmdt(at));
	INT(shmctl(id, IPC_RMID, NULL));
	INT(shmdt(NULL));
	INT(shmdt(NOWHERE));
	INT(shmdt(KERNEL));
	INT(sbrk(0) == start);
	INT(sbrk(INTPTR_MAX) == (void *)-1);
	INT(sbrk(INTPTR_MIN) == (void *)-1);
	INT(sbrk((intptr_t)1 << 46) == (void *)-1);
	INT(sbrk(PAGE) == start);
	INT(sbrk(-PAGE) == start + PAGE);
	INT(brk(NULL));
	INT(brk((void *)1));
	INT(brk(KERNEL));
	INT(brk(NOWHERE));
	INT(brk((void *)-1));
	INT(brk(start));
	INT(sbrk(0) == start);
}

int main(int argc, char **argv)
{
	static const struct topic topics[] = {
		{"mmap", map_oddly},
		{"munmap", unmap_oddly},
		{"mremap", move_oddly},
		{"attach", attach_oddly},
		{0},
	};

	(void)argc;
	return run_topic(topics, argv);
}
