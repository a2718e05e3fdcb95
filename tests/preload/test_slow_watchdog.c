/*
 * test_slow_watchdog.c - a first process whose watchdog gets no processor when it goes on after a stop.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* The stop outlasts the deadline; the watchdog is held longer than others wait for it without reason. */
#define LIMIT	  "WALL=2500ms"
#define STOP_MS	  2800
#define HOLD_MS	  700
#define PROGRAM_S "4"

static pid_t find_watchdog(pid_t pid)
{
	char path[64], name[32] = "";
	pid_t found = 0;
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	if (!tasks)
		_exit(1);
	while (!found && (entry = readdir(tasks))) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/comm", (int)pid, entry->d_name);
		f = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
		if (!f)
			continue;
		if (fgets(name, sizeof(name), f) && !strcmp(name, "reslimit-timer\n"))
			found = atoi(entry->d_name);
		fclose(f);
	}
	closedir(tasks);
	return found;
}

/* Stops the process, and lets all of it go on but its watchdog. */
static void drive(pid_t pid)
{
	pid_t watchdog;

	while (!(watchdog = find_watchdog(pid)))
		usleep(1000);
	usleep(200000); /* the children begin */
	kill(pid, SIGSTOP);
	usleep(STOP_MS * 1000);
	if (ptrace(PTRACE_SEIZE, watchdog, NULL, NULL) || ptrace(PTRACE_INTERRUPT, watchdog, NULL, NULL))
		_exit(1);
	waitpid(watchdog, NULL, __WALL);
	kill(pid, SIGCONT);
	usleep(HOLD_MS * 1000);
	/* It stops once more when the others go on. */
	ptrace(PTRACE_INTERRUPT, watchdog, NULL, NULL);
	ptrace(PTRACE_DETACH, watchdog, NULL, NULL);
}

static void start_driver(const void *unused)
{
	pid_t pid = getpid();

	(void)unused;
	if (fork() == 0) {
		if (fork() == 0)
			drive(pid);
		_exit(0);
	}
	wait(NULL);
}

static void others_wait_for_it_to_tell_of_the_stop(void **state)
{
	struct run *r = run_guarded(&(struct spec){
		.set = SET(LIMIT),
		.argv = ARGV("/bin/sh", "-c", "sleep " PROGRAM_S " & sleep " PROGRAM_S "; wait; exit 7"),
		.prepare = start_driver});

	(void)state;
	expect_exit(r, 7);
	expect_verdict(r, "exit");
	/* Of what it was stopped for, and its watchdog was held for beyond that. */
	expect(r, record_int(r, "wall_stopped_ns") >= (STOP_MS - 60) * MS);
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_wait_for_it_to_tell_of_the_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
