/*
 * trace_signals.c - executes PROGRAM with its arguments under a debugger's eyes, passes on what it is sent,
 * and says what the last signal was that it died of: number, code, value, sender (us, itself or another).
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>
#include <sys/ptrace.h>

int main(int argc, char **argv)
{
	siginfo_t info, last = {0};
	int status, queued = 0;
	pid_t pid = fork();

	(void)argc;
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(argv[1], argv + 1);
		_exit(127);
	}
	/* The first stop is the exec's. */
	waitpid(pid, &status, 0);
	for (int pass = 0;; pass = WSTOPSIG(status)) {
		ptrace(PTRACE_CONT, pid, NULL, pass);
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			break;
		if (!ptrace(PTRACE_GETSIGINFO, pid, NULL, &info))
			last = info;
		/* It waits, and says so by a signal that does nothing. */
		if (WSTOPSIG(status) == SIGWINCH)
			queued = !sigqueue(pid, SIGUSR1, (union sigval){.sival_int = 4711});
	}
	say("status=%d signal=%d code=%d value=%d sender=%s\n", status, last.si_signo, last.si_code,
	    queued ? last.si_value.sival_int : 0,
	    last.si_code > 0	      ? "kernel"
	    : last.si_pid == getpid() ? "us"
	    : last.si_pid == pid      ? "itself"
				      : "another");
	return 0;
}
