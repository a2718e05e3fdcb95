#!/bin/bash
# shells.sh - bash, dash and perl: pipelines, subshells, traps, forks.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # code of other programs
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/real/common.sh
. tests/real/common.sh
need bash perl

same bash_pipelines_work bash -c 'seq 2000 | grep 7 | sort -r | head -n 50 | md5sum; echo "${PIPESTATUS[*]}"'
same bash_subshells_and_traps_work bash -c 'trap "echo bye" EXIT; (exit 3); echo $?; x=$(cat <<<here); echo "$x"; kill -TERM $BASHPID'
same bash_background_jobs_work bash -c 'for i in $(seq 30); do (exit $i) & p+=($!); done; for j in "${p[@]}"; do wait $j; echo $?; done'
same bash_exec_with_empty_environment_works bash -c 'exec env -i /bin/sh -c "echo \$0; exit 6"' 
same dash_works sh -c 'i=0; while [ $i -lt 100 ]; do i=$((i + 1)); /bin/true || exit 1; done; echo $i'
same perl_works perl -e 'my %h; $h{$_ % 977} .= $_ for 1 .. 100000; print length(join "", map { $h{$_} } sort keys %h), "\n"; print `echo sub`; exit 5'
same perl_forks_and_pipes perl -e 'for my $i (1 .. 20) { open my $p, "-|", "echo", $i or die; print <$p>; close $p } print system("exit 3") >> 8, "\n"'
same env_without_environment_works env -i /bin/echo clean
# Its filters may open files for reading only.
if command -v man col >/dev/null; then
	same man_formats_in_its_sandbox man -l tools/reslimit.1
fi
stops perl_runs_out_of_memory 1 mem 'Out of memory' --mem 32M -- perl -e 'push @a, "x" x 100000 while 1'
stops perl_copes_with_refused_forks 0 ok 'made 3' --procs 3 -- perl -e 'while (defined($p = fork)) { $n++; if (!$p) { sleep 20; exit } } print "made $n\n"'
stops bash_is_stopped_in_time 124 wall '' --wall 300ms -- bash -c 'while :; do sleep 1; done'
stops bash_uses_up_its_processor_time 123 cpu '' --cpu 300ms -- bash -c 'while :; do :; done'
stops a_deep_pipeline_is_stopped_whole 124 wall '' --wall 300ms -- bash -c 'sleep 30 | sleep 30 | sleep 30'
stops limits_hold_behind_env_i 1 mem 'Out of memory' --mem 32M -- env -i perl -e 'push @a, "x" x 100000 while 1'
exit "$failed"
