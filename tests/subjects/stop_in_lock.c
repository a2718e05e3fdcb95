/*
 * stop_in_lock.c - its child is stopped as the owner of the ledger's lock; then it allocates until it waits
 * for that.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "contract/ledger_layout.h"

static void stop_in_lock(struct ledger *ledger)
{
	unsigned none = 0;

	while (!atomic_compare_exchange_strong(&ledger->lock, &none, (unsigned)gettid()))
		none = 0;
	/* Not raise(): our hook may want the lock. */
	syscall(SYS_kill, getpid(), SIGSTOP);
}

int main(void)
{
	int fd = open(getenv("RESLIMIT_LEDGER"), O_RDWR);
	struct ledger *ledger = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	struct gate forked = gate_make();
	int status;
	pid_t pid;

	if (ledger == MAP_FAILED)
		return 1;
	pid = fork();
	if (pid == 0) {
		gate_wait(&forked);
		stop_in_lock(ledger);
	}
	gate_open(&forked);
	waitpid(pid, &status, WUNTRACED);
	say("stopped=%d\n", WIFSTOPPED(status));
	for (;;)
		if (!malloc(1 << 20))
			return 1;
}
