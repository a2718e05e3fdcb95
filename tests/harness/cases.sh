# cases.sh - what shell tests share that are lists of functions, each a test; sourced by them.
# shellcheck shell=sh
#
#   . "$(dirname "$0")/../harness/cases.sh"
#                       sets top, BUILD and tmp, an empty directory in which each test starts
#   need COMMAND...     skips the script where one is missing
#   fail LINE...        ends the test; the lines say why
#   run_cases "$@"      runs the functions below the line "# Tests:", or those that are named
#
# A test's status is 0 if it passed, 77 if it is not possible here. What it printed is shown when it failed.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034 # some are for those who source this
self=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
top=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=$(cd "$top" && cd "${BUILD:-build}" && pwd) || exit 77
[ -x "$BUILD/reslimit" ] && [ -f "$BUILD/libreslimit_preload.so" ] || exit 77
for variable in $(env | sed -n 's/^\(RESLIMIT_[A-Z_]*\)=.*/\1/p') LD_PRELOAD; do
	unset "$variable"
done

clean_up() {
	rm -rf "$tmp" "$said"
}

tmp=$(mktemp -d) && said=$(mktemp) || exit 1
trap clean_up EXIT

need() {
	for command; do
		command -v "$command" >/dev/null || exit 77
	done
}

fail() {
	printf '# %s\n' "$@"
	exit 1
}

run_cases() {
	failed=0
	# shellcheck disable=SC2046 # names of functions are words
	[ $# -gt 0 ] || set -- $(sed -n '/^# Tests:/,$ s/^\([a-zA-Z0-9_]*\)() {$/\1/p' "$self")
	for name; do
		(cd "$tmp" && "$name") >"$said" 2>&1
		case $? in
		0) echo "ok $name" ;;
		77) echo "ok $name # SKIP not possible here" ;;
		*)
			echo "not ok $name"
			cat "$said"
			failed=1
			;;
		esac
		rm -rf "${tmp:?}"/*
	done
	exit "$failed"
}
