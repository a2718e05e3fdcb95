/*
 * show_footprint.c - resident memory of this process beside THREADS waiting threads, each of which used the
 * heap.
 *
 * Prints /proc/self/smaps.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "clocks.h"

static pthread_barrier_t all_here;

static void *use_heap_and_wait(void *arg)
{
	free(malloc(64));
	pthread_barrier_wait(&all_here);
	pause();
	return arg;
}

int main(int argc, char **argv)
{
	long threads = number_argument(argc, argv, 1, 0);
	static char text[1 << 16];
	pthread_t thread;
	ssize_t length;
	int fd;

	pthread_barrier_init(&all_here, NULL, (unsigned)threads + 1);
	free(malloc(64));
	for (long i = 0; i < threads; i++)
		if (pthread_create(&thread, NULL, use_heap_and_wait, NULL) != 0)
			return 2;
	pthread_barrier_wait(&all_here);
	fd = open("/proc/self/smaps", O_RDONLY);
	while ((length = read(fd, text, sizeof(text))) > 0)
		if (write(STDOUT_FILENO, text, (size_t)length) != length)
			return 2;
	return length < 0 ? 2 : 0;
}
