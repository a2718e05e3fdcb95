#!/bin/sh
# tools_wrapper.sh - reslimit-env: it finds the tool, and passes on what it was given.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # the tests are called by the names found in this file

# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
# shellcheck source=tests/harness/tools.sh
. "$(dirname "$0")/../harness/tools.sh"

# Tests:

the_wrapper_passes_arguments_untouched() {
	# shellcheck disable=SC2016
	run "$wrapper" --mem 64M -- sh -c 'for a; do printf "<%s>\n" "$a"; done' x '' 'a  b' "1${newline}2" "$newline" '--' '$HOME'
	# shellcheck disable=SC2016
	expect_output '<>' '<a  b>' "<1${newline}2>" "<$newline>" '<-->' '<$HOME>'
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
