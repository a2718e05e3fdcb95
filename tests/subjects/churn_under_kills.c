/*
 * churn_under_kills.c - a tree that allocates, forks and makes threads, and replaces those who are killed.
 *
 * Its last argument is the file of struct churn.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "churn.h"

enum { BLOCKS = 128 };

static struct churn *churn;
static struct churn_process *self;

static void *end_at_once(void *arg)
{
	free(malloc(3000));
	return arg;
}

static void make_thread(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, end_at_once, NULL))
		pthread_join(thread, NULL);
}

static void make_child(unsigned *seed)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = rand_r(seed) % 20; i > 0; i--)
			if (malloc(rand_r(seed) % 50000))
				continue;
		_exit(0);
	}
	atomic_fetch_add(&churn->children, pid > 0);
	if (pid > 0)
		reap(pid);
}

static void wait_while_paused(int me, void *const block[])
{
	long pause_number = atomic_load(&churn->pause), held = 0;

	if (!(pause_number & 1))
		return;
	for (int i = 0; i < BLOCKS; i++)
		held += (long)malloc_usable_size(block[i]);
	atomic_store(&self->held[me], held);
	atomic_store(&self->arrived[me], pause_number);
	while (atomic_load(&churn->pause) == pause_number)
		usleep(200);
}

static void *work(void *arg)
{
	int me = (int)(intptr_t)arg;
	unsigned seed = (unsigned)(getpid() * 7 + me);
	void *block[BLOCKS] = {0};

	/* A stack of libc's is in its cache from here on, with what libc allocated for it. */
	if (me == 0)
		make_thread();
	for (;;) {
		int at = rand_r(&seed) % BLOCKS;

		wait_while_paused(me, block);
		free(block[at]);
		block[at] = malloc(rand_r(&seed) % 60000);
		atomic_fetch_add(block[at] ? &churn->grants : &churn->refused, 1);
		if (rand_r(&seed) % 400 == 0)
			make_child(&seed);
		if (me == 0 && rand_r(&seed) % 200 == 0)
			make_thread();
	}
	return NULL;
}

static void start(struct churn_process *process)
{
	pid_t pid = fork();
	pthread_t thread;

	if (pid < 0)
		return;
	if (pid > 0) {
		for (int t = 0; t < CHURN_THREADS; t++)
			atomic_store(&process->arrived[t], 0);
		atomic_store(&process->pid, pid);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	self = process;
	while (!atomic_load(&process->pid) || atomic_load(&process->pid) != getpid())
		usleep(100);
	for (intptr_t t = 1; t < CHURN_THREADS; t++)
		if (pthread_create(&thread, NULL, work, (void *)t))
			_exit(1);
	work(NULL);
}

static void replace_the_dead(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (int i = 0; i < CHURN_PROCS; i++)
			if (atomic_load(&churn->process[i].pid) == pid)
				atomic_store(&churn->process[i].pid, 0);
	for (int i = 0; i < CHURN_PROCS; i++)
		if (!atomic_load(&churn->process[i].pid))
			start(&churn->process[i]);
}

int main(int argc, char **argv)
{
	int fd = open(argv[argc - 1], O_RDWR | O_CLOEXEC);
	const char *ledger = getenv("RESLIMIT_LEDGER");

	churn = mmap(NULL, sizeof(*churn), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (churn == MAP_FAILED || !ledger)
		return 2;
	strncpy(churn->ledger, ledger, sizeof(churn->ledger) - 1);
	atomic_store(&churn->first, getpid());
	while (!atomic_load(&churn->stop)) {
		long sweep = atomic_load(&churn->sweep);

		replace_the_dead();
		if (sweep != atomic_load(&churn->swept) && !malloc(1L << 40))
			atomic_store(&churn->swept, sweep);
		usleep(300);
	}
	for (int i = 0; i < CHURN_PROCS; i++)
		kill(atomic_load(&churn->process[i].pid), SIGKILL);
	for (int i = 0; i < CHURN_PROCS; i++)
		reap(atomic_load(&churn->process[i].pid));
	return 0;
}
