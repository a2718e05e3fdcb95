/*
 * supervisor_tracer.c - a short-lived process that stops threads which run, to walk their stacks.
 *
 * The supervisor could trace the program itself, but then it would wait for
 * threads that stop and for children that end with the same call, and what it
 * has stopped would stay so if it were held up. A process of its own, which
 * shares our memory, is waited for by nobody else, and lets go when it ends.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <sched.h>

#include "core/stacks.h"
#include "supervisor_parts.h"

enum { TRACER_STACK = 32 << 10 };
static char stack[TRACER_STACK] __attribute__((aligned(64)));

static struct {
	void (*work)(void *);
	void *argument;
} order;

static int run(void *unused)
{
	(void)unused;
	order.work(order.argument);
	return 0;
}

/* The Yama security module lets only ancestors trace, no sibling: we can still look at those that sleep. */
static bool may_siblings_trace(void)
{
	char scope = stacks_tracing_scope();

	return !scope || scope == '0';
}

/* No end signal: who waits for children does not find it. A table of descriptors of its own ends with it. */
static pid_t make_tracer(void (*work)(void *), void *argument)
{
	pid_t pid;

	if (!may_siblings_trace())
		return -EPERM;
	order.work = work;
	order.argument = argument;
	pid = clone(run, stack + TRACER_STACK, CLONE_VM, NULL);
	return pid < 0 ? -errno : pid;
}

void supervisor_prepare_stacks(void)
{
	stacks_set_maker(make_tracer);
}
