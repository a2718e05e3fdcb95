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
cp "$build/libreslimit_preload.so" "$build/reslimit" "$dir" || exit 1
failed=0

says() { # NAME EXPECTED COMMAND...
	name=$1
	expected=$2
	shift 2
	got=$("$@" 2>&1)
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
exit "$failed"
