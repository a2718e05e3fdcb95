# tools.sh - runs the tools and judges what they said; sourced by shell tests, after cases.sh.
# shellcheck shell=sh
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034,SC2154 # some are for those who source this; cases.sh sets BUILD and tmp
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

# Copies the tool into a directory of its own.
copy_tool() {
	mkdir -p "$1" && cp "$tool" "$1/reslimit"
}
