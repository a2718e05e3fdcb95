#!/bin/bash
# supervisor_leash.sh - nobody outlives the supervisor, whatever it forbids itself; nor is it held up.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2015,SC2016,SC2317 # fail never returns; the programs' code stands in single quotes; tests are called by name
# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"
# shellcheck source=tests/harness/supervised.sh
. "$(dirname "$0")/../harness/supervised.sh"

# under_filter FILTER PROGRAM: perl code that installs a filter, of instructions, and goes on.
under_filter() {
	printf '%s' 'my $filter = join "", map { pack "SCCL", @$_ } '"$1"'; my $length = length($filter) / 8;
		syscall(157, 38, 1, 0, 0, 0); syscall(157, 22, 2, pack("S x6 P", $length, $filter), 0, 0) and exit 90;'"$2"
}

# Whether those with this word are gone, if not at once.
are_gone() {
	local tries
	for ((tries = 0; tries < 500; tries++)); do
		[ "$(living "$1")" -gt 0 ] || return 0
		sleep 0.02
	done
	return 1
}

# expect_none_survives WORD PROGRAM...: the program's supervisor is killed when it is ready; nobody with that word may be left.
expect_none_survives() {
	local word=$1 pid
	shift
	"$tool" run -- "$@" >/dev/null 2>err &
	pid=$!
	while [ ! -e ready ]; do
		kill -0 "$pid" 2>/dev/null || fail "it never was ready: $(cat err)"
		sleep 0.01
	done
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	are_gone "$word" || fail "left: $(pgrep -af "$mark $word" | cut -c 1-100)"
}

# Stops its supervisor, then makes as many children as it is told, which close all that they have; says when all have.
stopper='my $s = getppid; kill STOP => $s; pipe(R, W); my $n = $ARGV[2] || 1;
	for (1 .. $n) { my $p = fork; if (!$p) { syscall(436, 0, 0xffffffff, 0); sleep 60 } } close W; read R, my $c, 1;
	open F, ">ready"; close F; sleep 60'

# Tests:

# A tree of daemons that fork and execute all the time, each without any descriptor from its first instruction on.
restless='use POSIX; for my $i (1 .. 3) { next if fork; POSIX::setsid(); exit if fork; syscall(436, 0, 0xffffffff, 0);
	for (1 .. 1000) { my $p = fork; if (!$p) { syscall(436, 0, 0xffffffff, 0); select undef, undef, undef, 9 if $i == 2;
			exec @ARGV if $i == 1; POSIX::_exit(0) } $i == 3 ? waitpid $p, 0 : select(undef, undef, undef, 0.002) } }
	sleep 60;'

nobody_survives_the_supervisor() {
	local n=50 i pid
	[ -z "${RL_LONG:-}" ] || n=1000
	for ((i = 0; i < n; i++)); do
		"$tool" run -- perl -e "$restless" perl -e "$waiter" "$mark" restless >/dev/null 2>&1 &
		pid=$!
		sleep "0.$(printf %03d $((RANDOM % 120)))"
		kill -KILL "$pid"
		wait "$pid" 2>/dev/null
		are_gone restless || fail "run $i: left: $(pgrep -af "$mark restless" | cut -c 1-100)"
	done
}

a_program_that_forbids_sockets_may_fork() {
	run 5 -- perl -e "$(under_filter '[0x20, 0, 0, 0], [0x15, 0, 1, 41], [6, 0, 0, 0x80000000], [6, 0, 0, 0x7fff0000]' '
		my $p = fork; exit 5 if !$p; waitpid $p, 0; exit($? & 127 ? 91 : $? >> 8)')"
	expect_record '"exit_code":5,'
}

a_program_that_forbids_our_kind_of_socket_may_fork() {
	run 5 -- perl -e "$(under_filter '[0x20, 0, 0, 0], [0x15, 0, 3, 41], [0x20, 0, 0, 16], [0x15, 0, 1, 1], [6, 0, 0, 0x80000000],
		[6, 0, 0, 0x7fff0000]' 'my $p = fork; exit 5 if !$p; waitpid $p, 0; exit($? & 127 ? 91 : $? >> 8)')"
}

a_program_that_forbids_connections_may_fork() {
	run 5 -- perl -MPOSIX -e "$(under_filter '[0x20, 0, 0, 0], [0x15, 0, 1, 42], [6, 0, 0, 0x80000000], [6, 0, 0, 0x7fff0000]' '
		my $s = getppid; kill STOP => $s; my $bad = 0;
		for (1 .. 20) { my $p = fork; POSIX::_exit(5) if !$p; waitpid $p, 0; $bad++ if $? != 5 << 8 }
		kill CONT => $s; exit($bad ? 91 : 5)')"
}

# A supervisor that has not seen the child yet; it may be that late at any time, but seldom is.
a_program_that_forbids_sockets_may_execute() {
	run 5 -- perl -e "$(under_filter '[0x20, 0, 0, 0], [0x15, 0, 1, 41], [6, 0, 0, 0x80000000], [6, 0, 0, 0x7fff0000]' '
		my $s = getppid; kill STOP => $s; my $p = fork; exec "sh", "-c", "exit 5" if !$p; waitpid $p, 0; kill CONT => $s;
		exit($? & 127 ? 91 : $? >> 8)')"
}

a_program_that_forbids_owners_may_execute() {
	run 5 -- perl -e "$(under_filter '[0x20, 0, 0, 0], [0x15, 0, 3, 72], [0x20, 0, 0, 24], [0x15, 0, 1, 8], [6, 0, 0, 0x80000000],
		[6, 0, 0, 0x7fff0000]' 'my $s = getppid; kill STOP => $s; my $p = fork; exec "sh", "-c", "exit 5" if !$p;
		waitpid $p, 0; kill CONT => $s; exit($? & 127 ? 91 : $? >> 8)')"
}

a_program_that_forbids_a_look_at_its_futexes_may_execute() {
	run 5 -- perl -e "$(under_filter '[0x20, 0, 0, 0], [0x15, 0, 1, 274], [6, 0, 0, 0x80000000], [6, 0, 0, 0x7fff0000]' '
		exec "sh", "-c", "exit 5"')"
	expect_record '"escapes":\[\]'
}

a_table_of_few_descriptors_is_no_way_out() {
	expect_none_survives few sh -c 'ulimit -n 600; exec perl -e "$1" "$2" few' sh "$stopper" "$mark"
}

a_crowd_is_no_way_out() {
	expect_none_survives crowd perl -e "$stopper" "$mark" crowd 60
}

a_network_of_its_own_is_no_way_out() {
	unshare -n true 2>/dev/null || return 77
	expect_none_survives network unshare -n perl -e "$stopper" "$mark" network
}

# The eleventh waited for the supervisor to read what the others had sent, for a fifth of a second at most, and so each further one.
a_stopped_supervisor_holds_up_no_fork() {
	run 0 -- perl -MPOSIX -MTime::HiRes=time -e 'my $s = getppid; kill STOP => $s; my $began = time;
		for (1 .. 100) { my $p = fork; POSIX::_exit(0) if !$p; waitpid $p, 0 } my $took = time - $began; kill CONT => $s;
		die "100 forks took $took s\n" if $took > 12'
}

# Who is not of the tree has the same sockets' names before him. What he sends must not even wait to be read: closing a
# descriptor may take as long as its maker likes.
a_stranger_sends_the_supervisor_nothing() {
	local pid
	"$tool" run -- sh -c ': >ready; while [ -e ready ]; do sleep 0.01; done' &
	pid=$!
	while [ ! -e ready ]; do sleep 0.01; done
	python3 - "$pid" <<-'END' || fail "status $?"
		import array, errno, os, re, select, socket, stat, sys
		pid = sys.argv[1]
		count = lambda: len(os.listdir("/proc/%s/fd" % pid))
		links = [os.readlink("/proc/%s/fd/%s" % (pid, f)) for f in os.listdir("/proc/%s/fd" % pid)]
		names = [l.split()[7] for l in open("/proc/net/unix") if "socket:[%s]" % l.split()[6] in links and " @" in l]
		if len(names) != 1:
		    sys.exit("no socket with a name: %s" % names)
		before = count()
		reading, writing = os.pipe()
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.setblocking(False)
		for text in [b"\0" * 4, b"", b"\0" * 12, b"\xff" * 16] * 10:
		    fds = array.array("i", [writing] * 3)
		    s.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)], 0, "\0" + names[0][1:])
		os.close(writing)
		if not select.select([reading], [], [], 0)[0]:
		    sys.exit("it keeps our descriptors")
		if abs(count() - before) > 5:  # what the tree forks meanwhile has one or two, for a moment
		    sys.exit("it has %d descriptors instead of %d" % (count(), before))
		fds = ["/proc/%s/fd/%s" % (pid, f) for f in os.listdir("/proc/%s/fd" % pid)]
		doors = [f for f in fds if re.search(r"/reslimit-\S+ \(deleted\)$", os.readlink(f)) and stat.S_ISSOCK(os.stat(f).st_mode)]
		if len(doors) != 1:
		    sys.exit("no door: %s" % doors)
		s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		s.connect(doors[0])
		if os.getuid() == 0:
		    os.setuid(65534)
		    if socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect_ex(doors[0]) != errno.EACCES:
		        sys.exit("another user gets in")
	END
	rm ready
	wait "$pid" || fail "status $?"
}

run_cases "$@"
