/*
 * test_progress.c - output as progress, where the date does not go on as time does.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include "core/progress.h"

#define SECOND INT64_C(1000000000)
#define HOUR   (3600 * SECOND)

static struct account *begin_with_output(void)
{
	struct config config = limits(RL_UNLIMITED, RL_UNLIMITED);
	struct account *a;

	config.limit[RL_IDLE] = 10 * SECOND;
	config.idle_output = 1;
	config_finish(&config);
	a = begin_as(&config);
	accounts_start_clock(a, raw_clock_ns(CLOCK_MONOTONIC) - 20 * SECOND);
	return a;
}

/* Looks while both outputs of this process lead to a file whose date lies that long ago. Return: the last
 * progress. */
static int64_t look_at_output_of(int64_t age_ns, int64_t now_ns)
{
	int64_t date_ns = raw_clock_ns(CLOCK_REALTIME) - age_ns;
	struct timespec dates[2];
	int kept[2] = {dup(1), dup(2)}, file = memfd_create("output", 0);

	dates[0].tv_sec = dates[1].tv_sec = date_ns / SECOND;
	dates[0].tv_nsec = dates[1].tv_nsec = date_ns % SECOND;
	fflush(NULL);
	assert_true(file >= 0 && kept[0] >= 0 && kept[1] >= 0);
	dup2(file, 1);
	dup2(file, 2);
	futimens(file, dates);
	progress_look_for_output(ledger, ledger->slot[self_slot].account, self_slot, now_ns);
	for (int i = 0; i < 2; i++) {
		dup2(kept[i], i + 1);
		close(kept[i]);
	}
	close(file);
	return progress_last_ns(ledger, ledger->slot[self_slot].account);
}

/* What a process wrote a second before the date was set an hour forward. */
static void output_before_the_date_is_set_forward_is_as_young_as_it_is(void **state)
{
	struct account *a = begin_with_output();
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC), last_ns;

	(void)state;
	atomic_fetch_sub(&a->date_ahead_ns, HOUR);
	last_ns = look_at_output_of(HOUR + SECOND, now_ns);
	assert_true(last_ns <= now_ns - SECOND / 2);
	assert_true(last_ns >= now_ns - SECOND - SECOND / 2);
	/* Nothing was written since: the next look finds nothing new. */
	assert_int_equal(look_at_output_of(HOUR + 2 * SECOND, now_ns + SECOND), last_ns);
}

static void output_after_the_date_is_set_forward_is_as_young_as_it_is(void **state)
{
	struct account *a = begin_with_output();
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC), last_ns;

	(void)state;
	atomic_fetch_sub(&a->date_ahead_ns, HOUR);
	last_ns = look_at_output_of(2 * SECOND, now_ns);
	assert_true(last_ns <= now_ns - SECOND);
	assert_true(last_ns >= now_ns - 3 * SECOND);
}

static void old_output_is_no_progress_while_the_date_goes_on(void **state)
{
	struct account *a = begin_with_output();
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);

	(void)state;
	assert_int_equal(look_at_output_of(HOUR, now_ns), a->start_ns);
	/* Set back: what had been written then looks younger than it is, never older. */
	atomic_fetch_add(&a->date_ahead_ns, SECOND);
	assert_true(look_at_output_of(2 * SECOND, now_ns) >= now_ns - 3 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(output_before_the_date_is_set_forward_is_as_young_as_it_is),
		LEDGER_TEST(output_after_the_date_is_set_forward_is_as_young_as_it_is),
		LEDGER_TEST(old_output_is_no_progress_while_the_date_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
