/*
 * step_signals.c - a step's signals on their way; see step_signals.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "step_signals.h"

#include <signal.h>
#include <stdatomic.h>

#include "accounts.h"
#include "rawsys.h"
#include "record.h"
#include "schedule.h"
#include "signal_state.h"
#include "slots.h"

enum {
	ROOT_HEADSTART_NS = 5000000, /* for the first process to write its record */
	ROOT_HEADSTARTS = 10,	     /* while it has not begun to and there is a watchdog that will */
	FIRST_NAP_NS = 50000,	     /* each is twice the one before: 13 ms in all */
	LAST_NAP_NS = 6400000,
};

/*
 * A program may have put the signal's disposition back to SIG_DFL since, or have
 * executed another past our hooks: it would die of it.
 */
int step_signals_of_callback(const struct ledger *ledger, uint32_t index, uint32_t self)
{
	int signal = atomic_load_explicit(&ledger->slot[index].call_signal, memory_order_acquire);
	pid_t pid = atomic_load_explicit(&ledger->slot[index].pid, memory_order_relaxed);

	return signal && slots_is_reachable(ledger, index, self) && signal_state_is_handled(pid, signal)
		       ? signal
		       : 0;
}

/*
 * Leaves a step's signal to the member's own watchdog. That one gets a
 * processor at once, where the threads of a process that spins would have to
 * wait for their turn to die. Its tid in that process says better than /proc that
 * the pid is no recycled one. A process that is being made finds the signal when
 * its watchdog begins. Return: false if nobody is there to see to it.
 */
static bool owe_signal(struct slot *s, int signal)
{
	pid_t pid = atomic_load_explicit(&s->pid, memory_order_relaxed);
	pid_t watchdog;

	atomic_store_explicit(&s->owed_signal, (uint16_t)signal, memory_order_seq_cst);
	if (atomic_load_explicit(&s->state, memory_order_seq_cst) == SLOT_RESERVED)
		return true;
	watchdog = atomic_load_explicit(&s->watchdog_tid, memory_order_seq_cst);
	if (watchdog && !raw_wake_thread(pid, watchdog))
		return true;
	return !atomic_exchange_explicit(&s->owed_signal, 0, memory_order_seq_cst);
}

/* 1 is the first process of a namespace that we were not told of, or of the machine. */
static void signal_slot(const struct ledger *ledger, uint32_t index, int signal)
{
	pid_t pid = atomic_load_explicit(&ledger->slot[index].pid, memory_order_relaxed);

	if (pid > 1)
		raw_kill(pid, signal);
}

/* Unless it is the own one, in a namespace of its own, or of another account by now. */
static void signal_member(struct ledger *ledger, uint32_t account, uint32_t index, uint32_t self, int signal)
{
	struct slot *s = &ledger->slot[index];
	uint32_t state = atomic_load_explicit(&s->state, memory_order_acquire);

	if (index == self || state == SLOT_FREE || !accounts_is_within(ledger, s->account, account))
		return;
	if (self != LEDGER_NONE && s->pid_namespace != ledger->slot[self].pid_namespace)
		return;
	if (!owe_signal(s, signal) && slots_is_reachable(ledger, index, self))
		signal_slot(ledger, index, signal);
}

static bool is_waited_for(const struct ledger *ledger, uint32_t first, uint32_t self)
{
	const struct slot *s = &ledger->slot[first];
	pid_t watchdog = atomic_load_explicit(&s->watchdog_tid, memory_order_relaxed);

	return atomic_load_explicit(&s->owed_signal, memory_order_seq_cst) && watchdog &&
	       s->pid_namespace == ledger->slot[self].pid_namespace &&
	       !raw_tgkill(atomic_load_explicit(&s->pid, memory_order_relaxed), watchdog, 0);
}

/*
 * A program that waits for its children must not see one end by a step before the
 * same step reaches itself: it would take that for the child's own failure,
 * and could be gone with a status of its own. Its watchdog runs side by side with the
 * child's, or with the child itself if that was sent the signal from there, so
 * these wait, but not for long: the first process may be stopped.
 */
void step_signals_let_first_go_first(const struct ledger *ledger, uint32_t self)
{
	FOR_EACH_ACCOUNT_UP(ledger, ledger->slot[self].account, a)
	{
		int64_t nap_ns = FIRST_NAP_NS;

		while (a->root != LEDGER_NONE && a->root != self && nap_ns <= LAST_NAP_NS &&
		       is_waited_for(ledger, a->root, self)) {
			raw_sleep_ns(nap_ns);
			nap_ns *= 2;
		}
	}
}

static void owe_self(struct ledger *ledger, uint32_t self, int signal)
{
	atomic_store_explicit(&ledger->slot[self].owed_signal, (uint16_t)signal, memory_order_seq_cst);
}

/* The own process is not sent its signal here: it may not survive that for long enough to tell the others. */
void step_signals_send(struct ledger *ledger, uint32_t account, uint32_t self, int signal)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	uint32_t first = ledger->account[account].root;

	if (self != LEDGER_NONE)
		owe_self(ledger, self, signal);
	if (first != LEDGER_NONE)
		signal_member(ledger, account, first, self, signal);
	for (uint32_t i = 0; i < end; i++)
		if (i != first)
			signal_member(ledger, account, i, self, signal);
}

/* Whether it is processor time that has run out, of which who waits for a processor uses none. */
static bool is_out_of_processor_time(const struct ledger *ledger, uint32_t self)
{
	FOR_EACH_ACCOUNT_UP(ledger, ledger->slot[self].account, a)
	if (atomic_load_explicit(&a->breach, memory_order_relaxed) == RL_CPU + 1)
		return true;
	return false;
}

/*
 * The process is gone when its first thread has had a processor to die on: that one gets
 * it before others, if it has none. But not before the caller: one that spins would keep it from the next
 * line.
 */
static void die_of(const struct ledger *ledger, uint32_t self, int signal)
{
	pid_t pid = raw_getpid();

	if (!is_out_of_processor_time(ledger, self) && !schedule_is_running(pid) && schedule_before_others(0))
		schedule_before_others(pid);
	raw_tgkill(pid, raw_gettid(), signal);
}

void step_signals_pay_owed(struct ledger *ledger, uint32_t self, bool (*prepare_end)(int signal))
{
	_Atomic uint16_t *owed;
	uint16_t signal, now;
	bool ends;

	if (self == LEDGER_NONE)
		return;
	owed = &ledger->slot[self].owed_signal;
	signal = now = atomic_load_explicit(owed, memory_order_seq_cst);
	if (!signal)
		return;
	ends = prepare_end && prepare_end(signal);
	step_signals_let_first_go_first(ledger, self);
	/*
	 * A breath before it is sent, as there may be nothing after. Who waits for it still has to
	 * wake up and to die. The next step's may stand there already.
	 */
	atomic_compare_exchange_strong_explicit(owed, &now, 0, memory_order_seq_cst, memory_order_relaxed);
	if (ends)
		die_of(ledger, self, signal);
	else
		raw_kill(raw_getpid(), signal);
}

/* Who is killed needs a processor to die, and waits for its turn behind whatever else runs. */
static void kill_slot(const struct ledger *ledger, uint32_t index)
{
	pid_t pid = atomic_load_explicit(&ledger->slot[index].pid, memory_order_relaxed);

	signal_slot(ledger, index, SIGKILL);
	/* Not before: one that spins would run before us. */
	if (pid > 1)
		schedule_before_others(pid);
}

/* Kills every member but two, which may be LEDGER_NONE. */
static void kill_others(struct ledger *ledger, uint32_t account, uint32_t self, uint32_t but)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	for (uint32_t i = 0; i < end; i++)
		if (i != self && i != but && accounts_is_within(ledger, ledger->slot[i].account, account) &&
		    slots_is_reachable(ledger, i, self))
			kill_slot(ledger, i);
}

void step_signals_call(struct ledger *ledger, uint32_t account, uint32_t self)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	for (uint32_t i = 0; i < end; i++) {
		int signal = accounts_is_within(ledger, ledger->slot[i].account, account)
				     ? step_signals_of_callback(ledger, i, self)
				     : 0;

		if (signal)
			signal_slot(ledger, i, signal);
	}
}

/* Its watchdog may have to wait for a processor, where everybody spins. */
static void let_root_begin(const struct ledger *ledger, const struct account *a)
{
	const struct slot *root = &ledger->slot[a->root];

	for (int i = 1; i < ROOT_HEADSTARTS && (a->status_fd >= 0 || a->status_file[0]) &&
			atomic_load_explicit(&root->watchdog_tid, memory_order_relaxed) &&
			!atomic_load_explicit(&a->record_taken, memory_order_acquire);
	     i++)
		raw_sleep_ns(ROOT_HEADSTART_NS);
	raw_sleep_ns(ROOT_HEADSTART_NS);
}

/* The first process goes last, and by its own hand if it can, because it writes the record. */
void step_signals_kill(struct ledger *ledger, uint32_t account, uint32_t self)
{
	uint32_t root = ledger->account[account].root;
	struct record_ending ending = {.signal = SIGKILL};

	if (self == root)
		record_process_end(ledger, self, &ending);
	kill_others(ledger, account, self, root);
	if (self != root && root != LEDGER_NONE && slots_is_reachable(ledger, root, self)) {
		if (!ledger->account[account].supervisor)
			let_root_begin(ledger, &ledger->account[account]);
		kill_slot(ledger, root);
	}
	if (self != LEDGER_NONE) {
		/* Its watchdog, which this is, has the same priority and goes on. */
		if (schedule_before_others(0))
			schedule_before_others(raw_getpid());
		raw_kill(raw_getpid(), SIGKILL);
		/* The first process of a pid namespace does not die of its own SIGKILL. */
		raw_exit_group(128 + SIGKILL);
	}
}
