#!/bin/sh
# tools_help.sh - help, versions and commands.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # the tests are called by the names found in this file

# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
# shellcheck source=tests/harness/tools.sh
. "$(dirname "$0")/../harness/tools.sh"
# shellcheck source=tests/harness/tables.sh
. "$(dirname "$0")/../harness/tables.sh"

# Tests:

help_names_every_supported_option_and_no_other() {
	run "$tool" exec --help
	expect_status 0
	for variable in $(variables NOW); do
		grep -q -e "^  $(option_of "$variable") " "$tmp/out" || fail "$variable is missing"
	done
	for variable in $(variables LATER); do
		refuse_line "^  $(option_of "$variable") "
	done
	for option in profile print help version; do
		grep -q -e "^  --$option" "$tmp/out" || fail "--$option is missing"
	done
	[ "$(awk '{ if (length > n) n = length } END { print n }' "$tmp/out")" -le 80 ] || fail "a line is too long"
}

help_shows_default_actions() {
	run "$tool" exec --help
	grep -q -e '--wall-action STEPS .*(TERM,KILL)$' "$tmp/out" || fail "no default for wall"
	grep -q -e '--mem-action STEPS .*(deny)$' "$tmp/out" || fail "no default for mem"
}

help_works_under_a_broken_environment() {
	run env RESLIMIT_MEM=12Q "$tool" exec --help
	expect_status 0
}

help_of_all_names_the_commands() {
	run "$tool" --help
	expect_status 0
	grep -q '^  exec ' "$tmp/out" || fail "no exec"
	cp "$tmp/out" "$tmp/first"
	run "$tool" help
	cmp -s "$tmp/out" "$tmp/first" || fail "help and --help differ"
	run "$tool" help exec
	grep -q -e '--mem SIZE' "$tmp/out" || fail "help exec is not the help of exec"
}

version_is_that_of_the_tree() {
	run "$tool" --version
	expect_output "reslimit $(cat "$top/VERSION")"
	run "$tool" exec --version
	expect_output "reslimit $(cat "$top/VERSION")"
	run "$wrapper" --version
	expect_output "reslimit $(cat "$top/VERSION")"
}

output_that_cannot_be_written_is_an_error() {
	for option in --help --version --print; do
		timeout 20 "$tool" exec "$option" >/dev/full 2>"$tmp/err"
		status=$?
		: >"$tmp/out"
		expect_complaint 125 'standard output: No space left on device'
	done
}

a_command_that_is_none_is_refused() {
	run "$tool"
	expect_complaint 125 'no command given'
	run "$tool" exce
	expect_complaint 125 'exce: unknown command'
	run "$tool" help exce
	expect_complaint 125 'exce: unknown command'
}

run_cases "$@"
