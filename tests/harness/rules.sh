# rules.sh - what checks of the tree and of what was built share: a rule holds if nothing breaks it; sourced by them.
# shellcheck shell=bash
#
#   . "$(dirname "$0")/../harness/rules.sh"
#                       goes to the top of the tree; sets build and failed, with which the check ends
#   rule NAME FOUND     FOUND is what breaks the rule, a line each
#   report NAME GOT EXPECTED
#                       GOT is what was to be EXPECTED
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034 # some are for those who source this
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
failed=0

rule() {
	if [ -z "$2" ]; then
		echo "ok $1"
		return
	fi
	echo "not ok $1"
	printf '%s\n' "$2" | sed 's/^/# /'
	failed=1
}

report() {
	if [ "$2" = "$3" ]; then
		echo "ok $1"
	else
		echo "not ok $1: '$2'"
		failed=1
	fi
}
