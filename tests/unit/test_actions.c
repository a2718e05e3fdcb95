/*
 * test_actions.c - action lists: steps, delays, order, contradictions.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "contract/limits.h"
#include "core/actions.h"
#include "core/attrs.h"

#define SECOND INT64_C(1000000000)

static struct action parse(const char *text)
{
	struct action action;
	char reason[256] = "";
	struct fmt why = FMT_INIT(reason);

	if (action_parse(&action, text, strlen(text), true, &why))
		fail_msg("'%s' was refused: %s", text, reason);
	assert_string_equal(reason, "");
	return action;
}

static void expect_refusal(const char *text, bool deniable, const char *reason_part)
{
	struct action action;
	char reason[256] = "";
	struct fmt why = FMT_INIT(reason);

	if (action_parse(&action, text, strlen(text), deniable, &why) != -EINVAL)
		fail_msg("'%s' was accepted", text);
	if (!strstr(reason, reason_part))
		fail_msg("'%s' was refused with '%s'", text, reason);
}

static void expect_step(const struct action *action, uint32_t index, int signal, int64_t delay_ns)
{
	assert_true(index < action->count);
	assert_int_equal(action->step[index].signal, signal);
	assert_int_equal(action->step[index].delay_ns, delay_ns);
	assert_int_equal(action->step[index].reserved, 0);
}

static void a_single_step_has_no_delay(void **state)
{
	struct action action = parse("deny");

	(void)state;
	assert_int_equal(action.count, 1);
	expect_step(&action, 0, RL_STEP_DENY, 0);
	action = parse("KILL");
	expect_step(&action, 0, SIGKILL, 0);
}

static void each_step_keeps_its_delay(void **state)
{
	struct action action = parse("deny:2s,TERM:500ms,KILL");

	(void)state;
	assert_int_equal(action.count, 3);
	expect_step(&action, 0, RL_STEP_DENY, 2 * SECOND);
	expect_step(&action, 1, SIGTERM, SECOND / 2);
	expect_step(&action, 2, SIGKILL, 0);
}

static void a_delay_of_zero_is_not_the_grace_time(void **state)
{
	struct action action = parse("TERM:0,KILL");

	(void)state;
	action_apply_grace(&action, 3 * SECOND);
	expect_step(&action, 0, SIGTERM, 0);
}

static void a_step_without_a_delay_waits_the_grace_time(void **state)
{
	struct action action = parse("INT,TERM:1s,QUIT,KILL");

	(void)state;
	expect_step(&action, 0, SIGINT, ACTION_DELAY_GRACE);
	action_apply_grace(&action, 3 * SECOND);
	expect_step(&action, 0, SIGINT, 3 * SECOND);
	expect_step(&action, 1, SIGTERM, SECOND);
	expect_step(&action, 2, SIGQUIT, 3 * SECOND);
	expect_step(&action, 3, SIGKILL, 0);
}

static void signals_are_known_with_and_without_sig(void **state)
{
	static const struct {
		const char *name;
		int signal;
	} known[] = {
		{"HUP", SIGHUP},       {"SIGHUP", SIGHUP},   {"INT", SIGINT},	 {"QUIT", SIGQUIT},
		{"ABRT", SIGABRT},     {"SIGKILL", SIGKILL}, {"USR1", SIGUSR1},	 {"USR2", SIGUSR2},
		{"ALRM", SIGALRM},     {"SIGTERM", SIGTERM}, {"XCPU", SIGXCPU},	 {"ILL", SIGILL},
		{"TRAP", SIGTRAP},     {"BUS", SIGBUS},	     {"FPE", SIGFPE},	 {"SIGSEGV", SIGSEGV},
		{"PIPE", SIGPIPE},     {"XFSZ", SIGXFSZ},    {"SIGSYS", SIGSYS}, {"IO", SIGIO},
		{"VTALRM", SIGVTALRM}, {"PROF", SIGPROF},    {"STOP", SIGSTOP},	 {"SIGCONT", SIGCONT},
	};

	(void)state;
	for (size_t i = 0; i < RL_ARRAY_LEN(known); i++) {
		struct action action = parse(known[i].name);

		expect_step(&action, 0, known[i].signal, 0);
	}
}

static void every_step_has_the_name_that_it_was_given(void **state)
{
	(void)state;
	assert_string_equal(action_step_name(RL_STEP_DENY), "deny");
	assert_string_equal(action_step_name(SIGTERM), "TERM");
	assert_string_equal(action_step_name(SIGXCPU), "XCPU");
	assert_null(action_step_name(9999));
	assert_null(action_step_name(-2));
}

static void unknown_steps_are_refused(void **state)
{
	static const char *const bad[] = {
		"",	    ",",	 "TERM,", ",TERM", "TERM,,KILL", "term",      "Deny", "SIG",
		"SIGdeny_", "TERMINATE", "15",	  " TERM", "TERM ",	 "TERM;KILL", ":5s",  "CHLD"};

	(void)state;
	for (size_t i = 0; i < RL_ARRAY_LEN(bad); i++)
		expect_refusal(bad[i], true, "is unknown; give deny, call or a signal name");
}

static void deny_is_not_a_signal(void **state)
{
	(void)state;
	expect_refusal("SIGdeny", true, "is unknown");
}

static void the_step_call_stands_where_a_signal_can(void **state)
{
	struct action action = parse("call:5s,TERM,call:1s,KILL");

	(void)state;
	assert_int_equal(action.count, 4);
	expect_step(&action, 0, RL_STEP_CALL, 5 * SECOND);
	expect_step(&action, 2, RL_STEP_CALL, SECOND);
	assert_string_equal(action_step_name(RL_STEP_CALL), "call");
	action = parse("deny:2s,call");
	expect_step(&action, 1, RL_STEP_CALL, 0);
	assert_true(action_has_signal(&action));
	expect_refusal("SIGcall", true, "is unknown");
	expect_refusal("call:1s", true, "has a delay but no step after it");
	expect_refusal("call,deny", true, "must come first");
}

static void delays_that_are_no_times_are_refused(void **state)
{
	static const char *const bad[] = {"TERM:,KILL",	   "TERM:x,KILL",   "TERM:-1s,KILL",
					  "TERM:5s:,KILL", "TERM:5 s,KILL", "TERM:99999999999h,KILL",
					  "TERM::1s,KILL", "TERM:1s ,KILL"};

	(void)state;
	for (size_t i = 0; i < RL_ARRAY_LEN(bad); i++)
		expect_refusal(bad[i], true, "has a delay that is no time");
}

static void deny_is_refused_where_there_is_no_call_to_refuse(void **state)
{
	(void)state;
	expect_refusal("deny", false, "'deny' has no call to refuse here");
	expect_refusal("deny:2s,TERM", false, "'deny' has no call to refuse here");
}

static void deny_must_come_first(void **state)
{
	(void)state;
	expect_refusal("TERM:1s,deny", true, "'deny' must come first");
	expect_refusal("deny:1s,deny", true, "'deny' must come first");
}

static void nothing_can_follow_kill(void **state)
{
	(void)state;
	expect_refusal("KILL,TERM", true, "'KILL' ends the tree");
	expect_refusal("TERM,KILL:1s,KILL", true, "'KILL' ends the tree");
}

static void nothing_can_follow_stop(void **state)
{
	struct action action = parse("TERM:1s,STOP");

	(void)state;
	expect_step(&action, 1, SIGSTOP, 0);
	expect_refusal("STOP:1s,KILL", true, "'STOP' stops the timer as well");
}

static void a_delay_behind_the_last_step_is_refused(void **state)
{
	(void)state;
	expect_refusal("TERM:5s", true, "'TERM' has a delay but no step after it");
	expect_refusal("deny:5s", true, "'deny' has a delay but no step after it");
	expect_refusal("deny:5s,KILL:0", true, "'KILL' has a delay but no step after it");
}

static void the_longest_list_is_accepted_and_one_more_step_refused(void **state)
{
	struct action action = parse("INT,INT,INT,INT,INT,INT,INT,KILL");

	(void)state;
	assert_int_equal(action.count, RL_STEPS_MAX);
	expect_step(&action, RL_STEPS_MAX - 1, SIGKILL, 0);
	expect_refusal("INT,INT,INT,INT,INT,INT,INT,INT,KILL", true, "more than 8 steps");
}

static void a_refusal_shows_the_step_on_one_line(void **state)
{
	(void)state;
	expect_refusal("TE\nRM,KILL", true, "step 'TE?RM' is unknown");
}

static void only_lists_that_reach_a_signal_need_a_watch(void **state)
{
	struct action action = parse("deny");

	(void)state;
	assert_false(action_has_signal(&action));
	action = parse("deny:1s,KILL");
	assert_true(action_has_signal(&action));
	action = parse("USR1");
	assert_true(action_has_signal(&action));
	memset(&action, 0, sizeof(action));
	assert_false(action_has_signal(&action));
}

static void no_more_of_a_list_is_read_than_its_length(void **state)
{
	struct action action;
	char reason[64];
	struct fmt why = FMT_INIT(reason);

	(void)state;
	assert_int_equal(action_parse(&action, "TERM:15s,KILLER", 13, true, &why), 0);
	assert_int_equal(action.count, 2);
	expect_step(&action, 0, SIGTERM, 15 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_single_step_has_no_delay),
		cmocka_unit_test(each_step_keeps_its_delay),
		cmocka_unit_test(a_delay_of_zero_is_not_the_grace_time),
		cmocka_unit_test(a_step_without_a_delay_waits_the_grace_time),
		cmocka_unit_test(signals_are_known_with_and_without_sig),
		cmocka_unit_test(every_step_has_the_name_that_it_was_given),
		cmocka_unit_test(unknown_steps_are_refused),
		cmocka_unit_test(deny_is_not_a_signal),
		cmocka_unit_test(the_step_call_stands_where_a_signal_can),
		cmocka_unit_test(delays_that_are_no_times_are_refused),
		cmocka_unit_test(deny_is_refused_where_there_is_no_call_to_refuse),
		cmocka_unit_test(deny_must_come_first),
		cmocka_unit_test(nothing_can_follow_kill),
		cmocka_unit_test(nothing_can_follow_stop),
		cmocka_unit_test(a_delay_behind_the_last_step_is_refused),
		cmocka_unit_test(the_longest_list_is_accepted_and_one_more_step_refused),
		cmocka_unit_test(a_refusal_shows_the_step_on_one_line),
		cmocka_unit_test(only_lists_that_reach_a_signal_need_a_watch),
		cmocka_unit_test(no_more_of_a_list_is_read_than_its_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
