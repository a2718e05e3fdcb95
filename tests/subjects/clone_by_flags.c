/*
 * clone_by_flags.c - a process clones children by HOW with FLAGS until that is refused.
 *
 * Usage: clone_by_flags HOW FLAGS [hold]. Each child executes this program again, which has joined the tree
 * when the next is made; with "hold" it joins while its maker, interrupted by a signal, has not heard of it
 * yet: certainly so with CLONE_VFORK. Prints "made=N errno=E".
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <dlfcn.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { MOST = 8, STACK = 64 << 10, TOP = STACK - 64 };

static char stacks[MOST][STACK] __attribute__((aligned(16)));
static pid_t to_hold;
static int gate[2], held[2];
static char joined[16], lets_go[16];
extern char **environ;

/* In whose words errno would be is the flags' matter: nothing here sets it. */
static int become_waiter(void *unused)
{
	char *const argv[] = {(char *)"clone_by_flags", joined, to_hold ? lets_go : NULL, NULL};

	(void)unused;
	if (to_hold)
		syscall(SYS_kill, to_hold, SIGUSR1);
	execve("/proc/self/exe", argv, environ);
	syscall(SYS_exit_group, 127);
	return 0;
}

/* In the maker. A stop could find it with the ledger's lock, which the child needs. */
static void hold(int signal)
{
	int saved = errno;
	char byte;

	(void)signal;
	while (read(held[0], &byte, 1) != 1)
		;
	errno = saved;
}

/* Thread-local words as libc makes them for a thread. */
static char *new_words(void)
{
	void *function = dlsym(RTLD_DEFAULT, "_dl_allocate_tls");
	char *words = function ? ((char *(*)(void *))function)(NULL) : NULL;

	if (!words)
		_exit(2);
#ifdef __x86_64__
	/* Its head: itself, twice, and what libc's protections compare with. */
	memcpy(words, __builtin_thread_pointer(), 64);
	*(char **)words = *(char **)(words + 16) = words;
#endif
	return words;
}

/* By number a child with a stack returns to what lies on top of that, or as aarch64 has it to its maker's
 * caller. */
static long if_child_wait(long result)
{
	if (result == 0)
		become_waiter(NULL);
	return result;
}

static long make(const char *how, long flags, int i)
{
	static char *words;
	long signal = flags & CLONE_PARENT ? 0 : SIGCHLD;
	char *top = stacks[i] + TOP;
	struct clone_args args = {.flags = (uint64_t)flags, .exit_signal = (uint64_t)signal};
	bool has_stack = strstr(how, "stack");

	if (flags & CLONE_SETTLS && !words)
		words = new_words();
	if (!strcmp(how, "clone"))
		return clone(become_waiter, top, (int)(flags | signal), NULL, NULL, words, NULL);
	*(int (**)(void *))top = become_waiter;
	if (!strncmp(how, "clone3", 6)) {
		args.tls = (uintptr_t)words;
		args.stack = has_stack ? (uintptr_t)stacks[i] : 0;
		args.stack_size = has_stack ? TOP : 0;
		return if_child_wait(syscall(SYS_clone3, &args, sizeof(args)));
	}
#ifdef __aarch64__
	return if_child_wait(syscall(SYS_clone, flags | signal, has_stack ? top : NULL, 0L, words, 0L));
#else
	return if_child_wait(syscall(SYS_clone, flags | signal, has_stack ? top : NULL, 0L, 0L, words));
#endif
}

static int make_until_refused(const char *how, long flags)
{
	long pid[MOST];
	int made = 0;
	char byte;

	while (made < MOST && (pid[made] = make(how, flags, made)) > 0)
		if (read(gate[0], &byte, 1) == 1)
			made++;
	say("made=%d errno=%d\n", made, errno);
	for (int i = 0; i < made; i++)
		kill((pid_t)pid[i], SIGKILL);
	return 0;
}

/* The executed program; by now it has its place. */
static int wait_for_end(char **argv)
{
	for (int i = 1; argv[i]; i++)
		if (write((int)number(argv, i), "", 1) != 1)
			return 3;
	return pause();
}

int main(int argc, char **argv)
{
	struct sigaction holds = {.sa_handler = hold, .sa_flags = SA_RESTART};
	int status;
	pid_t maker;

	if (argv[1][0] >= '0' && argv[1][0] <= '9')
		return wait_for_end(argv);
	/* Who takes over its maker's children, and is their parent with CLONE_PARENT. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) || pipe(gate) || pipe(held) || sigaction(SIGUSR1, &holds, NULL))
		return 4;
	maker = fork();
	if (maker == 0) {
		to_hold = argc > 3 ? getpid() : 0;
		snprintf(joined, sizeof(joined), "%d", gate[1]);
		snprintf(lets_go, sizeof(lets_go), "%d", held[1]);
		_exit(make_until_refused(argv[1], number(argv, 2)));
	}
	if (waitpid(maker, &status, 0) != maker || status)
		return 5;
	while (waitpid(-1, &status, __WALL) > 0)
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			return 6;
	return 0;
}
