/*
 * make_processes.c - TRIES children by HOW, none of them reaped before the end; three times.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <wordexp.h>

enum { MOST = 256, STACK = 64 << 10 };

static int gate[2];
static char shell_command[64], word_command[80];
static pid_t pid[MOST];
static int pidfd[MOST];
static FILE *stream[MOST];
static pthread_t thread[MOST];
static char stacks[MOST][STACK] __attribute__((aligned(16)));
static char *const waiter[] = {(char *)"make_processes", (char *)"wait", NULL};
extern char **environ;

static int wait_in_child(void *unused)
{
	char c;

	(void)unused;
	syscall(SYS_read, gate[0], &c, 1);
	syscall(SYS_exit_group, 0);
	return 0;
}

static int exec_in_child(void *unused)
{
	(void)unused;
	execve("/proc/self/exe", waiter, environ);
	_exit(127);
}

static pid_t if_child_wait(long result)
{
	if (result == 0)
		wait_in_child(NULL);
	return (pid_t)result;
}

static pid_t if_child_exec(long result)
{
	if (result == 0)
		exec_in_child(NULL);
	return (pid_t)result;
}

static int spawn(int (*function)(pid_t *, const char *, const posix_spawn_file_actions_t *,
				 const posix_spawnattr_t *, char *const[], char *const[]),
		 const char *path, pid_t *child)
{
	int error = function(child, path, NULL, NULL, waiter, environ);

	if (!error)
		return 0;
	errno = error;
	return -1;
}

typedef int pidfd_function(int *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
			   char *const[], char *const[]);

/* By name, because not every libc has it. */
static int spawn_pidfd(const char *name, long i)
{
	const char *path = strchr(name, '-') ? getenv("UNGUARDED") : "/proc/self/exe";
	pidfd_function *function =
		(pidfd_function *)dlsym(RTLD_DEFAULT, name[11] == 'p' ? "pidfd_spawnp" : "pidfd_spawn");
	int error, fd = -1;

	error = function ? function(&fd, path, NULL, NULL, waiter, environ) : ENOSYS;
	if (error) {
		errno = error;
		return -1;
	}
	pidfd[i] = fd;
	return 0;
}

/* In no header, and not in every libc. */
static FILE *open_stream_by_name(const char *name)
{
	void *found = dlsym(RTLD_DEFAULT, name);

	return (found ? (__typeof__(popen) *)found : popen)(shell_command, "r");
}

/* The results of threads, whose calls last as long as their child. */
static _Atomic long refused;
static _Atomic int thread_errno;

static void thread_refused(int error)
{
	thread_errno = error;
	refused++;
}

static void *call_system(void *unused)
{
	int status;

	(void)unused;
	status = system(shell_command);
	if (status == -1)
		thread_refused(errno);
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != 7)
		thread_errno = 1000;
	return NULL;
}

static void *call_wordexp(void *unused)
{
	wordexp_t words;
	int error;

	(void)unused;
	error = wordexp(word_command, &words, 0);
	if (error)
		thread_refused(error == WRDE_NOSPACE ? errno : 1000);
	else
		wordfree(&words);
	return NULL;
}

static int make(const char *how, long i)
{
	void *top = stacks[i] + STACK;
	/* Made here: a child on this stack may not return from the function that makes it. */
	struct clone_args args = {.exit_signal = SIGCHLD};
	int terminal;

	if (strstr(how, "vfork"))
		args.flags = CLONE_VM | CLONE_VFORK;
	if (!strcmp(how, "posix_spawn"))
		return spawn(posix_spawn, "/proc/self/exe", &pid[i]);
	if (!strncmp(how, "pidfd_spawn", 11))
		return spawn_pidfd(how, i);
	if (!strcmp(how, "spawn-unguarded"))
		return spawn(posix_spawn, getenv("UNGUARDED"), &pid[i]);
	if (!strcmp(how, "posix_spawnp"))
		return spawn(posix_spawnp, "/proc/self/exe", &pid[i]);
	if (!strcmp(how, "popen"))
		return (stream[i] = popen(shell_command, "r")) ? 0 : -1;
	if (!strcmp(how, "_IO_popen"))
		return (stream[i] = open_stream_by_name(how)) ? 0 : -1;
	if (!strcmp(how, "system"))
		return pthread_create(&thread[i], NULL, call_system, NULL) ? -1 : 0;
	if (!strcmp(how, "wordexp"))
		return pthread_create(&thread[i], NULL, call_wordexp, NULL) ? -1 : 0;
	if (!strcmp(how, "forkpty"))
		pid[i] = if_child_wait(forkpty(&terminal, NULL, NULL, NULL));
	else if (!strcmp(how, "fork"))
		pid[i] = if_child_wait(fork());
	else if (!strcmp(how, "_Fork"))
		pid[i] = if_child_wait(_Fork());
	else if (!strcmp(how, "vfork"))
		pid[i] = if_child_exec(vfork());
	else if (!strcmp(how, "clone"))
		pid[i] = clone(wait_in_child, top, SIGCHLD, NULL);
	else if (!strcmp(how, "clone-vm"))
		pid[i] = clone(wait_in_child, top, CLONE_VM | SIGCHLD, NULL);
	else if (!strcmp(how, "clone-vfork"))
		pid[i] = clone(exec_in_child, top, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	else if (!strcmp(how, "syscall-clone"))
		pid[i] = if_child_wait(syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L));
	else if (!strcmp(how, "syscall-clone-vfork"))
		pid[i] = if_child_exec(
			syscall(SYS_clone, (long)(CLONE_VM | CLONE_VFORK | SIGCHLD), 0L, 0L, 0L, 0L));
	else if (!strcmp(how, "syscall-clone3"))
		pid[i] = if_child_wait(syscall(SYS_clone3, &args, sizeof(args)));
	else if (!strcmp(how, "syscall-clone3-vfork"))
		pid[i] = if_child_exec(syscall(SYS_clone3, &args, sizeof(args)));
#ifdef SYS_fork
	else if (!strcmp(how, "syscall-fork"))
		pid[i] = if_child_wait(syscall(SYS_fork));
	else if (!strcmp(how, "syscall-vfork"))
		pid[i] = if_child_exec(syscall(SYS_vfork));
#endif
	else
		_exit(2);
	return pid[i] < 0 ? -1 : 0;
}

static void end(const char *how, long i)
{
	if (strstr(how, "popen")) {
		if (WEXITSTATUS(pclose(stream[i])) != 7)
			_exit(3);
	} else if (!strcmp(how, "system") || !strcmp(how, "wordexp")) {
		pthread_join(thread[i], NULL);
	} else if (!strncmp(how, "pidfd_spawn", 11)) {
		siginfo_t info;

		syscall(SYS_pidfd_send_signal, pidfd[i], SIGKILL, NULL, 0);
		if (waitid(P_PIDFD, (id_t)pidfd[i], &info, WEXITED))
			_exit(6);
		close(pidfd[i]);
	} else {
		kill(pid[i], SIGKILL);
		reap(pid[i]);
	}
}

int main(int argc, char **argv)
{
	long tries = number(argv, argc - 1);
	const char *how = argv[1];
	bool threads = argc > 2 && (!strcmp(how, "system") || !strcmp(how, "wordexp"));

	if (argc == 2) /* "wait" */
		return pause();
	for (int round = 0; round < 3; round++) {
		long made = 0;
		int last_error = 0;

		if (pipe2(gate, 0) || fcntl(gate[1], F_SETFD, FD_CLOEXEC))
			return 4;
		snprintf(shell_command, sizeof(shell_command), "read x <&%d; exit 7", gate[0]);
		snprintf(word_command, sizeof(word_command), "$(%s)", shell_command);
		refused = 0;
		thread_errno = 0;
		for (long i = 0; i < tries; i++) {
			pid[i] = 0;
			errno = 99;
			if (make(how, i) == 0)
				made++;
			else
				pid[i] = -1, last_error = errno;
		}
		if (threads) { /* a refused call returns at once */
			while (refused < tries - number(argv, 2))
				usleep(1000);
			made -= refused;
			last_error = thread_errno;
		}
		close(gate[1]);
		for (long i = 0; i < tries; i++)
			if (pid[i] >= 0 && (!strstr(how, "popen") || stream[i]))
				end(how, i);
		if (thread_errno == 1000)
			return 5;
		close(gate[0]);
		say("made%d=%ld errno=%d\n", round, made, last_error);
	}
	return 0;
}
