/*
 * make_odd_processes.c - odd calls of the process and thread families; see odd.h. Usage: make_odd_processes
 * TOPIC.
 *
 * SPDX-License-Identifier: MIT
 */
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <threads.h>
#include <wordexp.h>

#include "odd.h"

enum { STACK = 64 << 10 };

static char stack[STACK] __attribute__((aligned(16)));
extern char **environ;

static int end_child(void *unused)
{
	(void)unused;
	syscall(SYS_exit_group, 7);
	return 0;
}

/* The status of the child that was made, or -1. */
static int status_of(pid_t pid, int options)
{
	int status = -1, error = errno;

	if (pid < 0)
		return -1;
	if (waitpid(pid, &status, options) != pid)
		return -2;
	errno = error;
	return status;
}

static int status_of_clone(int flags)
{
	return status_of(clone(end_child, stack + STACK, flags, NULL, NULL, NULL, NULL), __WALL);
}

/* By number; flags that go without a stack. */
static int status_of_number(long number, long flags)
{
	long pid = syscall(number, flags, 0L, 0L, 0L, 0L);

	if (pid == 0)
		syscall(SYS_exit_group, 7);
	return status_of((pid_t)pid, __WALL);
}

static int status_of_clone3(const struct clone_args *args, size_t size)
{
	long pid = syscall(SYS_clone3, args, size);

	if (pid == 0)
		syscall(SYS_exit_group, 7);
	return status_of((pid_t)pid, __WALL);
}

static void clone_oddly(void)
{
	static struct {
		struct clone_args args;
		uint64_t more[16];
	} large;
	struct clone_args args = {.exit_signal = SIGCHLD};
	char *edge = map(2, RW, PRIVATE);

	INT(clone(NULL, stack + STACK, SIGCHLD, NULL));
	INT(clone(end_child, NULL, SIGCHLD, NULL));
	INT(status_of_clone(SIGCHLD));
	INT(status_of_clone(0));
	INT(status_of_clone(70));
	INT(status_of_clone(CLONE_VM | SIGCHLD));
	INT(status_of_clone(CLONE_VM | CLONE_VFORK | SIGCHLD));
	INT(status_of_clone(CLONE_VFORK | SIGCHLD));
	INT(status_of_clone(CLONE_FILES | CLONE_FS | SIGCHLD));
	INT(status_of_clone(CLONE_VM | CLONE_SIGHAND | SIGCHLD));
	INT(status_of_clone(CLONE_SIGHAND | SIGCHLD));
	INT(status_of_clone(CLONE_THREAD | SIGCHLD));
	INT(status_of_clone(CLONE_THREAD | CLONE_VM | SIGCHLD));
	INT(status_of_clone(CLONE_NEWNS | CLONE_FS | SIGCHLD));
	INT(status_of_clone(CLONE_NEWUSER | CLONE_FS | SIGCHLD));
	INT(status_of_clone(CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD));
	INT(status_of_clone(CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD));
	INT(status_of_clone(CLONE_PIDFD | 0x00400000 | SIGCHLD));
	INT(status_of_number(SYS_clone, SIGCHLD));
	INT(status_of_number(SYS_clone, CLONE_VFORK | SIGCHLD));
	INT(status_of_number(SYS_clone, CLONE_SIGHAND | SIGCHLD));
	INT(status_of_number(SYS_clone, CLONE_THREAD | SIGCHLD));
	INT(status_of_number(SYS_clone, CLONE_NEWNS | CLONE_FS | SIGCHLD));
#ifdef SYS_fork
	INT(status_of_number(SYS_fork, 0));
#endif
	INT(status_of_clone3(NULL, 0));
	INT(status_of_clone3(NULL, sizeof(args)));
	INT(status_of_clone3((void *)1, sizeof(args)));
	INT(status_of_clone3((void *)KERNEL, sizeof(args)));
	INT(status_of_clone3((void *)(edge + 2 * PAGE - 8), sizeof(args)));
	INT(status_of_clone3(&args, 8));
	INT(status_of_clone3(&args, CLONE_ARGS_SIZE_VER0));
	INT(status_of_clone3(&args, SIZE_MAX));
	INT(status_of_clone3(&args, 1L << 20));
	large.args = args;
	INT(status_of_clone3(&large.args, sizeof(large)));
	large.more[15] = 1;
	INT(status_of_clone3(&large.args, sizeof(large)));
	args.exit_signal = 70;
	INT(status_of_clone3(&args, sizeof(args)));
	args = (struct clone_args){.exit_signal = SIGCHLD, .stack = (uintptr_t)stack};
	INT(status_of_clone3(&args, sizeof(args)));
	args = (struct clone_args){.exit_signal = SIGCHLD, .stack_size = STACK};
	INT(status_of_clone3(&args, sizeof(args)));
	args = (struct clone_args){.exit_signal = SIGCHLD, .flags = 1};
	INT(status_of_clone3(&args, sizeof(args)));
	args = (struct clone_args){.exit_signal = SIGCHLD, .flags = CLONE_THREAD};
	INT(status_of_clone3(&args, sizeof(args)));
	args = (struct clone_args){.exit_signal = SIGCHLD, .set_tid = 1, .set_tid_size = 1};
	INT(status_of_clone3(&args, sizeof(args)));
	args = (struct clone_args){.exit_signal = SIGCHLD, .set_tid_size = 99};
	INT(status_of_clone3(&args, sizeof(args)));
	args = (struct clone_args){.exit_signal = SIGCHLD, .flags = CLONE_INTO_CGROUP, .cgroup = 999};
	INT(status_of_clone3(&args, sizeof(args)));
	munmap(edge, 2L * PAGE);
}

static int status_of_spawn(const char *path, const posix_spawn_file_actions_t *actions,
			   const posix_spawnattr_t *attributes)
{
	char *const argv[] = {(char *)"sh", (char *)"-c", (char *)"exit 7", NULL};
	pid_t pid = -1;
	int error = posix_spawn(&pid, path, actions, attributes, argv, environ);

	return error ? -error : status_of(pid, 0);
}

static int shell_status(FILE *stream)
{
	int error = errno, status = stream ? pclose(stream) : -1;

	errno = error;
	return status;
}

static int words(const char *text, int flags)
{
	wordexp_t result = {.we_wordc = 0};
	int error = wordexp(text, &result, flags);

	return error ? error : (int)(100 + result.we_wordc);
}

static void spawn_oddly(void)
{
	posix_spawn_file_actions_t closes, opens;
	posix_spawnattr_t group;
	sigset_t child;

	posix_spawn_file_actions_init(&closes);
	posix_spawn_file_actions_addclose(&closes, 500);
	posix_spawn_file_actions_init(&opens);
	posix_spawn_file_actions_addopen(&opens, 5, "/nonexistent", O_RDONLY, 0);
	posix_spawnattr_init(&group);
	posix_spawnattr_setflags(&group, POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setpgroup(&group, 1);
	INT(status_of_spawn("/bin/sh", NULL, NULL));
	INT(status_of_spawn("/bin/sh", &closes, NULL));
	INT(status_of_spawn("/bin/sh", &opens, NULL));
	INT(status_of_spawn("/bin/sh", NULL, &group));
	INT(status_of_spawn("/nonexistent", NULL, NULL));
	INT(status_of_spawn("/", NULL, NULL));
	INT(status_of_spawn("", NULL, NULL));
	INT(status_of_spawn("/proc/self/maps", NULL, NULL));
	INT(shell_status(popen("exit 7", "r")));
	INT(shell_status(popen("exit 7", "we")));
	INT(shell_status(popen("exit 7", "x")));
	INT(shell_status(popen("exit 7", "")));
	INT(shell_status(popen("exit 7", "rw")));
	INT(system(NULL) != 0);
	INT(system("exit 7"));
	INT(system("kill -9 $$"));
	INT(system(""));
	INT(words("a b", 0));
	INT(words("$(exit 7)", 0));
	INT(words("$(", 0));
	INT(words("`", 0));
	INT(words("a | b", 0));
	INT(words("$(true)", WRDE_NOCMD));
	INT(words("$UNSET_NAME", WRDE_UNDEF));
	/* With the signal ignored there is nothing to wait for. */
	signal(SIGCHLD, SIG_IGN);
	INT(status_of_spawn("/bin/sh", NULL, NULL));
	INT(system("exit 7"));
	INT(shell_status(popen("exit 7", "r")));
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	INT(system("exit 7"));
	sigprocmask(SIG_UNBLOCK, &child, NULL);
	posix_spawn_file_actions_destroy(&closes);
	posix_spawn_file_actions_destroy(&opens);
	posix_spawnattr_destroy(&group);
}

static void *run_pthread(void *argument)
{
	return argument;
}

static int run_thrd(void *argument)
{
	(void)argument;
	return -7;
}

static int joined(const pthread_attr_t *attributes)
{
	pthread_t thread;
	void *result = NULL;
	int error = pthread_create(&thread, attributes, run_pthread, (void *)7);

	if (error)
		return -error;
	return pthread_join(thread, &result) ? -1 : (int)(intptr_t)result;
}

static void start_oddly(void)
{
	struct sched_param urgent = {.sched_priority = 99};
	pthread_attr_t attributes;
	thrd_t thread;
	int status = 0;

	INT(joined(NULL));
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, (size_t)1 << 46);
	INT(joined(&attributes));
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stack, STACK);
	INT(joined(&attributes));
	INT(joined(&attributes));
	pthread_attr_init(&attributes);
	pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
	pthread_attr_setschedparam(&attributes, &urgent);
	if (joined(&attributes) != 7) /* as the machine permits */
		INT(joined(&attributes));
	INT(thrd_create(&thread, run_thrd, NULL));
	INT(thrd_join(thread, &status));
	INT(status);
}

int main(int argc, char **argv)
{
	static const struct topic topics[] = {
		{"clone", clone_oddly},
		{"spawn", spawn_oddly},
		{"threads", start_oddly},
		{0},
	};

	(void)argc;
	return run_topic(topics, argv);
}
