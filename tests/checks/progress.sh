#!/bin/bash
# progress.sh - gauges on the last line of a terminal, gone at the end, and nowhere else.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317,SC2015 # the tests are called by the names found in this file; fail never returns
# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
need python3
export PATH=$BUILD:/usr/bin:/bin TERM=xterm
on_terminal=$top/tests/harness/on_terminal.py

# Runs a command on a terminal; what the terminal was sent is in `seen`.
on_terminal() {
	timeout 30 "$on_terminal" "$@" >seen
	status=$?
}

# What a terminal of ROWS COLS shows after `seen`: its lines, then "cursor ROW COL", then "region TOP BOTTOM".
screen() {
	python3 - "$1" "$2" <<'END'
import re, sys
rows, cols = int(sys.argv[1]), int(sys.argv[2])
cells = [[" "] * cols for _ in range(rows)]
row = col = top = 0
bottom, saved = rows - 1, (0, 0)
def down():
    global row
    if row == bottom:
        cells.insert(bottom + 1, [" "] * cols)
        del cells[top]
    elif row < rows - 1:
        row += 1
data = open("seen", "rb").read().decode()
for m in re.finditer(r"\x1b\[([0-9;]*)([A-Za-z])|\x1b(.)|(.)", data, re.S):
    arguments, final, escape, char = m.groups()
    numbers = [int(n) for n in (arguments or "").split(";") if n]
    if escape == "7": saved = (row, col)
    elif escape == "8": row, col = saved
    elif escape == "D": down()
    elif final == "A": row = max(0, row - (numbers or [1])[0])
    elif final == "H": row, col = [n - 1 for n in (numbers or [1, 1])]
    elif final == "r":
        top, bottom = [n - 1 for n in numbers] or (0, rows - 1)
        row = col = 0
    elif final == "K": cells[row][0 if numbers == [2] else col:] = " " * (cols - (0 if numbers == [2] else col))
    elif char == "\n": down()
    elif char == "\r": col = 0
    elif char:
        if col >= cols: sys.exit("a line wraps")
        cells[row][col] = char
        col += 1
for line in cells: print("".join(line).rstrip())
print("cursor", row, col)
print("region", top, bottom)
END
}

# Tests:

gauges_show_what_is_used_of_each_limit() {
	on_terminal --size 20x140 -- reslimit run --progress --mem 64M --wall 20s --procs 4 -- sleep 2
	[ "$status" -eq 0 ] || fail "status $status"
	grep -aqE 'mem [0-9.]+K/64M \[#*\.*\]  wall [0-9.]+s/20s \[#*\.*\]  cpu [0-9.]+s  procs 0/4 \[\.*\]  threads 0' seen ||
		fail "$(cat -v seen)"
	[ "$(grep -ac 'mem ' seen)" -ge 1 ] && [ "$(grep -ao 'mem ' seen | wc -l)" -ge 2 ] || fail "not redrawn"
}

at_the_end_the_terminal_is_as_without() {
	on_terminal --size 20x80 -- sh -c 'echo before; reslimit run --progress --mem 64M -- sh -c "echo one; sleep 2; echo two"; echo after'
	screen 20 80 >shown
	grep -aq 'mem ' seen || fail "no gauges were there"
	[ "$(sed '/^$/d' shown)" = "$(printf 'before\none\ntwo\nafter\ncursor 4 0\nregion 0 19')" ] || fail "$(cat shown)"
}

output_at_the_bottom_scrolls_above_the_gauges() {
	on_terminal --size 10x80 -- sh -c 'reslimit run --progress --mem 64M -- sh -c "seq 1 30; sleep 2; seq 31 40"'
	screen 10 80 >shown
	[ "$(sed '/^$/d' shown)" = "$(seq 33 40; echo cursor 8 0; echo region 0 9)" ] || fail "$(cat shown)"
}

a_column_that_the_program_left_is_kept() {
	on_terminal --size 10x80 -- reslimit run --progress --mem 64M -- sh -c 'printf "name: "; sleep 2; echo x'
	screen 10 80 | grep -qx 'name: x' || fail "$(screen 10 80)"
}

a_narrow_terminal_gets_what_fits() {
	for cols in 16 20 40 79 200; do
		on_terminal --size "10x$cols" -- reslimit run --progress --mem 64M --wall 9s -- sleep 1.5
		screen 10 "$cols" >shown || fail "$cols columns: $(cat shown)"
		grep -aq "mem" seen || fail "$cols columns: nothing was shown"
	done
	on_terminal --size 10x9 -- reslimit run --progress --mem 64M -- sleep 0.5
	if grep -aq mem seen; then fail "9 columns: something was shown"; fi
}

a_signal_also_ends_the_gauges() {
	for name in INT TERM HUP; do
		on_terminal --size 10x80 --signal '/mem /' "$name" -- reslimit run --progress --mem 64M -- sleep 19
		[ "$status" -ge 128 ] || fail "$name: status $status"
		grep -aq 'mem ' seen || fail "$name: no gauges were there"
		[ "$(screen 10 80 | sed '/^$/d')" = "$(printf 'cursor 0 0\nregion 0 9')" ] || fail "$name" "$(screen 10 80)"
	done
}

a_stop_gives_the_line_back_and_going_on_takes_it_again() {
	# shellcheck disable=SC2016
	on_terminal --size 10x80 --at '/mem /' $'\x1a' -- bash -c 'set -m; reslimit run --progress --mem 64M -- sleep 3
		echo "stopped $?" >told; echo XX; fg >/dev/null; echo "ended $?" >>told'
	[ "$(cat told)" = "$(printf 'stopped 147\nended 0')" ] || fail "$(cat told)" "$(cat -v seen)"
	cp seen all
	sed '/XX/,$d' all >seen
	screen 10 80 >shown
	grep -q '^region 0 9$' shown && ! grep -q 'wall [0-9]' shown || fail "while stopped:" "$(cat shown)"
	sed '1,/XX/d' all | grep -aq 'wall [0-9]' || fail "not drawn again"
	cp all seen
	screen 10 80 >shown
	grep -q '^region 0 9$' shown && ! grep -q 'wall [0-9]' shown || fail "at the end:" "$(cat shown)"
}

a_limit_that_ends_the_program_also_ends_the_gauges() {
	on_terminal --size 10x80 -- reslimit run --progress --wall 2s -- sleep 15
	[ "$status" -eq 124 ] || fail "status $status"
	[ "$(screen 10 80 | sed '/^$/d')" = "$(printf 'cursor 0 0\nregion 0 9')" ] || fail "$(screen 10 80)"
}

nothing_is_drawn_where_there_is_no_terminal() {
	reslimit run --progress --mem 64M -- sleep 0.6 2>err >out || fail "status $?"
	[ ! -s err ] && [ ! -s out ] || fail "$(cat -v err out)"
	TERM=dumb on_terminal -- reslimit run --progress --mem 64M -- sleep 0.6
	[ ! -s seen ] || fail "dumb: $(cat -v seen)"
	on_terminal -- sh -c 'reslimit run --progress --mem 64M -- sleep 0.6 2>/dev/null'
	[ ! -s seen ] || fail "elsewhere: $(cat -v seen)"
}

a_short_run_shows_nothing() {
	# On a machine that stalls no run is short.
	for _ in 1 2 3 4 5 6 7 8 9; do
		on_terminal -- reslimit run --progress --mem 64M -- true
		[ -s seen ] || return 0
	done
	fail "$(cat -v seen)"
}

a_stopped_terminal_does_not_stop_the_limits() {
	# Ctrl-S; then nothing that is written comes through, and the wall limit must hold all the same.
	begun=$(date +%s%N)
	on_terminal --at 0.1 $'\x13' --at 9 $'\x11' -- sh -c 'reslimit run --progress --wall 1s -- sleep 20; date +%s%N >ended'
	took=$((($(cat ended) - begun) / 1000000))
	[ "$took" -lt 8000 ] || fail "took $took ms"
}

run_cases "$@"
