/*
 * leave_main_thread.c - the main thread ends by pthread_exit; another goes on and ends the program by HOW.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>

static pthread_t first;

static void *go_on(void *how)
{
	void *volatile p;

	pthread_join(first, NULL);
	p = malloc(1000);
	say("going on %d\n", p != NULL);
	if (!strcmp(how, "exit"))
		exit(7);
	while (!strcmp(how, "spin"))
		;
	while (!strcmp(how, "sleep"))
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	first = pthread_self();
	if (pthread_create(&thread, NULL, go_on, argc > 1 ? argv[1] : "return"))
		return 1;
	pthread_detach(thread);
	pthread_exit(NULL);
}
