/*
 * test_approach.c - the watchdog awake before a limit: not for longer, and where it was when that is over.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include <pthread.h>
#include <sched.h>

#include "core/approach.h"
#include "core/schedule.h"
#include "core/watchdog.h"

static struct watchdog w;
static int rehearsals;

static void rehearse(void)
{
	rehearsals++;
}

static void begin_watchdog(void)
{
	watchdog_init(&w, ledger, self_slot);
	w.rehearse_end = rehearse;
	rehearsals = 0;
}

static void waiting_for_a_deadline_lasts_until_then_and_rehearses_once(void **state)
{
	struct config config = limits(RL_UNLIMITED, RL_UNLIMITED);
	int64_t deadline_ns;

	(void)state;
	begin_as(&config);
	begin_watchdog();
	for (int i = 0; i < 3; i++) {
		deadline_ns = raw_clock_ns(CLOCK_MONOTONIC) + MS / 10;
		approach_await(&w, deadline_ns, deadline_ns - MS / 10);
		assert_true(raw_clock_ns(CLOCK_MONOTONIC) >= deadline_ns);
	}
	assert_true(rehearsals >= 1 && rehearsals <= 3);
	end(NULL);
}

static void who_wakes_the_watchdog_need_not_wait_for_the_deadline(void **state)
{
	struct config config = limits(RL_UNLIMITED, RL_UNLIMITED);
	int64_t now_ns;

	(void)state;
	begin_as(&config);
	for (int i = 0; i < 2; i++) {
		begin_watchdog();
		now_ns = raw_clock_ns(CLOCK_MONOTONIC);
		atomic_store(i ? &w.kicked : &w.stopping, 1);
		approach_await(&w, now_ns + 3600 * 1000 * MS, now_ns);
	}
	end(NULL);
}

/* On how many processors the thread may run. */
struct places {
	int before, beside, forbidden, after;
	bool comes_first;
};

static int count_places(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? -1 : CPU_COUNT(&set);
}

static _Atomic bool is_over;

static void *go_beside(void *argument)
{
	struct places *p = argument;

	p->before = count_places();
	p->comes_first = schedule_before_others(0);
	approach_init();
	approach_forbid(true);
	approach_go_beside_first();
	p->forbidden = count_places();
	approach_forbid(false);
	/* The first thread may be held up by a page for a moment, and would not be joined then. */
	for (int i = 0; i < 10000 && p->comes_first && !approach_is_beside_first(); i++) {
		approach_go_beside_first();
		sched_yield();
	}
	p->beside = count_places();
	approach_leave(MS / 10);
	if (count_places() != p->beside)
		p->beside = -1; /* a short sleep changes nothing */
	approach_leave(1000 * MS);
	p->after = count_places();
	atomic_store(&is_over, true);
	return NULL;
}

static void beside_the_first_thread_is_one_processor_for_as_long_as_that_lasts(void **state)
{
	struct places p = {0};
	pthread_t thread;

	(void)state;
	assert_false(pthread_create(&thread, NULL, go_beside, &p));
	while (!atomic_load(&is_over))
		;
	pthread_join(thread, NULL);
	assert_int_equal(p.forbidden, p.before);
	assert_int_equal(p.beside, p.comes_first ? 1 : p.before);
	assert_int_equal(p.after, p.before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waiting_for_a_deadline_lasts_until_then_and_rehearses_once),
		cmocka_unit_test(who_wakes_the_watchdog_need_not_wait_for_the_deadline),
		cmocka_unit_test(beside_the_first_thread_is_one_processor_for_as_long_as_that_lasts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
