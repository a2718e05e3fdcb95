#!/bin/bash
# supervisor_effects.sh - program, parent and terminal cannot tell: descriptors, signals, exits, dumps.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2015,SC2016,SC2317 # fail never returns; the programs' code stands in single quotes; tests are called by name
# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
# shellcheck source=tests/harness/supervised.sh
. "$(dirname "$0")/../harness/supervised.sh"

# Starts a program that says when it is ready and counts signals; $! is the supervisor.
start_counter() {
	"$tool" run --status-fd 3 -- perl -e 'my %n; my $end;
		$SIG{$_} = sub { $n{$_[0]}++; $end = 1 if $_[0] eq "TERM" } for qw(USR1 INT TERM WINCH HUP CONT);
		$| = 1; open R, ">ready"; print R "$$\n"; close R; select undef, undef, undef, 0.05 until $end;
		select undef, undef, undef, 0.1; print join(" ", map { "$_=$n{$_}" } sort keys %n), "\n"; exit 5' >counted 3>record &
	while [ ! -s ready ]; do sleep 0.01; done
}

# Tests:

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

a_grandchild_that_keeps_the_pipe_does_not_hold_us() {
	local out
	out=$(timeout 20 "$tool" run -- sh -c 'sleep 60 & echo done') || fail "status $?"
	[ "$out" = "done" ] || fail "output '$out'"
}

a_relative_status_file_gets_one_record() {
	rm -f record
	"$tool" run --status-file record --wall 9s -- true
	[ "$(wc -l <record)" -eq 1 ] || fail "$(cat record)"
}

run_cases "$@"
