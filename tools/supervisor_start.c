/*
 * supervisor_start.c - makes the program's process; see supervisor_parts.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli.h"
#include "core/accounts.h"
#include "core/clone_thread.h"
#include "core/ledger_lock.h"
#include "core/rawsys.h"
#include "core/slots.h"
#include "core/tree.h"
#include "program.h"
#include "supervisor_parts.h"

enum { STACK_LEAST = 256 << 10 };

/* What the program must not inherit: the record's descriptor, unless it is one of its own three. */
static void drop_status_fd(const struct supervisor *s)
{
	int fd = (int)s->config.status_fd;

	if (fd > STDERR_FILENO)
		raw_fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* What the process that becomes the program is told, and tells. */
struct birth {
	const struct supervisor *s;
	pid_t parent;
	int error; /* of its exec, or of what comes before */
};

/* The kernel gives a child of ours neither, because we have asked for a turn before others. */
static void restore_turn(const struct supervisor *s)
{
	if (s->nice)
		raw_syscall3(SYS_setpriority, PRIO_PROCESS, 0, s->nice);
	raw_syscall2(SYS_prctl, PR_SET_TIMERSLACK, s->timer_slack_ns);
}

void supervisor_note_turn(struct supervisor *s)
{
	s->nice = getpriority(PRIO_PROCESS, 0);
	s->timer_slack_ns = prctl(PR_GET_TIMERSLACK);
}

/*
 * In our memory, while we wait. The place is bound before the program can
 * look for it. No signal has a handler here, so that their mask may change first.
 */
static void become_program(void *argument)
{
	struct birth *birth = argument;
	const struct supervisor *s = birth->s;
	uint64_t mask;
	int error;

	raw_syscall2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	if (raw_getppid() != birth->parent)
		raw_exit_group(CLI_FAILED);
	ledger_lock(s->ledger, &mask);
	slots_bind_self(s->ledger, s->slot);
	ledger_unlock(s->ledger, &mask);
	drop_status_fd(s);
	raw_rlimit(RLIMIT_NOFILE, &s->files, NULL);
	restore_turn(s);
	supervisor_restore_signals(s);
	error = -cgroup_join(&s->cgroup);
	if (!error)
		error = -capture_in_child(&s->capture);
	if (!error) {
		execvp(s->program[0], s->program);
		error = errno;
	}
	birth->error = error;
	raw_exit_group(CLI_FAILED);
}

/*
 * Without a copy of our memory, which would cost more than all else up to the
 * exec. execvp() copies the arguments to the stack where the program is a script
 * without a first line. Not by libc's clone(): where we are guarded ourselves that is
 * our own hook, and would count the program a second time. Return: the pid or -errno.
 */
static pid_t give_birth(struct birth *birth)
{
	size_t size = STACK_LEAST;
	char *stack;
	pid_t pid;

	for (char **word = birth->s->program; *word; word++)
		size += sizeof(*word);
	stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return -errno;
	/* Stacks grow downwards, and begin at a multiple of 16. */
	pid = clone_thread(CLONE_VM | CLONE_VFORK | SIGCHLD, stack + (size & ~(size_t)15), become_program,
			   birth, NULL, NULL);
	munmap(stack, size);
	return pid;
}

/* As many descriptors as we may have: a tree can have many processes. */
static void raise_file_limit(struct supervisor *s)
{
	struct rlimit most;

	getrlimit(RLIMIT_NOFILE, &s->files);
	most = s->files;
	most.rlim_cur = most.rlim_max;
	setrlimit(RLIMIT_NOFILE, &most);
}

static void start_clocks(struct supervisor *s)
{
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);

	/* In case that it never comes to main with our library, where they begin again. */
	accounts_start_clock(&s->ledger->account[s->account], now_ns);
	if (s->own != s->account)
		accounts_start_clock(&s->ledger->account[s->own], now_ns);
}

/* The program never ran: the record says so. */
static int end_before_start(struct supervisor *s, int status)
{
	s->is_dead = true;
	s->ending.exit_code = status;
	s->ending.outside = &s->outside;
	s->outside.at_ns = raw_clock_ns(CLOCK_MONOTONIC);
	s->outside.pid = s->child;
	supervisor_write_record(s);
	return status;
}

static int complain_exec(struct supervisor *s, int error)
{
	s->outside.exec_error = error;
	return end_before_start(s, program_explain(s->program[0], error));
}

static int complain_fork(int error)
{
	return cli_complain("cannot start a program: %s; end some processes, or raise ulimit -u",
			    strerror(error));
}

int supervisor_start(struct supervisor *s)
{
	struct birth birth = {.s = s, .parent = getpid()};
	int error;

	raise_file_limit(s);
	start_clocks(s);
	if (!program_may_start(s->program[0], s->config.unguarded)) {
		s->outside.is_unguarded = s->outside.is_internal = true;
		return end_before_start(s, CLI_FAILED);
	}
	supervisor_note_others(s);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	error = supervisor_make_leash(s);
	if (error)
		return end_before_start(s, cli_complain("cannot start a program: %s; close some descriptors",
							strerror(-error)));
	s->child = give_birth(&birth);
	supervisor_raise_leash(s);
	if (s->child < 0)
		return end_before_start(s, complain_fork(-(int)s->child));
	oom_look(&s->oom);
	return birth.error ? complain_exec(s, birth.error) : 0;
}
