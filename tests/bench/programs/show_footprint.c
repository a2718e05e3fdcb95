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
#include <semaphore.h>
#include <unistd.h>

#include "clocks.h"

static sem_t heap_used;

static void *use_heap_and_wait(void *arg)
{
	free(malloc(64));
	sem_post(&heap_used);
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

	sem_init(&heap_used, 0, 0);
	free(malloc(64));
	/* One after the other, or how many heaps libc makes is chance. */
	for (long i = 0; i < threads; i++) {
		if (pthread_create(&thread, NULL, use_heap_and_wait, NULL) != 0)
			return 2;
		sem_wait(&heap_used);
	}
	fd = open("/proc/self/smaps", O_RDONLY);
	while ((length = read(fd, text, sizeof(text))) > 0)
		if (write(STDOUT_FILENO, text, (size_t)length) != length)
			return 2;
	return length < 0 ? 2 : 0;
}
