/*
 * forbid_calls.c - installs a seccomp filter that kills, allocates, and ends, spins, forks or leaves a child.
 *
 * forbid_calls few|threads|children|owners|watchdog|prctl|twice|writing|lenient|strict|errno|broken|apart
 *              thread|process|prctl exit|spin|segv|fork|fork-spin|leave|exec|system
 *
 * "exec" and "system" run this program again, without a filter of its own, in place of all else.
 *
 * The kernel refuses a broken one, and one for all threads if another has a filter of its own ("apart").
 * "twice" is "prctl", and then a broken one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "subject.h"

#define ALLOW(name)                                                                                          \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define LOAD_NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define RUN_ON                                                                                               \
	ALLOW(read), ALLOW(write), ALLOW(exit), ALLOW(exit_group), ALLOW(brk), ALLOW(mmap), ALLOW(munmap),   \
		ALLOW(mremap), ALLOW(madvise), ALLOW(mprotect), ALLOW(rt_sigreturn)

/* What a program that only computes needs. */
static struct sock_filter few[] = {LOAD_NUMBER, RUN_ON, BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};

/* What one with threads needs, and what the ledger does, but none of what the end of a process does. */
static struct sock_filter with_threads[] = {
	LOAD_NUMBER,
	RUN_ON,
	ALLOW(futex),
	ALLOW(gettid),
	ALLOW(getpid),
	ALLOW(rt_sigprocmask),
	ALLOW(clock_gettime),
	ALLOW(membarrier),
	ALLOW(tgkill),
	ALLOW(kill),
	ALLOW(openat),
	ALLOW(close),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
};

/* With children, but no timers, no real-time priorities and no signals from files. */
static struct sock_filter with_children[] = {
	LOAD_NUMBER,
	RUN_ON,
	ALLOW(futex),
	ALLOW(gettid),
	ALLOW(getpid),
	ALLOW(getppid),
	ALLOW(rt_sigprocmask),
	ALLOW(clock_gettime),
	ALLOW(membarrier),
	ALLOW(tgkill),
	ALLOW(tkill),
	ALLOW(kill),
	ALLOW(openat),
	ALLOW(close),
	ALLOW(fstat),
	ALLOW(fstatfs),
	ALLOW(newfstatat),
	ALLOW(nanosleep),
	ALLOW(clock_nanosleep),
	ALLOW(waitid),
	ALLOW(clone),
	ALLOW(vfork),
	ALLOW(set_robust_list),
	ALLOW(wait4),
	ALLOW(execve),
	ALLOW(rseq),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
};

/* One that looks at arguments: fcntl(), but no file may have an owner to send signals to. */
static struct sock_filter no_owners[] = {
	LOAD_NUMBER,
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_SETOWN, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

/* One that keeps every call but one, which the watchdog's thread makes when it begins. */
static struct sock_filter no_watchdog[] = {
	LOAD_NUMBER,
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

/* One that forbids what is called early only. */
static struct sock_filter no_prctl[] = {
	LOAD_NUMBER,
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

/* One that lets files be opened for reading only, as the sandbox of man(1) does. */
static struct sock_filter no_writing[] = {
	LOAD_NUMBER,
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fgetxattr, 2, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_WRONLY | O_RDWR, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

/* One that refuses instead of killing. */
static struct sock_filter refusing[] = {LOAD_NUMBER, RUN_ON,
					BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1)};

/* One that does not end with an answer. */
static struct sock_filter broken[] = {LOAD_NUMBER, RUN_ON,
				      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), LOAD_NUMBER};

/* One that forbids nothing. */
static struct sock_filter lenient[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};

static _Atomic int begun;
static int install(struct sock_filter *filter, size_t count, const char *how);

static void *wait_for_ever(void *what_is_apart)
{
	char c;
	int end[2];

	if (pipe(end) || (what_is_apart && install(lenient, 1, "thread")))
		_exit(90);
	begun = 1;
	while (read(end[0], &c, 1) >= 0)
		;
	return NULL;
}

static int install(struct sock_filter *filter, size_t count, const char *how)
{
	struct sock_fprog program = {.len = (unsigned short)count, .filter = filter};

	static bool is_privileged = true;

	if (is_privileged && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return 91;
	is_privileged = false;
	if (!strcmp(how, "prctl"))
		return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? 92 : 0;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       !strcmp(how, "process") ? SECCOMP_FILTER_FLAG_TSYNC : 0, &program)
		       ? 93
		       : 0;
}

static int forbid(const char *what, const char *how)
{
	if (!strcmp(what, "strict"))
		return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) ? 94 : 0;
	/* Both are refused, and then the program has no filter. */
	if (!strcmp(what, "broken"))
		return !install(broken, sizeof(broken) / sizeof(*broken), how);
	if (!strcmp(what, "apart"))
		return !install(few, sizeof(few) / sizeof(*few), how);
	if (!strcmp(what, "few"))
		return install(few, sizeof(few) / sizeof(*few), how);
	if (!strcmp(what, "children"))
		return install(with_children, sizeof(with_children) / sizeof(*with_children), how);
	if (!strcmp(what, "owners"))
		return install(no_owners, sizeof(no_owners) / sizeof(*no_owners), how);
	if (!strcmp(what, "watchdog"))
		return install(no_watchdog, sizeof(no_watchdog) / sizeof(*no_watchdog), how);
	if (!strcmp(what, "prctl"))
		return install(no_prctl, sizeof(no_prctl) / sizeof(*no_prctl), how);
	if (!strcmp(what, "twice"))
		return forbid("prctl", how) || forbid("broken", "thread");
	if (!strcmp(what, "writing"))
		return install(no_writing, sizeof(no_writing) / sizeof(*no_writing), how);
	if (!strcmp(what, "lenient"))
		return install(lenient, sizeof(lenient) / sizeof(*lenient), how);
	if (!strcmp(what, "threads"))
		return install(with_threads, sizeof(with_threads) / sizeof(*with_threads), how);
	return install(refusing, sizeof(refusing) / sizeof(*refusing), how);
}

/* Return: the child's status, or that of the child's child. */
static int fork_on(bool spins)
{
	volatile long turns = 0;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		free(malloc(100000));
		while (spins)
			turns++;
		pid = fork();
		if (pid == 0)
			_exit(3);
	}
	if (waitpid(pid, &status, 0) != pid)
		return 96;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 97;
}

/* Return: what the next program's status says, or 98. */
static int run_again(bool by_exec)
{
	char program[4096], command[4200];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	int status;

	if (len < 0)
		return 98;
	program[len] = '\0';
	if (by_exec) {
		execl(program, program, "lenient", "thread", "exit", (char *)NULL);
		return 98;
	}
	snprintf(command, sizeof(command), "'%s' lenient thread exit", program);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

int main(int argc, char **argv)
{
	static char *blocks[4000];
	pthread_t thread;
	volatile long turns = 0;
	int error, strict = !strcmp(argv[1], "strict");

	if (argc > 4)
		pthread_create(&thread, NULL, wait_for_ever, !strcmp(argv[1], "apart") ? argv : NULL);
	while (argc > 4 && !begun)
		usleep(1000);
	free(malloc(10)); /* glibc asks for random bytes at the first */
	error = forbid(argv[1], argv[2]);
	if (error)
		return error;
	if (!strcmp(argv[3], "exec") || !strcmp(argv[3], "system"))
		return run_again(argv[3][0] == 'e');
	/* Strict mode leaves malloc what it has already. */
	for (int i = 0; i < (strict ? 10 : 4000); i++)
		blocks[i] = malloc(strict ? 100 : 9000);
	for (int i = 0; i < 4000; i++)
		free(blocks[i]);
	if (write(1, "done\n", 5) != 5)
		return 95;
	if (!strcmp(argv[3], "segv"))
		*(volatile int *)NULL = 1;
	while (!strcmp(argv[3], "spin"))
		turns++;
	if (!strncmp(argv[3], "fork", 4))
		return fork_on(argv[3][4]);
	if (!strcmp(argv[3], "leave") && fork() == 0)
		for (;;)
			turns++;
	if (strict)
		syscall(SYS_exit, 3);
	return 3;
}
