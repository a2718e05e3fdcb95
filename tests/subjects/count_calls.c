/*
 * count_calls.c - runs a program and tells what it asks of the kernel: count_calls [NAME=VALUE]... PROGRAM
 *
 * Prints "open PATH" for each file that it opens, and "calls N" at its end: the
 * system calls of all its threads. Ends as the program does.
 *
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void print_path(pid_t pid, unsigned long address)
{
	char path[256] = "";
	struct iovec to = {path, sizeof(path) - 1}, from = {(void *)address, sizeof(path) - 1};

	/* Across the end of a mapping less is read, which is enough for the short names that matter. */
	process_vm_readv(pid, &to, 1, &from, 1, 0);
	printf("open %s\n", path);
}

static long entered(pid_t pid)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return 0;
	if (info.entry.nr == SYS_openat)
		print_path(pid, info.entry.args[1]);
	return 1;
}

static int run(char **argv)
{
	int settings = 1;

	while (argv[settings] && strchr(argv[settings], '='))
		settings++;
	if (!argv[settings] || ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		return 127;
	raise(SIGSTOP);
	/* The settings alone are the environment. */
	for (int i = 1; i < settings; i++)
		argv[i - 1] = argv[i];
	argv[settings - 1] = NULL;
	execve(argv[settings], argv + settings, argv);
	return 127;
}

int main(int argc, char **argv)
{
	int status, first = 0;
	long calls = 0;
	pid_t pid, child = fork();

	(void)argc;
	if (!child)
		return run(argv);
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		return 125;
	ptrace(PTRACE_SETOPTIONS, child, NULL,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL);
	ptrace(PTRACE_SYSCALL, child, NULL, NULL);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		long signal = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;

		if (pid == child && !WIFSTOPPED(status))
			first = status;
		if (!WIFSTOPPED(status))
			continue;
		if (signal == (SIGTRAP | 0x80))
			calls += entered(pid);
		/* What tracing brings along is not the program's. */
		if (signal == (SIGTRAP | 0x80) || signal == SIGTRAP || signal == SIGSTOP)
			signal = 0;
		ptrace(PTRACE_SYSCALL, pid, NULL, signal);
	}
	printf("calls %ld\n", calls);
	return WIFEXITED(first) ? WEXITSTATUS(first) : 128 + WTERMSIG(first);
}
