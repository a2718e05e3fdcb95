/*
 * cancel_system.c - cancels threads in system(), at once and later, TIMES; then says whether a place is left.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>

static void *call(void *command)
{
	system(command);
	return NULL;
}

int main(int argc, char **argv)
{
	long times = number(argv, argc - 1);

	for (long i = 0; i < times; i++) {
		pthread_t thread;
		void *result;

		if (pthread_create(&thread, NULL, call, (void *)"exec sleep 30"))
			return 1;
		usleep((useconds_t)(i % 2 * 5000));
		pthread_cancel(thread);
		pthread_join(thread, &result);
		if (result != PTHREAD_CANCELED)
			return 2;
	}
	say("status=%d shell=%d\n", system("exit 3"), system(NULL));
	return 0;
}
