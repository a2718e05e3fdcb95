/*
 * test_stops.c - what the watchdog takes for a stop of its process that came while it was awake, and what
 * not.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include "core/watchdog.h"

/* What the watchdog finds at the end of a sleep or a watch: how long that was, and what became of its thread.
 */
struct stretch {
	int64_t ns;
	int given_up, taken; /* how often it gave up its processor, and how often that was taken from it */
	int64_t ready_ns;    /* how long the first thread ran or waited for one, where it has not settled */
	bool unsettled;
	int64_t slept_ns; /* 0: it was awake */
};

static struct watchdog w;

static int64_t taken_until_now(void)
{
	int64_t taken;

	raw_switches(&taken);
	return taken;
}

static void end_stretch(const struct stretch *s)
{
	watchdog_init(&w, ledger, self_slot);
	w.nap.is_prepared = !s->unsettled;
	w.stops.since.at_ns = raw_clock_ns(CLOCK_MONOTONIC) - s->ns;
	w.stops.since.switches = raw_switches(&w.stops.since.taken) - s->given_up;
	w.stops.since.taken -= s->taken;
	w.stops.since_own_ready_ns = s->unsettled ? procfs_own_ready_ns() : -1;
	w.stops.since_ready_ns = s->ready_ns ? procfs_first_thread_ready_ns() - s->ready_ns : 0;
	if (s->slept_ns)
		stops_wake_up(&w, false, s->slept_ns);
	else
		stops_fall_asleep(&w, MS);
}

/* How much of it is left out of wall time, in ms. Anew where the machine took our own processor meanwhile. */
static int64_t credited_ms(struct stretch s)
{
	struct config config = limits(RL_UNLIMITED, RL_UNLIMITED);
	struct account *a = begin_as(&config);
	int64_t before_ns, taken;

	do {
		before_ns = a->stopped_ns;
		taken = taken_until_now();
		end_stretch(&s);
	} while (taken_until_now() != taken);
	before_ns = a->stopped_ns - before_ns;
	end(NULL);
	return before_ns / MS;
}

static void who_gave_up_its_processor_while_awake_was_stopped(void **state)
{
	(void)state;
	assert_in_range(credited_ms((struct stretch){.ns = 20 * MS, .given_up = 1}), 19, 30);
	/* One that went on all along was not, nor one that looked for less than a millisecond. */
	assert_int_equal(credited_ms((struct stretch){.ns = 20 * MS}), 0);
	assert_int_equal(credited_ms((struct stretch){.ns = MS / 2, .given_up = 1}), 0);
}

static void who_waited_for_a_processor_was_not_unless_for_long(void **state)
{
	(void)state;
	assert_int_equal(credited_ms((struct stretch){.ns = 70 * MS, .given_up = 1, .taken = 1}), 0);
	assert_in_range(credited_ms((struct stretch){.ns = 200 * MS, .given_up = 1, .taken = 1}), 199, 300);
}

static void who_has_not_settled_waits_as_others_do(void **state)
{
	(void)state;
	assert_int_equal(credited_ms((struct stretch){.ns = 70 * MS, .given_up = 1, .unsettled = true}), 0);
	assert_in_range(credited_ms((struct stretch){.ns = 200 * MS, .given_up = 1, .unsettled = true}), 190,
			300);
	assert_int_equal(credited_ms((struct stretch){
				 .ns = 200 * MS, .given_up = 1, .ready_ns = 150 * MS, .unsettled = true}),
			 0);
}

static void a_sleep_gives_up_its_processor_once(void **state)
{
	(void)state;
	assert_int_equal(credited_ms((struct stretch){.ns = 50 * MS, .given_up = 1, .slept_ns = 20 * MS}), 0);
	assert_in_range(credited_ms((struct stretch){.ns = 50 * MS, .given_up = 2, .slept_ns = 20 * MS}), 29,
			40);
	assert_int_equal(
		credited_ms((struct stretch){.ns = 50 * MS, .given_up = 2, .taken = 1, .slept_ns = 20 * MS}),
		0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(who_gave_up_its_processor_while_awake_was_stopped),
		LEDGER_TEST(who_waited_for_a_processor_was_not_unless_for_long),
		LEDGER_TEST(who_has_not_settled_waits_as_others_do),
		LEDGER_TEST(a_sleep_gives_up_its_processor_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
