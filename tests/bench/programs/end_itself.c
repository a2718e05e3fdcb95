/*
 * end_itself.c - what a stop costs without anybody who stops: end_itself cpu|spin|sleep LIMIT_NS SIGNAL.
 *
 * Sends the signal's number to itself as soon as its own clock tells that the
 * limit has come, counted from main: processor time, or elapsed time for which it
 * spins or sleeps. What is late then is the kernel's way of ending it, the
 * machine's other work and the measuring. Tells when main began as run_until_stopped does.
 *
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "clocks.h"

static void sleep_until(int64_t at_ns)
{
	struct timespec at = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

int main(int argc, char **argv)
{
	int64_t begun[2] = {clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_PROCESS_CPUTIME_ID)};
	int64_t limit_ns = number_argument(argc, argv, 2, 0);
	int signal_number = (int)number_argument(argc, argv, 3, SIGTERM);
	const char *how = argc > 1 ? argv[1] : "";

	if (write(3, begun, sizeof(begun)) != sizeof(begun))
		return 2;
	if (strcmp(how, "cpu") == 0)
		while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) < begun[1] + limit_ns)
			;
	else if (strcmp(how, "spin") == 0)
		while (clock_ns(CLOCK_MONOTONIC) < begun[0] + limit_ns)
			;
	else
		sleep_until(begun[0] + limit_ns);
	kill(getpid(), signal_number);
	return 2;
}
