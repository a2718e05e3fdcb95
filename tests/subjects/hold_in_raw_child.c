/*
 * hold_in_raw_child.c - a child made by HOW allocates and is killed; then the parent allocates until refused.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

enum { MIB = 1 << 20 };

static int ready[2];
static char stack[256 << 10] __attribute__((aligned(16)));

static int hold(void *unused)
{
	(void)unused;
	for (int i = 0; i < 4; i++)
		if (!malloc(MIB))
			_exit(1);
	write(ready[1], "", 1);
	for (;;)
		pause();
}

static pid_t make(const char *how)
{
	struct clone_args args = {.exit_signal = SIGCHLD};

	if (!strcmp(how, "clone"))
		return clone(hold, stack + sizeof(stack), SIGCHLD, NULL);
	if (!strcmp(how, "clone3"))
		return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
#ifdef SYS_fork
	if (!strcmp(how, "fork"))
		return (pid_t)syscall(SYS_fork);
#endif
	return (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
}

int main(int argc, char **argv)
{
	struct chain chain = {0};
	pid_t pid;
	char c;

	free(malloc(100)); /* this thread has its cell */
	if (pipe(ready))
		return 1;
	pid = make(argv[argc - 1]);
	if (pid == 0)
		hold(NULL);
	if (pid < 0 || read(ready[0], &c, 1) != 1)
		return 2;
	chain_fill(&chain, MIB);
	say("beside=%ld\n", chain.blocks);
	chain_drop(&chain);
	kill(pid, SIGKILL);
	reap(pid);
	chain_fill(&chain, MIB);
	say("alone=%ld\n", chain.blocks);
	return 0;
}
