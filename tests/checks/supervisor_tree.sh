#!/bin/bash
# supervisor_tree.sh - what reslimit run does to and for the tree: sweep, signals, descriptors, leash.
#
# With RL_LONG each repetition is as often as the figures of the manual ask for.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2015,SC2016,SC2094,SC2317 # fail never returns; the programs' code stands in single quotes; tests are called by name
set -u
# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
tool=$BUILD/reslimit subjects=$BUILD/tests/subjects
[ -x "$subjects/end_by" ] || exit 77
mark=$tmp/mark # stands in the command lines of what is to be gone afterwards
trap 'clean_up; pgrep -f -- "$mark " | xargs -r kill -KILL' EXIT # who got away must not go on forking

# How many processes live whose command line holds our mark and this word.
living() {
	pgrep -f -c -- "$mark $1"
}

# A program that waits, and says by its arguments whose it is; killed when the test is over.
waiter='$SIG{TERM} = "IGNORE" if $ARGV[1] eq "stubborn"; open R, ">ready"; close R; sleep 60;'

patience=100
[ -z "${RL_LONG:-}" ] || patience=900

# run STATUS OPTION... -- PROGRAM...: the record goes to ./record.
run() {
	local wanted=$1 status
	shift
	(timeout -k 1 "$patience" "$tool" run --status-fd 3 "$@" 3>record 2>err </dev/null; exit $?) 2>/dev/null
	status=$?
	[ "$status" -eq "$wanted" ] || fail "status $status, not $wanted" "$(cat err)" "$(cat record)"
}

expect_record() {
	grep -qE "$1" record || fail "no $1 in the record" "$(cat record)"
}

expect_gone() {
	[ "$(living "$1")" -eq 0 ] || fail "$1 is still there: $(pgrep -af "$mark $1")"
}

# Starts a program that says when it is ready and counts signals; $! is the supervisor.
start_counter() {
	"$tool" run --status-fd 3 -- perl -e 'my %n; my $end;
		$SIG{$_} = sub { $n{$_[0]}++; $end = 1 if $_[0] eq "TERM" } for qw(USR1 INT TERM WINCH HUP CONT);
		$| = 1; open R, ">ready"; print R "$$\n"; close R; select undef, undef, undef, 0.05 until $end;
		select undef, undef, undef, 0.1; print join(" ", map { "$_=$n{$_}" } sort keys %n), "\n"; exit 5' >counted 3>record &
	while [ ! -s ready ]; do sleep 0.01; done
}

start_debugger() {
	rm -f ready up
	python3 -c "$debug" 2>debugger &
	while [ ! -e up ] && [ ! -s debugger ]; do sleep 0.01; done
}

# STATE FUNCTION: whether a thread in that state has a frame in that function of be_busy_and_wait, and tracing was allowed.
has_stack() {
	python3 - "$1" "$(sed -n "s/^$2=//p" out)" <<-'END'
		import json, re, sys
		stacks = json.load(open("record"))["stacks"]
		names = [re.fullmatch(r"be_busy_and_wait\+0x([0-9a-f]+)", f) for t in stacks["top"] if t["state"] == sys.argv[1]
			 for f in t["frames"]]
		at = [int(n.group(1), 16) - int(sys.argv[2]) for n in names if n]
		sys.exit("refused" in stacks or not any(0 <= a < 64 for a in at))
	END
}

# under_filter FILTER PROGRAM: perl code that installs a filter, of instructions, and goes on.
under_filter() {
	printf '%s' 'my $filter = join "", map { pack "SCCL", @$_ } '"$1"'; my $length = length($filter) / 8;
		syscall(157, 38, 1, 0, 0, 0); syscall(157, 22, 2, pack("S x6 P", $length, $filter), 0, 0) and exit 90;'"$2"
}

# expect_none_survives WORD PROGRAM...: the program's supervisor is killed when it is ready; nobody with that word may be left.
expect_none_survives() {
	local word=$1 pid tries
	shift
	"$tool" run -- "$@" >/dev/null 2>err &
	pid=$!
	while [ ! -e ready ]; do
		kill -0 "$pid" 2>/dev/null || fail "it never was ready: $(cat err)"
		sleep 0.01
	done
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	for ((tries = 0; tries < 500; tries++)); do
		[ "$(living "$word")" -gt 0 ] || return 0
		sleep 0.02
	done
	fail "left: $(pgrep -af "$mark $word" | cut -c 1-100)"
}

# Stops its supervisor, then makes as many children as it is told, which close all that they have; says when all have.
stopper='my $s = getppid; kill STOP => $s; pipe(R, W); my $n = $ARGV[2] || 1;
	for (1 .. $n) { my $p = fork; if (!$p) { syscall(436, 0, 0xffffffff, 0); sleep 60 } } close W; read R, my $c, 1;
	open F, ">ready"; close F; sleep 60'

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
	[ "$(sed -n 's/.*"cpu_ns":\([0-9]*\).*/\1/p' record)" -ge 400000000 ] || fail "$(cat record)"
}

# It ends after the dead were waited for, and before it is looked for.
what_is_used_until_the_last_look_counts() {
	LD_PRELOAD="$subjects/libslowlook.so" run 0 --grace 60s -- perl -e 'if (!fork) { $SIG{TERM} = "IGNORE"; open R, ">ready";
			close R; my $n = 0; until ((times)[0] + (times)[1] > 0.04) { $n++ } exit 0 }
		until (-e "ready") { select undef, undef, undef, 0.001 } exit 0'
	[ "$(sed -n 's/.*"cpu_ns":\([0-9]*\).*/\1/p' record)" -ge 40000000 ] || fail "$(cat record)"
}

# Nobody has looked at it since it began, and its parent is gone: what it used is known to who waits for it, us.
what_a_killed_orphan_used_counts() {
	run 0 -- perl -e 'if (!fork) { exit if fork; open P, ">pid.new"; print P $$; close P; rename "pid.new", "pid"; my $n = 0;
			until ((times)[0] + (times)[1] > 0.4) { $n++ } kill KILL => $$; sleep 60 }
		wait; until (-e "pid") { select undef, undef, undef, 0.01 } open P, "<", "pid"; my $pid = <P>;
		while (kill 0, $pid) { select undef, undef, undef, 0.01 } exit 0'
	[ "$(sed -n 's/.*"cpu_ns":\([0-9]*\).*/\1/p' record)" -ge 400000000 ] || fail "$(cat record)"
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

a_grandchild_that_keeps_the_pipe_does_not_hold_us() {
	local out
	out=$(timeout 20 "$tool" run -- sh -c 'sleep 60 & echo done') || fail "status $?"
	[ "$out" = "done" ] || fail "output '$out'"
}

the_program_has_one_thread_and_one_parent_more() {
	run 0 --wall 20s --cpu 10s -- sh -c 'ls /proc/self/task | wc -l >threads; echo $PPID >parent; ps -o ppid= -p $PPID >grandparent'
	[ "$(cat threads)" -eq 1 ] || fail "$(cat threads) threads"
	[ "$(tr -d ' ' <grandparent)" -ne "$(cat parent)" ] || fail "no parent"
}

the_record_survives_a_program_that_closes_everything() {
	run 4 -- perl -MPOSIX -e 'POSIX::close($_) for 0..1023; POSIX::_exit(4)'
	expect_record '"exit_code":4'
}

the_program_does_not_have_the_status_descriptor() {
	run 0 -- perl -MPOSIX -e 'exit(defined(POSIX::fcntl(3, 1, 0)) || exists $ENV{RESLIMIT_STATUS_FD} ? 1 : 0)'
}

its_descriptors_and_limits_are_as_they_were() {
	(ulimit -Sn 200; "$tool" run -- sh -c 'ulimit -Sn; echo hello >&9' 9>nine >soft) || fail "status $?"
	[ "$(cat soft nine)" = "200
hello" ] || fail "$(cat soft nine)"
}

signals_are_as_they_were() {
	local bare run
	bare=$(sh -c 'trap "" HUP; exec grep -E "Sig(Blk|Ign|Cgt)" /proc/self/status')
	run=$(sh -c 'trap "" HUP; exec "$@" grep -E "Sig(Blk|Ign|Cgt)" /proc/self/status' sh "$tool" run --)
	[ "$bare" = "$run" ] || fail "$bare" "$run"
}

a_parent_that_ignores_its_children_changes_nothing() {
	local bare run
	bare=$(perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' grep SigIgn /proc/self/status)
	run=$(perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' "$tool" run -- grep SigIgn /proc/self/status)
	[ "$bare" = "$run" ] || fail "$bare" "$run"
	perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' "$tool" run -- sh -c 'exit 6'
	local status=$?
	[ "$status" -eq 6 ] || fail "status $status"
}

signals_to_us_reach_the_program_once() {
	local status
	start_counter
	kill -CONT $! # a shell sends it to the whole group
	kill -USR1 $!
	sleep 0.1
	kill -INT $!
	sleep 0.1
	kill -TERM $!
	wait $!
	status=$?
	[ "$(cat counted)" = "INT=1 TERM=1 USR1=1" ] || fail "counted $(cat counted)"
	[ "$status" -eq 5 ] || fail "status $status"
}

a_signal_that_the_tree_sends_to_its_group_comes_once() {
	setsid -w "$tool" run -- perl -e '$SIG{USR1} = sub { $n++ }; kill USR1 => 0; select undef, undef, undef, 0.05 for 1 .. 20;
		print "$n\n"' >counted || fail "status $?"
	[ "$(cat counted)" = 1 ] || fail "counted $(cat counted)"
}

# Ordinary ones that come before the first was taken are one; these queue.
a_queued_signal_that_the_tree_sends_to_its_group_comes_once() {
	setsid -w "$tool" run -- python3 -c 'import os, signal
sig = signal.SIGRTMIN + 5
signal.pthread_sigmask(signal.SIG_BLOCK, [sig])
os.kill(0, sig)
from_whom = []
while info := signal.sigtimedwait([sig], 1): from_whom.append(info.si_pid == os.getpid())
print(*from_whom)' >counted || fail "status $?"
	[ "$(cat counted)" = True ] || fail "it came so often, from itself or not: $(cat counted)"
}

an_end_by_a_signal_from_outside_is_told() {
	start_counter
	kill -KILL "$(cat ready)"
	wait $! 2>/dev/null
	[ $? -eq 137 ] || fail "status $?"
	expect_record '"verdict":"signal","certain":true,"signal":9'
}

raise_dies_by_the_same_signal() {
	perl -e 'my $s = system @ARGV; exit($s & 127 ? $s & 255 : 200)' "$tool" run --raise -- "$subjects/end_by" kill 15
	[ $? -eq 15 ] || fail "not by SIGTERM: $?"
	perl -e 'my $s = system @ARGV; exit($s & 127 ? $s & 255 : 200)' "$tool" run --raise -- "$subjects/end_by" exit 3
	[ $? -eq 200 ] || fail "an exit became a signal"
}

stopped_time_does_not_count() {
	run 0 --wall 2s -- perl -e 'my $p = $$; if (!fork) { select undef, undef, undef, 2.5; kill CONT => $p; exit }
		kill STOP => $$; wait; exit 0'
	expect_record '"verdict":"ok"'
}

# The first process of a budget below is not our child: nothing tells us of its stops, and we have to look.
stopped_time_does_not_count_in_a_budget_below() {
	local limit stopped noted ended
	for limit in wall idle; do
		rm -f record
		"$tool" run --status-file record --root '*stop_itself' "--$limit" 1800ms -- sh -c \
			'"$1" raise 100 1500; exit 0' sh "$subjects/stop_itself" >out 2>err || fail "status $?" "$(cat err)"
		expect_record "\"verdict\":\"$limit\",\"certain\":true"
		stopped=$(sed -n 's/^stopped=//p' out)
		noted=$(sed -n 's/.*"wall_stopped_ns":\([0-9]*\).*/\1/p' record)
		ended=$(sed -n 's/.*"steps":\[{"at_ns":\([0-9]*\).*/\1/p' record)
		# More than it was stopped by as much as lies between two looks; a busy machine gives it less to stop for.
		[ "$noted" -ge 500000000 ] && [ "$noted" -lt $((stopped + 1000000000)) ] ||
			fail "stopped for $stopped ns, left out $noted" "$(cat record)"
		[ "$ended" -ge $((1800000000 + noted)) ] || fail "ended after $ended ns, $noted of them left out"
	done
}

only_so_much_stopped_time_is_left_out() {
	run 124 --grace 100ms --wall 600ms --stopped 0 -- sh -c 'kill -STOP $$; sleep 60'
	expect_record '"verdict":"wall","certain":true.*"wall_stopped_ns":0,'
	run 124 --grace 100ms --wall 600ms --stopped 300ms -- sh -c 'kill -STOP $$; sleep 60'
	expect_record '"verdict":"wall","certain":true.*"wall_stopped_ns":300000000,.*"steps":\[\{"at_ns":(9[0-9]{8}|[0-9]{10,}),'
	run 124 --grace 100ms --scope process --wall 600ms --stopped 200ms -- sh -c 'kill -STOP $$; sleep 60'
	expect_record '"verdict":"wall","certain":true.*"wall_stopped_ns":200000000,'
}

# A debugger of the process whose number is in ./ready, until that is dead; only signals are passed on.
debug='import ctypes, os, signal, time
libc = ctypes.CDLL(None, use_errno=True)
open("up", "w")
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
while not (os.path.exists("ready") and os.path.getsize("ready")): time.sleep(0.01)
pid = int(open("ready").read())
if libc.ptrace(0x4206, pid, None, None): raise SystemExit("cannot debug: " + os.strerror(ctypes.get_errno()))
while True:
	_, status = os.waitpid(pid, 0x40000000)
	if not os.WIFSTOPPED(status): break
	libc.ptrace(7, pid, None, None if status >> 16 else os.WSTOPSIG(status))'

time_under_a_debugger_does_not_count() {
	start_debugger
	run 0 --wall 1s -- sh -c 'echo $$ >ready.new; mv ready.new ready; exec sleep 1.8'
	wait
	[ ! -s debugger ] || fail "$(cat debugger)"
	expect_record '"verdict":"ok".*"wall_stopped_ns":[0-9]{9,},'
	start_debugger
	run 124 --wall 1s --stopped 300ms -- sh -c 'echo $$ >ready.new; mv ready.new ready; exec sleep 60'
	wait
	expect_record '"verdict":"wall","certain":true.*"wall_stopped_ns":300000000,'
}

what_spins_and_what_waits_is_told_with_its_stack() {
	local tries
	for tries in 1 2 3 4 5 6 7 8; do # a look has a tenth of a second, which a busy machine may not give it
		run 124 --wall 300ms --stacks 1 -- sh -c 'exec "$@" >out' sh "$subjects/be_busy_and_wait" 1 1
		if has_stack running spin && has_stack sleeping wait; then break; fi
	done
	has_stack running spin || fail "nothing spins after $tries looks" "$(cat out record)"
	has_stack sleeping wait || fail "nothing waits after $tries looks" "$(cat out record)"
	expect_record '"activity":"mixed"'
	run 124 --wall 300ms --stacks 1 -- "$subjects/be_busy_and_wait" 0 0 spin >out
	expect_record '"activity":"spinning"'
	run 124 --wall 300ms --stacks 1 -- "$subjects/be_busy_and_wait" 0 1 >out
	expect_record '"activity":"blocked"'
}

core_dumps_are_noted_and_not_doubled() {
	local pattern status
	pattern=$(cat /proc/sys/kernel/core_pattern)
	(ulimit -c unlimited 2>/dev/null
		perl -e 'my $s = system @ARGV; exit($s & 255)' "$tool" run --raise --status-fd 3 -- "$subjects/end_by" abort 3>record) 2>/dev/null
	status=$?
	# By SIGABRT, without the bit that says that we left a core too: where the pattern is one name, over the program's.
	[ "$status" -eq 6 ] || fail "wait status $status, not SIGABRT without a core"
	case $pattern in
	'|'* | /*) grep -qE '"core_dumped":(true|false)' record ;;
	*) [ "$(find . -name 'core*' | wc -l)" -eq "$(grep -c '"core_dumped":true' record)" ] ;;
	esac || fail "$(ls) $(cat record)"
}

a_full_status_pipe_holds_nobody() {
	perl -e 'pipe(R, W); use Fcntl; fcntl(W, F_SETFL, O_NONBLOCK); 1 while syswrite(W, "x" x 4096); fcntl(W, F_SETFL, 0);
		fcntl(W, F_SETFD, 0); my $fd = fileno(W); exec($ARGV[0], "run", "--status-fd", $fd, "--", "sh", "-c", "exit 3")' "$tool" 2>err
	[ $? -eq 3 ] || fail "status $?"
	grep -q 'record could not be written' err || fail "nothing is said of it: $(cat err)"
}

a_closed_stderr_is_no_trouble() {
	"$tool" run --status-fd 3 -- sh -c 'exit 3' 3>record 2>&- </dev/null
	[ $? -eq 3 ] || fail "status $?"
	expect_record '"exit_code":3'
}

a_table_of_few_descriptors_is_enough_or_named() {
	(ulimit -n 12; "$tool" run --status-fd 3 -- sh -c 'sh -c "exit 3"' 3>record 2>err)
	[ $? -eq 3 ] || fail "status $?: $(cat err)"
	expect_record '"exit_code":3'
	(ulimit -n 5; "$tool" run -- sh -c 'exit 3' 2>err)
	[ $? -eq 3 ] || grep -q 'close some descriptors' err || fail "status $?: $(cat err)"
}

an_inner_limit_is_told_by_both() {
	"$tool" run --name outer --wall 20s --status-fd 3 -- \
		"$tool" run --name inner --wall 200ms --status-fd 4 -- sleep 20 3>outer 4>inner
	[ $? -eq 124 ] || fail "status $?"
	grep -q '"verdict":"wall","certain":true,"signal":15' inner || fail "$(cat inner)"
	grep -q '"verdict":"exit","certain":true,"exit_code":124' outer || fail "$(cat outer)"
}

an_outer_limit_is_told_by_both() {
	"$tool" run --name outer --wall 300ms --status-fd 3 -- \
		"$tool" run --name inner --wall 20s --status-fd 4 -- sleep 20 3>outer 4>inner
	[ $? -eq 124 ] || fail "status $?"
	grep -q '"verdict":"wall","certain":true,"limit_of":"outer"' inner || fail "$(cat inner)"
	grep -q '"verdict":"wall","certain":true' outer || fail "$(cat outer)"
}

# The outer budget's place is that of a child that was killed and is not yet waited for.
an_inner_supervisor_has_the_place_of_the_dead() {
	local status
	"$tool" run --procs 2 -- perl -e 'my $p = fork; if (!$p) { kill KILL => $$; sleep 60 }
		until (open(S, "<", "/proc/$p/stat") && <S> =~ /\) Z/) { select undef, undef, undef, 0.01 }
		exit(system(@ARGV) >> 8)' "$tool" run --wall 200ms -- sleep 20
	status=$?
	# Without a place it would have become the program itself, which the signal ends.
	[ "$status" -eq 124 ] || fail "status $status"
}

a_program_is_counted_once_by_the_outer_budget() {
	"$tool" run --procs 9 --status-fd 3 -- sh -c '"$@"; exit 0' sh "$tool" run -- "$subjects/end_by" exit 3 3>record || fail "status $?"
	expect_record '"procs_peak":2,"procs_total":3,'
}

an_inner_budget_is_part_of_the_outer_one() {
	"$tool" run --mem 32M --status-fd 3 -- "$tool" run --mem 1G --status-fd 4 -- \
		"$subjects/fail_after_refusal" 100000000 1 0 3>outer 4>inner || fail "status $?"
	grep -q '"denied":{"mem":1}' outer || fail "$(cat outer)"
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
	[ "$(sed -n 's/.*"procs_total":\([0-9]*\).*/\1/p' record)" -eq $((2 * n + 1)) ] || fail "$(cat record)"
}

# A tree of daemons that fork and execute all the time, each without any descriptor from its first instruction on.
restless='use POSIX; for my $i (1 .. 3) { next if fork; POSIX::setsid(); exit if fork; syscall(436, 0, 0xffffffff, 0);
	for (1 .. 1000) { my $p = fork; if (!$p) { syscall(436, 0, 0xffffffff, 0); select undef, undef, undef, 9 if $i == 2;
			exec @ARGV if $i == 1; POSIX::_exit(0) } $i == 3 ? waitpid $p, 0 : select(undef, undef, undef, 0.002) } }
	sleep 60;'

nobody_survives_the_supervisor() {
	local n=50 i pid left tries
	[ -z "${RL_LONG:-}" ] || n=1000
	for ((i = 0; i < n; i++)); do
		"$tool" run -- perl -e "$restless" perl -e "$waiter" "$mark" restless >/dev/null 2>&1 &
		pid=$!
		sleep "0.$(printf %03d $((RANDOM % 120)))"
		kill -KILL "$pid"
		wait "$pid" 2>/dev/null
		for ((tries = 0; tries < 500; tries++)); do
			left=$(living restless)
			[ "$left" -gt 0 ] || break
			sleep 0.02
		done
		[ "$left" -eq 0 ] || fail "run $i: $left left: $(pgrep -af "$mark restless" | cut -c 1-100)"
	done
}

a_program_that_forbids_sockets_may_fork() {
	run 5 -- perl -e 'my $filter = join "", map { pack "SCCL", @$_ } [0x20, 0, 0, 0], [0x15, 0, 1, 41], [6, 0, 0, 0x80000000], [6, 0, 0, 0x7fff0000];
		syscall(157, 38, 1, 0, 0, 0); syscall(157, 22, 2, pack("S x6 P", 4, $filter), 0, 0) and exit 90;
		my $p = fork; exit 5 if !$p; waitpid $p, 0; exit($? & 127 ? 91 : $? >> 8)'
	expect_record '"exit_code":5,'
}

a_program_that_forbids_our_kind_of_socket_may_fork() {
	run 5 -- perl -e "$(under_filter '[0x20, 0, 0, 0], [0x15, 0, 3, 41], [0x20, 0, 0, 16], [0x15, 0, 1, 1], [6, 0, 0, 0x80000000],
		[6, 0, 0, 0x7fff0000]' 'my $p = fork; exit 5 if !$p; waitpid $p, 0; exit($? & 127 ? 91 : $? >> 8)')"
}

a_program_that_forbids_connections_may_fork() {
	run 5 -- perl -MPOSIX -e "$(under_filter '[0x20, 0, 0, 0], [0x15, 0, 1, 42], [6, 0, 0, 0x80000000], [6, 0, 0, 0x7fff0000]' '
		my $s = getppid; kill STOP => $s; my $bad = 0;
		for (1 .. 20) { my $p = fork; POSIX::_exit(5) if !$p; waitpid $p, 0; $bad++ if $? != 5 << 8 }
		kill CONT => $s; exit($bad ? 91 : 5)')"
}

# A supervisor that has not seen the child yet; it may be that late at any time, but seldom is.
a_program_that_forbids_sockets_may_execute() {
	run 5 -- perl -e "$(under_filter '[0x20, 0, 0, 0], [0x15, 0, 1, 41], [6, 0, 0, 0x80000000], [6, 0, 0, 0x7fff0000]' '
		my $s = getppid; kill STOP => $s; my $p = fork; exec "sh", "-c", "exit 5" if !$p; waitpid $p, 0; kill CONT => $s;
		exit($? & 127 ? 91 : $? >> 8)')"
}

a_program_that_forbids_owners_may_execute() {
	run 5 -- perl -e "$(under_filter '[0x20, 0, 0, 0], [0x15, 0, 3, 72], [0x20, 0, 0, 24], [0x15, 0, 1, 8], [6, 0, 0, 0x80000000],
		[6, 0, 0, 0x7fff0000]' 'my $s = getppid; kill STOP => $s; my $p = fork; exec "sh", "-c", "exit 5" if !$p;
		waitpid $p, 0; kill CONT => $s; exit($? & 127 ? 91 : $? >> 8)')"
}

a_program_that_forbids_a_look_at_its_futexes_may_execute() {
	run 5 -- perl -e "$(under_filter '[0x20, 0, 0, 0], [0x15, 0, 1, 274], [6, 0, 0, 0x80000000], [6, 0, 0, 0x7fff0000]' '
		exec "sh", "-c", "exit 5"')"
	expect_record '"escapes":\[\]'
}

a_table_of_few_descriptors_is_no_way_out() {
	expect_none_survives few sh -c 'ulimit -n 600; exec perl -e "$1" "$2" few' sh "$stopper" "$mark"
}

a_crowd_is_no_way_out() {
	expect_none_survives crowd perl -e "$stopper" "$mark" crowd 60
}

a_network_of_its_own_is_no_way_out() {
	unshare -n true 2>/dev/null || return 77
	expect_none_survives network unshare -n perl -e "$stopper" "$mark" network
}

# The eleventh waited for the supervisor to read what the others had sent, for a fifth of a second at most, and so each further one.
a_stopped_supervisor_holds_up_no_fork() {
	run 0 -- perl -MPOSIX -MTime::HiRes=time -e 'my $s = getppid; kill STOP => $s; my $began = time;
		for (1 .. 100) { my $p = fork; POSIX::_exit(0) if !$p; waitpid $p, 0 } my $took = time - $began; kill CONT => $s;
		die "100 forks took $took s\n" if $took > 12'
}

# Who is not of the tree has the same sockets' names before him. What he sends must not even wait to be read: closing a
# descriptor may take as long as its maker likes.
a_stranger_sends_the_supervisor_nothing() {
	local pid
	"$tool" run -- sh -c ': >ready; while [ -e ready ]; do sleep 0.01; done' &
	pid=$!
	while [ ! -e ready ]; do sleep 0.01; done
	python3 - "$pid" <<-'END' || fail "status $?"
		import array, errno, os, re, select, socket, stat, sys
		pid = sys.argv[1]
		count = lambda: len(os.listdir("/proc/%s/fd" % pid))
		links = [os.readlink("/proc/%s/fd/%s" % (pid, f)) for f in os.listdir("/proc/%s/fd" % pid)]
		names = [l.split()[7] for l in open("/proc/net/unix") if "socket:[%s]" % l.split()[6] in links and " @" in l]
		if len(names) != 1:
		    sys.exit("no socket with a name: %s" % names)
		before = count()
		reading, writing = os.pipe()
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.setblocking(False)
		for text in [b"\0" * 4, b"", b"\0" * 12, b"\xff" * 16] * 10:
		    fds = array.array("i", [writing] * 3)
		    s.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)], 0, "\0" + names[0][1:])
		os.close(writing)
		if not select.select([reading], [], [], 0)[0]:
		    sys.exit("it keeps our descriptors")
		if abs(count() - before) > 5:  # what the tree forks meanwhile has one or two, for a moment
		    sys.exit("it has %d descriptors instead of %d" % (count(), before))
		fds = ["/proc/%s/fd/%s" % (pid, f) for f in os.listdir("/proc/%s/fd" % pid)]
		doors = [f for f in fds if re.search(r"/reslimit-\S+ \(deleted\)$", os.readlink(f)) and stat.S_ISSOCK(os.stat(f).st_mode)]
		if len(doors) != 1:
		    sys.exit("no door: %s" % doors)
		s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		s.connect(doors[0])
		if os.getuid() == 0:
		    os.setuid(65534)
		    if socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect_ex(doors[0]) != errno.EACCES:
		        sys.exit("another user gets in")
	END
	rm ready
	wait "$pid" || fail "status $?"
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

a_relative_status_file_gets_one_record() {
	rm -f record
	"$tool" run --status-file record --wall 9s -- true
	[ "$(wc -l <record)" -eq 1 ] || fail "$(cat record)"
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
