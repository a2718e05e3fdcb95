#!/bin/sh
# tools_profile.sh - --profile: what a file of settings may hold, and what is refused.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # the tests are called by the names found in this file

# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
# shellcheck source=tests/harness/tools.sh
. "$(dirname "$0")/../harness/tools.sh"

# A profile of this text, in printf's language, is refused with this line.
expect_refusal() {
	# shellcheck disable=SC2059
	printf "$1" >"$tmp/profile"
	run "$tool" exec --profile "$tmp/profile" true
	expect_complaint 125 "$tmp/profile:$2"
}

# Tests:

the_later_of_two_profiles_wins() {
	echo 'MEM=65M' >"$tmp/one"
	printf 'MEM=66M' >"$tmp/two"
	run "$tool" exec --profile "$tmp/one" --profile="$tmp/two" env
	expect_line RESLIMIT_MEM=66M
}

a_missing_profile_is_refused() {
	run "$tool" exec --profile "$tmp/none" true
	expect_complaint 125 "--profile $tmp/none: No such file or directory"
}

an_unreadable_profile_is_refused() {
	run "$tool" exec --profile "$tmp" true
	expect_complaint 125 "--profile $tmp: Is a directory"
	[ "$(id -u)" -eq 0 ] && return
	echo 'MEM=64M' >"$tmp/secret"
	chmod 0 "$tmp/secret"
	run "$tool" exec --profile "$tmp/secret" true
	expect_complaint 125 "--profile $tmp/secret: Permission denied"
}

a_profile_may_hold_comments_spaces_and_both_kinds_of_names() {
	printf '# a comment\n\n  \t\n \tMEM \t=\t 64M \r\nRESLIMIT_PROCS=4\n   # another\nNAME=a = b #c\nWALL=\n' >"$tmp/profile"
	run "$tool" exec --profile "$tmp/profile" --print
	expect_status 0
	expect_line "export RESLIMIT_MEM='64M'"
	expect_line "export RESLIMIT_PROCS='4'"
	expect_line "export RESLIMIT_NAME='a = b #c'"
	expect_line "export RESLIMIT_WALL=''"
}

a_profile_may_begin_with_a_byte_order_mark() {
	printf '\357\273\277MEM=64M\n' >"$tmp/profile"
	run "$tool" exec --profile "$tmp/profile" --print
	expect_line "export RESLIMIT_MEM='64M'"
}

a_profile_without_lines_is_refused_and_not_read_for_ever() {
	# shellcheck disable=SC2016
	run sh -c 'ulimit -v 1000000; exec "$@"' x "$tool" exec --profile /dev/zero true
	expect_complaint 125 '/dev/zero:1: '
	expect_refusal "$(head -c 5000 /dev/zero | tr '\0' x)" '1: xxx'
	expect_words 'too long a line; a profile is plain text'
	{ printf 'NAME='; head -c 127 /dev/zero | tr '\0' y; } >"$tmp/profile"
	run "$tool" exec --profile "$tmp/profile" true
	expect_status 0
}

a_bad_profile_line_is_named_by_file_and_line() {
	expect_refusal '# one\n\nMEM=64M\nWALL=abc\n' "4: WALL=abc: not a time; give "
	expect_refusal 'RESLIMIT_MEMORY = 1M' "1: RESLIMIT_MEMORY=1M: unknown name"
	expect_refusal 'MEM=1M\nMEM 64M\n' "2: MEM 64M: no '='; give NAME=value"
	expect_refusal '=1\n' "1: =1: no name before '='"
	expect_refusal 'MEM=1M\000\n' "1: MEM=1M: a NUL byte follows"
	expect_refusal 'LEDGER=x\n' "1: LEDGER=x: unknown name"
}

every_profile_of_the_project_loads() {
	for profile in "$top"/conf/profiles/*.conf; do
		run "$tool" exec --profile "$profile" --print
		expect_status 0
		expect_line "export LD_PRELOAD='$library'"
		[ "$(wc -l <"$tmp/out")" -ge 2 ] || fail "$profile sets nothing"
	done
}

run_cases "$@"
