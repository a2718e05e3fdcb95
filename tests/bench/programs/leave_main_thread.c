/*
 * leave_main_thread.c - main calls pthread_exit; the other thread ends the program soon, or never when told
 * "stay".
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <unistd.h>

static void *outlive_main(void *stay)
{
	if (stay)
		pause();
	usleep(20000);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, outlive_main, argc > 1 ? argv[1] : NULL) != 0)
		return 2;
	pthread_exit(NULL);
}
