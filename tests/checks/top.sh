#!/bin/bash
# top.sh - reslimit top: which trees it lists, what it says of them, and what it does to a terminal.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317,SC2015 # the tests are called by the names found in this file; fail never returns
# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
need python3
export PATH=$BUILD:/usr/bin:/bin TERM=xterm
on_terminal=$top/tests/harness/on_terminal.py
# Other trees of this user may be there; ours have this in their names.
tag=top-$$

# Starts a guarded Python program that does $2..., and waits for the line with which it says that it is there.
begin() {
	local out=$tmp/started.$RANDOM
	mkfifo "$out"
	(
		export LD_PRELOAD=$BUILD/libreslimit_preload.so
		exec env "${@:1:$#-1}" python3 -c "import sys, os, time
${*: -1}
print('there', flush=True)
time.sleep(60)" >"$out"
	) &
	started=$!
	trap 'kill -9 $started 2>/dev/null' EXIT
	read -r -t 20 _ <"$out" || fail "the program did not start"
}

end() {
	kill -9 "$started"
	wait "$started" 2>/dev/null
	return 0
}

# The value of key $1 in the JSON line of the tree named $2.
value() {
	reslimit top --json | python3 -c '
import json, sys
for line in sys.stdin:
    tree = json.loads(line)
    if tree.get("name") == sys.argv[2]:
        print(tree.get(sys.argv[1]))' "$1" "$2"
}

# Tests:

a_tree_is_listed_with_what_it_uses_of_its_limits() {
	begin RESLIMIT_MEM=256M RESLIMIT_WALL=50s RESLIMIT_PROCS=3 "RESLIMIT_NAME=$tag-a" 'block = "x" * 50000000'
	reslimit top >"$tmp/table"
	grep -qE "^$tag-a +$started +[0-9.]+M +256M " "$tmp/table" || fail "$(cat "$tmp/table")"
	[ "$(value pid "$tag-a")" = "$started" ] || fail "pid"
	[ "$(value mem_limit_bytes "$tag-a")" = 268435456 ] || fail "limit"
	bytes=$(value mem_bytes "$tag-a")
	[ "$bytes" -gt 50000000 ] && [ "$bytes" -lt 100000000 ] || fail "$bytes bytes"
	[ "$(value wall_limit_ns "$tag-a")" = 50000000000 ] || fail "wall"
	[ "$(value wall_stopped_ns "$tag-a")" = 0 ] || fail "stopped"
	[ "$(value procs_limit "$tag-a")" = 3 ] && [ "$(value procs "$tag-a")" = 0 ] || fail "procs"
	[ "$(value state "$tag-a")" = running ] || fail "state"
	end
}

a_tree_whose_processes_are_dead_is_not_listed() {
	begin RESLIMIT_MEM=256M "RESLIMIT_NAME=$tag-b" ''
	[ "$(value pid "$tag-b")" = "$started" ] || fail "not listed while it lives"
	ledger=$(value ledger "$tag-b")
	exec 7<>"$ledger" # while somebody has it open no other program's start sweeps it
	end
	[ -e "$ledger" ] || fail "the ledger is gone already: nothing is tested"
	[ -z "$(value pid "$tag-b")" ] || fail "listed though dead"
	[ -e "$ledger" ] || fail "who only looks has removed something"
	exec 7>&-
	rm -f "$ledger"
}

refusals_and_their_limit_are_shown() {
	begin RESLIMIT_MEM=64M "RESLIMIT_NAME=$tag-c" '
try: block = "x" * 100000000
except MemoryError: pass'
	[ "$(value state "$tag-c")" = refused ] && [ "$(value limit "$tag-c")" = mem ] || fail "$(value state "$tag-c")"
	reslimit top | grep -qE "^$tag-c .* refused:mem *$" || fail "$(reslimit top)"
	end
}

children_and_threads_are_counted() {
	begin RESLIMIT_PROCS=5 "RESLIMIT_NAME=$tag-d" '
import subprocess, threading
children = [subprocess.Popen(["sleep", "30"]) for _ in range(2)]
for _ in range(3): threading.Thread(target=time.sleep, args=(30,), daemon=True).start()'
	[ "$(value procs "$tag-d")" = 2 ] || fail "$(value procs "$tag-d") processes"
	[ "$(value threads "$tag-d")" = 3 ] || fail "$(value threads "$tag-d") threads"
	pkill -P "$started"
	end
}

a_nested_budget_stands_below_its_outer_one() {
	mkfifo "$tmp/nested"
	LD_PRELOAD=$BUILD/libreslimit_preload.so RESLIMIT_MEM=64M RESLIMIT_NAME="$tag-e" \
		sh -c "RESLIMIT_MEM=32M RESLIMIT_NAME=$tag-f sh -c 'echo; read x'; :" <"$tmp/nested" >"$tmp/said" &
	started=$!
	exec 8>"$tmp/nested"
	for _ in $(seq 200); do
		[ -s "$tmp/said" ] && break
		sleep 0.05
	done
	reslimit top >"$tmp/table"
	exec 8>&-
	wait "$started"
	grep -A1 "^$tag-e .* 64M " "$tmp/table" | grep -q "^.-$tag-f .* 32M " || fail "$(cat "$tmp/table")"
}

a_supervised_tree_is_listed_as_well() {
	reslimit run --mem 256M --wall 50s --name "$tag-h" -- sleep 40 &
	started=$!
	program=$(realpath "$(command -v sleep)")
	for _ in $(seq 200); do # its limits are there before it is
		[ "$(value wall_limit_ns "$tag-h") $(value exe "$tag-h")" = "50000000000 $program" ] && break
		sleep 0.05
	done
	[ "$(value wall_limit_ns "$tag-h")" = 50000000000 ] || fail "wall"
	[ "$(value exe "$tag-h")" = "$program" ] || fail "exe $(value exe "$tag-h")"
	kill "$started"
	wait "$started"
	[ -z "$(value pid "$tag-h")" ] || fail "still listed"
}

a_file_that_is_no_ledger_is_passed_over() {
	name=/dev/shm/reslimit-$(id -u)-1-$$
	head -c 100000 /dev/zero >"$name" && chmod 600 "$name"
	reslimit top >"$tmp/table" 2>"$tmp/err"
	status=$?
	rm -f "$name"
	[ "$status" -eq 0 ] && [ ! -s "$tmp/err" ] || fail "status $status" "$(cat "$tmp/err")"
}

a_terminal_is_kept_up_to_date_until_q_and_then_as_it_was() {
	begin RESLIMIT_MEM=256M "RESLIMIT_NAME=$tag-g" ''
	"$on_terminal" --at "/$tag-g.*$tag-g.*$tag-g/" q -- reslimit top --interval 0.3s >"$tmp/seen"
	status=$?
	end
	[ "$status" -eq 0 ] || fail "status $status"
	[ "$(grep -c "$tag-g" "$tmp/seen")" -ge 3 ] || fail "shown $(grep -c "$tag-g" "$tmp/seen") times"
	head -c 8 "$tmp/seen" | grep -qF $'\e[?1049h' || fail "no second screen"
	tail -c 14 "$tmp/seen" | grep -qF $'\e[?25h\e[?1049l' || fail "cursor or screen not given back"
}

a_signal_also_gives_the_terminal_back() {
	for name in INT TERM HUP; do
		"$on_terminal" --signal $'/\e\\[\\?25l/' "$name" -- reslimit top >"$tmp/seen"
		status=$?
		[ "$status" -eq $((128 + $(kill -l "$name"))) ] || fail "$name: status $status"
		tail -c 14 "$tmp/seen" | grep -qF $'\e[?25h\e[?1049l' || fail "$name: cursor or screen not given back"
	done
}

once_prints_a_plain_table_on_a_terminal_too() {
	"$on_terminal" -- reslimit top --once >"$tmp/seen" || fail "status $?"
	if grep -qF $'\e[' "$tmp/seen"; then fail "it moved the cursor"; fi
}

bad_options_get_one_line_and_125() {
	for words in "--interval 1ms" "--interval soon" "--mem 3" "extra" "--nonsense"; do
		# shellcheck disable=SC2086 # words
		reslimit top $words >"$tmp/out" 2>"$tmp/err"
		status=$?
		[ "$status" -eq 125 ] && [ "$(wc -l <"$tmp/err")" -eq 1 ] && [ ! -s "$tmp/out" ] ||
			fail "$words: status $status" "$(cat "$tmp/err")"
	done
}

run_cases "$@"
