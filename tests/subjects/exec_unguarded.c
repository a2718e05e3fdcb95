/*
 * exec_unguarded.c - a child holds memory and executes PROGRAM; tells whether BYTES fit beside it: HOW
 * PROGRAM HELD BYTES.
 *
 * HOW: plain; thread: beside a second thread that holds some too; by_thread: that one executes; sharing: a
 * task that shares its memory stays; killed: at a random instant, a hundred times. "made" tells whether
 * another process could be made.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

#include "subject.h"

static char **arguments;
static long held;

static int is(const char *how)
{
	return !strcmp(arguments[1], how);
}

static void execute(void)
{
	char *argv[] = {arguments[2], NULL};

	execv(arguments[2], argv);
}

static void *hold_and_wait(void *unused)
{
	struct chain chain = {0};

	while (chain.bytes < held / 4)
		chain_add(&chain, 4000);
	if (is("by_thread"))
		execute();
	pause();
	return unused;
}

static int stay(void *ready)
{
	close(*(int *)ready);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pause();
}

static void hold_and_execute(int ready)
{
	static char stack[64 << 10] __attribute__((aligned(16)));
	struct chain chain = {0};
	pthread_t thread;

	while (chain.bytes < held)
		if (!chain_add(&chain, 4000))
			_exit(3);
	if (is("sharing") && clone(stay, stack + sizeof(stack), CLONE_VM | CLONE_UNTRACED, &ready) < 0)
		_exit(4);
	if ((is("thread") || is("by_thread")) && pthread_create(&thread, NULL, hold_and_wait, NULL))
		_exit(5);
	if (is("killed") && write(ready, "k", 1) != 1)
		_exit(6);
	if (is("by_thread"))
		pause();
	execute();
	if (write(ready, "f", 1) != 1)
		_exit(7);
	pause();
}

/* Until the child has executed, which closes its end, or says something. */
static pid_t start(void)
{
	int ends[2];
	char said;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		_exit(90);
	pid = fork();
	if (pid == 0)
		hold_and_execute(ends[1]);
	close(ends[1]);
	if (read(ends[0], &said, 1) < 0)
		_exit(91);
	close(ends[0]);
	return pid;
}

static int fits(long bytes)
{
	void *block = malloc((size_t)bytes);

	free(block);
	return block != NULL;
}

static int made(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		reap(pid);
	return pid > 0;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	reap(pid);
}

int main(int argc, char **argv)
{
	long bytes = argc > 4 ? number(argv, 4) : 0;
	int fit = 0;
	pid_t pid;

	arguments = argv;
	held = number(argv, 3);
	for (int i = 0; is("killed") && i < 100; i++) {
		pid = start();
		for (volatile int spin = rand() % 300000; spin > 0; spin--)
			;
		end(pid);
		fit += fits(bytes);
	}
	if (is("killed")) {
		say("fit=%d\n", fit);
		return 0;
	}
	pid = start();
	say("fits=%d\n", fits(bytes));
	say("made=%d\n", made());
	end(pid);
	say("fits_then=%d\nmade_then=%d\n", fits(bytes), made());
	return 0;
}
