#!/bin/bash
# neighbour.sh - the tree and what begins a pid namespace of its own leave each other whole.
#
# SPDX-License-Identifier: MIT
# shellcheck source=tests/harness/rules.sh
. "$(dirname "$0")/../harness/rules.sh"
build=$(realpath "$build") || exit 1
tool=$build/reslimit
[ -x "$tool" ] || exit 77
unset LD_PRELOAD

namespace="unshare -pf"
[ "$(id -u)" -eq 0 ] || namespace="unshare -Urpf"
$namespace true 2>/dev/null || {
	echo "skip: no pid namespace may be made here"
	exit 77
}

# In a chroot, say, the system allows less than elsewhere.
leave_out() { # NAME...
	for name; do
		echo "ok $name # SKIP: the system does not allow it here"
	done
}

milliseconds() {
	date +%s%3N
}

start=$(milliseconds)
# shellcheck disable=SC2086 # the command is several words
timeout -k 1 20 "$tool" exec --wall 500ms --grace 200ms -- $namespace --kill-child sleep 20 2>/dev/null
took=$(($(milliseconds) - start))
in_time=no
[ "$took" -ge 500 ] && [ "$took" -lt 15000 ] && in_time=yes
report the_wall_limit_ends_a_pid_namespace "$in_time" yes

# It dies of no signal but KILL that is sent to it: its sleep is not cut short, and its record is that of the KILL.
record=$(mktemp)
# shellcheck disable=SC2086,SC2016
got=$(timeout -k 1 20 $namespace "$tool" exec --wall 300ms --grace 60s -- \
	perl -e 'print scalar(select(undef, undef, undef, 0.5)), "\n"' 2>/dev/null)
report the_first_process_of_a_pid_namespace_sleeps_through_a_signal "$got" 0
# shellcheck disable=SC2086
timeout -k 1 20 $namespace "$tool" exec --wall 300ms --grace 200ms --status-file "$record" -- sleep 60 2>/dev/null
report its_record_names_the_step_that_ended_it "$(grep -o '"signal":[0-9]*\|"step":"[A-Z]*"' "$record" | tr '\n' ' ')" \
	'"signal":9 "step":"TERM" "step":"KILL" '
: >"$record"
# shellcheck disable=SC2086
{ $namespace "$tool" exec --mem 64M --status-file "$record" -- "$build/tests/subjects/end_by" segv; } 2>/dev/null
report a_fault_of_it_has_a_record "$(grep -o '"verdict":"[a-z]*"\|"signal":[0-9]*' "$record" | tr '\n' ' ')" \
	'"verdict":"signal" "signal":11 '
rm -f "$record"

# Nobody outside takes the step here, and within nobody can kill the first process but itself.
# shellcheck disable=SC2086
"$tool" exec --wall 2s --grace 200ms -- $namespace sleep 60 2>/dev/null &
outside=$!
inside=
tries=0
while [ "$(cat "/proc/$inside/comm" 2>/dev/null)" != sleep ] && [ "$tries" -lt 150 ]; do
	inside=$(tr -d ' ' <"/proc/$outside/task/$outside/children")
	tries=$((tries + 1))
	sleep 0.01
done
kill -STOP "$outside"
state="not begun"
tries=0
while [ -n "$inside" ] && [ "$state" != ended ] && [ "$tries" -lt 150 ]; do
	state=$(sed -n 's/^State:[[:space:]]*//p' "/proc/$inside/status" 2>/dev/null)
	case $state in "" | Z*) state=ended ;; esac
	tries=$((tries + 1))
	sleep 0.1
done
[ "$state" = ended ] || kill -KILL "$inside"
report the_first_process_of_a_pid_namespace_ends_itself "$state" ended
kill -KILL "$outside" 2>/dev/null
wait "$outside" 2>/dev/null

# shellcheck disable=SC2016 # the inner shell has the ledger
got=$(timeout -k 1 20 "$tool" exec --mem 64M -- sh -c '
	for i in 1 2 3; do
		'"$namespace"' true || echo "status $?"
		[ -e "$RESLIMIT_LEDGER" ] || echo gone
	done
	echo end' 2>&1)
report a_pid_namespace_that_ends_leaves_the_ledger "$got" end

# The ledger of a tree by the pid of one of its processes.
ledger_of() {
	sed -n 's|.* \(/dev/shm/reslimit-[^ ]*\)$|\1|p' "/proc/$1/maps" 2>/dev/null | head -n 1
}

what_namespaces_leave() {
	# Numbers of processes here mean nothing there, so that each of ours looks dead.
	"$tool" exec --mem 1G -- sleep 20 &
	living=$!
	ledger=
	tries=0
	while [ -z "$ledger" ] && [ "$tries" -lt 200 ]; do
		ledger=$(ledger_of "$living")
		tries=$((tries + 1))
		sleep 0.02
	done
	# shellcheck disable=SC2086
	$namespace --mount-proc sh -c "for i in 1 2 3; do '$tool' exec --mem 1G -- true; done"
	there=no
	[ -n "$ledger" ] && [ -e "$ledger" ] && there=yes
	kill "$living"
	wait "$living" 2>/dev/null
	report a_start_in_another_namespace_leaves_a_living_tree_its_ledger "$there" yes

	# What a namespace leaves has small numbers, which are somebody's here.
	list=$(mktemp)
	# shellcheck disable=SC2086
	$namespace --mount-proc --kill-child \
		"$tool" exec --mem 1G -- sh -c "sed -n s,.*/dev/shm/,,p /proc/self/maps >$list; sleep 20; true" &
	first=$!
	tries=0
	while [ ! -s "$list" ] && [ "$tries" -lt 500 ]; do
		tries=$((tries + 1))
		sleep 0.02
	done
	ledger=/dev/shm/$(head -n 1 "$list")
	rm -f "$list"
	kill -9 "$first"
	wait "$first" 2>/dev/null
	there=no
	[ "$ledger" != /dev/shm/ ] && [ -e "$ledger" ] && there=yes
	report what_a_killed_namespace_leaves_is_there "$there" yes
	tries=0
	while [ -e "$ledger" ] && [ "$tries" -lt 300 ]; do
		"$tool" exec --mem 1G -- true
		tries=$((tries + 1))
	done
	there=no
	[ -e "$ledger" ] && there=yes
	report what_a_killed_namespace_leaves_is_swept_by_a_later_start "$there" no
}

# What a member used is not asked of who has its number here: one that has used more than the budget.
a_namesake() {
	sh -c 'while :; do :; done' &
	busy=$!
	ticks=0
	tries=0
	while [ "${ticks:-0}" -lt 100 ] && [ "$tries" -lt 1500 ]; do
		ticks=$(sed 's/.*) //' "/proc/$busy/stat" | cut -d ' ' -f 12)
		tries=$((tries + 1))
		sleep 0.02
	done
	kill -STOP "$busy"
	for command in run exec; do
		# shellcheck disable=SC2016,SC2086
		got=$(timeout -k 1 20 "$tool" "$command" --cpu 500ms --status-fd 9 -- $namespace --mount-proc sh -c '
			echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid
			sh -c "echo \$\$; sleep 0.3"; true' sh "$busy" 2>&1 9>"$scratch/record")
		got+=" $(grep -o '"verdict":"[a-z]*"' "$scratch/record")"
		report "${command}_charges_nobody_with_the_time_of_a_namesake" "$got" "$busy \"verdict\":\"ok\""
	done
	kill -KILL "$busy"
	wait "$busy" 2>/dev/null
}

other_mounts() {
	# Where the ledger has no name any more, what is executed must not begin a budget of its own.
	# shellcheck disable=SC2016,SC2086
	got=$(timeout -k 1 20 "$tool" exec --procs 40 -- $mounts sh -c '
		mount -t tmpfs none /dev/shm || exit 1
		sh -c "sh -c true; true"
		ls /dev/shm /tmp | grep -c "^reslimit-[0-9]*-$$-"; ls /dev/shm | wc -l' 2>&1 | tr '\n' ' ')
	report what_runs_in_other_mounts_stays_in_the_tree "$got" "0 0 "
}

bubblewrap() {
	got=$(timeout -k 1 20 "$tool" exec --mem 64M --wall 10s --status-file "$scratch/record" -- \
		bwrap --ro-bind / / --dev /dev --proc /proc --unshare-all sh -c 'ls /dev/shm | wc -l; sh -c "echo ran"' 2>&1 |
		tr '\n' ' ')
	report bubblewrap_works_within_the_tree "$got" "0 ran "
	start=$(milliseconds)
	timeout -k 1 20 "$tool" exec --wall 500ms --grace 200ms -- \
		bwrap --ro-bind / / --dev /dev --proc /proc --unshare-all sleep 20 2>/dev/null
	took=$(($(milliseconds) - start))
	in_time=no
	[ "$took" -ge 500 ] && [ "$took" -lt 15000 ] && in_time=yes
	report the_wall_limit_ends_bubblewrap "$in_time" yes
}

mounts="unshare -m"
[ "$(id -u)" -eq 0 ] || mounts="unshare -Urm"
if $namespace --mount-proc true 2>/dev/null; then
	what_namespaces_leave
else
	leave_out a_start_in_another_namespace_leaves_a_living_tree_its_ledger \
		what_a_killed_namespace_leaves_is_there what_a_killed_namespace_leaves_is_swept_by_a_later_start
fi
if $mounts true 2>/dev/null; then
	other_mounts
else
	leave_out what_runs_in_other_mounts_stays_in_the_tree
fi
scratch=$(mktemp -d)
if $namespace --mount-proc sh -c 'echo 99 >/proc/sys/kernel/ns_last_pid' 2>/dev/null; then
	a_namesake
else
	leave_out run_charges_nobody_with_the_time_of_a_namesake exec_charges_nobody_with_the_time_of_a_namesake
fi
if bwrap --ro-bind / / --dev /dev --proc /proc --unshare-all true 2>/dev/null; then
	bubblewrap
else
	leave_out bubblewrap_works_within_the_tree the_wall_limit_ends_bubblewrap
fi
rm -rf "$scratch"
exit "$failed"
