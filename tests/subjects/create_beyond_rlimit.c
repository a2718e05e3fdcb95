/*
 * create_beyond_rlimit.c - processes and threads by every call, where the kernel itself permits no more: none
 * may be made. As root it takes another user first, whom that limit concerns. Then, with "one", one process
 * and one thread that the kernel permits.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <threads.h>

enum { NOBODY = 65534, STACK = 64 << 10 };

static char stack[STACK] __attribute__((aligned(16)));
extern char **environ;

static int end_child(void *unused)
{
	(void)unused;
	_exit(0);
}

static void *nothing(void *argument)
{
	return argument;
}

static int no_thing(void *unused)
{
	(void)unused;
	return 0;
}

static long made;

static void count(int was_made)
{
	made += was_made != 0;
}

static void count_process(long pid)
{
	if (pid == 0)
		_exit(0);
	count(pid > 0);
	if (pid > 0)
		reap((pid_t)pid);
}

static void make_processes(void)
{
	char *const argv[] = {(char *)"true", NULL};
	struct clone_args args = {.exit_signal = SIGCHLD};
	FILE *stream;
	pid_t pid;

	count_process(fork());
	count_process(_Fork());
	pid = vfork();
	if (pid == 0)
		_exit(0);
	count_process(pid);
	count_process(clone(end_child, stack + STACK, SIGCHLD, NULL));
	count_process(clone(end_child, stack + STACK, CLONE_VM | SIGCHLD, NULL));
	count_process(syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L));
	count_process(syscall(SYS_clone3, &args, sizeof(args)));
	args.flags = CLONE_VM | CLONE_VFORK;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(0);
	count_process(pid);
	if (!posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ))
		count_process(pid);
	count(system("exit 0") == 0);
	stream = popen("exit 0", "r");
	count(stream && pclose(stream) == 0);
}

static void make_threads(void)
{
	pthread_t thread;
	thrd_t other;
	int was_made;

	was_made = !pthread_create(&thread, NULL, nothing, NULL);
	count(was_made && !pthread_join(thread, NULL));
	was_made = thrd_create(&other, no_thing, NULL) == thrd_success;
	count(was_made && thrd_join(other, NULL) == thrd_success);
}

int main(int argc, char **argv)
{
	struct rlimit limit;

	if (!getuid() && setresuid(NOBODY, NOBODY, NOBODY))
		return 77; /* there is no such user here */
	getrlimit(RLIMIT_NPROC, &limit);
	limit.rlim_cur = 0;
	setrlimit(RLIMIT_NPROC, &limit);
	for (int i = 0; i < 3; i++) {
		make_processes();
		make_threads();
	}
	if (argc > 1 && !strcmp(argv[1], "one")) {
		pthread_t thread;

		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NPROC, &limit);
		count_process(fork());
		if (!pthread_create(&thread, NULL, nothing, NULL))
			pthread_join(thread, NULL);
	}
	say("made=%ld\n", made);
	return 0;
}
