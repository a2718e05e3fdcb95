/*
 * callback.c - the program's own callback at a limit; see callback.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "callback.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "core/accounts.h"
#include "core/actions.h"
#include "core/attrs.h"
#include "core/rawsys.h"
#include "core/record_text.h"
#include "member.h"
#include "real.h"

enum {
	REGISTRATIONS = 64, /* a reader would have to sleep through as many to find its entry changed */
	DEPTH = 8,	    /* accounts above each other that are told apart */
};

struct registration {
	callback_function *function;
	void *argument;
};

static struct registration registered[REGISTRATIONS] RL_SELDOM;

static struct {
	_Atomic uint32_t count; /* of registrations; the last one counts. Orders the entry */
	_Atomic int signal;	/* once chosen it stays */
	_Atomic int busy;	/* a thread registers */
	/* Calls of each account, from the own one up, that this process has seen to. Writers: any thread. */
	_Atomic uint32_t seen[DEPTH];
} callback;

static struct registration current(void)
{
	uint32_t count = atomic_load_explicit(&callback.count, memory_order_acquire);

	return count ? registered[(count - 1) % REGISTRATIONS] : (struct registration){NULL, NULL};
}

bool callback_is_there(void)
{
	return current().function != NULL;
}

static void describe(struct reslimit_event *event, const struct account *a, const struct denial *denial)
{
	uint32_t limit = atomic_load_explicit(&a->breach, memory_order_acquire) - 1;

	memset(event, 0, sizeof(*event));
	event->size = sizeof(*event);
	event->limit = record_cause_name(a);
	event->limit_value = a->limit[limit];
	event->at_ns = a->breach_at_ns;
	event->next_ns = a->next_step_ns;
	if (a->next_step < a->action[limit].count)
		event->next = action_step_name(a->action[limit].step[a->next_step].signal);
	if (denial) {
		event->refused = denial->call;
		event->refused_bytes = denial->amount;
	}
}

static void run(const struct account *a, const struct denial *denial)
{
	struct registration last = current();
	struct reslimit_event event;
	int saved = errno;

	if (!last.function)
		return;
	describe(&event, a, denial);
	last.function(&event, last.argument);
	errno = saved;
}

/* Whether there is a call that this process has not seen to; from now on it has. */
static bool take(const struct account *a, unsigned int depth)
{
	uint32_t calls = atomic_load_explicit(&a->calls, memory_order_acquire);
	uint32_t seen = atomic_exchange_explicit(&callback.seen[depth], calls, memory_order_relaxed);

	return seen != calls && atomic_load_explicit(&a->breach, memory_order_acquire);
}

/* Runs what is due of one account, or with LEDGER_NONE of all that this process is in. */
static void run_due(uint32_t account, const struct denial *denial)
{
	unsigned int depth = 0;

	FOR_EACH_ACCOUNT_UP(member.ledger, member.ledger->slot[member.slot].account, a)
	{
		bool is_asked = account == LEDGER_NONE || (uint32_t)(a - member.ledger->account) == account;

		if (is_asked && depth < DEPTH && take(a, depth))
			run(a, denial);
		depth++;
	}
}

void callback_run(uint32_t account, const struct denial *denial)
{
	run_due(account, denial);
}

/* A signal from somebody else finds nothing to do. */
static void on_call(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	if (member_is_guarded() && !member_is_borrowed())
		run_due(LEDGER_NONE, NULL);
}

/* Return: the signal that now has our handler, or -EAGAIN. */
static int choose_signal(void)
{
	struct sigaction ours, old;

	memset(&ours, 0, sizeof(ours));
	ours.sa_sigaction = on_call;
	ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
	for (int signal = SIGRTMAX - 1; signal >= SIGRTMIN; signal--) {
		if (real.sigaction(signal, NULL, &old) || old.sa_handler != SIG_DFL)
			continue;
		if (!real.sigaction(signal, &ours, NULL))
			return signal;
	}
	return -EAGAIN;
}

/* What other processes do to reach us, or not. */
static void announce(void)
{
	int signal = callback_is_there() ? atomic_load_explicit(&callback.signal, memory_order_relaxed) : 0;

	atomic_store_explicit(&member.ledger->slot[member.slot].call_signal, (int16_t)signal,
			      memory_order_release);
}

/* Calls from before its time are not this process's; under SCOPE=process a child's account is a new one. */
static void see_to_all(void)
{
	unsigned int depth = 0;

	FOR_EACH_ACCOUNT_UP(member.ledger, member.ledger->slot[member.slot].account, a)
	{
		if (depth < DEPTH)
			take(a, depth);
		depth++;
	}
}

int callback_register(callback_function *function, void *argument)
{
	uint32_t count;
	int signal;

	if (!member_is_guarded() || member_is_borrowed())
		return -ENOENT;
	/* Two threads at once: the second finds the signal chosen. */
	while (atomic_exchange_explicit(&callback.busy, 1, memory_order_acquire))
		raw_cpu_relax();
	signal = atomic_load_explicit(&callback.signal, memory_order_relaxed);
	if (!signal) {
		signal = choose_signal();
		atomic_store_explicit(&callback.signal, signal > 0 ? signal : 0, memory_order_relaxed);
		see_to_all();
	}
	if (signal > 0) {
		count = atomic_load_explicit(&callback.count, memory_order_relaxed);
		registered[count % REGISTRATIONS] = (struct registration){function, argument};
		atomic_store_explicit(&callback.count, count + 1, memory_order_release);
		announce();
	}
	atomic_store_explicit(&callback.busy, 0, memory_order_release);
	return signal > 0 ? 0 : signal;
}

void callback_fork(enum fork_side side)
{
	if (side != FORK_CHILD)
		return;
	atomic_store_explicit(&callback.busy, 0, memory_order_relaxed);
	if (!member_is_guarded() || !callback_is_there())
		return;
	see_to_all();
	announce();
}
