/*
 * test_mappings.c - the map of charged pages against a naive one, and against itself in threads.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <cmocka.h>

/* The parts of the shim that are tested; they need nothing else of it. */
#include "noise.h"
#include "preload/arena.c"
#include "preload/mappings.c"

/* Three windows: one within a leaf, one over leaves, one over tables of the level above. */
enum { WINDOW = 3000 };

static const uintptr_t BASES[] = {0x7f0000000000, 0x7f0040000000 - 700 * 4096UL,
				  0x7f8000000000 - 1300 * 4096UL};
enum { WINDOWS = sizeof(BASES) / sizeof(*BASES) };

static unsigned char naive[WINDOWS][WINDOW];
static uint64_t seed = NOISE_SEED;

static uint64_t dice(uint64_t sides)
{
	return noise_next(&seed) % sides;
}

struct range {
	int window, first, pages;
	uintptr_t begin;
	size_t bytes;
};

static struct range any_range(void)
{
	struct range r = {.window = (int)dice(WINDOWS)};
	int most = dice(4) ? 40 : WINDOW;

	r.first = (int)dice(WINDOW);
	r.pages = 1 + (int)dice((uint64_t)most);
	if (r.pages > WINDOW - r.first)
		r.pages = WINDOW - r.first;
	r.begin = BASES[r.window] + (uintptr_t)r.first * 4096;
	r.bytes = (size_t)r.pages * 4096;
	return r;
}

static size_t naive_count(const struct range *r, int state)
{
	size_t n = 0;

	for (int i = 0; i < r->pages; i++)
		n += naive[r->window][r->first + i] == state;
	return n * 4096;
}

static void naive_set(const struct range *r, int state)
{
	memset(&naive[r->window][r->first], state, (size_t)r->pages);
}

static void check_set(const struct range *r)
{
	enum mapping_state state = (enum mapping_state)dice(3);

	assert_int_equal(mappings_prepare(r->begin, r->bytes, state), 0);
	assert_int_equal(mappings_set(r->begin, r->bytes, state), naive_count(r, MAPPING_CHARGED));
	naive_set(r, state);
}

static void check_charge(const struct range *r)
{
	assert_int_equal(mappings_prepare(r->begin, r->bytes, MAPPING_CHARGED), 0);
	assert_int_equal(mappings_charge_reserved(r->begin, r->bytes), naive_count(r, MAPPING_RESERVED));
	for (int i = 0; i < r->pages; i++)
		if (naive[r->window][r->first + i] == MAPPING_RESERVED)
			naive[r->window][r->first + i] = MAPPING_CHARGED;
}

/* Takes a range, in as many steps as it needs, and sometimes puts a step back. */
static void check_take(const struct range *r)
{
	struct range rest = *r;

	assert_int_equal(mappings_prepare(r->begin, r->bytes, MAPPING_UNKNOWN), 0);
	while (rest.pages) {
		struct mapping_runs runs;
		uintptr_t end = mappings_take(rest.begin, rest.bytes, &runs);
		struct range got = rest;

		assert_true(end > rest.begin && end <= rest.begin + rest.bytes);
		got.bytes = end - rest.begin;
		got.pages = (int)(got.bytes / 4096);
		assert_int_equal(runs.charged, naive_count(&got, MAPPING_CHARGED));
		for (int i = 0; i < runs.count; i++) {
			size_t at = (runs.run[i].begin - BASES[r->window]) / 4096;

			for (size_t k = 0; k < runs.run[i].bytes / 4096; k++)
				assert_int_equal(naive[r->window][at + k], runs.run[i].state);
		}
		if (dice(2))
			mappings_restore(&runs);
		else
			naive_set(&got, MAPPING_UNKNOWN);
		rest.first += got.pages;
		rest.pages -= got.pages;
		rest.bytes -= got.bytes;
		rest.begin = end;
	}
}

static void map_agrees_with_a_naive_one(void **state)
{
	(void)state;
	for (long i = 0; i < 2000000; i++) {
		struct range r = any_range();

		switch (dice(4)) {
		case 0:
			check_set(&r);
			break;
		case 1:
			check_charge(&r);
			break;
		case 2:
			check_take(&r);
			break;
		default:
			for (int s = MAPPING_RESERVED; s <= MAPPING_CHARGED; s++)
				assert_int_equal(mappings_count(r.begin, r.bytes, (enum mapping_state)s),
						 naive_count(&r, s));
		}
	}
}

static void large_reservations_need_little_memory(void **state)
{
	uintptr_t begin = 0x100000000000;
	size_t bytes = (size_t)8 << 40;
	uintptr_t before = (uintptr_t)arena_alloc(64);

	(void)state;
	assert_int_equal(mappings_prepare(begin + 4096, bytes, MAPPING_RESERVED), 0);
	assert_int_equal(mappings_set(begin + 4096, bytes, MAPPING_RESERVED), 0);
	assert_int_equal(mappings_count(begin, 2 * bytes, MAPPING_RESERVED), bytes);
	assert_int_equal(mappings_prepare(begin + bytes / 2, 8192, MAPPING_CHARGED), 0);
	assert_int_equal(mappings_charge_reserved(begin + bytes / 2, 8192), 8192);
	assert_int_equal(mappings_prepare(begin, 2 * bytes, MAPPING_UNKNOWN), 0);
	assert_int_equal(mappings_set(begin, 2 * bytes, MAPPING_UNKNOWN), 8192);
	/* A dozen tables at most, though not always in one chunk. */
	assert_true(before / ARENA_CHUNK != (uintptr_t)arena_alloc(64) / ARENA_CHUNK ||
		    (uintptr_t)arena_alloc(64) - before < 64 << 10);
}

/* Ranges that each fill a leaf, and more of them in turn than there is room to tell of. */
static void a_motley_range_is_taken_in_parts(void **state)
{
	enum { LEAF_BYTES = 4096 << 12, SPANS = MAPPINGS_RUNS + 3 };
	const uintptr_t base = 0x7e0000000000;
	struct mapping_runs runs;
	uintptr_t end;

	(void)state;
	for (int i = 0; i < SPANS; i++)
		mappings_set(base + (uintptr_t)i * LEAF_BYTES, LEAF_BYTES,
			     i % 2 ? MAPPING_RESERVED : MAPPING_CHARGED);
	end = mappings_take(base, (size_t)SPANS * LEAF_BYTES, &runs);
	assert_int_equal(runs.count, MAPPINGS_RUNS);
	assert_true(end == base + (uintptr_t)MAPPINGS_RUNS * LEAF_BYTES);
	assert_true(runs.charged == MAPPINGS_RUNS / 2 * (size_t)LEAF_BYTES);
	assert_true(mappings_take(end, 3UL * LEAF_BYTES, &runs) == end + 3UL * LEAF_BYTES);
	assert_int_equal(runs.count, 3);
	for (int i = 0; i < MAPPINGS_RUNS + 2; i++)
		mappings_set(base + (uintptr_t)i * 4096, 4096, i % 2 ? MAPPING_RESERVED : MAPPING_CHARGED);
	assert_true(mappings_take(base, 4096UL * 4096, &runs) == base + MAPPINGS_RUNS * 4096UL);
	assert_int_equal(runs.count, MAPPINGS_RUNS);
}

static void what_lies_behind_a_motley_end_of_a_leaf_is_left(void **state)
{
	const uintptr_t leaf = 0x7d0000000000, begin = leaf - MAPPINGS_RUNS * 4096UL;
	struct mapping_runs runs;

	(void)state;
	for (int i = 0; i <= MAPPINGS_RUNS; i++) {
		enum mapping_state each = i % 2 ? MAPPING_RESERVED : MAPPING_CHARGED;

		assert_int_equal(mappings_prepare(begin + (uintptr_t)i * 4096, 4096, each), 0);
		mappings_set(begin + (uintptr_t)i * 4096, 4096, each);
	}
	assert_true(mappings_take(begin, (MAPPINGS_RUNS + 1) * 4096UL, &runs) == leaf);
	assert_int_equal(runs.count, MAPPINGS_RUNS);
	assert_true(mappings_count(leaf, 4096, MAPPING_CHARGED) == 4096);
}

static void addresses_that_no_processor_has_are_refused(void **state)
{
	(void)state;
	assert_int_equal(mappings_prepare(-(uintptr_t)8192, 4096, MAPPING_CHARGED), -ENOMEM);
	assert_int_equal(mappings_count(-(uintptr_t)8192, 4096, MAPPING_CHARGED), 0);
	assert_int_equal(mappings_prepare((1UL << 57) - 4096, 4096, MAPPING_CHARGED), 0);
	assert_int_equal(mappings_prepare((1UL << 57) - 4096, 8192, MAPPING_CHARGED), -ENOMEM);
}

/* Each page is marked and cleared by many at once: what they are told must add up. */
static _Atomic int64_t told;

static void churn_once(uint64_t *own, uintptr_t base)
{
	struct mapping_runs runs;
	uintptr_t begin;
	size_t bytes;

	*own = *own * 6364136223846793005 + 1442695040888963407;
	begin = base + ((*own >> 33) % 1500) * 4096;
	bytes = (1 + (*own >> 50) % 900) * 4096;
	if (mappings_prepare(begin, bytes, MAPPING_CHARGED))
		return;
	if (*own & 1 << 20) {
		size_t was = mappings_set(begin, bytes, MAPPING_CHARGED);

		atomic_fetch_add(&told, (int64_t)(bytes - was));
	} else {
		mappings_take(begin, bytes, &runs);
		atomic_fetch_sub(&told, (int64_t)runs.charged);
	}
}

static uint64_t handler_own = 99;
static uintptr_t handler_base;

static void churn_in_handler(int signal)
{
	(void)signal;
	for (int i = 0; i < 20; i++)
		churn_once(&handler_own, handler_base);
}

static void interrupt_changes(uintptr_t base)
{
	struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
	uint64_t own = 7;

	told = 0;
	handler_base = base;
	signal(SIGALRM, churn_in_handler);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 300000; i++)
		churn_once(&own, base);
	setitimer(ITIMER_REAL, &never, NULL);
	assert_int_equal(mappings_count(base, (size_t)4096 * 4096, MAPPING_CHARGED), told);
}

/* No change locks out other processors then. */
static void changes_by_handlers_in_the_middle_of_changes_add_up(void **state)
{
	(void)state;
	assert_true(mappings_have_one_user());
	interrupt_changes(0x300000000000);
}

static void *churn(void *arg)
{
	uint64_t own = (uintptr_t)arg;

	for (int i = 0; i < 100000; i++)
		churn_once(&own, 0x200000000000);
	return NULL;
}

static void changes_by_threads_over_the_same_pages_add_up(void **state)
{
	pthread_t thread[4];

	(void)state;
	told = 0;
	for (uintptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, churn, (void *)(i + 1)), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(mappings_count(0x200000000000, (size_t)4096 * 4096, MAPPING_CHARGED), told);
}

static void changes_by_handlers_add_up_after_there_were_threads(void **state)
{
	(void)state;
	assert_false(mappings_have_one_user());
	interrupt_changes(0x400000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(map_agrees_with_a_naive_one),
		cmocka_unit_test(large_reservations_need_little_memory),
		cmocka_unit_test(a_motley_range_is_taken_in_parts),
		cmocka_unit_test(what_lies_behind_a_motley_end_of_a_leaf_is_left),
		cmocka_unit_test(addresses_that_no_processor_has_are_refused),
		cmocka_unit_test(changes_by_handlers_in_the_middle_of_changes_add_up),
		cmocka_unit_test(changes_by_threads_over_the_same_pages_add_up),
		cmocka_unit_test(changes_by_handlers_add_up_after_there_were_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
