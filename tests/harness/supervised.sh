# supervised.sh - runs programs under reslimit run and looks at what is left of them; sourced by bash tests, after cases.sh.
# shellcheck shell=bash
#
# With RL_LONG each repetition is as often as the figures of the manual ask for.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2034,SC2154 # perl in single quotes; some are for those who source this; cases.sh sets BUILD and tmp
set -u
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

# The number that the record has by this name.
recorded() {
	sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" record
}

expect_gone() {
	[ "$(living "$1")" -eq 0 ] || fail "$1 is still there: $(pgrep -af "$mark $1")"
}
