/*
 * clone_threads.c - TRIES threads by clone() or syscall(), then pthreads until refused; three times.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

enum { STACK = 32 << 10, MOST = 64 };

static char stacks[MOST][STACK] __attribute__((aligned(16)));
static int alive[MOST];
static int go;

/* No libc here: the thread shares its maker's thread-local words. */
static long raw(long nr, long a, long b, long c)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile("xor %%r10d, %%r10d; syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r10", "r11", "memory");
	return result;
#else
	return 0;
#endif
}

static int wait_for_go(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		raw(SYS_futex, (long)&go, FUTEX_WAIT, 0);
	return 0;
}

static void *pthread_wait(void *unused)
{
	wait_for_go(NULL);
	return unused;
}

int main(int argc, char **argv)
{
	long tries = number(argv, argc - 1), number_of[MOST];

	for (int round = 0; round < 3; round++) {
		pthread_t thread[MOST];
		long made = 0, pthreads = 0;
		int error = 0;

		go = 0;
		for (long i = 0; i < tries; i++) {
			int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				    CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;

			number_of[i] = clone(wait_for_go, stacks[i] + STACK, flags, NULL, &alive[i], NULL,
					     &alive[i]);
			if (number_of[i] > 0)
				made++;
			else
				error = errno;
		}
		while (pthreads < MOST && !pthread_create(&thread[pthreads], NULL, pthread_wait, NULL))
			pthreads++;
		__atomic_store_n(&go, 1, __ATOMIC_RELEASE);
		syscall(SYS_futex, &go, FUTEX_WAKE, 1000);
		for (long i = 0; i < pthreads; i++)
			pthread_join(thread[i], NULL);
		/* The number is gone a little later than the word. */
		for (long i = 0; i < tries; i++)
			while (number_of[i] > 0 && !syscall(SYS_tgkill, getpid(), number_of[i], 0))
				sched_yield();
		say("made%d=%ld errno=%d pthreads=%ld\n", round, made, error, pthreads);
	}
	return 0;
}
