/*
 * hold_resources.c - takes N of something and holds it for MS milliseconds: WHAT N MS [child|close|ignore].
 *
 * child: a child does it, while the parent waits; close: all descriptors but
 * the standard ones are closed first; ignore: SIGTERM is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

/* Ours are above the numbers that programs use. */
enum { NUMBERS_OF_PROGRAMS = 500 };

static void take(const char *what, long n)
{
	static const struct timespec moment = {.tv_nsec = 100000};

	if (!strcmp(what, "bytes")) {
		char *bytes =
			mmap(NULL, (size_t)n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		for (long i = 0; i < n; i += 4096)
			bytes[i] = 1;
	}
	for (long i = 0; i < n && !strcmp(what, "fds"); i++)
		if (open("/dev/null", O_RDONLY) < 0)
			_exit(97);
	for (long i = 0; i < n && !strcmp(what, "switches"); i++)
		nanosleep(&moment, NULL);
}

static void sleep_ms(long ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static int open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < NUMBERS_OF_PROGRAMS; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

int main(int argc, char **argv)
{
	pid_t child = 0;

	if (argc > 4 && !strcmp(argv[4], "close"))
		close_range(3, ~0U, 0);
	if (argc > 4 && !strcmp(argv[4], "ignore"))
		signal(SIGTERM, SIG_IGN);
	if (argc > 4 && !strcmp(argv[4], "child"))
		child = fork();
	if (child > 0) {
		int status = reap(child);

		say("child=%d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
		return 0;
	}
	take(argv[1], number(argv, 2));
	say("open=%d pid=%d\n", open_descriptors(), (int)getpid());
	sleep_ms(number(argv, 3));
	return 0;
}
