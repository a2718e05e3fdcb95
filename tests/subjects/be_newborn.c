/*
 * be_newborn.c - forked children that have not asked for anything yet: be_newborn WHAT [N].
 *
 *   orphan N     N times, a child's own child is its death, at once; how many places are left beside it
 *   blocked      a child spins that blocks every signal, the one of libc's too, and its parent is killed
 *   exec-fails   a child executes what is not there, and goes on: errno, threads of ours, refused memory
 *   exec-hangs FILE
 *                a child executes what takes long to open, and its parent is killed
 *   storm N      N times, a child that allocates and exits, or executes what does; a signal whose handler
 * maps memory comes all the while: how many children did not exit with 7
 *
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "subject.h"

enum { STAYS_NS = 100000000, TOO_MUCH = 64 << 20 };

static void sleep_for_ever(void)
{
	for (;;)
		pause();
}

/* By its number, as the hook of kill() could ask for something. */
static void end_parent(int tell)
{
	pid_t self = getpid();

	syscall(SYS_kill, getppid(), SIGKILL);
	if (write(tell, &self, sizeof(self)) != sizeof(self))
		_exit(1);
	sleep_for_ever();
}

static void make_orphan(int tell)
{
	pid_t pid = fork();

	if (pid < 0)
		_exit(2);
	if (pid == 0)
		end_parent(tell);
	sleep_for_ever();
}

/* Return: how many children there is room for beside the orphan, of two that are tried. */
static int places_beside_orphan(void)
{
	pid_t made[2], middle, orphan;
	int ends[2], granted = 0;

	if (pipe(ends))
		_exit(3);
	middle = fork();
	if (middle == 0)
		make_orphan(ends[1]);
	close(ends[1]);
	if (middle < 0 || read(ends[0], &orphan, sizeof(orphan)) != sizeof(orphan) ||
	    waitpid(middle, NULL, 0) != middle)
		_exit(4);
	for (int i = 0; i < 2; i++) {
		made[i] = fork();
		if (made[i] == 0)
			sleep_for_ever();
		granted += made[i] > 0;
	}
	kill(orphan, SIGKILL);
	waitpid(orphan, NULL, 0);
	for (int i = 0; i < 2; i++)
		if (made[i] > 0 && kill(made[i], SIGKILL) == 0)
			waitpid(made[i], NULL, 0);
	close(ends[0]);
	return granted;
}

static void burn(long ns)
{
	struct timespec used;

	do {
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	} while (used.tv_sec * 1000000000L + used.tv_nsec < ns);
}

static void leave_one_that_hears_nothing(void)
{
	unsigned long all = ~0UL;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all));
	if (fork() == 0)
		for (;;)
			;
	kill(getpid(), SIGKILL);
}

static void fail_to_execute(void)
{
	char *argv[] = {"nothing", NULL};
	int error = execve("/nonexistent/nothing", argv, environ) ? errno : 0;
	long threads;

	burn(STAYS_NS);
	count_threads_with("", &threads);
	say("errno=%d\nthreads=%ld\nrefused=%d\n", error, threads - 1, malloc(TOO_MUCH) == NULL);
	_exit(0);
}

static void leave_one_in_exec(const char *file)
{
	enum { BEGINS_NS = 100000000 };

	if (fork() == 0) {
		execl(file, "slow", NULL);
		_exit(1);
	}
	nanosleep(&(struct timespec){.tv_nsec = BEGINS_NS}, NULL);
	kill(getpid(), SIGKILL);
}

static void map_and_unmap(int signal)
{
	int saved = errno;
	void *page = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)signal;
	if (page != MAP_FAILED)
		munmap(page, 1);
	errno = saved;
}

/* By its number, as the hook of kill() could ask for something. */
static pid_t begin_storm(void)
{
	enum { EVERY_NS = 20000 };
	struct timespec pause = {.tv_nsec = EVERY_NS};
	pid_t parent = getpid(), pid;

	setpgid(0, 0);
	pid = fork();
	if (pid == 0) {
		signal(SIGUSR1, SIG_IGN);
		while (getppid() == parent) {
			syscall(SYS_kill, 0, SIGUSR1);
			nanosleep(&pause, NULL);
		}
		_exit(0);
	}
	return pid;
}

static void end_in_storm(bool executes)
{
	void *volatile block;

	/* Or what is executed has no handler yet, as without us. */
	if (executes)
		signal(SIGUSR1, SIG_IGN);
	if (executes)
		execl("/bin/sh", "sh", "-c", "exit 7", NULL);
	block = malloc(1);
	free(block);
	_exit(7);
}

static long count_lost_in_storm(long n)
{
	struct sigaction action = {.sa_handler = map_and_unmap, .sa_flags = SA_RESTART};
	pid_t storm, pid;
	long lost = 0;
	int status;

	sigaction(SIGUSR1, &action, NULL);
	storm = begin_storm();
	while (n-- > 0) {
		status = 0;
		pid = fork();
		if (pid == 0)
			end_in_storm(n % 8 == 0);
		lost += pid < 0 || waitpid(pid, &status, 0) != pid || status != 7 << 8;
	}
	kill(storm, SIGKILL);
	waitpid(storm, NULL, 0);
	return lost;
}

int main(int argc, char **argv)
{
	bool hangs = !strcmp(argv[1], "exec-hangs");
	long n = argc > 2 && !hangs ? number(argv, 2) : 1, wrong = 0;
	int status = 0;

	if (hangs)
		leave_one_in_exec(argv[2]);
	if (!strcmp(argv[1], "orphan")) {
		/* Or one that is killed could be in its place for a while yet. */
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		while (n-- > 0)
			wrong += places_beside_orphan() != 1;
		say("wrong=%ld\n", wrong);
		return 0;
	}
	if (!strcmp(argv[1], "storm")) {
		say("lost=%ld\n", count_lost_in_storm(n));
		return 0;
	}
	if (!strcmp(argv[1], "blocked"))
		leave_one_that_hears_nothing();
	if (fork() == 0)
		fail_to_execute();
	wait(&status);
	return status != 0;
}
