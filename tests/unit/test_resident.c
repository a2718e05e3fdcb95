/*
 * test_resident.c - who samples resident memory, when, and what it makes of the numbers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include "core/meter.h"
#include "core/private_files.h"
#include "core/resident.h"
#include "core/watchdog.h"

static struct watchdog own, other;

/* A tree of two processes, of which this one is the first. */
static struct account *begin_sampled(int64_t rss, int64_t growth, int64_t grace_ns)
{
	struct config config;
	struct account *a;
	uint64_t mask;

	config_defaults(&config);
	config.limit[RL_RSS] = rss;
	config.limit[RL_RSS_GROWTH] = growth;
	config.rss_grace_ns = grace_ns;
	config_finish(&config);
	a = begin_as(&config);
	ledger_lock(ledger, &mask);
	watchdog_init(&other, ledger, slots_open(ledger, 0));
	ledger_unlock(ledger, &mask);
	watchdog_init(&own, ledger, self_slot);
	return a;
}

static void one_member_samples_and_another_takes_over_when_it_stops(void **state)
{
	struct account *a = begin_sampled(RL_LIMIT_MAX, RL_UNLIMITED, CONFIG_UNSET);
	int64_t now = raw_clock_ns(CLOCK_MONOTONIC);

	(void)state;
	assert_int_equal(meter_rss(&own, 0, now), now + 100 * MS);
	assert_int_equal(a->rss_samples, 1);
	assert_int_equal(meter_rss(&own, 0, now + 99 * MS), now + 100 * MS);
	assert_int_equal(meter_rss(&other, 0, now + 199 * MS), now + 200 * MS);
	assert_int_equal(a->rss_samples, 1);
	assert_int_equal(meter_rss(&other, 0, now + 200 * MS), now + 300 * MS);
	assert_int_equal(a->rss_samples, 2);
	assert_int_equal(a->rss_sampler, other.slot);
}

static void near_the_limit_it_looks_ten_times_as_often(void **state)
{
	struct account *a = begin_sampled(RL_LIMIT_MAX, RL_UNLIMITED, CONFIG_UNSET);
	int64_t now = raw_clock_ns(CLOCK_MONOTONIC), wait_ns;

	(void)state;
	a->limit[RL_RSS] = resident_of_self() + resident_of_self() / 20;
	wait_ns = meter_rss(&own, 0, now) - now;
	assert_true(wait_ns >= 10 * MS);
	/* A look that the machine held up is as long ago before the next. */
	assert_int_equal(wait_ns, 20 * a->rss_cost_ns > 10 * MS ? 20 * a->rss_cost_ns : 10 * MS);
}

static void breach_comes_at_once_without_a_grace_and_after_it_with_one(void **state)
{
	int64_t now = raw_clock_ns(CLOCK_MONOTONIC);

	(void)state;
	begin_sampled(1, RL_UNLIMITED, CONFIG_UNSET);
	assert_int_equal(meter_rss(&own, 0, now), METER_REACHED);
	end(NULL);
	begin_sampled(1, RL_UNLIMITED, 35 * MS);
	assert_true(meter_rss(&own, 0, now) <= now + 35 * MS);
	/* No sample since: another member's look proves nothing. */
	assert_int_not_equal(meter_rss(&other, 0, now + 40 * MS), METER_REACHED);
	assert_int_equal(meter_rss(&own, 0, now + 35 * MS), METER_REACHED);
}

static void sample_that_is_not_above_resets_the_grace(void **state)
{
	struct account *a = begin_sampled(1, RL_UNLIMITED, 35 * MS);
	int64_t now = raw_clock_ns(CLOCK_MONOTONIC);

	(void)state;
	meter_rss(&own, 0, now);
	assert_int_equal(a->rss_above_ns, now);
	a->limit[RL_RSS] = RL_LIMIT_MAX;
	meter_rss(&own, 0, now + 200 * MS);
	assert_int_equal(a->rss_above_ns, 0);
	a->limit[RL_RSS] = 1;
	assert_int_not_equal(meter_rss(&own, 0, now + 400 * MS), METER_REACHED);
}

static void growth_is_beyond_what_main_began_with(void **state)
{
	struct account *a = begin_sampled(RL_UNLIMITED, 16 * MIB, CONFIG_UNSET);
	int64_t now = raw_clock_ns(CLOCK_MONOTONIC);
	char *memory;

	(void)state;
	resident_begin(a, resident_of_self());
	assert_int_not_equal(meter_rss_growth(&own, 0, now), METER_REACHED);
	memory = mmap(NULL, 24 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(memory, 1, 24 * MIB);
	assert_int_equal(meter_rss_growth(&own, 0, now + 200 * MS), METER_REACHED);
	munmap(memory, 24 * MIB);
}

static void the_dead_have_nothing_and_shares_are_less_than_all(void **state)
{
	int64_t all = resident_of_self();
	int64_t share = resident_share_of(getpid());
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	assert_int_equal(resident_of(pid), 0);
	assert_int_equal(resident_share_of(pid), -1);
	assert_true(share > 0 && share < all);
}

static void borrowed_descriptor_is_the_same_file(void **state)
{
	struct stat one, copy;
	int fd;

	(void)state;
	if (!private_files_can_be())
		skip();
	assert_true(private_files_borrow(1000) < 0);
	fd = private_files_borrow(1);
	assert_true(fd > 2);
	fstat(1, &one);
	fstat(fd, &copy);
	assert_true(one.st_ino == copy.st_ino && one.st_dev == copy.st_dev);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(one_member_samples_and_another_takes_over_when_it_stops),
		LEDGER_TEST(near_the_limit_it_looks_ten_times_as_often),
		LEDGER_TEST(breach_comes_at_once_without_a_grace_and_after_it_with_one),
		LEDGER_TEST(sample_that_is_not_above_resets_the_grace),
		LEDGER_TEST(growth_is_beyond_what_main_began_with),
		LEDGER_TEST(the_dead_have_nothing_and_shares_are_less_than_all),
		LEDGER_TEST(borrowed_descriptor_is_the_same_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
