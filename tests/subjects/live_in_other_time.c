/*
 * live_in_other_time.c - live_in_other_time WAY SECONDS MS: lives for so long in a time namespace whose
 * clocks are off by that.
 *
 *   fork   as a child, which has two children of its own, one after the other
 *   exec   as the next program of the same process
 *   setns  as the same process
 *   idle   as fork, and tells progress every 50 ms; idle-and-stay: and then no more
 *   hold   as fork: says what became of 6 MiB that it asks for while its parent has as much
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>

#include "api/reslimit.h"
#include "subject.h"

enum { SIZE = 6 << 20 };

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	long len = (long)strlen(text);
	int result = fd >= 0 && write(fd, text, (size_t)len) == len ? 0 : -1;

	close(fd);
	return result;
}

static void leave_time(const char *seconds)
{
	char offsets[128];

	snprintf(offsets, sizeof(offsets), "monotonic %s 0\nboottime %s 0\n", seconds, seconds);
	if (unshare(CLONE_NEWUSER | CLONE_NEWTIME) || write_file("/proc/self/timens_offsets", offsets))
		_exit(77);
}

/* Twice, so that both find out whether who went before has gone. */
static void live_in_children(long ms)
{
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (pid < 0)
			_exit(3);
		if (pid == 0) {
			usleep((unsigned int)ms * 500);
			_exit(0);
		}
		reap(pid);
	}
}

static void tell_progress(long ms)
{
	for (long done = 0; done < ms; done += 50) {
		reslimit_progress();
		usleep(50000);
	}
}

int main(int argc, char **argv)
{
	const char *way = argv[1];
	long ms = number(argv, 3);
	void *held;
	int fd;

	if (argc != 4)
		return 2;
	held = malloc(SIZE);
	leave_time(argv[2]);
	if (!strcmp(way, "exec")) {
		execlp("sleep", "sleep", ms == 1000 ? "1" : "9", (char *)NULL);
		return 4;
	}
	if (!strcmp(way, "setns")) {
		fd = open("/proc/self/ns/time_for_children", O_RDONLY);
		if (fd < 0 || setns(fd, CLONE_NEWTIME))
			return 5;
		usleep((unsigned int)ms * 1000);
		return 0;
	}
	if (fork() == 0) {
		if (!strncmp(way, "idle", 4))
			tell_progress(ms);
		else if (!strcmp(way, "hold"))
			say("first=%d second=%d\n", held != NULL, malloc(SIZE) != NULL);
		else
			live_in_children(ms);
		if (!strcmp(way, "idle-and-stay"))
			pause();
		_exit(0);
	}
	wait(&fd);
	return fd;
}
