#!/bin/bash
# collisions.sh - a program that defines functions with our internal names works, and is limited, as any other.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # the checks are called by name
set -u
cd "$(dirname "$0")/../.." || exit 1
build=$(realpath "${BUILD:-build}") || exit 1
program=$build/tests/collisions/define_internal_names
[ -x "$program" ] || { echo "no $program"; exit 1; }
failed=0

check() {
	local name=$1
	shift
	if "$@"; then
		echo "ok $name"
	else
		echo "not ok $name"
		failed=1
	fi
}

ours_is_not_called() {
	[ "$(env LD_PRELOAD="$build/libreslimit_preload.so" RESLIMIT_MEM=8M RESLIMIT_WALL=10s "$program")" = "mine 0 refused 1" ]
}

theirs_is_not_ours() {
	! nm -D --defined-only "$build/libreslimit_preload.so" | awk '{ print $NF }' |
		grep -xF "$(nm -D --defined-only "$program" | awk '{ print $NF }' | grep -vE '^(main|_.*|data_start|edata|end)$')"
}

check "a_program_with_our_internal_names_runs_and_is_limited" ours_is_not_called
check "no_internal_name_is_exported" theirs_is_not_ours
exit "$failed"
