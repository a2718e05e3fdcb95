#!/bin/sh
# tools_settings.sh - options and variables: what wins, what is refused in which words, what --print prints.
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

options_become_variables() {
	run "$tool" exec --mem 64M --mem-action=deny:2s,TERM --procs=3 --wall 10s --scope process env
	expect_status 0
	expect_line RESLIMIT_MEM=64M
	expect_line RESLIMIT_MEM_ACTION=deny:2s,TERM
	expect_line RESLIMIT_PROCS=3
	expect_line RESLIMIT_WALL=10s
	expect_line RESLIMIT_SCOPE=process
}

every_supported_variable_has_an_option() {
	for variable in $(variables NOW); do
		run "$tool" exec "$(option_of "$variable")" '' true
		expect_status 0
	done
	[ -n "$variable" ] || fail "no variables found in the tables"
}

unsupported_settings_are_refused_as_option_variable_and_profile_line() {
	for variable in $(variables LATER); do
		run "$tool" exec "$(option_of "$variable")" 1 true
		expect_complaint 125 "$(option_of "$variable") 1: not supported yet"
		run env "RESLIMIT_$variable=1" "$tool" exec true
		expect_complaint 125 "RESLIMIT_$variable=1: not supported yet"
		echo "$variable=1" >"$tmp/profile"
		run "$tool" exec --profile "$tmp/profile" true
		expect_complaint 125 "$tmp/profile:1: $variable=1: not supported yet"
	done
	[ -n "$variable" ] || fail "no variables found in the tables"
}

the_last_of_two_options_wins() {
	run "$tool" exec --mem 64M --mem=65M env
	expect_line RESLIMIT_MEM=65M
}

an_option_wins_over_profile_and_environment() {
	printf 'MEM=65M\nPROCS=6\n' >"$tmp/profile"
	run env RESLIMIT_MEM=64M RESLIMIT_PROCS=5 RESLIMIT_WALL=30s "$tool" exec --mem 66M --profile "$tmp/profile" env
	expect_status 0
	expect_line RESLIMIT_MEM=66M
	expect_line RESLIMIT_PROCS=6
	expect_line RESLIMIT_WALL=30s
}

an_empty_option_unsets_a_variable() {
	run env RESLIMIT_MEM=64M "$tool" exec --mem= env
	expect_status 0
	refuse_line '^RESLIMIT_MEM='
}

an_empty_option_also_frees_a_descriptor_from_its_check() {
	run env RESLIMIT_STATUS_FD=9 "$tool" exec --status-fd '' true
	expect_status 0
}

sizes_that_are_none_are_refused() {
	for size in 12Q -1 1.5 1e6 ' 1M' '1M ' 0x10 M '1 M' 1k +1 64m; do
		run "$tool" exec --mem "$size" true
		expect_complaint 125 "--mem $size: not a size; give "
		run env RESLIMIT_MEM="$size" "$tool" exec true
		expect_complaint 125 "RESLIMIT_MEM=$size: not a size; give "
	done
}

a_size_that_overflows_is_refused() {
	for size in 99999999999T 9223372036854775807 99999999999999999999999; do
		run "$tool" exec --mem "$size" true
		expect_complaint 125 "--mem $size: too large; give at most "
	done
}

times_that_are_none_are_refused() {
	for time in abc -1 1. . 1.5.5 5d '5 s' 1e3 inf nan; do
		run "$tool" exec --wall "$time" true
		expect_complaint 125 "--wall $time: not a time; give "
	done
}

counts_that_are_none_are_refused() {
	for count in x -1 1K 1.0 ' '; do
		run "$tool" exec --procs "$count" true
		expect_complaint 125 "--procs $count: not a count; give "
	done
	run "$tool" exec --procs 2147483648 true
	expect_complaint 125 '--procs 2147483648: too large; give at most '
}

contradictory_action_lists_are_refused() {
	run "$tool" exec --wall-action deny true
	expect_complaint 125 "--wall-action deny: step 'deny' has no call to refuse here"
	run "$tool" exec --mem-action TERM:1s,deny true
	expect_complaint 125 "--mem-action TERM:1s,deny: step 'deny' must come first"
	run "$tool" exec --wall-action KILL,TERM true
	expect_complaint 125 "--wall-action KILL,TERM: step 'KILL' ends the tree"
	run "$tool" exec --wall-action TERM:5s true
	expect_complaint 125 "--wall-action TERM:5s: step 'TERM' has a delay but no step after it"
}

an_unknown_scope_is_refused() {
	run "$tool" exec --scope all true
	expect_complaint 125 '--scope all: not a scope; give tree or process'
}

a_condition_on_a_field_that_the_kernel_does_not_have_is_refused() {
	for command in run exec; do
		run "$tool" "$command" --watch 'Threads<=9;foo<=1' true
		expect_complaint 125 "RESLIMIT_WATCH: condition 'foo<=1' is about no number in /proc/self/status; name one"
	done
}

an_unknown_variable_is_refused_and_the_nearest_named() {
	run env RESLIMIT_MEMORY=1M "$tool" exec true
	expect_complaint 125 'RESLIMIT_MEMORY=1M: unknown name'
	expect_words 'did you mean RESLIMIT_MEM?'
	run env RESLIMIT_=1 "$tool" exec true
	expect_complaint 125 'RESLIMIT_=1: unknown name'
}

an_unknown_option_is_refused_and_the_nearest_named() {
	run "$tool" exec --memory 1M true
	expect_complaint 125 '--memory: unknown option; did you mean --mem?'
	run "$tool" exec --stauts-fd=3 true
	expect_complaint 125 '--stauts-fd: unknown option; did you mean --status-fd?'
	run "$tool" exec -m 1M true
	expect_complaint 125 '-m: unknown option; --help lists them'
}

prefixes_of_options_are_not_accepted() {
	for option in --me --pro --pri --hel --MEM --mem_action; do
		run "$tool" exec "$option" 1 true
		expect_complaint 125 "$option: unknown option"
	done
}

an_option_without_its_value_is_refused() {
	run "$tool" exec --mem
	expect_complaint 125 '--mem: no value; give --mem SIZE'
	run "$tool" exec --profile
	expect_complaint 125 '--profile: no value; give --profile FILE'
	run "$tool" exec --profile= -- true
	expect_complaint 125 '--profile: no value; give --profile FILE'
	run "$tool" exec --print=yes
	expect_complaint 125 "--print: takes no value"
}

a_value_with_control_characters_stays_on_one_line() {
	run "$tool" exec --mem "1${newline}2$(printf '\033[31m')" true
	expect_complaint 125 '--mem 1?2?[31m: not a size'
}

print_gives_lines_that_eval_takes() {
	# shellcheck disable=SC2016
	run sh -c 'eval "$("$@")" && env' x "$tool" exec --print --mem 64M --name "it's \$(no) \"x\" \\"
	expect_status 0
	expect_line RESLIMIT_MEM=64M
	expect_line "RESLIMIT_NAME=it's \$(no) \"x\" \\"
	expect_line "LD_PRELOAD=$library"
}

print_keeps_a_newline_in_a_value() {
	# shellcheck disable=SC2016
	run sh -c 'eval "$("$@")" && printf "%s\n" "$RESLIMIT_NAME"' x "$tool" exec --print --name "a${newline}b"
	expect_output a b
}

print_includes_what_the_environment_sets() {
	run env RESLIMIT_PROCS=4 "$tool" exec --print --mem 64M
	expect_output "export RESLIMIT_MEM='64M'" "export RESLIMIT_PROCS='4'" "export LD_PRELOAD='$library'"
}

print_with_a_program_is_refused() {
	run "$tool" exec --print --mem 64M true
	expect_complaint 125 "--print starts nothing, and 'true' was given"
}

print_with_a_bad_value_prints_nothing() {
	run "$tool" exec --print --mem 12Q
	expect_complaint 125 '--mem 12Q: not a size'
}

a_closed_status_descriptor_is_refused() {
	run "$tool" exec --status-fd 9 true 9>&-
	expect_complaint 125 'RESLIMIT_STATUS_FD=9: not an open descriptor'
}

a_status_descriptor_for_reading_is_refused() {
	run "$tool" exec --status-fd 9 true 9</dev/null
	expect_complaint 125 'RESLIMIT_STATUS_FD=9: open for reading only'
}

a_status_descriptor_for_writing_is_accepted() {
	run "$tool" exec --status-fd 9 true 9>"$tmp/record"
	expect_status 0
	run "$tool" exec --status-fd 9 true 9<>"$tmp/record"
	expect_status 0
}

a_status_descriptor_from_the_environment_is_checked_too() {
	run env RESLIMIT_STATUS_FD=9 "$tool" exec true 9>&-
	expect_complaint 125 'RESLIMIT_STATUS_FD=9: not an open descriptor'
}

a_status_descriptor_that_is_no_number_is_refused() {
	for fd in x -1 3x 1.5; do
		run "$tool" exec --status-fd "$fd" true
		expect_complaint 125 "--status-fd $fd: not a descriptor; give "
	done
}

a_closed_log_descriptor_is_refused() {
	run "$tool" exec --log 9 true 9>&-
	expect_complaint 125 'RESLIMIT_LOG=9: not an open descriptor'
}

printing_does_not_need_the_descriptor_yet() {
	run "$tool" exec --print --status-fd 9 9>&-
	expect_status 0
	expect_line "export RESLIMIT_STATUS_FD='9'"
}

run_cases "$@"
