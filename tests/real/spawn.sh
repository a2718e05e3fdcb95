#!/bin/bash
# spawn.sh - programs that start others by every means, under a limit on processes.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # code of other programs
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/real/common.sh
. tests/real/common.sh
need python3 perl make gcc
python=$(system python3)

cat >"$scratch/many.mk" <<'END'
all: $(foreach i,1 2 3 4 5 6 7 8 9,t$(i))
t%: ; @sleep $(or $(NAP),0.05)
END
printf 'int main(void) { return 0; }\n' >"$scratch/x.c"

same python_starts_programs_in_every_way "$python" -c 'import os, subprocess
print(os.system("exit 3"), os.popen("echo popen").read())
p = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 4"], {}); print(os.waitpid(p, 0)[1])
p = os.posix_spawnp("sh", ["sh", "-c", "exit 5"], os.environ); print(os.waitpid(p, 0)[1])
print(subprocess.check_output("echo a | tr a b", shell=True), os.spawnlp(os.P_WAIT, "sh", "sh", "-c", "exit 6"))'
same python_ptys_work "$python" -c 'import pty, os
pid, fd = pty.fork()
if pid == 0:
    print("child", os.isatty(0)); os._exit(7)
text = b""
try:
    while True: text += os.read(fd, 100)
except OSError: pass
print(text, os.waitpid(pid, 0)[1] >> 8)'
same make_runs_jobs make -j4 -f "$scratch/many.mk"
same gcc_compiles gcc -O1 -c -o "$scratch/x.o" "$scratch/x.c"
same perl_starts_programs_in_every_way perl -e 'print system("exit 3") >> 8, `echo b`; open my $p, "|-", "cat" or die; print $p "c\n"; close $p;
	open $p, "-|", "echo d | cat" or die; print <$p>; %ENV = (); print `echo e`, system("/bin/true; exit 2") >> 8, "\n"'

stops python_is_told_of_a_refused_subprocess 0 ok 'refused 3' --procs 2 -- "$python" -c 'import subprocess
n = 0; ps = []
for i in range(5):
    try: ps.append(subprocess.Popen(["sleep", "20"]))
    except BlockingIOError: n += 1
print("refused", n)'
stops python_is_told_of_a_refused_posix_spawn 0 ok 'refused 3' --procs 2 -- "$python" -c 'import os
n = 0
for i in range(5):
    try: os.posix_spawn("/bin/sleep", ["sleep", "20"], {})
    except BlockingIOError: n += 1
print("refused", n)'
stops python_is_told_of_a_refused_system 0 ok 'got -1' --procs 0 -- "$python" -c 'import os
print("got", os.system("true"))'
# perl tries again every 5 seconds, for as long as it takes.
stops perl_waits_for_a_place_for_system any wall '' --procs 0 --wall 1s -- perl -e 'system "true; true"'
stops perl_waits_for_a_place_for_backticks any wall "Can't fork, trying again" --procs 0 --wall 3s -- perl -we '$x = `echo a; echo b`'
stops bash_pipelines_fit_their_processes 0 ok '^b$' --procs 4 -- bash -c 'x=$(echo a | tr a b); echo "$x"'
stops make_fits_its_jobs 0 ok '' --procs 2 -- make -j2 -f "$scratch/many.mk"
stops make_says_that_it_cannot_start_jobs 2 procs 'temporarily unavailable' --procs 2 -- make -j9 -f "$scratch/many.mk" NAP=2
stops gcc_fits_its_two_processes 0 ok '' --procs 2 -- gcc -c -o "$scratch/x.o" "$scratch/x.c"
if long; then # it tries for 15 seconds
	stops gcc_says_that_it_cannot_start_its_compiler 1 procs 'temporarily unavailable' --procs 0 -- gcc -c -o "$scratch/x.o" "$scratch/x.c"
fi
stops limits_hold_behind_a_cleared_environment 0 ok 'MemoryError' --mem 64M -- "$python" -c 'import os
os.environ.clear(); os.system("'"$python"' -c \"x = bytearray(100 << 20)\" 2>&1")'
exit "$failed"
