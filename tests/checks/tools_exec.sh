#!/bin/sh
# tools_exec.sh - reslimit exec: the program that it becomes, and the library that it takes there.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # the tests are called by the names found in this file

# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
# shellcheck source=tests/harness/tools.sh
. "$(dirname "$0")/../harness/tools.sh"

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

argv0_is_the_name_as_given() {
	run "$tool" exec cat /proc/self/cmdline
	[ "$(tr '\0' '|' <"$tmp/out")" = 'cat|/proc/self/cmdline|' ] || fail "argv differs"
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

no_descriptor_leaks_into_the_program() {
	echo 'MEM=64M' >"$tmp/profile"
	run env LD_PRELOAD="$library" RESLIMIT_MEM=64M sh -c 'ls /proc/self/fd | wc -l'
	before=$(cat "$tmp/out")
	run "$tool" exec --profile "$tmp/profile" sh -c 'ls /proc/self/fd | wc -l'
	expect_output "$before"
}

run_cases "$@"
