#!/bin/sh
# another_user.sh - programs that become another user stay within their limits.
set -u
build=${BUILD:-build}
PATH=/usr/sbin:/usr/bin:/sbin:/bin
[ "$(id -u)" -eq 0 ] || {
	echo "skip: only root can become another user"
	exit 77
}
command -v setpriv >/dev/null || exit 77
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
# The build may lie where the other user cannot read.
cp "$build/libreslimit_preload.so" "$build/reslimit" "$build/tests/subjects/forbid_calls" "$dir" || exit 1
failed=0

says() { # NAME EXPECTED COMMAND...
	name=$1
	expected=$2
	shift 2
	got=$("$@" 2>&1 | tr '\n' ' ')
	case $got in
	*"$expected"*) echo "ok $name" ;;
	*)
		echo "not ok $name: '$got'"
		failed=1
		;;
	esac
}

become="setpriv --reuid=65534 --regid=65534 --clear-groups"
hungry='x = [bytearray(10**6) for i in range(100)]'

# shellcheck disable=SC2086 # the command is several words
says a_program_executed_as_another_user_keeps_its_byte_budget MemoryError \
	"$dir/reslimit" exec --mem 32M -- $become python3 -c "$hungry"
# shellcheck disable=SC2086
says its_children_too MemoryError \
	"$dir/reslimit" exec --mem 32M -- $become sh -c "cd /; python3 -c '$hungry'; true"
says it_keeps_the_wall_deadline "status 143" \
	sh -c "'$dir/reslimit' exec --wall 300ms -- $become sleep 5; echo status \$?"
# shellcheck disable=SC2086
says a_ledger_that_is_not_ones_own_is_refused "not a ledger" \
	$become env "LD_PRELOAD=$dir/libreslimit_preload.so" RESLIMIT_MEM=1M RESLIMIT_LEDGER=/etc/shadow true
# As man(1) does: it may neither open the ledger nor ask who may.
# shellcheck disable=SC2016,SC2086 # the inner shell has the arguments; the command is several words
says behind_a_filter_it_keeps_its_byte_budget 'status 3 "denied":{"mem"' \
	sh -c '"$0/reslimit" run --mem 20M --status-file "$0/record" -- "$@" >/dev/null
		echo "status $?"; grep -o "\"denied\":{\"mem\"" "$0/record"' "$dir" $become "$dir/forbid_calls" writing thread exec

# What has rights of its own is not guarded, wherever execvp() finds it.
# shellcheck disable=SC2086
[ -u /bin/su ] && says without_PATH_the_program_is_looked_for_as_execvp_does "cannot be guarded: it is setuid" \
	$become env -u PATH "$dir/reslimit" exec --mem 64M --unguarded refuse -- su --version
cp /bin/true "$dir/capable"
# shellcheck disable=SC2086
setcap cap_net_raw+ep "$dir/capable" 2>/dev/null && says a_program_with_capabilities_is_known "cannot be guarded: it is setuid" \
	$become "$dir/reslimit" exec --mem 64M --unguarded refuse -- "$dir/capable"

# A program that closes every descriptor before it executes another, as Python's subprocess does.
# shellcheck disable=SC2086
[ "$($become python3 -c 'print(1)' 2>&1)" = 1 ] &&
	says a_child_without_descriptors_keeps_its_byte_budget "MemoryError" \
		"$dir/reslimit" exec --mem 32M -- $become python3 -c "import subprocess, sys
print(subprocess.run([sys.executable, '-c', '$hungry'], close_fds=True, capture_output=True).stderr)"

# Programs that other people wrote to become another user: each works, and keeps its wall deadline.
works() { # NAME COMMAND...: the command ends with "sh -c"
	what=$1
	shift
	# shellcheck disable=SC2016 # the inner shell has the arguments
	says "${what}_works" "65534 status 0" sh -c '"$0" exec --mem 64M --wall 20s --cpu 20s -- "$@" "id -u; sleep 0.01; (sleep 0.01)";
		echo "status $?"' "$dir/reslimit" "$@"
	# shellcheck disable=SC2016
	# su and runuser kill what does not end at once. The shell may learn of its child's end before its own signal.
	says "${what}_keeps_the_deadline" "status 1" sh -c '"$0" exec --wall 300ms -- "$@" "sleep 5; sleep 5"; echo "status $?"' \
		"$dir/reslimit" "$@"
}
# shellcheck disable=SC2086
works setpriv $become sh -c
for tool in runuser su; do
	command -v "$tool" >/dev/null && works "$tool" "$tool" -s /bin/sh nobody -c
done
works chroot chroot --userspec=65534:65534 / sh -c
command -v capsh >/dev/null && works capsh capsh --user=nobody -- -c

# The first process takes the look, because it may; on a busy machine another may be first now and then. So at its best
# out of several times five nearly all are the first's.
for _ in 1 2 3 4 5 6; do
	rm -f "$dir/log"
	for i in 1 2 3 4 5; do
		# shellcheck disable=SC2086
		"$dir/reslimit" exec --wall 700ms --stacks 1 --log "$dir/log" --name "run$i" -- \
			sh -c "$become sleep 5 & $become sleep 5 & wait" 2>/dev/null
	done
	looks=$(grep -c "stacks of run. before TERM.* 3 threads in 3 processes" "$dir/log")
	[ "$looks" -lt 4 ] || break
done
# shellcheck disable=SC2016
says the_first_process_looks_for_those_that_gave_up_their_user "most" \
	sh -c '[ "$1" -ge 4 ] && echo most || echo "$1 of 5"' sh "$looks"
exit "$failed"
