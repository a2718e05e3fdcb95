/*
 * free_in_thread.c - a thread gets and frees BYTES, if any, and ends; then this one maps a megabyte.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <sys/mman.h>

static void *get_and_free(void *bytes)
{
	if (*(long *)bytes)
		free(malloc((size_t) * (long *)bytes));
	return NULL;
}

int main(int argc, char **argv)
{
	long bytes = number(argv, argc - 1);
	pthread_t thread;

	if (pthread_create(&thread, NULL, get_and_free, &bytes) || pthread_join(thread, NULL))
		return 1;
	return mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}
