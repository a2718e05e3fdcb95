#!/bin/sh
# tools_manual.sh - the manual names every variable, option and record key, is clean, and its examples run.
#
# An example to run is a .EX block behind a comment line `.\" run: STATUS`.
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # the tests are called by the names found in this file

# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
# shellcheck source=tests/harness/tables.sh
. "$(dirname "$0")/../harness/tables.sh"

# The limits that are supported, with their actions and the actions' defaults: "MEM_ACTION deny".
actions() {
	sed -n 's/^RL_LIMIT(\([A-Z_]*\), [a-z_]*, [A-Z]*, "\([^"]*\)", NOW, .*/\1_ACTION \2/p' "$top/shim/contract/limits.def"
}

# A page without its markup: fonts and escapes gone.
plain() {
	sed -e 's/\\f[BIRP]//g; s/\\-/-/g; s/\\(aq/'"'"'/g; s/^\.[BIR]\{1,2\} //; s/^\.TQ$//' "$1"
}

# The page has this as a word of its own.
expect_word() {
	plain "$1" | grep -qE -e "(^|[^A-Za-z0-9_-])$2([^A-Za-z0-9_-]|\$)" || fail "$(basename "$1") does not name $2"
}

# Splits a page into its examples: $tmp/PAGE.N.sh and $tmp/PAGE.N.status.
split_examples() {
	awk -v base="$tmp/$(basename "$1")" '
		/^\.\\" run: [0-9]+$/ { n++; print $NF >(base "." n ".status"); wanted = 1; next }
		/^\.EX$/ && wanted { inside = 1; wanted = 0; next }
		/^\.EE$/ { inside = 0 }
		inside { gsub(/\\-/, "-"); gsub(/\\\(aq/, "\047"); gsub(/\\e/, "\\"); print >(base "." n ".sh") }
	' "$1"
}

# Tests:

every_supported_variable_has_an_entry_in_the_manual() {
	for variable in $(variables NOW) $(actions | cut -d' ' -f1); do
		grep -q "^\.BR RESLIMIT_$variable = " "$top/tools/reslimit.7" || fail "RESLIMIT_$variable has no entry"
	done
	[ -n "$variable" ] || fail "no variables found in the tables"
}

every_supported_option_is_in_the_manual() {
	for variable in $(variables NOW) $(actions | cut -d' ' -f1); do
		expect_word "$top/tools/reslimit.1" "$(option_of "$variable")"
	done
	for option in $("$BUILD/reslimit" run --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p'); do
		expect_word "$top/tools/reslimit.1" "$option"
	done
}

no_unsupported_variable_is_in_the_manual() {
	for variable in $(variables LATER); do
		if plain "$top/tools/reslimit.7" | grep -qw "RESLIMIT_$variable"; then fail "RESLIMIT_$variable is described"; fi
	done
}

the_default_actions_in_the_manual_are_those_of_the_tables() {
	actions | while read -r name steps; do
		plain "$top/tools/reslimit.7" | tr -d '"' | grep -qE "RESLIMIT_$name = STEPS *\($steps\)" ||
			fail "$name is not given as $steps"
	done || exit 1
}

every_key_of_the_record_is_in_the_manual() {
	set -- "$top/shim/core/record_text.c" "$top/shim/core/stacks_text.c"
	sed -n 's/.*fmt_json_[a-z]*(f, "\([a-z_]*\)".*/\1/p; s/.*{LEDGER_[A-Z_]*, "\([a-z-]*\)"},/\1/p' "$@" >"$tmp/keys"
	[ "$(wc -l <"$tmp/keys")" -gt 70 ] || fail "few keys found in $*"
	while read -r key; do
		expect_word "$top/tools/reslimit.7" "$key"
	done <"$tmp/keys"
}

every_page_has_its_sections_in_order() {
	for page in "$top"/tools/*.[17]; do
		grep '^\.SH' "$page" | sed 's/^\.SH //; s/"//g' >"$tmp/sections"
		printf '%s\n' NAME SYNOPSIS DESCRIPTION OPTIONS ENVIRONMENT 'STATUS RECORD' FILES 'EXIT STATUS' CAVEATS EXAMPLES 'SEE ALSO' |
			grep -xF -f "$tmp/sections" >"$tmp/ordered"
		cmp -s "$tmp/sections" "$tmp/ordered" || fail "$(basename "$page"): sections out of order or unknown"
		for section in NAME DESCRIPTION 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
			grep -qx "$section" "$tmp/sections" || fail "$(basename "$page"): no $section"
		done
	done
}

every_page_is_of_this_version() {
	for page in "$top"/tools/*.[17]; do
		grep -q "^\.TH .*\"reslimit $(cat "$top/VERSION")\"" "$page" || fail "$(basename "$page") is of another version"
	done
}

every_page_is_clean_for_groff() {
	command -v groff >/dev/null || return 77
	for page in "$top"/tools/*.[17]; do
		groff -man -ww -Tutf8 -z "$page" >"$tmp/warnings" 2>&1
		[ -s "$tmp/warnings" ] && fail "$(head -3 "$tmp/warnings")"
	done
	return 0
}

every_example_runs() {
	for page in "$top"/tools/*.[17]; do
		split_examples "$page"
	done
	for script in "$tmp"/*.sh; do
		mkdir "$tmp/work"
		(cd "$tmp/work" && CPATH="$top/shim/api" PATH="$BUILD:$PATH" timeout 20 sh -e "$script" >../out 2>&1)
		status=$?
		rm -rf "$tmp/work"
		[ "$status" -eq "$(cat "${script%.sh}.status")" ] ||
			fail "$(basename "$script"): status $status" "$(head -5 "$script")" "$(head -3 "$tmp/out")"
	done
	[ -f "$script" ] || fail "no examples found"
	[ "$(find "$tmp" -name '*.sh' | wc -l)" -eq "$(cat "$top"/tools/*.[17] | grep -c '" run: ')" ] || fail "an example is lost"
}

# The commands of README.md: what is indented in a section, and what stands behind a prompt.
every_command_of_the_readme_runs() {
	for name in gcc python3; do command -v "$name" >/dev/null || return 77; done
	mkdir "$tmp/work"
	printf '#!/bin/sh\necho "ran $*"\n' >"$tmp/work/program"
	chmod +x "$tmp/work/program"
	awk '/^## /{ inside = /Three ways in/ } inside && /^    /' "$top/README.md" |
		sed "s|^ *||; s|/usr/local/lib/|$BUILD/|" >"$tmp/commands"
	sed -n 's/^    \$ //p' "$top/README.md" >"$tmp/prompted"
	[ "$(wc -l <"$tmp/commands")" -ge 3 ] || fail "the commands were not found"
	[ "$(wc -l <"$tmp/prompted")" -eq 1 ] || fail "the first example was not found"
	while read -r line; do
		(cd "$tmp/work" && PATH="$BUILD:$PATH" timeout 20 sh -c "$line" </dev/null >../out 2>&1) ||
			fail "$line" "$(head -3 "$tmp/out")"
	done <"$tmp/commands"
	(cd "$tmp/work" && PATH="$BUILD:$PATH" timeout 20 sh "$tmp/prompted" </dev/null >../out 2>&1)
	[ $? -eq 1 ] || fail "$(cat "$tmp/prompted")" "$(head -3 "$tmp/out")"
	grep -q '^MemoryError$' "$tmp/out" || fail "no MemoryError" "$(head -3 "$tmp/out")"
	grep -q '"verdict":"mem"' "$tmp/out" || fail "another verdict" "$(tail -1 "$tmp/out")"
}

the_files_that_the_texts_name_are_there() {
	# shellcheck disable=SC2016 # backticks of the texts
	for text in README.md CONTRIBUTING.md DESIGN.md; do
		for name in $(grep -oE '`(conf|tests|tools|shim|\.ci)/[A-Za-z0-9_./-]*`' "$top/$text" | tr -d '`'); do
			[ -e "$top/$name" ] || fail "$text names $name, which is not there"
		done
	done
}

run_cases "$@"
