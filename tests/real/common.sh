# common.sh - what the tests of real programs share; sourced by them.
# shellcheck shell=bash
#
# same NAME COMMAND...            equal output and status with generous limits as without
# stops NAME STATUS VERDICT PATTERN OPTION... -- COMMAND...
#                                 ends with STATUS and VERDICT, output matching PATTERN
# need COMMAND...                 skips the test where one is missing
#
# SPDX-License-Identifier: MIT
set -u
build=$(realpath "${BUILD:-build}") || exit 1
wrapper=$build/reslimit-env
[ -x "$wrapper" ] || { echo "no $wrapper"; exit 1; }
scratch=$(mktemp -d)
# shellcheck disable=SC2154
trap 'rm -rf "$scratch"' EXIT
generous=(--mem 8G --threads 500 --procs 500 --wall 20m --cpu 20m)
failed=0

need() {
	local command
	for command in "$@"; do
		command -v "$command" >/dev/null && continue
		echo "1..0 # skip: $command is not installed"
		exit 77
	done
}

# Whether this is one of the long runs.
long() {
	[ -n "${RL_LONG:-}" ]
}

verdict() {
	sed -n 's/.*"verdict":"\([^"]*\)".*/\1/p' "$scratch/record"
}

# result NAME COMPLAINT: no complaint is a pass.
result() {
	if [ -z "$2" ]; then
		echo "ok $1"
		return
	fi
	echo "not ok $1: $2"
	head -c 1500 "$scratch/guarded" 2>/dev/null | tail -n 12 | sed 's/^/# /'
	[ ! -s "$scratch/record" ] || sed 's/^/# record /' "$scratch/record"
	# shellcheck disable=SC2034 # read by the tests
	failed=1
}

same() {
	local name=$1 bare guarded complaint=
	shift
	timeout 600 "$@" >"$scratch/bare" 2>&1 </dev/null
	bare=$?
	rm -f "$scratch/record"
	timeout 600 "$wrapper" "${generous[@]}" --status-file "$scratch/record" -- "$@" >"$scratch/guarded" 2>&1 </dev/null
	guarded=$?
	[ "$bare" -eq "$guarded" ] || complaint="status $guarded, without limits $bare"
	cmp -s "$scratch/bare" "$scratch/guarded" || complaint="output differs"
	[ -n "$complaint" ] || [ "$bare" -ne 0 ] || [ "$(verdict)" = ok ] || complaint="verdict $(verdict)"
	result "$name" "$complaint"
}

stops() {
	local name=$1 wanted=$2 verdict=$3 pattern=$4 options=() status complaint=
	shift 4
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	rm -f "$scratch/record"
	(timeout 120 "$wrapper" "${options[@]}" --status-file "$scratch/record" -- "$@" >"$scratch/guarded" 2>&1 </dev/null; exit $?) 2>/dev/null
	status=$?
	[ "$wanted" = any ] || [ "$status" -eq "$wanted" ] || complaint="status $status, not $wanted"
	[ "$status" -ne 0 ] || [ "$wanted" = 0 ] || complaint="it did not fail"
	[ "$(verdict)" = "$verdict" ] || complaint="verdict '$(verdict)', not $verdict"
	[ -z "$pattern" ] || grep -qE -- "$pattern" "$scratch/guarded" || complaint="no output like '$pattern'"
	result "$name" "$complaint"
}

# The system's own interpreter: a wrapper script of the user's would be measured instead.
system() {
	if [ -x "/usr/bin/$1" ]; then
		echo "/usr/bin/$1"
	else
		command -v "$1"
	fi
}
