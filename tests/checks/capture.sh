#!/bin/bash
# capture.sh - output in files: whole, apart, bounded, stamped; and nobody is held up or killed for it.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317,SC2015 # the tests are called by the names found in this file; fail never returns
# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
need python3
export PATH=$BUILD:/usr/bin:/bin TERM=xterm

# Runs a program under the supervisor; leaves `status`, err and record.
run() {
	timeout 30 reslimit run --status-fd 9 "$@" 2>err 9>record
	status=$?
}

expect_status() {
	[ "$status" -eq "$1" ] || fail "status $status, not $1" "$(cat err)"
}

# The record's capture.$1 is $2.
expect_capture() {
	local found
	found=$(python3 -c 'import json, sys; print(json.load(open("record"))["capture"].get(sys.argv[1]))' "$1")
	[ "$found" = "$2" ] || fail "capture.$1 is $found, not $2" "$(cat record)"
}

# Tests:

both_streams_go_to_their_files_and_the_status_stays() {
	run --capture out -- sh -c 'echo one; echo two >&2; exit 5'
	expect_status 5
	[ "$(cat out/stdout)" = one ] && [ "$(cat out/stderr)" = two ] && [ ! -s err ] || fail "$(cat out/* err)"
	expect_capture stdout_bytes 4
	expect_capture stderr_bytes 4
	expect_capture stdout_lost 0
}

one_stream_alone_leaves_the_other_where_it_was() {
	run --stdout out -- sh -c 'echo one; echo two >&2'
	expect_status 0
	[ "$(cat out)" = one ] && [ "$(cat err)" = two ] || fail "$(cat out err)"
	expect_capture stderr_bytes None
}

head_and_tail_of_long_output_are_kept() {
	run --stdout out --capture-limit 20 -- seq 1 1000
	expect_status 0
	printf '1\n2\n3\n4\n5\n[reslimit: 3873 bytes left out]\n\n999\n1000\n' >expected
	cmp -s out expected || fail "$(cat out)"
	expect_capture stdout_bytes 3893
	expect_capture stdout_cut 3873
}

each_line_is_stamped_with_its_time() {
	run --stdout out --timestamps -- sh -c 'echo a; sleep 0.6; printf b; sleep 0.6; printf "c\n\0d"'
	expect_status 0
	python3 - <<'END' || fail "$(cat -A out)"
import re
lines = open("out", "rb").read().split(b"\n")
found = [re.fullmatch(rb"\[ *(\d+\.\d{6})\] (.*)", line, re.S) for line in lines]
assert [m.group(2) for m in found] == [b"a", b"bc", b"\0d"], lines
times = [float(m.group(1)) for m in found]
# A line has the time of its first byte, and none the time at which all of it was written.
assert times[1] >= 0.6 and times[2] >= 1.2, times
assert times[1] - times[0] > 0.1 and times[2] - times[1] > 0.1 and times[2] < 20, times
END
}

who_is_left_with_the_pipe_does_not_hang_us() {
	begun=$(date +%s)
	run --stdout out --orphans leave -- sh -c 'setsid sleep 25 & echo $! >pid; echo done'
	took=$(($(date +%s) - begun))
	kill -9 "$(cat pid)" || fail "it did not live: nothing is tested"
	expect_status 0
	[ "$took" -lt 20 ] || fail "took $took s"
	[ "$(cat out)" = "done" ] || fail "$(cat out)"
}

a_program_killed_by_its_limit_leaves_what_it_wrote() {
	run --stdout out --wall 1s --wall-action KILL -- sh -c 'echo before; sleep 30'
	expect_status 124
	[ "$(cat out)" = before ] || fail "$(cat out)"
}

a_full_disk_loses_output_and_nothing_else() {
	run --stdout /dev/full -- sh -c 'head -c 1000000 /dev/zero && exit 4'
	expect_status 4
	expect_capture stdout_bytes 1000000
	expect_capture stdout_lost 1000000
	expect_capture stdout_errno 28
}

a_small_file_system_keeps_what_fits() {
	# shellcheck disable=SC2016
	unshare -rm sh -c 'mkdir small && mount -t tmpfs -o size=64k none small && exec "$@"' sh true 2>/dev/null ||
		return 77
	rm -rf small
	# shellcheck disable=SC2016
	unshare -rm sh -c 'mkdir small && mount -t tmpfs -o size=64k none small || exit 99
		timeout 30 reslimit run --status-fd 9 --capture small -- sh -c "head -c 200000 /dev/zero; exit 6" 9>record
		echo $? $(stat -c %s small/stdout) >found'
	[ "$(cat found)" = "6 65536" ] || fail "$(cat found)"
	expect_capture stdout_bytes 200000
	expect_capture stdout_lost 134464
}

a_limit_on_file_sizes_kills_nobody() {
	# The ledger must fit; the program is given the limit by its shell, and so have we.
	(ulimit -S -f 24000 && run --stdout out -- sh -c 'head -c 40000000 /dev/zero; exit 3'; echo "$status" >st)
	[ "$(cat st)" = 3 ] || fail "status $(cat st)" "$(cat err)"
	expect_capture stdout_bytes 40000000
	expect_capture stdout_lost $((40000000 - $(stat -c %s out)))
	expect_capture stdout_errno 27
}

a_program_that_writes_no_more_is_not_waited_for() {
	run --stdout out -- sh -c 'exec >&-; exit 0'
	expect_status 0
	expect_capture stdout_bytes 0
}

the_program_sees_pipes() {
	run --capture out -- sh -c '[ -p /dev/stdout ] && [ -p /dev/stderr ] && [ ! -t 1 ]'
	expect_status 0
}

what_cannot_work_is_refused_before_the_start() {
	mkfifo fifo
	for words in "--capture out --stdout x" "--timestamps" "--capture-limit 1M" "--stdout x --capture-limit many" \
		"--stdout fifo" "--stdout missing/x" "--stdout ." "--capture fifo" "--stdout x --no-supervise" \
		"--stdout=" "--stderr=" "--capture=" "--stdout x --capture-limit="; do
		# shellcheck disable=SC2086 # words
		run $words -- touch started
		expect_status 125
		[ "$(grep -c '' err)" -eq 1 ] && grep -q '^reslimit: --' err && [ ! -e started ] || fail "$words" "$(cat err)"
	done
}

output_is_carried_as_fast_as_cat_does() {
	# Under load a single run tells nothing: the best of several, in turns, and a wide margin.
	python3 - <<'END' || fail "too slow"
import subprocess, sys, time
def seconds(command):
    subprocess.run("rm -f big", shell=True)
    begun = time.monotonic()
    subprocess.run(command, shell=True, check=True)
    return time.monotonic() - begun
cat = ours = 1000
for _ in range(12):
    cat = min(cat, seconds("yes | head -c 400M | cat >big"))
    ours = min(ours, seconds("reslimit run --wall 60s --stdout big -- sh -c 'yes | head -c 400M'"))
    print(f"# cat {cat:.3f} s, captured {ours:.3f} s")
    if ours < 2 * cat + 0.1:
        sys.exit(0)
sys.exit(1)
END
}

run_cases "$@"
