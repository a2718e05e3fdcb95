/*
 * share_words.c - tasks of clone() with the thread-local words of their maker map and unmap beside it.
 *
 * Usage: share_words HOW, "process" or "thread". Prints "left=BYTES", as the ledger says, once the task has
 * ended.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sched.h>
#include <signal.h>

#include "charged.h"

enum { STACK = 64 << 10, BLOCK = 4 << 10, TURNS = 200000 };

static char stack[STACK] __attribute__((aligned(16)));
static _Atomic int started;
static pid_t tid;

static void map_often(void)
{
	for (int i = 0; i < TURNS; i++) {
		void *block = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (block == MAP_FAILED || munmap(block, BLOCK))
			_exit(3);
	}
}

static int run(void *unused)
{
	(void)unused;
	atomic_store(&started, 1);
	map_often();
	syscall(SYS_exit, 0);
	return 0;
}

int main(int argc, char **argv)
{
	int thread = argc > 1 && !strcmp(argv[1], "thread");
	int flags = thread ? CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FILES : CLONE_VM | SIGCHLD;
	long base = charged();
	pid_t child = clone(run, stack + STACK, flags | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID, NULL,
			    &tid, NULL, &tid);

	if (child < 0)
		return 2;
	while (!atomic_load(&started))
		continue;
	map_often();
	while (__atomic_load_n(&tid, __ATOMIC_SEQ_CST))
		usleep(100);
	if (!thread && reap(child) != 0)
		return 4;
	say("left=%ld\n", charged() - base);
	return 0;
}
