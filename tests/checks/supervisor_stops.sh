#!/bin/bash
# supervisor_stops.sh - time in which the program stood still; and what it was doing when time was up.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2015,SC2016,SC2317 # fail never returns; the programs' code stands in single quotes; tests are called by name
# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
# shellcheck source=tests/harness/supervised.sh
. "$(dirname "$0")/../harness/supervised.sh"

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

# Tests:

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
		noted=$(recorded wall_stopped_ns)
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

run_cases "$@"
