#!/bin/bash
# supervisor_nested.sh - a budget below another: who tells of which limit, who counts whom.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2015,SC2016,SC2094,SC2317 # fail never returns; the programs' code stands in single quotes; tests are called by name
# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
# shellcheck source=tests/harness/supervised.sh
. "$(dirname "$0")/../harness/supervised.sh"

# run_nested OUTER INNER: their limits of wall time; the records go to ./outer and ./inner.
run_nested() {
	"$tool" run --name outer --wall "$1" --status-fd 3 -- \
		"$tool" run --name inner --wall "$2" --status-fd 4 -- sleep 20 3>outer 4>inner
	[ $? -eq 124 ] || fail "status $?"
}

# expect_told FILE TEXT
expect_told() {
	grep -qF "$2" "$1" || fail "$(cat "$1")"
}

# Tests:

an_inner_limit_is_told_by_both() {
	run_nested 20s 200ms
	expect_told inner '"verdict":"wall","certain":true,"signal":15'
	expect_told outer '"verdict":"exit","certain":true,"exit_code":124'
}

an_outer_limit_is_told_by_both() {
	run_nested 300ms 20s
	expect_told inner '"verdict":"wall","certain":true,"limit_of":"outer"'
	expect_told outer '"verdict":"wall","certain":true'
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
	expect_told outer '"denied":{"mem":1}'
}

run_cases "$@"
