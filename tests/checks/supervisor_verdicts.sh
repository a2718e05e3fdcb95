#!/bin/bash
# supervisor_verdicts.sh - ways to die, and what reslimit run makes of each: status, verdict, certain.
#
# A row of the table is one test. Takes the build directory from BUILD (build).
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # the programs' own code stands in single quotes
set -u
BUILD=$(realpath "${BUILD:-build}") || exit 1
tool=$BUILD/reslimit subjects=$BUILD/tests/subjects
[ -x "$tool" ] && [ -x "$subjects/end_by" ] || exit 77
for variable in $(env | sed -n 's/^\(RESLIMIT_[A-Z_]*\)=.*/\1/p') LD_PRELOAD; do
	unset "$variable"
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failed=0
ulimit -c 0

# A key of the record: its value as JSON has it, or nothing.
key() {
	sed -n "s/.*[{,]\"$1\":\(\"[^\"]*\"\|[^,}]*\).*/\1/p" record
}

# dies NAME STATUS VERDICT CERTAIN MORE OPTION... -- PROGRAM...
# MORE is a list of KEY=VALUE; an empty VALUE says that the key is absent.
dies() {
	local name=$1 wanted=$2 verdict=$3 certain=$4 more=$5 options=() status pair complaint=
	shift 5
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	rm -f record
	(timeout -k 1 60 "$tool" run "${options[@]}" --status-fd 3 -- "$@" 3>record >out 2>err </dev/null; exit $?) 2>/dev/null
	status=$?
	[ "$status" -eq "$wanted" ] || complaint="status $status, not $wanted"
	[ "$(wc -l <record)" -eq 1 ] || complaint="no record of one line"
	[ "$(key verdict)" = "\"$verdict\"" ] || complaint="verdict $(key verdict), not $verdict"
	[ "$(key certain)" = "$certain" ] || complaint="certain $(key certain), not $certain"
	for pair in $more; do
		[ "$(key "${pair%%=*}")" = "${pair#*=}" ] || complaint="${pair%%=*} is '$(key "${pair%%=*}")', not '${pair#*=}'"
	done
	if [ -z "$complaint" ]; then
		echo "ok $name"
		return
	fi
	echo "not ok $name"
	printf '# %s\n' "$complaint" "$(cat record)" "$(tail -n 2 err)"
	failed=1
}

end=$subjects/end_by

# It has less before it is the program.
dies a_condition_is_not_asked_before_the_program_is_there 0 ok true '' --watch 'VmRSS>=600K' -- "$end" return 0
# The descriptor by which the kernel ends a child with its supervisor is not the program's, and nobody in the child looks.
# What this test was left is closed.
(
	export LC_ALL=C # or the program opens files of its own
	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		[ "$fd" -le 2 ] || [ "$fd" -eq 255 ] || eval "exec $fd>&-"
	done
	dies descriptors_of_ours_are_not_counted 0 ok true '' --tick 10ms --watch 'fds<=3;Threads<=1' -- \
		perl -e 'if (!fork) { select undef, undef, undef, 0.2; exit } wait'
	dies descriptors_of_the_program_are 120 custom:fds true '' --tick 10ms --watch 'fds<=2' -- sleep 5
	exit "$failed"
) || failed=1
dies a_condition_is_asked_of_a_program_that_never_tells 120 custom:Threads true '' --tick 20ms --watch 'Threads>=9' \
	--unguarded allow -- "$subjects/wait_unguarded"

# Exit codes, by each way out that leaves one.
dies it_returns_0 0 ok true 'exit_code=0 signal=0' -- "$end" return 0
dies it_returns_1 1 exit true 'exit_code=1 signal=0' -- "$end" return 1
dies it_returns_255 255 exit true exit_code=255 -- "$end" return 255
dies it_calls_exit 7 exit true exit_code=7 -- "$end" exit 7
dies it_calls__exit 8 exit true exit_code=8 -- "$end" _exit 8
dies it_calls_quick_exit 9 exit true exit_code=9 -- "$end" quick_exit 9
dies it_leaves_by_the_system_call 11 exit true exit_code=11 -- perl -e 'syscall(231, 11)'
dies its_status_is_one_of_ours 124 exit true exit_code=124 -- "$end" return 124
dies its_status_looks_like_a_signal 137 exit true 'exit_code=137 signal=0' -- "$end" return 137

# Signals of its own and of others.
dies it_aborts 134 signal true 'signal=6 exit_code= core_dumped=false' -- "$end" abort
dies it_writes_through_null 139 signal true signal=11 -- "$end" segv
dies it_reads_behind_a_file 135 signal true signal=7 -- "$end" bus
dies it_divides_by_zero 136 signal true signal=8 -- "$end" fpe
dies it_meets_an_illegal_instruction 132 signal true signal=4 -- "$end" ill
dies its_stack_overflows 139 signal true signal=11 -- "$end" overflow
dies it_kills_itself_with_KILL 137 signal true signal=9 -- "$end" kill 9
dies it_ends_by_TERM 143 signal true signal=15 -- "$end" kill 15
dies it_ends_by_a_real_time_signal 168 signal true signal=40 -- "$end" kill 40
dies a_child_of_it_kills_it 137 signal true signal=9 -- sh -c '(kill -9 $$); sleep 5'
dies its_reader_is_gone 141 signal true signal=13 -- perl -e 'pipe(R, W); close R; syswrite(W, "x"); sleep 5'

# Our steps.
dies wall_ends_it_by_TERM 124 wall true 'signal=15 core_dumped=false' --wall 200ms -- sleep 20
dies wall_ends_it_by_KILL 124 wall true signal=9 --wall 500ms --grace 100ms -- "$subjects/run_for_ever" sleep 15
dies it_exits_0_when_wall_asks 124 wall true exit_code=0 --wall 1s -- sh -c 'trap "exit 0" TERM; sleep 20 & wait'
dies cpu_ends_it 123 cpu true signal=24 --cpu 100ms -- sh -c 'while :; do :; done'
dies refusals_go_on_and_mem_ends_it 122 mem true signal=9 --mem 8M --mem-action deny:100ms,KILL -- \
	"$subjects/insist_on_allocating"
dies procs_ends_it 121 procs true signal=15 --procs 1 --procs-action TERM -- bash -c 'sleep 5 & sleep 5 & sleep 5'
dies threads_ends_it 121 threads true signal=9 --threads 0 --threads-action KILL -- python3 -c 'import threading, time
try: threading.Thread(target=print).start()
except RuntimeError: time.sleep(20)'

# Refusals.
dies it_copes_with_a_refusal 0 ok true 'exit_code=0 mem=1' --mem 8M -- "$subjects/fail_after_refusal" 20000000 1 0
dies it_fails_after_a_refusal 3 mem false 'exit_code=3 mem=2' --mem 8M -- "$subjects/fail_after_refusal" 20000000 2 3
dies it_aborts_after_a_refusal 134 mem false signal=6 --mem 8M -- "$subjects/fail_after_refusal" 20000000 1 abort
dies it_crashes_after_a_refusal 139 mem false signal=11 --mem 8M -- "$subjects/fail_after_refusal" 20000000 1 segv
dies its_fork_is_refused 1 procs false exit_code=1 --procs 0 -- perl -e 'exit(defined(fork) ? 0 : 1)'
dies strictly_a_refusal_is_an_end 122 ok true exit_code=0 --strict --mem 8M -- \
	"$subjects/fail_after_refusal" 20000000 1 0
dies strictly_procs_too 121 procs false exit_code=1 --strict --procs 0 -- perl -e 'exit(defined(fork) ? 0 : 1)'

# Refusals that were not ours.
dies the_kernel_has_no_memory 5 oserror false 'errno=12 failed_call="malloc" exit_code=5' -- \
	sh -c 'ulimit -v 200000; exec "$@"' sh "$subjects/fail_after_refusal" 1000000000 1 5
dies it_copes_without_memory 0 ok true errno=12 -- \
	sh -c 'ulimit -v 200000; exec "$@"' sh "$subjects/fail_after_refusal" 1000000000 1 0
dies ours_was_last 5 mem false errno= --mem 8M -- "$subjects/fail_after_refusal" 1000000000 1 5

# The kernel's own killer, where a memory cgroup can be made: version 1's hierarchy, or version 2's delegated to us.
group=
for base in /sys/fs/cgroup/memory /sys/fs/cgroup; do
	[ -z "$group" ] || break
	mkdir "$base/reslimit-test-$$" 2>/dev/null || continue
	group=$base/reslimit-test-$$
	for file in memory.limit_in_bytes memory.max; do
		[ ! -e "$group/$file" ] || echo 64M >"$group/$file"
	done 2>/dev/null
	[ -e "$group/memory.limit_in_bytes" ] || [ -e "$group/memory.max" ] || { rmdir "$group"; group=; }
done
if [ -n "$group" ]; then
	(
		echo "$BASHPID" >"$group/cgroup.procs"
		dies the_kernel_ran_out_of_memory 137 oserror false 'errno=12 failed_call="oom-killer" signal=9' -- \
			perl -e 'my $x = "x" x 2e8; sleep 9'
		dies somebody_else_killed_it_there 137 signal true 'signal=9 failed_call=' -- perl -e 'kill KILL => $$; sleep 9'
		exit "$failed"
	) || failed=1
	rmdir "$group"
else
	echo "# no memory cgroup may be made here: the kernel's killer is not tried"
fi

# It never ran.
dies it_does_not_exist 127 oserror true 'errno=2 failed_call="execve" exit_code=127' -- ./nothing
dies it_is_not_in_PATH 127 oserror true errno=2 -- no-such-program-anywhere
touch plain
dies it_is_no_program 126 oserror true 'errno=13 exit_code=126' -- ./plain
dies it_is_a_directory 126 oserror true 'errno=13 exit_code=126' -- ./.
printf '#!/none/interpreter\n' >script
chmod +x script
dies its_interpreter_is_missing 127 oserror true errno=2 -- ./script

# The first process of a pid namespace has a number outside.
namespace="unshare -pf"
[ "$(id -u)" -eq 0 ] || namespace="unshare -Urpf"
# shellcheck disable=SC2086 # several words
dies its_child_in_a_pid_namespace_is_resident 122 rss true 'escapes=["pid-namespace"]' --rss 60M --rss-action KILL --tick 20ms -- \
	$namespace "$subjects/hold_resident" 1 80000000 20000 0

# Nobody in the tree tells us of children that were killed, or that no hook saw.
for way in kill clone; do
	dies "it_uses_its_time_in_children_by_$way" 123 cpu true '' --cpu 300ms --wall 20s -- "$subjects/burn_in_children" 30 "$way"
	[ "$(key cpu_ns)" -lt 600000000 ] || { echo "not ok they_count_by_$way: $(cat record)"; failed=1; }
done

# A plug-in's process is ours to wait for, and in no budget.
dies its_plug_in_spins_until_it_is_ended 0 ok true 'state="hung"' --plugin "$subjects/libplugin.so:spin" --tick 20ms -- sleep 2
if [ "$(key cpu_ns)" -ge 100000000 ] || [ "$(key user_ns)" -ge 100000000 ]; then
	echo "not ok what_a_plug_in_uses_is_not_the_programs: $(cat record)"
	failed=1
fi

# The guard is not there.
dies what_was_never_executed_escapes_nothing 127 oserror true 'heap="full" mappings="full"' -- ./nothing-there
dies it_is_static_and_refused 125 internal true 'exit_code=125 pid=' -- "$subjects/wait_unguarded" 0
grep -q 'cannot be guarded: it is statically linked; give --unguarded allow' err ||
	{ echo "not ok the_refusal_says_why: $(cat err)"; failed=1; }
printf '#!%s\n' "$subjects/wait_unguarded" >static-script
chmod +x static-script
dies its_interpreter_is_static 125 internal true exit_code=125 -- ./static-script
dies it_is_static_and_allowed 124 wall true 'signal=15 heap="none" mappings="none"' --unguarded allow --wall 200ms -- "$subjects/wait_unguarded"
grep -q '"escapes":\["unguarded-program"\]' record || { echo "not ok an_escape_is_noted: $(cat record)"; failed=1; }
mkdir other
cp "$tool" other/reslimit
cp "$(ldconfig -p | sed -n 's/.*libm\.so\.6 .*=> //p' | head -n 1)" other/libreslimit_preload.so
tool=other/reslimit dies another_library_was_loaded 125 internal true 'exit_code=0 signal=0' -- perl -e 'exit 0'
dies its_budget_is_below_its_libraries 125 internal true exit_code=125 --mem 1 -- "$subjects/start_with_early_library"
if [ "$(id -u)" -eq 0 ]; then
	cp /bin/true with-rights
	chown 65534 with-rights
	chmod u+s with-rights
	dies it_has_rights_of_its_own 125 internal true exit_code=125 -- ./with-rights
	chown 0:65534 with-rights
	chmod 2755 with-rights
	dies it_has_the_rights_of_another_group 125 internal true exit_code=125 -- ./with-rights
	chmod 2745 with-rights
	dies its_group_may_not_execute_it_and_gives_no_rights 0 ok true exit_code=0 -- ./with-rights
	chgrp 0 with-rights
	chmod 6755 with-rights
	dies it_has_no_more_rights_than_we_have 0 ok true exit_code=0 -- ./with-rights
fi
exit "$failed"
