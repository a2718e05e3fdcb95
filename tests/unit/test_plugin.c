/*
 * test_plugin.c - what watchdogs and a supervisor know of a plug-in's host.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/ledger_file.h"
#include "core/meter.h"
#include "core/plugin.h"
#include "core/rawsys.h"
#include "core/watchdog.h"

#define SECOND INT64_C(1000000000)

static struct ledger *ledger;

static int make_ledger(void **state)
{
	(void)state;
	return ledger_create(&ledger);
}

static int remove_ledger(void **state)
{
	(void)state;
	ledger_unlink(ledger);
	ledger_unmap(ledger);
	return 0;
}

/* A plug-in whose host is this process. */
static struct account *host_here(void)
{
	struct account *a = &ledger->account[0];

	atomic_store_explicit(&ledger->accounts_end, 1, memory_order_relaxed);
	a->tick_ns = SECOND / 100;
	a->plugin.born_ns = raw_clock_ns(CLOCK_BOOTTIME);
	atomic_store_explicit(&a->plugin.pid, getpid(), memory_order_relaxed);
	atomic_store_explicit(&a->plugin.state, PLUGIN_RUNNING, memory_order_relaxed);
	atomic_store_explicit(&a->plugin.violation, PLUGIN_CONTENT, memory_order_relaxed);
	atomic_store_explicit(&a->plugin.busy_since_ns, 0, memory_order_relaxed);
	return a;
}

static uint32_t state_after_look(struct account *a, int64_t now_ns, int64_t *answer)
{
	struct watchdog w = {.ledger = ledger, .slot = LEDGER_NONE};

	*answer = meter_plugin(&w, 0, now_ns);
	return atomic_load_explicit(&a->plugin.state, memory_order_relaxed);
}

static void a_host_is_told_from_other_processes(void **state)
{
	struct account *a = host_here();

	(void)state;
	assert_true(plugin_is_host(ledger, getpid()));
	assert_false(plugin_is_host(ledger, getppid()));
	assert_false(plugin_is_host(ledger, 0));
	/* The number is another process's by now. */
	a->plugin.born_ns = 0;
	assert_false(plugin_is_host(ledger, getpid()));
}

static void patience_is_ten_ticks_and_at_least_a_second(void **state)
{
	(void)state;
	assert_int_equal(plugin_patience_ns(SECOND / 100), SECOND);
	assert_int_equal(plugin_patience_ns(SECOND / 10), SECOND);
	assert_int_equal(plugin_patience_ns(SECOND), 10 * SECOND);
	assert_true(plugin_patience_ns(RL_LIMIT_MAX) > 0);
}

static void a_call_that_takes_too_long_is_a_hang(void **state)
{
	struct account *a = host_here();
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC), next_ns;

	(void)state;
	atomic_store_explicit(&a->plugin.busy_since_ns, now_ns - SECOND + 1, memory_order_relaxed);
	assert_int_equal(state_after_look(a, now_ns, &next_ns), PLUGIN_RUNNING);
	assert_true(next_ns > now_ns && next_ns <= now_ns + a->tick_ns);
	assert_int_equal(state_after_look(a, now_ns + 2, &next_ns), PLUGIN_HUNG);
	assert_true(next_ns == INT64_MAX);
}

static void a_host_that_is_gone_leaves_its_violation(void **state)
{
	struct account *a = host_here();
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC), answer;

	(void)state;
	a->plugin.born_ns = 0; /* the pid is a later process's */
	assert_int_equal(state_after_look(a, now_ns, &answer), PLUGIN_CRASHED);
	assert_true(answer == INT64_MAX);
	atomic_store_explicit(&a->plugin.violation, PLUGIN_ASKED, memory_order_relaxed);
	assert_int_equal(state_after_look(a, now_ns, &answer), PLUGIN_CRASHED);
	assert_true(answer == METER_REACHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_is_told_from_other_processes),
		cmocka_unit_test(patience_is_ten_ticks_and_at_least_a_second),
		cmocka_unit_test(a_call_that_takes_too_long_is_a_hang),
		cmocka_unit_test(a_host_that_is_gone_leaves_its_violation),
	};

	return cmocka_run_group_tests_name("plugin", tests, make_ledger, remove_ledger);
}
