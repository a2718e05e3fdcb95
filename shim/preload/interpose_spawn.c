/*
 * interpose_spawn.c - posix_spawn and its kin, system, popen, wordexp.
 *
 * Owns:    nothing.
 * Called:  any thread; posix_spawn also from a vfork child.
 * Context: posix_spawn*: async-signal-safe as far as libc's are, vfork child;
 *          returns its error (EAGAIN on a refusal) and leaves errno alone. The
 *          others: errno is EAGAIN on a refusal. Takes the ledger's lock, never
 *          while the real function runs.
 * Fork:    nothing, because there is no state.
 *
 * libc makes these children by calls of its own that no hook sees, without a
 * copy of our memory. So the place is reserved before and offered (claims.h)
 * to the child, which looks for it when it loads us. Where the pid is learnt
 * the place is bound to it at once, so that a static program counts as well;
 * where it is not, the call holds its place until it returns.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#include "core/procread.h"
#include "core/rawsys.h"
#include "environment.h"
#include "environment_loan.h"
#include "interpose_process.h"
#include "member.h"
#include "real.h"

struct spawn_call {
	__typeof__(posix_spawn) *function;
	__typeof__(pidfd_spawn) *pidfd_function;
	pid_t *pid; /* of this frame, not the program's, who may pass none */
	int *pidfd;
	const char *path;
	const posix_spawn_file_actions_t *actions;
	const posix_spawnattr_t *attributes;
	char *const *argv;
};

static int spawn_really(const void *context, char *const *environment)
{
	const struct spawn_call *c = context;

	if (c->pidfd_function)
		return c->pidfd_function(c->pidfd, c->path, c->actions, c->attributes, c->argv, environment);
	return c->function(c->pid, c->path, c->actions, c->attributes, c->argv, environment);
}

/* The process behind a pidfd, or 0 without /proc. */
static pid_t pid_of_pidfd(int pidfd)
{
	char path[48], text[512];
	struct fmt f = FMT_INIT(path);

	procread_put_path(&f, 0, "fdinfo/");
	fmt_int(&f, pidfd);
	procread_file(path, text, sizeof(text));
	return (pid_t)procread_field(text, "\nPid:");
}

/* A process that then could not execute the program was one. */
static bool is_refused_process(int error)
{
	return error == EAGAIN || error == ENOMEM;
}

static int guarded_spawn(struct spawn_call *call, char *const *environment, const char *name,
			 const void *caller)
{
	int64_t since_ns = raw_clock_ns(CLOCK_BOOTTIME);
	pid_t *to = call->pid;
	pid_t child = 0;
	uint32_t slot;
	int error;

	if (!member_is_guarded())
		return spawn_really(call, environment);
	slot = process_reserve(name, CLAIM_ONCE, caller);
	if (slot == LEDGER_NONE)
		return EAGAIN;
	call->pid = &child;
	error = environment_call(environment, spawn_really, call);
	if (error < 0)
		error = -error;
	if (!error && call->pidfd_function)
		child = pid_of_pidfd(*call->pidfd);
	if (error)
		child = is_refused_process(error) ? -1 : 0;
	if (error || child)
		process_settle_claim(slot, child, since_ns);
	else /* without /proc a pidfd tells nothing */
		process_let_go(slot);
	if (error)
		member_note_kernel_refusal(name, error);
	if (!error && to)
		*to = child;
	return error;
}

/*
 * One row per function: its name, where it tells of the child, and the member of struct spawn_call for its
 * real one. A program that finds a name here, with a libc that lacks it, learns so as on an old kernel.
 */
#define SPAWN_FUNCTION(name, kind, to, real_one)                                                             \
	RL_EXPORT int name(kind *to, const char *file, const posix_spawn_file_actions_t *actions,            \
			   const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])      \
	{                                                                                                    \
		struct spawn_call call = {                                                                   \
			.to = to, .path = file, .actions = actions, .attributes = attributes, .argv = argv}; \
                                                                                                             \
		real_ensure();                                                                               \
		call.real_one = REAL_LATE(name);                                                             \
		return call.real_one ? guarded_spawn(&call, envp, #name, __builtin_return_address(0))        \
				     : ENOSYS;                                                               \
	}

SPAWN_FUNCTION(posix_spawn, pid_t, pid, function)
SPAWN_FUNCTION(posix_spawnp, pid_t, pid, function)
SPAWN_FUNCTION(pidfd_spawn, int, pidfd, pidfd_function)
SPAWN_FUNCTION(pidfd_spawnp, int, pidfd, pidfd_function)

/* A call that holds a place, and perhaps a loan, until it returns or its thread is cancelled. */
struct held_call {
	uint32_t slot;
	bool lends;
	bool made_none; /* the kernel refused the process */
};

static bool begin_held(struct held_call *call, const char *name, const void *caller)
{
	call->slot = process_reserve(name, CLAIM_HELD, caller);
	if (call->slot == LEDGER_NONE) {
		errno = EAGAIN;
		return false;
	}
	call->lends = environment_lend();
	call->made_none = false;
	return true;
}

static void end_held(void *context)
{
	const struct held_call *call = context;

	if (call->lends)
		environment_take_back();
	if (call->made_none)
		process_forget(call->slot);
	process_end_held(call->slot);
}

RL_EXPORT int system(const char *command)
{
	struct held_call call;
	int result, saved = errno;

	real_ensure();
	if (!member_is_guarded())
		return REAL_LATE(system)(command);
	/* Without a command the question is whether a shell could be started. */
	if (!begin_held(&call, "system", __builtin_return_address(0)))
		return command ? -1 : 0;
	pthread_cleanup_push(end_held, &call);
	/* Whether it was refused or ended so, its result alone does not tell. */
	errno = 0;
	result = REAL_LATE(system)(command);
	call.made_none = result && is_refused_process(errno);
	errno = errno ? errno : saved;
	pthread_cleanup_pop(1);
	return result;
}

/* Whether wordexp() would start a shell: an unquoted or double-quoted $(...) or `...`. */
static bool has_command(const char *words)
{
	bool quoted = false;

	for (; *words; words++) {
		if (*words == '\\' && words[1]) {
			words++;
		} else if (*words == '"') {
			quoted = !quoted;
		} else if (*words == '\'' && !quoted) {
			words = strchr(words + 1, '\'');
			if (!words)
				return false;
		} else if (*words == '`') {
			return true;
		} else if (*words == '$' && words[1] == '(') {
			if (words[2] != '(')
				return true;
			words += 2; /* arithmetic, which may hold commands in turn */
		}
	}
	return false;
}

RL_EXPORT int wordexp(const char *words, wordexp_t *result, int flags)
{
	struct held_call call;
	int error;

	real_ensure();
	if (!member_is_guarded() || flags & WRDE_NOCMD || !has_command(words))
		return REAL_LATE(wordexp)(words, result, flags);
	if (!begin_held(&call, "wordexp", __builtin_return_address(0)))
		return WRDE_NOSPACE; /* as libc's own when it cannot fork */
	pthread_cleanup_push(end_held, &call);
	error = REAL_LATE(wordexp)(words, result, flags);
	pthread_cleanup_pop(1);
	return error;
}

/*
 * The shell behind a stream of popen(). glibc keeps its pid right behind the
 * stream, as all its versions have done; it is believed only if that process
 * is a child of ours, or is gone already. Return: 0 if nobody can tell.
 */
static pid_t pid_of_stream(FILE *stream)
{
	siginfo_t info;
	pid_t pid;

	if (!stream)
		return 0;
	memcpy(&pid, (char *)stream + sizeof(FILE) + sizeof(void *), sizeof(pid));
	if (pid <= 0)
		return 0;
	if (raw_syscall5(SYS_waitid, P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT, NULL) == 0 ||
	    raw_kill(pid, 0) == -ESRCH)
		return pid;
	return 0;
}

static FILE *guarded_popen(const char *command, const char *type, const void *caller)
{
	bool lends;
	FILE *stream;
	int64_t since_ns;
	uint32_t slot;
	pid_t child;
	int saved;

	real_ensure();
	if (!member_is_guarded())
		return REAL_LATE(popen)(command, type);
	since_ns = raw_clock_ns(CLOCK_BOOTTIME);
	slot = process_reserve("popen", CLAIM_ONCE, caller);
	if (slot == LEDGER_NONE) {
		errno = EAGAIN;
		return NULL;
	}
	lends = environment_lend();
	stream = REAL_LATE(popen)(command, type);
	saved = errno;
	if (lends)
		environment_take_back();
	child = pid_of_stream(stream);
	if (!stream || child)
		process_settle_claim(slot, stream ? child : -1, since_ns);
	else
		process_let_go(slot);
	errno = saved;
	return stream;
}

RL_EXPORT FILE *popen(const char *command, const char *type)
{
	return guarded_popen(command, type, __builtin_return_address(0));
}

/* glibc's other name for it, in no header; programs linked with very old libraries have it. */
RL_EXPORT FILE *_IO_popen(const char *command, const char *type)
{
	return guarded_popen(command, type, __builtin_return_address(0));
}
