#!/bin/sh
# tools_exec.sh - reslimit exec and reslimit-env, judged from outside.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # the tests are called by the names found in this file

# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
tool=$BUILD/reslimit
wrapper=$BUILD/reslimit-env
library=$BUILD/libreslimit_preload.so
newline='
'
# A directory that may not be searched would turn "not found" into "permission denied".
PATH=/usr/bin:/bin

# Runs a command; leaves its status, $tmp/out and $tmp/err.
run() {
	timeout 20 "$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
}

# Also shows what the command said.
fail() {
	printf '# %s\n' "$@"
	sed 's/^/# stdout: /' "$tmp/out" | head -5
	sed 's/^/# stderr: /' "$tmp/err" | head -5
	exit 1
}

expect_status() {
	[ "$status" -eq "$1" ] || fail "status is $status, not $1"
}

# Standard output is these lines, and nothing went wrong.
expect_output() {
	printf '%s\n' "$@" >"$tmp/expected"
	expect_status 0
	cmp -s "$tmp/out" "$tmp/expected" || fail "output differs from:" "$@"
}

# Standard output has this line among others.
expect_line() {
	grep -qxF -e "$1" "$tmp/out" || fail "no line '$1'"
}

refuse_line() {
	if grep -q -e "$1" "$tmp/out"; then fail "a line has '$1'"; fi
}

# Status $1, nothing on standard output, and one line on stderr that starts with "reslimit: $2".
expect_complaint() {
	expect_status "$1"
	[ -s "$tmp/out" ] && fail "something on standard output"
	[ "$(wc -l <"$tmp/err")" -eq 1 ] || fail "not one line"
	case $(cat "$tmp/err") in
	"reslimit: $2"*) ;;
	*) fail "the line does not start with 'reslimit: $2'" ;;
	esac
}

# The line also says this.
expect_words() {
	grep -qF -e "$1" "$tmp/err" || fail "the line does not say '$1'"
}

# The variables (LATER or NOW) that the tables name.
variables() {
	sed -n "s/^RL_[A-Z]*(\([A-Z_]*\),.* $1, \".*/\1/p" "$top/shim/contract/limits.def" "$top/shim/contract/settings.def"
}

option_of() {
	printf -- '--%s' "$1" | tr 'A-Z_' 'a-z-'
}

# Copies the tool into a directory of its own.
copy_tool() {
	mkdir -p "$1" && cp "$tool" "$1/reslimit"
}

# Tests:

the_programs_status_is_passed_on() {
	run "$tool" exec sh -c 'exit 7'
	expect_status 7
}

the_program_replaces_the_tool_and_keeps_its_pid() {
	# shellcheck disable=SC2016
	run sh -c 'echo $$; exec "$@"' x "$tool" exec --mem 64M sh -c 'echo $$'
	expect_status 0
	[ "$(sort -u "$tmp/out" | wc -l)" -eq 1 ] || fail "two pids"
}

arguments_pass_untouched() {
	# shellcheck disable=SC2016,SC1003
	run "$tool" exec --mem 64M sh -c 'for a; do printf "<%s>\n" "$a"; done' x '' 'a  b' "1${newline}2" '--mem' '*' '\'
	# shellcheck disable=SC1003
	expect_output '<>' '<a  b>' "<1${newline}2>" '<--mem>' '<*>' '<\>'
}

the_wrapper_passes_arguments_untouched() {
	# shellcheck disable=SC2016
	run "$wrapper" --mem 64M -- sh -c 'for a; do printf "<%s>\n" "$a"; done' x '' 'a  b' "1${newline}2" "$newline" '--' '$HOME'
	# shellcheck disable=SC2016
	expect_output '<>' '<a  b>' "<1${newline}2>" "<$newline>" '<-->' '<$HOME>'
}

argv0_is_the_name_as_given() {
	run "$tool" exec cat /proc/self/cmdline
	[ "$(tr '\0' '|' <"$tmp/out")" = 'cat|/proc/self/cmdline|' ] || fail "argv differs"
}

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

options_stop_at_the_program() {
	run "$tool" exec --mem 64M echo --mem 12Q
	expect_output '--mem 12Q'
}

two_dashes_end_the_options() {
	printf '#!/bin/sh\necho ran\n' >"$tmp/--mem"
	chmod +x "$tmp/--mem"
	run env PATH="$tmp:$PATH" "$tool" exec --mem 64M -- --mem
	expect_output ran
}

a_single_dash_is_a_program() {
	run "$tool" exec - x
	expect_complaint 127 '-: not found in PATH'
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

the_later_of_two_profiles_wins() {
	echo 'MEM=65M' >"$tmp/one"
	printf 'MEM=66M' >"$tmp/two"
	run "$tool" exec --profile "$tmp/one" --profile="$tmp/two" env
	expect_line RESLIMIT_MEM=66M
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

no_program_is_refused() {
	run "$tool" exec --mem 64M
	expect_complaint 125 'no program given; '
	run "$tool" exec --mem 64M --
	expect_complaint 125 'no program given; '
	run "$wrapper"
	expect_complaint 125 'no program given; '
}

a_program_that_is_not_there_gives_127() {
	run "$tool" exec --mem 64M no-such-program-here
	expect_complaint 127 'no-such-program-here: not found in PATH'
	run "$tool" exec "$tmp/none"
	expect_complaint 127 "$tmp/none: not found; give the path"
}

a_program_whose_interpreter_is_missing_gives_127_and_says_so() {
	printf '#!/no/such/interpreter\n' >"$tmp/script"
	chmod +x "$tmp/script"
	run "$tool" exec "$tmp/script"
	expect_complaint 127 "$tmp/script: its interpreter '/no/such/interpreter' was not found; see"
	printf '#!/bin/sh\r\necho hi\r\n' >"$tmp/script"
	run "$tool" exec "$tmp/script"
	expect_complaint 127 "$tmp/script: its interpreter '/bin/sh?' was not found; see"
}

a_program_whose_interpreter_cannot_run_gives_126_and_says_so() {
	printf '#!/tmp\n' >"$tmp/script"
	chmod +x "$tmp/script"
	run "$tool" exec "$tmp/script"
	expect_complaint 126 "$tmp/script: its interpreter '/tmp' cannot be executed; see"
	printf '#!%s\n' "$tmp/script" >"$tmp/script"
	run "$tool" exec "$tmp/script"
	expect_complaint 126 "$tmp/script: links or interpreters lead back to themselves; give"
}

a_program_that_cannot_be_guarded_is_refused() {
	static=$tmp/static
	echo 'int main(void) { return 0; }' | ${CC:-gcc} -static -x c -o "$static" - || fail "no static program could be made"
	run "$tool" exec --mem 64M "$static"
	expect_complaint 125 "$static: cannot be guarded: it is statically linked; give --unguarded allow"
	printf '#!%s\n' "$static" >"$tmp/script"
	chmod +x "$tmp/script"
	run env RESLIMIT_UNGUARDED=refuse "$tool" run --no-supervise "$tmp/script"
	expect_complaint 125 "$tmp/script: cannot be guarded: it is statically linked; give"
	run "$tool" exec --unguarded warn "$static"
	expect_status 0
	expect_words "reslimit: $static: runs unguarded: it is statically linked"
	run "$tool" exec --unguarded allow "$static"
	expect_status 0
	[ -s "$tmp/err" ] && fail "something on stderr"
	return 0
}

what_is_no_program_is_told() {
	run "$tool" exec /dev/null
	expect_complaint 126 '/dev/null: is no regular file; name a program'
	run "$tool" exec ''
	expect_complaint 127 "'': not found in PATH"
	# shellcheck disable=SC2016
	run sh -c 'exec "$0" exec true "$(head -c 200000 /dev/zero | tr "\0" x)"' "$tool"
	[ "$status" -eq 126 ] || expect_status 2 # too long for the tool itself
}

a_directory_as_program_gives_126() {
	run "$tool" exec --mem 64M /tmp
	expect_complaint 126 '/tmp: is a directory'
}

a_file_that_is_not_executable_gives_126() {
	echo 'echo no' >"$tmp/plain"
	run "$tool" exec "$tmp/plain"
	expect_complaint 126 "$tmp/plain: permission denied; make it executable"
}

a_script_without_an_interpreter_line_runs_as_by_execvp() {
	echo 'echo ran' >"$tmp/script"
	chmod +x "$tmp/script"
	run "$tool" exec "$tmp/script"
	expect_output ran
}

settings_are_checked_before_the_program_is_looked_for() {
	run "$tool" exec --mem 12Q no-such-program-here
	expect_complaint 125 '--mem 12Q: '
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
	head -c 5000 /dev/zero | tr '\0' x >"$tmp/profile"
	run "$tool" exec --profile "$tmp/profile" true
	expect_complaint 125 "$tmp/profile:1: xxx"
	expect_words 'too long a line; a profile is plain text'
	{ printf 'NAME='; head -c 127 /dev/zero | tr '\0' y; } >"$tmp/profile"
	run "$tool" exec --profile "$tmp/profile" true
	expect_status 0
}

a_bad_profile_line_is_named_by_file_and_line() {
	printf '# one\n\nMEM=64M\nWALL=abc\n' >"$tmp/profile"
	run "$tool" exec --profile "$tmp/profile" true
	expect_complaint 125 "$tmp/profile:4: WALL=abc: not a time; give "
	printf 'RESLIMIT_MEMORY = 1M' >"$tmp/profile"
	run "$tool" exec --profile "$tmp/profile" true
	expect_complaint 125 "$tmp/profile:1: RESLIMIT_MEMORY=1M: unknown name"
	printf 'MEM=1M\nMEM 64M\n' >"$tmp/profile"
	run "$tool" exec --profile "$tmp/profile" true
	expect_complaint 125 "$tmp/profile:2: MEM 64M: no '='; give NAME=value"
	printf '=1\n' >"$tmp/profile"
	run "$tool" exec --profile "$tmp/profile" true
	expect_complaint 125 "$tmp/profile:1: =1: no name before '='"
	printf 'MEM=1M\000\n' >"$tmp/profile"
	run "$tool" exec --profile "$tmp/profile" true
	expect_complaint 125 "$tmp/profile:1: MEM=1M: a NUL byte follows"
	printf 'LEDGER=x\n' >"$tmp/profile"
	run "$tool" exec --profile "$tmp/profile" true
	expect_complaint 125 "$tmp/profile:1: LEDGER=x: unknown name"
}

every_profile_of_the_project_loads() {
	for profile in "$top"/conf/profiles/*.conf; do
		run "$tool" exec --profile "$profile" --print
		expect_status 0
		expect_line "export LD_PRELOAD='$library'"
		[ "$(wc -l <"$tmp/out")" -ge 2 ] || fail "$profile sets nothing"
	done
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

a_preload_of_the_users_is_kept_behind_ours() {
	run env LD_PRELOAD='libm.so.6  libc.so.6' "$tool" exec --print
	expect_output "export LD_PRELOAD='$library:libm.so.6:libc.so.6'"
	run env LD_PRELOAD=libm.so.6 "$tool" exec env
	expect_status 0
	grep -q "^LD_PRELOAD=$library:libm.so.6" "$tmp/out" || fail "not kept for the program"
}

ours_is_preloaded_once() {
	mkdir "$tmp/copy"
	cp "$library" "$tmp/copy"
	run env LD_PRELOAD="libm.so.6:$library:$tmp/copy/libreslimit_preload.so" "$tool" exec --print
	expect_output "export LD_PRELOAD='$library:libm.so.6'"
}

a_preload_that_only_ends_like_ours_is_kept() {
	run env LD_PRELOAD=/none/xlibreslimit_preload.so "$tool" exec --print
	expect_output "export LD_PRELOAD='$library:/none/xlibreslimit_preload.so'"
}

the_library_is_found_in_lib_beside_bin() {
	copy_tool "$tmp/bin"
	mkdir "$tmp/lib"
	cp "$library" "$tmp/lib"
	run "$tmp/bin/reslimit" exec --print
	expect_output "export LD_PRELOAD='$tmp/lib/libreslimit_preload.so'"
}

the_library_is_found_through_a_link_to_the_tool() {
	ln -s "$tool" "$tmp/link"
	run "$tmp/link" exec --print
	expect_output "export LD_PRELOAD='$library'"
}

a_missing_library_is_refused_with_the_places_named() {
	copy_tool "$tmp/bin"
	run "$tmp/bin/reslimit" exec true
	[ "$status" -eq 0 ] && return # one is installed where it was configured to be
	expect_complaint 125 'libreslimit_preload.so not found; looked for '
	expect_words "$tmp/bin/libreslimit_preload.so, $tmp/lib/libreslimit_preload.so, /"
}

a_library_path_that_cannot_be_preloaded_is_refused() {
	for name in 'a b' 'a:b' "a\$b"; do
		copy_tool "$tmp/$name"
		cp "$library" "$tmp/$name"
		run "$tmp/$name/reslimit" exec true
		expect_complaint 125 "$tmp/$name/libreslimit_preload.so: a path with a space, ':' or"
	done
}

a_library_that_the_loader_would_ignore_is_refused() {
	copy_tool "$tmp/bin"
	echo 'not a library, but quite long enough to be the header of an ELF file' >"$tmp/bin/libreslimit_preload.so"
	run "$tmp/bin/reslimit" exec true
	expect_complaint 125 "$tmp/bin/libreslimit_preload.so: not a readable library for this machine"
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

no_descriptor_leaks_into_the_program() {
	echo 'MEM=64M' >"$tmp/profile"
	run env LD_PRELOAD="$library" RESLIMIT_MEM=64M sh -c 'ls /proc/self/fd | wc -l'
	before=$(cat "$tmp/out")
	run "$tool" exec --profile "$tmp/profile" sh -c 'ls /proc/self/fd | wc -l'
	expect_output "$before"
}

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

the_wrapper_follows_links_to_itself() {
	mkdir -p "$tmp/one" "$tmp/two"
	ln -s "$wrapper" "$tmp/one/first"
	ln -s ../one/first "$tmp/two/second"
	run "$tmp/two/second" --mem 64M env
	expect_line RESLIMIT_MEM=64M
	cd "$tmp/two" || exit 1
	run ./second --mem 64M env
	expect_line RESLIMIT_MEM=64M
	run env PATH="$tmp/two:$PATH" second --mem 64M env
	expect_line RESLIMIT_MEM=64M
}

the_wrapper_finds_the_build_directory_of_a_tree() {
	copy_tool "$tmp/a tree/build"
	mkdir "$tmp/a tree/tools"
	cp "$wrapper" "$tmp/a tree/tools"
	run "$tmp/a tree/tools/reslimit-env" --version
	expect_status 0
	cd "$tmp/a tree/tools" || exit 1
	run sh reslimit-env --version
	expect_status 0
}

the_wrapper_finds_an_installed_tool() {
	mkdir "$tmp/alone"
	cp "$wrapper" "$tmp/alone"
	run env PATH="$BUILD:$PATH" "$tmp/alone/reslimit-env" --mem 64M env
	expect_line RESLIMIT_MEM=64M
}

the_wrapper_without_a_tool_is_refused() {
	mkdir -p "$tmp/alone/reslimit"
	cp "$wrapper" "$tmp/alone"
	run env PATH=/usr/bin:/bin "$tmp/alone/reslimit-env" true
	expect_complaint 125 "reslimit-env: no reslimit in $tmp/alone, "
}

the_wrapper_needs_no_process_of_its_own() {
	run "$tool" exec --procs 0 -- "$wrapper" --mem 64M -- env
	expect_status 0
	expect_line RESLIMIT_MEM=64M
	expect_line RESLIMIT_PROCS=0
}

run_cases "$@"
