/*
 * stdio_chars.c - nanoseconds per putc or getc: stdio_chars putc|getc CALLS [pthread].
 *
 * With "pthread" one thread is made and joined first, which takes libc off its
 * single-threaded path for good: what a timer made by pthread_create costs.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "clocks.h"

static void *nothing(void *arg)
{
	return arg;
}

static void put_all(FILE *sink, long calls)
{
	for (long i = 0; i < calls; i++)
		putc('x', sink);
}

static void get_all(FILE *source, long calls)
{
	for (long i = 0; i < calls; i++)
		getc(source);
}

int main(int argc, char **argv)
{
	long calls = number_argument(argc, argv, 2, 10000000);
	int put = argc < 2 || strcmp(argv[1], "getc") != 0;
	FILE *file = put ? fopen("/dev/null", "w") : fopen("/dev/zero", "r");
	static char buffer[1 << 16];
	pthread_t thread;
	int64_t start;

	if (!file || setvbuf(file, buffer, _IOFBF, sizeof(buffer)) != 0)
		return 2;
	if (argc > 3) {
		if (pthread_create(&thread, NULL, nothing, NULL) != 0)
			return 2;
		pthread_join(thread, NULL);
	}
	start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	(put ? put_all : get_all)(file, calls);
	printf("%.4f\n", (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start) / (double)calls);
	return 0;
}
