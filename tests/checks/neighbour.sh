#!/bin/sh
# neighbour.sh - the tree and what begins a pid namespace of its own leave each other whole.
#
# SPDX-License-Identifier: MIT
set -u
build=$(realpath "${BUILD:-build}") || exit 1
tool=$build/reslimit
[ -x "$tool" ] || exit 77
unset LD_PRELOAD
failed=0

namespace="unshare -pf"
[ "$(id -u)" -eq 0 ] || namespace="unshare -Urpf"
$namespace true 2>/dev/null || {
	echo "skip: no pid namespace may be made here"
	exit 77
}

report() { # NAME GOT EXPECTED
	if [ "$2" = "$3" ]; then
		echo "ok $1"
	else
		echo "not ok $1: '$2'"
		failed=1
	fi
}

milliseconds() {
	date +%s%3N
}

start=$(milliseconds)
# shellcheck disable=SC2086 # the command is several words
timeout -k 1 20 "$tool" exec --wall 500ms --grace 200ms -- $namespace --kill-child sleep 20 2>/dev/null
took=$(($(milliseconds) - start))
in_time=no
[ "$took" -ge 500 ] && [ "$took" -lt 3000 ] && in_time=yes
report the_wall_limit_ends_a_pid_namespace "$in_time" yes

# Nobody outside takes the step here, and within nobody can kill the first process but itself.
# shellcheck disable=SC2086
"$tool" exec --wall 500ms --grace 200ms -- $namespace sleep 20 2>/dev/null &
outside=$!
inside=
tries=0
while [ -z "$inside" ] && [ "$tries" -lt 40 ]; do
	inside=$(tr -d ' ' <"/proc/$outside/task/$outside/children")
	tries=$((tries + 1))
	sleep 0.01
done
sleep 0.1
kill -STOP "$outside"
sleep 2.5
state="not begun"
if [ -n "$inside" ]; then
	state=$(sed -n 's/^State:[[:space:]]*//p' "/proc/$inside/status" 2>/dev/null)
	case $state in
	"" | Z*) state=ended ;;
	*) kill -KILL "$inside" ;;
	esac
fi
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

# Where the ledger has no name any more, what is executed must not begin a budget of its own.
mounts="unshare -m"
[ "$(id -u)" -eq 0 ] || mounts="unshare -Urm"
# shellcheck disable=SC2016,SC2086
got=$(timeout -k 1 20 "$tool" exec --procs 40 -- $mounts sh -c '
	mount -t tmpfs none /dev/shm || exit 1
	sh -c "sh -c true; true"
	ls /dev/shm /tmp | grep -c "^reslimit-[0-9]*-$$-"; ls /dev/shm | wc -l' 2>&1 | tr '\n' ' ')
report what_runs_in_other_mounts_stays_in_the_tree "$got" "0 0 "

scratch=$(mktemp -d)
if command -v bwrap >/dev/null; then
	got=$(timeout -k 1 20 "$tool" exec --mem 64M --wall 10s --status-file "$scratch/record" -- \
		bwrap --ro-bind / / --dev /dev --proc /proc --unshare-all sh -c 'ls /dev/shm | wc -l; sh -c "echo ran"' 2>&1 |
		tr '\n' ' ')
	report bubblewrap_works_within_the_tree "$got" "0 ran "
	start=$(milliseconds)
	timeout -k 1 20 "$tool" exec --wall 500ms --grace 200ms -- \
		bwrap --ro-bind / / --dev /dev --proc /proc --unshare-all sleep 20 2>/dev/null
	took=$(($(milliseconds) - start))
	in_time=no
	[ "$took" -ge 500 ] && [ "$took" -lt 3000 ] && in_time=yes
	report the_wall_limit_ends_bubblewrap "$in_time" yes
else
	echo "ok bubblewrap_works_within_the_tree # SKIP: not installed"
fi
rm -rf "$scratch"
exit "$failed"
