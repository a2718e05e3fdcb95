/*
 * lifecycle.c - start and end of the guard in a process; see lifecycle.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lifecycle.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "backstop.h"
#include "core/breach.h"
#include "core/cells.h"
#include "core/ledger_file.h"
#include "core/ledger_lock.h"
#include "core/rawsys.h"
#include "core/slots.h"
#include "core/step_signals.h"
#include "core/trace.h"
#include "fatal.h"
#include "heap.h"
#include "interpose_thread.h"
#include "member.h"
#include "own_leash.h"
#include "plugin_host.h"
#include "progress_word.h"
#include "raw_threads.h"
#include "real.h"
#include "seccomp.h"
#include "serving.h"
#include "startup.h"
#include "timer_thread.h"

enum {
	KILL_PATIENCE_NS = 10000000,
	END_PATIENCE_NS = 2000000000, /* a record may wait for its reader, a little in each place */
	EXEC_PATIENCE_NS = 500000000, /* what is executed may lie far away */
	LOOK_NS = 500000,
};

/*
 * An end by the watchdog and an exec by the program exclude each other, because the
 * kernel ends the watchdog's thread first: a process with a record, and a place that it
 * has left, would begin another tree. Each writes its own word and then reads the other's.
 */
enum { GOES_ON, ENDS_ITSELF, IS_ENDED };
static _Atomic int ended; /* writers: who ends the process, by compare and exchange */
static _Atomic int execs; /* threads that are about to execute another program; writers: they */

static int exit_status; /* of quick_exit() */

void lifecycle_expect_exit(int status)
{
	exit_status = status;
}

/*
 * Called by exit() with the status that the parent will see. Registered before
 * any of the program's handlers, and before ld.so registers the destructors,
 * it comes after all of them.
 */
static void end_exit(int status, void *unused)
{
	struct record_ending ending = {.exit_code = status & 0xff};

	(void)unused;
	lifecycle_end(&ending);
}

static void end_quick_exit(void)
{
	struct record_ending ending = {.exit_code = exit_status & 0xff};

	lifecycle_end(&ending);
}

/* The end of this process, but for what only the calling thread can tell. */
static void leave_tree(const struct record_ending *ending)
{
	uint64_t mask;

	trace_exit(member.ledger, member.slot, ending->signal ? ending->signal : ending->exit_code,
		   ending->signal != 0);
	record_process_end(member.ledger, member.slot, ending);
	ledger_lock(member.ledger, &mask);
	slots_leave(member.ledger, member.slot);
	ledger_unlock(member.ledger, &mask);
	/* Of two that leave at once, the later one sees that both do. */
	if (!slots_is_last(member.ledger, member.slot))
		return;
	plugin_host_expect_end(member.ledger);
	if (!timer_thread_is_outside())
		ledger_unlink(member.ledger);
}

/* Return: whether this is the first to end the process. */
static bool claim_end(int how)
{
	int none = GOES_ON;

	return atomic_compare_exchange_strong_explicit(&ended, &none, how, memory_order_seq_cst,
						       memory_order_relaxed);
}

static void begin_end(void)
{
	timer_thread_expect_end();
	atomic_fetch_add_explicit(&member.ledger->slot[member.slot].opening, 1, memory_order_relaxed);
}

/* Where the watchdog has written what became of the process nothing else may: its signal is on the way. */
static void await_end(void)
{
	for (int64_t ns = 0; ns < END_PATIENCE_NS; ns += LOOK_NS) {
		if (atomic_load_explicit(&ended, memory_order_seq_cst) != IS_ENDED)
			return;
		raw_sleep_ns(LOOK_NS);
	}
}

/* Before the program ends itself. Return: whether this is the first to do so. */
static bool claim_own_end(void)
{
	while (!claim_end(ENDS_ITSELF)) {
		await_end();
		if (atomic_load_explicit(&ended, memory_order_seq_cst) != GOES_ON)
			return false;
	}
	return true;
}

/* Before the watchdog ends the process. Return: false if that would be in the middle of an exec or an end. */
static bool claim_end_elsewhere(void)
{
	for (int64_t ns = 0; ns <= EXEC_PATIENCE_NS; ns += LOOK_NS) {
		if (claim_end(IS_ENDED)) {
			if (atomic_load_explicit(&execs, memory_order_seq_cst) <= 0)
				return true;
			atomic_store_explicit(&ended, GOES_ON, memory_order_seq_cst);
		}
		raw_sleep_ns(LOOK_NS);
	}
	return false;
}

void lifecycle_begin_exec(void)
{
	atomic_fetch_add_explicit(&execs, 1, memory_order_seq_cst);
	await_end();
}

void lifecycle_end_exec(void)
{
	atomic_fetch_sub_explicit(&execs, 1, memory_order_seq_cst);
}

/* While the dead hold what they had drawn, it counts as used. */
static void sweep_for_record(void)
{
	if (record_is_due(member.ledger, member.slot) && slots_count(member.ledger) > 1)
		sweep_dead(member.ledger, SWEEP_ALL);
}

/* Its tree's KILL is on the way to this process: it would be gone with a status that no record tells. */
static void await_kill(void)
{
	if (breach_is_killing(member.ledger, member.ledger->slot[member.slot].account))
		raw_sleep_ns(KILL_PATIENCE_NS);
}

void lifecycle_end(const struct record_ending *ending)
{
	if (seccomp_took_end(ending))
		return;
	if (!member_is_guarded() || member_is_borrowed() || !claim_own_end())
		return;
	begin_end();
	step_signals_let_first_go_first(member.ledger, member.slot);
	await_kill();
	sweep_for_record();
	if (thread_self.cell)
		cells_note_peak(member.ledger, member.slot, thread_self.cell);
	if (record_is_due(member.ledger, member.slot))
		raw_threads_note_strangers();
	leave_tree(ending);
}

bool lifecycle_end_elsewhere(const struct record_ending *ending)
{
	uint64_t mask;

	if (!claim_end_elsewhere())
		return false;
	begin_end();
	sweep_for_record();
	ledger_lock(member.ledger, &mask);
	cells_note_last_peak(member.ledger, member.slot);
	ledger_unlock(member.ledger, &mask);
	leave_tree(ending);
	return true;
}

void lifecycle_fork(enum fork_side side)
{
	if (side != FORK_CHILD)
		return;
	atomic_store_explicit(&ended, GOES_ON, memory_order_relaxed);
	atomic_store_explicit(&execs, 0, memory_order_relaxed);
}

__attribute__((constructor)) static void begin(void)
{
	real_resolve();
	heap_is_bypassed = real_seen_by_program("malloc") != (void *)heap_malloc;
	if (!heap_detect_headers())
		serving_begin();
	thread_make_key();
	member.heap_is_bypassed = heap_is_bypassed;
	startup_run();
	if (!member.ledger)
		return;
	record_set_heap_coverage(heap_is_bypassed ? "bypassed" : "full");
	on_exit(end_exit, NULL);
	at_quick_exit(end_quick_exit);
	own_leash_begin();
	/* Where there will be a watchdog, it does. */
	if (timer_thread_is_outside())
		step_signals_pay_owed(member.ledger, member.slot, NULL);
	/* Who has a supervisor needs none of these: it sees every death, and keeps every deadline. */
	if (timer_thread_is_outside() && !record_is_due(member.ledger, member.slot))
		return;
	fatal_install();
	timer_thread_ensure();
	if (!timer_thread_is_outside()) {
		struct backstop plan;

		backstop_plan(&plan, member.slot);
		backstop_arm(&plan);
	}
	progress_begin();
}
