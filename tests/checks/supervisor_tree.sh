#!/bin/bash
# supervisor_tree.sh - what the program leaves running: ended, named, counted, waited for; and nothing of ours stays.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2015,SC2016,SC2317 # fail never returns; the programs' code stands in single quotes; tests are called by name
# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
# shellcheck source=tests/harness/supervised.sh
. "$(dirname "$0")/../harness/supervised.sh"

# Tests:

a_child_left_behind_is_ended_and_named() {
	run 0 -- perl -e 'if (!fork) { exec @ARGV } exit 0' perl -e "$waiter" "$mark" child
	expect_gone child
	expect_record '"survivors_total":1,"survivors":\[\{"pid":[0-9]+,"comm":"perl"\}\]'
}

a_daemon_in_its_own_session_is_ended_and_named() {
	run 3 -- perl -MPOSIX -e 'if (!fork) { POSIX::setsid(); if (!fork) { POSIX::close($_) for 0..99; exec @ARGV } exit }
		wait; exit 3' perl -e "$waiter" "$mark" daemon
	expect_gone daemon
	expect_record '"verdict":"exit".*"survivors":\[\{"pid":[0-9]+,"comm":"perl"\}\]'
}

a_daemon_is_ended_at_a_limit_too() {
	run 124 --wall 300ms -- perl -MPOSIX -e 'if (!fork) { POSIX::setsid(); exit if fork; exec @ARGV } sleep 20' \
		perl -e "$waiter" "$mark" limited
	expect_gone limited
	expect_record '"verdict":"wall","certain":true'
}

who_ignores_TERM_is_killed_after_the_grace() {
	local began=${EPOCHREALTIME/./} took
	run 0 --grace 300ms -- perl -e 'if (!fork) { exec @ARGV } until (-e "ready") { select undef, undef, undef, 0.01 } exit 0' \
		perl -e "$waiter" "$mark" stubborn
	took=$(((${EPOCHREALTIME/./} - began) / 1000))
	expect_gone stubborn
	[ "$took" -ge 300 ] || fail "it was killed after $took ms, without its grace"
}

who_wants_to_clean_up_may() {
	run 0 --grace 5s -- sh -c '(trap "sleep 0.2; echo cleaned >cleaned; exit" TERM; : >ready
		while :; do sleep 0.05; done) & while [ ! -e ready ]; do sleep 0.01; done'
	[ "$(cat cleaned 2>/dev/null)" = cleaned ] || fail "TERM did not reach it, or KILL came too soon"
}

a_stopped_one_is_ended() {
	run 0 -- perl -e 'my $p = fork; if (!$p) { exec @ARGV } select undef, undef, undef, 0.1; kill STOP => $p; exit 0' \
		perl -e "$waiter" "$mark" stopped
	expect_gone stopped
}

what_is_used_after_the_first_ended_counts() {
	run 0 --grace 60s -- perl -e 'my $p = fork; if (!$p) { $SIG{TERM} = "IGNORE"; open R, ">ready"; close R; my $n = 0;
			until ((times)[0] + (times)[1] > 0.4) { $n++ } exit 0 }
		until (-e "ready") { select undef, undef, undef, 0.01 } exit 0'
	[ "$(recorded cpu_ns)" -ge 400000000 ] || fail "$(cat record)"
}

# It ends after the dead were waited for, and before it is looked for.
what_is_used_until_the_last_look_counts() {
	LD_PRELOAD="$subjects/libslowlook.so" run 0 --grace 60s -- perl -e 'if (!fork) { $SIG{TERM} = "IGNORE"; open R, ">ready";
			close R; my $n = 0; until ((times)[0] + (times)[1] > 0.04) { $n++ } exit 0 }
		until (-e "ready") { select undef, undef, undef, 0.001 } exit 0'
	[ "$(recorded cpu_ns)" -ge 40000000 ] || fail "$(cat record)"
}

# Nobody has looked at it since it began, and its parent is gone: what it used is known to who waits for it, us.
what_a_killed_orphan_used_counts() {
	run 0 -- perl -e 'if (!fork) { exit if fork; open P, ">pid.new"; print P $$; close P; rename "pid.new", "pid"; my $n = 0;
			until ((times)[0] + (times)[1] > 0.4) { $n++ } kill KILL => $$; sleep 60 }
		wait; until (-e "pid") { select undef, undef, undef, 0.01 } open P, "<", "pid"; my $pid = <P>;
		while (kill 0, $pid) { select undef, undef, undef, 0.01 } exit 0'
	[ "$(recorded cpu_ns)" -ge 400000000 ] || fail "$(cat record)"
}

an_unguarded_one_is_ended() {
	run 0 -- perl -e 'my $p = fork; if (!$p) { exec { $ARGV[0] } "wait_unguarded", @ARGV[1, 2] }
		until (readlink("/proc/$p/exe") =~ /wait_unguarded/) { select undef, undef, undef, 0.01 } exit 0' \
		"$subjects/wait_unguarded" "$mark" unguarded
	expect_gone unguarded
	expect_record '"comm":"wait_unguarded"'
}

who_forks_all_the_time_is_ended() {
	run 0 -- perl -e 'if (!fork) { $0 = "$ARGV[0] forker"; while (1) { if (fork) { exit } } } exit 0' "$mark"
	expect_gone forker
}

# Each child is the parent of the next, so whoever looks at the list of them finds its end gone.
who_forks_all_the_time_and_ignores_TERM_is_ended() {
	run 0 --grace 50ms -- perl -e 'if (!fork) { $0 = "$ARGV[0] stubborn-forker"; $SIG{TERM} = "IGNORE";
		while (1) { if (fork) { exit } } } exit 0' "$mark"
	expect_gone stubborn-forker
	expect_record '"survivors_total":[1-9]'
	! grep -q survivors_left record || fail "$(cat record)"
}

who_is_asked_to_end_does_not_wait_for_the_grace() {
	local pid began=$SECONDS
	"$tool" run --grace 1000s -- perl -e 'my $p = fork; if (!$p) { $SIG{TERM} = sub { open T, ">asked"; close T };
			open R, ">ready"; close R; while (1) { sleep 60 } }
		until (-e "ready") { select undef, undef, undef, 0.01 } exit 0' "$mark" asked &
	pid=$!
	while [ ! -e asked ]; do sleep 0.01; done
	kill -TERM "$pid"
	wait "$pid"
	[ $((SECONDS - began)) -lt 500 ] || fail "it waited for the grace"
	expect_gone asked
}

what_was_there_before_is_left_alone() {
	(perl -e "$waiter" "$mark" before & echo $! >before
		while [ ! -e ready ]; do sleep 0.01; done; exec "$tool" run -- true)
	[ "$(living before)" -eq 1 ] || fail "a child of ours that is not the program's was ended"
	kill "$(cat before)"
}

orphans_may_be_left() {
	run 0 --orphans leave -- perl -e 'my $p = fork; if (!$p) { exec @ARGV } select undef, undef, undef, 0.1; exit 0' \
		perl -e "$waiter" "$mark" left
	[ "$(living left)" -eq 1 ] || fail "it was ended"
	expect_record '"survivors_total":1,"survivors_left":1'
	kill "$(sed -n 's/.*"survivors":\[{"pid":\([0-9]*\).*/\1/p' record)"
}

# Whoever is executed there later still finds the budget.
the_budget_stays_as_long_as_one_that_was_left() {
	run 0 --orphans leave -- perl -e 'my $p = fork; if (!$p) { until (-e "over") { select undef, undef, undef, 0.01 }
			open A, ">answer.new"; print A -e $ENV{RESLIMIT_LEDGER} ? "there" : "gone"; close A;
			rename "answer.new", "answer"; exit 0 } exit 0'
	touch over
	until [ -e answer ]; do sleep 0.01; done
	[ "$(cat answer)" = there ] || fail "the ledger is $(cat answer)"
}

the_timeline_has_every_end() {
	run 139 --trace trace --tick 50ms -- perl -e 'for my $end (sub { kill KILL => $$ }, sub { syscall(231, 7) }, sub { exit 6 }) {
			my $p = fork; if (!$p) { $end->(); sleep 60 } waitpid $p, 0 }
		if (!fork) { my $p = $$; if (!fork) { select undef, undef, undef, 0.01 while getppid == $p; kill TERM => $$; sleep 60 } exit 5 }
		wait; select undef, undef, undef, 0.3; kill SEGV => $$; sleep 60'
	python3 - <<-'END' || fail "$(cat trace)"
		import json, sys
		events = [json.loads(line) for line in open("trace")]
		ends = [e for e in events if e["event"] == "exit"]
		begun = {e["pid"] for e in events if e["event"] in ("start", "fork")}
		known = sorted((k, e[k]) for e in ends for k in ("exit_code", "signal") if k in e)
		ok = sorted(e["pid"] for e in ends) == sorted(begun) and len(begun) == 6
		# The first two were their parent's to wait for, who knows and does not tell.
		ok &= known == [("exit_code", 5), ("exit_code", 6), ("signal", 11), ("signal", 15)]
		sys.exit(not ok or events[-1]["event"] != "end")
	END
}

many_orphans_are_waited_for() {
	local n=1000
	[ -z "${RL_LONG:-}" ] || n=10000
	run 0 -- perl -e 'for (1 .. $ARGV[0]) { my $p = fork; if (!$p) { fork; exit } waitpid $p, 0 } exit 0' "$n"
	[ "$(recorded procs_total)" -eq $((2 * n + 1)) ] || fail "$(cat record)"
}

each_killed_program_has_a_record() {
	local n=50 i pid program
	[ -z "${RL_LONG:-}" ] || n=1000
	for ((i = 0; i < n; i++)); do
		rm -f ready
		"$tool" run --status-fd 3 -- perl -e 'open R, ">ready.$$"; rename "ready.$$", "ready"; if (!fork) { sleep 60 }
			while (1) { my $p = fork; exit if !$p; waitpid $p, 0 }' "$mark" killed 3>record 2>/dev/null &
		pid=$!
		sleep "0.$(printf %03d $((RANDOM % 60)))"
		program=
		while [ -z "$program" ]; do read -r program _ <"/proc/$pid/task/$pid/children"; done 2>/dev/null
		kill -KILL "$program" 2>/dev/null
		wait "$pid" 2>/dev/null
		[ "$(wc -l <record)" -eq 1 ] || fail "run $i: $(wc -l <record) records"
	done
	expect_gone killed
}

runs_leave_nothing_behind() {
	local n=50
	[ -z "${RL_LONG:-}" ] || n=2500
	for _ in 1 2 3 4; do
		(for ((i = 0; i < n; i++)); do
			"$tool" run --name "$mark" --mem 64M -- sh -c 'true; (true) & exit 2' >/dev/null 2>&1
			[ $? -eq 2 ] || echo "status $?" >>wrong
		done) &
	done
	wait
	[ ! -s wrong ] || fail "$(sort wrong | uniq -c)"
	left=$(grep -laF "$mark" /dev/shm/reslimit-* 2>/dev/null)
	[ -z "$left" ] || fail "left: $left"
	[ "$(pgrep -f -c -- "run --name $mark ")" -eq 0 ] || fail "still there: $(pgrep -af -- "run --name $mark ")"
	echo "# $((4 * n)) runs"
}

run_cases "$@"
