/*
 * interpose_exec.c - exec and its kin: the new program stays guarded.
 *
 * Owns:    nothing.
 * Called:  any thread; after fork or vfork in the child, which may be a copy of
 *          a threaded process: no lock of anybody may be taken.
 * Context: async-signal-safe, vfork child; memory is the stack, or a mapping
 *          for an environment that is too large for it; never allocates.
 * Fork:    nothing, because there is no state.
 *
 * An environment that still names us passes through as it is. One that was
 * cleared gets back LD_PRELOAD and RESLIMIT_LEDGER; the ledger holds the limits.
 *
 * SPDX-License-Identifier: MIT
 */
#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

#include "core/ledger_file.h"
#include "core/rawsys.h"
#include "core/record.h"
#include "environment.h"
#include "exec_mark.h"
#include "lifecycle.h"
#include "member.h"
#include "real.h"
#include "seccomp.h"

enum exec_form { EXEC_PATH, EXEC_SEARCH, EXEC_FD, EXEC_AT };

struct exec_call {
	enum exec_form form;
	int fd, flags;
	const char *path;
	char *const *argv;
};

static int exec_really(const void *context, char *const *environment)
{
	const struct exec_call *call = context;

	switch (call->form) {
	case EXEC_SEARCH:
		return REAL_LATE(execvpe)(call->path, call->argv, environment);
	case EXEC_FD:
		return REAL_LATE(fexecve)(call->fd, call->argv, environment);
	case EXEC_AT:
		return REAL_LATE(execveat)(call->fd, call->path, call->argv, environment, call->flags);
	default:
		return real.execve(call->path, call->argv, environment);
	}
}

static int exec_with(const struct exec_call *call, char *const *environment)
{
	int result = environment_call(environment, exec_really, call);

	if (result != -ENOMEM)
		return result;
	errno = ENOMEM;
	return -1;
}

/* It has charged nothing, so there is nothing to give back. */
static int newborn_exec(const struct exec_call *call, char *const *environment)
{
	struct slot *slot = &member.ledger->slot[thread_self.child_slot];
	int result;

	newborn_begin_exec();
	ledger_pass_fd(member.ledger, true);
	slot->exec_ns = raw_clock_by_call_ns(CLOCK_BOOTTIME);
	result = exec_with(call, environment);
	slot->exec_ns = 0;
	ledger_pass_fd(member.ledger, false);
	newborn_end_exec();
	return result;
}

static int guarded_exec(const struct exec_call *call, char *const *environment)
{
	struct exec_mark mark;
	bool is_member, keep, passes;
	int result;

	real_ensure();
	if (thread_self.is_newborn && thread_self.child_slot != LEDGER_NONE)
		return newborn_exec(call, environment);
	if (!member_is_guarded())
		return exec_really(call, environment);
	is_member = !member_is_borrowed();
	if (is_member)
		lifecycle_begin_exec();
	passes = seccomp_lets_pass_descriptors();
	keep = is_member && passes && record_holds_files() &&
	       member.ledger->account[member.ledger->slot[member.slot].account].root == member.slot;
	if (keep)
		record_keep_over_exec(true);
	if (passes)
		ledger_pass_fd(member.ledger, true);
	/* From here until it has started nobody may have the ledger mapped, and it is not a leftover. */
	if (is_member) {
		member.ledger->slot[member.slot].exec_ns = raw_clock_ns(CLOCK_BOOTTIME);
		exec_mark_begin(&mark);
	}
	result = exec_with(call, environment);
	if (passes)
		ledger_pass_fd(member.ledger, false);
	if (is_member) {
		exec_mark_end(&mark);
		member.ledger->slot[member.slot].exec_ns = 0;
	}
	if (keep)
		record_keep_over_exec(false);
	if (is_member)
		lifecycle_end_exec();
	return result;
}

RL_EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	struct exec_call call = {.form = EXEC_PATH, .path = path, .argv = argv};

	return guarded_exec(&call, envp);
}

RL_EXPORT int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

RL_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	struct exec_call call = {.form = EXEC_SEARCH, .path = file, .argv = argv};

	return guarded_exec(&call, envp);
}

RL_EXPORT int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

RL_EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	struct exec_call call = {.form = EXEC_FD, .fd = fd, .argv = argv};

	return guarded_exec(&call, envp);
}

RL_EXPORT int execveat(int fd, const char *path, char *const argv[], char *const envp[], int flags)
{
	struct exec_call call = {.form = EXEC_AT, .fd = fd, .flags = flags, .path = path, .argv = argv};

	return guarded_exec(&call, envp);
}

/* How many arguments stand between the first and the NULL; `list` is left as it was. */
static size_t count_arguments(const char *first, va_list list)
{
	size_t n = 0;
	va_list copy;

	if (!first)
		return 0;
	va_copy(copy, list);
	while (va_arg(copy, char *))
		n++;
	va_end(copy);
	return n;
}

static void take_arguments(char **argv, const char *first, size_t count, va_list *list)
{
	argv[0] = (char *)first;
	/* The terminating NULL comes with them. */
	for (size_t i = 1; i <= count + 1 && first; i++)
		argv[i] = va_arg(*list, char *);
}

/* Expands into the argument vector on the caller's own stack, where a vfork child may have it. */
#define ARGUMENTS_ON_STACK(argv, first, list)                                                                \
	size_t argv##_count = count_arguments((first), (list));                                              \
	char **argv = alloca((argv##_count + 2) * sizeof(char *));                                           \
	take_arguments(argv, (first), argv##_count, &(list))

RL_EXPORT int execl(const char *path, const char *first, ...)
{
	va_list list;

	va_start(list, first);
	ARGUMENTS_ON_STACK(argv, first, list);
	va_end(list);
	return execve(path, argv, environ);
}

RL_EXPORT int execlp(const char *file, const char *first, ...)
{
	va_list list;

	va_start(list, first);
	ARGUMENTS_ON_STACK(argv, first, list);
	va_end(list);
	return execvpe(file, argv, environ);
}

RL_EXPORT int execle(const char *path, const char *first, ...)
{
	char *const *environment;
	va_list list;

	va_start(list, first);
	ARGUMENTS_ON_STACK(argv, first, list);
	environment = va_arg(list, char *const *);
	va_end(list);
	return execve(path, argv, environment);
}
