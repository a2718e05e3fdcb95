#!/bin/bash
# trace.sh - the timeline: what happens in a tree, when, and what it used meanwhile.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317,SC2015 # the tests are called by the names found in this file; fail never returns
# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
need python3
export PATH=$BUILD:/usr/bin:/bin TERM=xterm

# Runs a program with the library alone, its settings as NAME=value before "--".
plain() {
	local settings=()
	while [ "$1" != -- ]; do settings+=("RESLIMIT_$1"); shift; done
	shift
	timeout 30 env "${settings[@]}" LD_PRELOAD="$BUILD/libreslimit_preload.so" "$@" >out 2>err
	status=$?
}

# The lines of the file $1 satisfy the Python expression $2: `all`, and event(NAME) for those of one kind.
holds() {
	python3 - "$1" "$2" <<'END' || fail "$2 does not hold of:" "$(tail -n 20 "$1")"
import json, sys
all = [json.loads(line) for line in open(sys.argv[1])]
def event(name): return [line for line in all if line["event"] == name]
sys.exit(not eval(sys.argv[2]))
END
}

# Tests:

the_events_of_a_tree_stand_in_their_order() {
	plain MEM=64M TRACE=t NAME=n -- sh -c '/bin/true; exit 3'
	[ "$status" -eq 3 ] || fail "status $status"
	holds t '[l["event"] for l in all if l["event"] not in ("sample", "fork")] == ["start", "exec", "exec", "exit", "exit", "end"]'
	holds t 'event("start")[0]["name"] == "n" and event("start")[0]["pid"] == event("exec")[0]["pid"]'
	holds t 'event("exec")[1]["exe"].endswith("/true") and event("exec")[1]["ppid"] == event("exec")[0]["pid"]'
	holds t 'event("exit")[0]["exit_code"] == 0 and event("exit")[1]["exit_code"] == 3'
	holds t 'event("end")[0]["verdict"] == "exit" and event("end")[0]["exit_code"] == 3'
	holds t 'all[0]["event"] == "start" and [l["t_ns"] for l in all] == sorted(l["t_ns"] for l in all)'
}

samples_come_each_tick_and_tell_what_is_used() {
	plain TRACE=t TICK=50ms -- python3 -c '
import threading, time
block = bytearray(30000000)
thread = threading.Thread(target=time.sleep, args=(1,)); thread.start()
while time.process_time() < 0.2: pass
thread.join()'
	[ "$status" -eq 0 ] || fail "status $status"
	holds t '5 <= len(event("sample")) <= all[-1]["t_ns"] / 50e6 + 2'
	holds t 'max(s["mem_bytes"] for s in event("sample")) > 30e6'
	holds t 'max(s["rss_bytes"] for s in event("sample")) > 30e6'
	holds t 'max(s["threads"] for s in event("sample")) == 1 and event("sample")[-1]["procs"] == 0'
	holds t 'event("sample")[-1]["cpu_ns"] > 150000000'
	# One that a busy machine held up is close to the next; most are not.
	holds t 'sorted(b["t_ns"] - a["t_ns"] for a, b in zip(event("sample"), event("sample")[1:]))[len(event("sample")) // 2 - 1] > 25e6'
}

several_processes_write_one_sample_each_tick() {
	plain TRACE=t TICK=100ms PROCS=20 -- sh -c 'for i in 1 2 3 4 5 6; do sleep 1 & done; wait'
	holds t '4 <= len(event("sample")) <= all[-1]["t_ns"] / 100e6 + 2'
	holds t 'max(s["procs"] for s in event("sample")) == 6'
}

refusals_are_told_with_their_call() {
	plain MEM=32M TRACE=t -- python3 -c '
for i in range(5):
    try: bytearray(100000000)
    except MemoryError: pass'
	[ "$status" -eq 0 ] || fail "status $status"
	holds t '[e["count"] for e in event("refused")] == [1, 2, 4]'
	holds t 'event("refused")[0]["bytes"] > 100000000 and event("refused")[0]["call"] in ("calloc", "malloc", "mmap")'
	holds t 'event("end")[0]["verdict"] == "ok"'
}

a_limit_and_its_steps_are_told() {
	plain WALL=0.5s WALL_ACTION=USR1:0.1s,KILL TRACE=t -- sh -c 'trap "" USR1; sleep 9; sleep 9'
	holds t 'event("limit")[0]["limit"] == "wall" and event("limit")[0]["value"] == 500000000'
	holds t 'event("step")[0]["step"] == "USR1" and event("step")[-1]["step"] == "KILL"'
	holds t '500e6 <= event("limit")[0]["t_ns"] and 600e6 <= event("step")[-1]["t_ns"] < 8e9'
	holds t 'event("end")[0]["verdict"] == "wall"'
}

under_a_supervisor_it_is_the_same() {
	timeout 30 reslimit run --wall 1s --tick 100ms --trace t-%p-%n --name a/b -- sh -c 'sleep 0.1; sleep 9'
	[ $? -eq 124 ] || fail "status $?"
	set -- t-*
	[ $# -eq 1 ] || fail "$*"
	holds "$1" 'all[0]["event"] == "start" and all[0]["name"] == "a/b"'
	holds "$1" 'sys.argv[1] == "t-%d-a_b" % all[0]["pid"]'
	holds "$1" '[l["t_ns"] for l in all] == sorted(l["t_ns"] for l in all) and len(event("sample")) >= 3'
	holds "$1" 'event("step")[0]["step"] == "TERM" and event("end")[0]["signal"] == 15'
}

a_nested_budget_writes_no_line_twice() {
	plain MEM=64M TRACE=t -- env RESLIMIT_MEM=32M RESLIMIT_NAME=inner sh -c :
	holds t 'len([e for e in event("exec") if e["exe"].endswith("sh")]) == 1 and len(event("end")) == 1'
}

without_the_setting_nothing_is_added() {
	plain MEM=64M -- sh -c 'ls /proc/self/task | wc -l'
	[ "$(cat out)" = 1 ] && [ ! -e t ] || fail "$(cat out)"
}

a_file_that_may_not_grow_kills_nobody() {
	plain TRACE=/dev/full MEM=64M -- sh -c 'exit 4'
	[ "$status" -eq 4 ] && [ ! -s err ] || fail "status $status" "$(cat err)"
	# The library's own file is bigger than this limit, so the limit comes later.
	# shellcheck disable=SC2016
	plain TRACE=t MEM=64M -- sh -c 'ulimit -S -f 1; i=0; while [ $i -lt 40 ]; do sh -c :; i=$((i + 1)); done; exit 4'
	[ "$status" -eq 4 ] || fail "status $status" "$(cat err)"
}

a_log_whose_reader_is_gone_kills_nobody() {
	mkfifo fifo
	# shellcheck disable=SC2094
	exec 7<>fifo 8>fifo 7>&-
	plain LOG=8 MEM=32M -- python3 -c '
try: bytearray(100000000)
except MemoryError: raise SystemExit(4)'
	[ "$status" -eq 4 ] || fail "status $status"
}

a_place_that_cannot_be_written_is_refused() {
	plain TRACE=missing/t -- touch started
	[ "$status" -eq 125 ] && [ ! -e started ] && [ "$(wc -l <err)" -eq 1 ] || fail "status $status" "$(cat err)"
	grep -q '^reslimit: RESLIMIT_TRACE=.*missing/t: no such directory' err || fail "$(cat err)"
}

run_cases "$@"
