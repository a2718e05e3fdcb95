/*
 * test_stopped.c - time stopped or under a debugger: what is left out of wall time, and what is not.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How much less than the sender of the signals meant a process is stopped: it must get a processor first. */
#define EARLY (60 * MS)

/* What somebody outside does to the program. Times are in milliseconds. */
struct plan {
	unsigned int after, hold, times;
	bool trace;
};

static void sleep_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

/* Until the program has its timer: two threads. */
static void wait_for_guard(pid_t pid)
{
	char path[64];
	int threads = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	for (; threads < 2; usleep(200)) {
		DIR *tasks = opendir(path);
		struct dirent *entry;

		if (!tasks)
			_exit(1);
		for (threads = 0; (entry = readdir(tasks));)
			threads += entry->d_name[0] != '.';
		closedir(tasks);
	}
}

/* Whether all threads of the process are stopped; the driver ends with the process. */
static bool is_stopped(pid_t pid)
{
	char path[64], text[512];
	bool all = true;
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	if (!tasks)
		_exit(0);
	while (all && (entry = readdir(tasks))) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/stat", (int)pid, entry->d_name);
		f = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
		if (!f)
			continue;
		all = fgets(text, sizeof(text), f) && strstr(text, ") T ");
		fclose(f);
	}
	closedir(tasks);
	return all;
}

static void drive(pid_t pid, const struct plan *plan)
{
	wait_for_guard(pid);
	for (unsigned int i = 0; i < plan->times; i++) {
		sleep_ms(plan->after);
		if (plan->trace)
			ptrace(PTRACE_SEIZE, pid, NULL, NULL);
		else
			kill(pid, SIGSTOP);
		/* One that spins beside others stops when it gets a processor. */
		while (!plan->trace && !is_stopped(pid))
			usleep(200);
		sleep_ms(plan->hold);
		if (plan->trace) {
			/* A tracee can be let go only while it is in a stop of its tracer's. */
			ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
			waitpid(pid, NULL, __WALL);
			ptrace(PTRACE_DETACH, pid, NULL, NULL);
		} else {
			kill(pid, SIGCONT);
		}
	}
}

/* In the child before exec: leaves a process behind that knows nothing of the guard and is nobody's child. */
static void start_driver(const void *arg)
{
	pid_t pid = getpid();
	pid_t driver = fork();

	if (driver == 0) {
		if (fork() == 0) {
			drive(pid, arg);
			_exit(0);
		}
		_exit(0);
	}
	waitpid(driver, NULL, 0);
}

/* Its tree is to be gone between these times. */
static struct run *driven(const char *const set[], const char *how, struct plan plan, int64_t from_ns,
			  int64_t until_ns)
{
	struct run *r = run_between(
		&(struct spec){
			.set = set, .argv = ARGV("run_for_ever", how), .prepare = start_driver, .arg = &plan},
		from_ns, until_ns);

	expect(r, r->elapsed_ns >= from_ns && r->elapsed_ns < until_ns);
	return r;
}

static void a_program_that_was_stopped_gets_all_of_its_time(void **state)
{
	static const char *const ways[] = {"spin", "sleep"};
	struct plan plan = {.after = 700, .hold = 600, .times = 1};

	(void)state;
	for (int i = 0; i < 2; i++) {
		/* And not the limit anew, though one that sleeps has left no trace of when it was stopped. */
		struct run *r = driven(SET("WALL=1s"), ways[i], plan, 1600 * MS - EARLY, 1600 * MS + LATE);

		print_message("# %s\n", ways[i]);
		expect_verdict(r, "wall");
		expect(r, record_int(r, "wall_stopped_ns") >= 600 * MS - EARLY);
		expect(r, record_int(r, "wall_stopped_ns") < 600 * MS + LATE);
		run_free(r);
	}
}

static void stops_add_up(void **state)
{
	struct plan plan = {.after = 100, .hold = 200, .times = 3};
	struct run *r = driven(SET("WALL=1s"), "spin", plan, 1600 * MS - EARLY, 1600 * MS + LATE);

	(void)state;
	expect_verdict(r, "wall");
	run_free(r);
}

static void a_stop_beyond_every_deadline_does_not_kill(void **state)
{
	struct plan plan = {.after = 50, .hold = 1500, .times = 1};
	struct run *r =
		driven(SET("WALL=500ms", "GRACE=100ms"), "spin", plan, 2000 * MS - EARLY, 2000 * MS + LATE);

	(void)state;
	expect_signal(r, SIGTERM);
	run_free(r);
}

static void a_stop_is_no_idle_time(void **state)
{
	struct plan plan = {.after = 100, .hold = 600, .times = 1};
	struct run *r = driven(SET("IDLE=600ms"), "sleep", plan, 1200 * MS - EARLY, 1300 * MS + LATE);

	(void)state;
	expect_verdict(r, "idle");
	run_free(r);
}

static void time_stopped_counts_if_asked(void **state)
{
	struct plan beyond = {.after = 200, .hold = 1300, .times = 1};
	struct plan within = {.after = 200, .hold = 600, .times = 1};
	/* As soon as it goes on. */
	struct run *all =
		driven(SET("WALL=1s", "STOPPED=0"), "spin", beyond, 1500 * MS - EARLY, 1500 * MS + LATE);
	struct run *some =
		driven(SET("WALL=1s", "STOPPED=400ms"), "spin", within, 1400 * MS - EARLY, 1400 * MS + LATE);

	(void)state;
	expect_verdict(all, "wall");
	expect(all, record_int(all, "wall_stopped_ns") == 0);
	expect_verdict(some, "wall");
	expect(some, record_int(some, "wall_stopped_ns") == 400 * MS);
	run_free(all);
	run_free(some);
}

/* Whether it ended later than it should have, or another time was credited than it stood still. */
static bool is_off(const struct run *r, const void *unused)
{
	int64_t stopped_ns = out_number(r, "stopped");

	(void)unused;
	return r->elapsed_ns >= 500 * MS + stopped_ns + LATE ||
	       llabs(record_int(r, "wall_stopped_ns") - stopped_ns) > EARLY;
}

static void a_program_that_stops_itself_is_known_to_the_instant(void **state)
{
	static const char *const ways[] = {"raise", "kill", "group", "killpg"};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct run *r =
			run_undisturbed(&(struct spec){.set = SET("WALL=500ms"),
						       .argv = ARGV("stop_itself", ways[i], "200", "400")},
					is_off, NULL);

		print_message("# %s\n", ways[i]);
		expect_signal(r, SIGTERM);
		/* The child that continues it is not stopped and sees the deadline pass: it must not act. */
		expect(r, r->elapsed_ns >= 500 * MS + out_number(r, "stopped") - EARLY);
		expect(r, !is_off(r, NULL));
		run_free(r);
	}
}

static void a_stopped_child_does_not_stop_the_clock(void **state)
{
	struct run *r = guarded_due(300 * MS, SET("WALL=300ms"),
				    ARGV("/bin/sh", "-c", "sleep 9 & kill -STOP $!; sleep 9"));

	(void)state;
	expect_verdict(r, "wall");
	expect_due(r, 300 * MS);
	expect(r, record_int(r, "wall_stopped_ns") == 0);
	run_free(r);
}

static void an_inner_budget_never_outlives_the_outer_one(void **state)
{
	char command[512];
	struct run *r;

	(void)state;
	/* The inner program is stopped most of the time; the outer one never is. */
	snprintf(command, sizeof(command), "RESLIMIT_NAME=inner RESLIMIT_WALL=400ms %s raise 100 900; exit 7",
		 subject_path("stop_itself"));
	r = guarded_due(800 * MS, SET("WALL=700ms", "GRACE=100ms", "NAME=outer"),
			ARGV("/bin/sh", "-c", command));
	/* Two records, of the inner and the outer one. */
	expect_signal(r, SIGTERM);
	expect(r, strstr(r->record, "\"name\":\"outer\"") && strstr(r->record, "\"verdict\":\"wall\""));
	expect(r, r->elapsed_ns >= 700 * MS && r->tree_ns < 800 * MS + LATE);
	run_free(r);
}

static void time_under_a_debugger_is_not_counted(void **state)
{
	struct plan plan = {.after = 100, .hold = 700, .times = 1, .trace = true};
	struct run *r = driven(SET("WALL=400ms"), "spin", plan, 800 * MS - EARLY, 900 * MS + LATE);
	struct run *s = driven(SET("WALL=400ms", "STOPPED=0"), "spin", plan, 400 * MS, 400 * MS + LATE);

	(void)state;
	expect_signal(r, SIGTERM);
	expect(r, record_int(r, "wall_stopped_ns") >= 400 * MS - EARLY);
	expect_verdict(s, "wall");
	run_free(r);
	run_free(s);
}

static int64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 * MS + ts.tv_nsec;
}

/* Whether a thread holds the watchdog's timer, the last thing but one that it makes before it naps. */
static bool has_timer(pid_t pid, const char *tid)
{
	char path[64], target[32];
	bool found = false;
	struct dirent *entry;
	DIR *files;

	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/fd", (int)pid, tid);
	files = opendir(path);
	if (!files)
		return false;
	while (!found && (entry = readdir(files))) {
		ssize_t len = readlinkat(dirfd(files), entry->d_name, target, sizeof(target) - 1);

		target[len > 0 ? len : 0] = '\0';
		found = strstr(target, "[timerfd]") != NULL;
	}
	closedir(files);
	return found;
}

/*
 * Until the watchdog has settled, some milliseconds after the start. Before, it may wait for a processor or
 * for the kernel's locks for long, so that only a long stop is taken for one if it finds it awake.
 */
static void wait_until_settled(pid_t pid)
{
	char path[64];
	bool is_settled = false;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	for (; !is_settled; usleep(200)) {
		DIR *tasks = opendir(path);
		struct dirent *entry;

		if (!tasks)
			_exit(1);
		while ((entry = readdir(tasks)))
			is_settled = is_settled || has_timer(pid, entry->d_name);
		closedir(tasks);
	}
}

enum { QUICK_STOPS = 60, HOLD_MS = 20 };

struct quick {
	pid_t pid;
	_Atomic int64_t held_ns;
};

/* The next stop comes 0 to 180 us after the last: some find the watchdog asleep, some awake. */
static void stop_quickly(struct quick *q)
{
	wait_until_settled(q->pid);
	for (int i = 0; i < QUICK_STOPS; i++) {
		int64_t begun_ns;

		kill(q->pid, SIGSTOP);
		while (!is_stopped(q->pid))
			;
		begun_ns = clock_ns();
		sleep_ms(HOLD_MS);
		q->held_ns += clock_ns() - begun_ns;
		kill(q->pid, SIGCONT);
		for (begun_ns = clock_ns(); clock_ns() < begun_ns + i * 3000L;)
			;
	}
}

static void start_stopping_quickly(const void *arg)
{
	struct quick *q = *(struct quick *const *)arg;

	q->pid = getpid();
	if (fork() == 0) {
		if (fork() == 0)
			stop_quickly(q);
		_exit(0);
	}
	wait(NULL);
}

static void a_stop_that_finds_the_watchdog_awake_counts_too(void **state)
{
	struct quick *q = mmap(NULL, sizeof(*q), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct run *r;

	(void)state;
	assert_ptr_not_equal(q, MAP_FAILED);
	r = run_guarded(&(struct spec){.set = SET("WALL=1s"),
				       .argv = ARGV("run_for_ever", "sleep"),
				       .prepare = start_stopping_quickly,
				       .arg = &q});
	print_message("# held %lld ns\n", (long long)q->held_ns);
	expect_verdict(r, "wall");
	/* A slow machine leaves the program no time for all of them. */
	expect(r, q->held_ns >= QUICK_STOPS / 4 * HOLD_MS * MS);
	expect(r, record_int(r, "wall_stopped_ns") >= q->held_ns);
	run_free(r);
	munmap(q, sizeof(*q));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_that_was_stopped_gets_all_of_its_time),
		cmocka_unit_test(stops_add_up),
		cmocka_unit_test(a_stop_beyond_every_deadline_does_not_kill),
		cmocka_unit_test(a_stop_is_no_idle_time),
		cmocka_unit_test(time_stopped_counts_if_asked),
		cmocka_unit_test(a_program_that_stops_itself_is_known_to_the_instant),
		cmocka_unit_test(a_stopped_child_does_not_stop_the_clock),
		cmocka_unit_test(an_inner_budget_never_outlives_the_outer_one),
		cmocka_unit_test(a_stop_that_finds_the_watchdog_awake_counts_too),
		cmocka_unit_test(time_under_a_debugger_is_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
