/*
 * stacks_walk.c - walks the stacks of the chosen threads; see stacks_look.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stacks_look.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "attrs.h"
#include "rawsys.h"
#include "seize.h"

enum { SEIZE_NS = 30000000 /* for the running threads of one process to stop */ };

/* Large, so not on a stack; one look at a time. */
static struct modules modules RL_SELDOM;
static struct peek peek RL_SELDOM;
static struct unwind walked RL_SELDOM;

static uint32_t intern(struct look *look, const char *name)
{
	uint32_t i;

	for (i = 0; i < (uint32_t)look->name_count; i++)
		if (!strcmp(look->names[i], name))
			return i;
	if (i == STACK_NAMES)
		return i - 1;
	memcpy(look->names[i], name, MODULE_NAME);
	look->name_count++;
	return i;
}

/* Writes what was found, unless nobody waits for it any more. */
static void keep(struct look *look, struct stack *stack, long call)
{
	static const char nowhere[MODULE_NAME] = "?";

	atomic_store_explicit(&look->is_written, 1, memory_order_seq_cst);
	if (atomic_load_explicit(&look->is_closed, memory_order_seq_cst)) {
		atomic_store_explicit(&look->is_written, 0, memory_order_release);
		return;
	}
	look->tasks.task[stack->task].call = call;
	for (int i = 0; i < walked.count; i++) {
		const struct module *m = modules_find(&modules, &peek, walked.pc[i]);

		stack->frame[i].name = intern(look, m ? m->name : nowhere);
		stack->frame[i].offset = walked.pc[i] - (m ? m->bias : 0);
	}
	stack->guessed_from = walked.guessed_from;
	stack->count = walked.count;
	atomic_store_explicit(&look->is_written, 0, memory_order_release);
}

/* NULL also for a thread of another process, which has stopped late: its memory is not the one looked at. */
static struct stack *stack_of(struct look *look, pid_t pid, pid_t tid)
{
	for (int i = 0; i < look->stack_count; i++) {
		const struct task *t = &look->tasks.task[look->stack[i].task];

		if (t->tid == tid)
			return t->pid == pid ? &look->stack[i] : NULL;
	}
	return NULL;
}

static bool is_sleeping(const struct task *t)
{
	return t->sp != 0;
}

static void walk_running(struct look *look, pid_t pid)
{
	int64_t until_ns = raw_clock_ns(CLOCK_MONOTONIC) + SEIZE_NS;
	struct registers registers;
	int asked = 0;
	long call;
	pid_t tid;

	if (until_ns > look->until_ns)
		until_ns = look->until_ns;
	for (int i = 0; i < look->stack_count; i++) {
		const struct task *t = &look->tasks.task[look->stack[i].task];

		if (t->pid != pid || t->call != TASK_ON_PROCESSOR)
			continue;
		if (look->may_trace && seize_ask(t->tid) == 0)
			asked++;
		else
			look->refused = true;
	}
	while (asked && (tid = seize_next(&registers, &call, until_ns))) {
		struct stack *stack = stack_of(look, pid, tid);

		if (stack)
			unwind_walk(&walked, &modules, &peek, registers, until_ns);
		seize_release(tid);
		if (!stack)
			continue;
		keep(look, stack, call);
		asked--;
	}
}

static void walk_sleeping(struct look *look, pid_t pid)
{
	for (int i = 0; i < look->stack_count; i++) {
		struct stack *stack = &look->stack[i];
		const struct task *t = &look->tasks.task[stack->task];
		struct registers registers;

		if (t->pid != pid)
			continue;
		if (t->call == TASK_UNKNOWN)
			look->refused = true;
		if (!is_sleeping(t))
			continue;
		registers_from_pair(&registers, t->pc, t->sp);
		unwind_walk(&walked, &modules, &peek, registers, look->until_ns);
		keep(look, stack, t->call);
	}
}

static bool is_first_of_process(const struct look *look, int at)
{
	pid_t pid = look->tasks.task[look->stack[at].task].pid;

	for (int i = 0; i < at; i++)
		if (look->tasks.task[look->stack[i].task].pid == pid)
			return false;
	return true;
}

void stacks_walk(struct look *look)
{
	for (int i = 0; i < look->stack_count; i++) {
		const struct task *t = &look->tasks.task[look->stack[i].task];
		pid_t memory = t->own ? raw_getpid() : t->pid;

		if (raw_clock_ns(CLOCK_MONOTONIC) >= look->until_ns)
			return;
		if (!is_first_of_process(look, i))
			continue;
		/* Whoever we are: of our own process we have the memory. */
		peek_begin(&peek, memory);
		if (modules_read(&modules, memory, look->until_ns) == -EACCES)
			look->refused = true;
		walk_running(look, t->pid);
		walk_sleeping(look, t->pid);
	}
}
