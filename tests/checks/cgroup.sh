#!/bin/bash
# cgroup.sh - a control group of the kernel where there is one to be had, and a plain word where not.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317,SC2015 # the tests are called by the names found in this file; fail never returns
# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
need python3
export PATH=$BUILD:/usr/bin:/bin TERM=xterm

# What others use the machine's memory group for is left alone: it is not mounted where we look.
apart=(env)
# shellcheck disable=SC2016
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
	apart=(unshare -m sh -c 'umount /sys/fs/cgroup/memory 2>/dev/null; exec "$@"' sh)
fi

# Runs a program under a supervisor with --cgroup, after the script $1; leaves `status`, record and two of its words.
# shellcheck disable=SC2016
run() {
	timeout 30 "${apart[@]}" sh -c 'eval "$1"; shift
		exec reslimit run --cgroup --status-fd 9 "$@"' sh "$@" >out 2>err 9>record
	status=$?
	place=$(python3 -c 'import json; r = json.load(open("record")); print(r["cgroup"])')
	walls=$(python3 -c 'import json; r = json.load(open("record")); print(r["cgroup_walls"])')
}

# The directory of a group that a record names, among those that are mounted.
directory() {
	local mounted
	case $place in
	v1:pids:*) mounted=$(awk '$3 == "cgroup" && $4 ~ /(^|,)pids(,|$)/ { print $2; exit }' /proc/mounts) ;;
	v2:*) mounted=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts) ;;
	*) return 77 ;;
	esac
	echo "$mounted/${place##*:/}"
}

# Tests:

the_tree_is_in_the_group_that_the_record_names_and_it_is_gone_afterwards() {
	run : --mem 100M --procs 5 --threads 5 -- sh -c 'cat /proc/self/cgroup; exit 3'
	[ "$status" -eq 3 ] || fail "status $status" "$(cat err)"
	case $place in none:*) return 0 ;; esac # there is none to be had here
	grep -q ":/.*reslimit-[0-9]*$" out && grep -q "${place##*:}$" out || fail "$place, but:" "$(cat out)"
	[ ! -e "$(directory)" ] || fail "$(directory) is still there"
}

the_kernel_has_a_wall_behind_the_limit_on_processes() {
	# Without the library a process is not counted by us: the kernel's wall is the one that is left.
	run : --procs 2 --threads 0 -- env -u LD_PRELOAD sh -c 'cat /sys/fs/cgroup/pids/reslimit-*/pids.max' || true
	[ "$walls" = pids ] || return 0 # there is none to be had here
	[ "$(cat out)" = 35 ] || fail "$(cat out err)"
}

what_daemonised_dies_with_the_group() {
	run : --mem 100M -- sh -c 'setsid sh -c "sleep 60; :" & echo $!; sleep 0.2'
	[ "$status" -eq 0 ] || fail "status $status"
	if kill -0 "$(cat out)" 2>/dev/null; then fail "$(cat out) lives"; fi
	case $place in none:*) return 0 ;; esac # there is none to be had here
	[ ! -e "$(directory)" ] || fail "$(directory) is still there"
}

where_none_is_mounted_the_run_goes_on_and_says_so() {
	[ "${apart[0]}" = unshare ] || return 77
	# shellcheck disable=SC2016
	run 'awk "\$3 ~ /^cgroup/ { print \$2 }" /proc/mounts | xargs -r -n 1 umount' --mem 100M -- sh -c 'exit 4'
	[ "$status" -eq 4 ] && [ "$place" = "none:not mounted here" ] && [ ! -s err ] || fail "$status $place" "$(cat err)"
}

who_may_not_make_one_runs_all_the_same() {
	command -v setpriv >/dev/null && [ "$(id -u)" -eq 0 ] || return 77
	setpriv --reuid 65534 --clear-groups test -x "$BUILD/reslimit" || return 77
	chmod 777 .
	setpriv --reuid 65534 --regid 65534 --clear-groups \
		reslimit run --cgroup --mem 100M --status-file "$PWD/record" -- sh -c 'exit 5' 2>err
	status=$?
	[ "$status" -eq 5 ] && [ ! -s err ] || fail "status $status" "$(cat err)"
	grep -q '"cgroup":"none:[^"]' record || fail "$(cat record)"
}

without_the_option_the_record_has_no_word_of_it() {
	reslimit run --mem 100M --status-fd 9 -- true 9>record || fail "status $?"
	if grep -q cgroup record; then fail "$(cat record)"; fi
}

run_cases "$@"
