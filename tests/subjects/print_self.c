/*
 * print_self.c - prints what a program can see of itself: descriptors, threads, masks, timers, limits, and
 * with any argument only of its turn on a processor.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>

static int count(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void say_turn(void)
{
	say("nice=%d policy=%d slack=%d\n", getpriority(PRIO_PROCESS, 0), sched_getscheduler(0),
	    prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	struct itimerval timer = {{0, 0}, {0, 0}};
	sigset_t mask;
	char text[65] = "";

	(void)argv;
	say_turn();
	if (argc > 1)
		return 0;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int sig = 1; sig < 64; sig++)
		text[sig - 1] = sigismember(&mask, sig) ? '1' : '0';
	say("threads=%d fds=%d mask=%s\n", count("/proc/self/task"), count("/proc/self/fd"), text);
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		getrlimit((enum __rlimit_resource)i, &limit);
		say("rlimit %d %llx %llx\n", i, (unsigned long long)limit.rlim_cur,
		    (unsigned long long)limit.rlim_max);
	}
	for (int i = 0; i < 3; i++) {
		getitimer((enum __itimer_which)i, &timer);
		say("timer %d %ld\n", i, (long)timer.it_value.tv_sec);
	}
	say("pending children=%d errno=%d\n", wait(NULL) > 0, errno);
	return 0;
}
