/*
 * fork_in_handler.c - a signal handler forks in the middle of forks, and of allocations; both sides go on.
 *
 * Usage: fork_in_handler HOW FORKS, with HOW as in fork_children. The timer's handler forks a child that
 * allocates and ends; the main program forks children by HOW that do the same. Prints "bad=N handled=M
 * left=BYTES".
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "charged.h"

enum { BLOCK = 300000 };

/* Of the main program's time: a machine on which a fork takes longer must get on with its own too. */
static const struct itimerval SOON = {.it_value.tv_usec = 700}, NEVER;

static volatile sig_atomic_t handled, bad, is_over;

/* More than the cell has in hand, so that whose cell it is shows in the ledger. */
static int use_memory(void)
{
	long base = charged();
	void *block = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long now = charged();

	munmap(block, BLOCK);
	return block == MAP_FAILED			       ? 1
	       : now - base < BLOCK || now - base > 2L * BLOCK ? 2
	       : charged() != base			       ? 3
							       : 0;
}

static void fork_here(int signal)
{
	int error = errno;
	pid_t pid = _Fork();

	(void)signal;
	if (pid == 0)
		_exit(use_memory());
	bad += pid < 0 || reap(pid) != 0;
	handled++;
	if (!is_over)
		setitimer(ITIMER_REAL, &SOON, NULL);
	errno = error;
}

/* Where the handler's turn comes in the middle of a fork for certain. */
static void interrupt_fork(void)
{
	raise(SIGUSR1);
}

static pid_t make(const char *how)
{
	if (!strcmp(how, "vfork")) {
		pid_t pid = vfork();

		if (pid == 0)
			_exit(0);
		return pid;
	}
	return fork();
}

int main(int argc, char **argv)
{
	long forks = number(argv, 2), base;

	(void)argc;
	signal(SIGALRM, fork_here);
	signal(SIGUSR1, fork_here);
	pthread_atfork(interrupt_fork, NULL, NULL);
	base = charged();
	setitimer(ITIMER_REAL, &SOON, NULL);
	for (long i = 0; i < forks; i++) {
		pid_t pid = make(argv[1]);

		if (pid == 0) {
			_exit(use_memory());
		}
		bad += pid < 0 || reap(pid) != 0;
		bad += use_memory() != 0;
	}
	is_over = 1;
	setitimer(ITIMER_REAL, &NEVER, NULL);
	say("bad=%d handled=%d left=%ld\n", bad, handled, charged() - base);
	return 0;
}
