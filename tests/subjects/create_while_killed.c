/*
 * create_while_killed.c - says in the ledger that the tree is being killed, then makes a process and a
 * thread.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "contract/ledger_layout.h"

static void *run(void *unused)
{
	return unused;
}

int main(void)
{
	int fd = open(getenv("RESLIMIT_LEDGER"), O_RDWR);
	struct ledger *ledger = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pthread_t thread;
	pid_t pid;

	if (ledger == MAP_FAILED)
		return 1;
	atomic_store(&ledger->account[0].killing, 1);
	errno = 0;
	pid = fork();
	if (pid == 0)
		_exit(0);
	say("fork=%d errno=%d thread=%d\n", pid > 0, errno, pthread_create(&thread, NULL, run, NULL));
	return 0;
}
