/*
 * tasks.c - what the threads of a process are doing; see tasks.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

#include <string.h>

#include "procread.h"
#include "rawsys.h"
#include "units.h"

enum { RUNS_FRACTION = 10 /* of the time between the looks, to count as running */ };

/* The directory of a process's threads, or a file of one of them; of the own process, whatever its number
 * here. */
static void put_path(struct fmt *path, pid_t pid, bool own, pid_t tid, const char *name)
{
	procread_put_path(path, own ? 0 : pid, "task");
	if (!tid)
		return;
	fmt_char(path, '/');
	fmt_int(path, tid);
	fmt_char(path, '/');
	fmt_str(path, name);
}

/* Reads a small file of a thread. Return: its length; the text ends in NUL. */
static long read_file(const struct task *t, const char *name, char *text, size_t size)
{
	char path[64];
	struct fmt f = FMT_INIT(path);

	put_path(&f, t->pid, t->own, t->tid, name);
	return procread_file(path, text, size);
}

/* "tid (name) S ..."; the name may hold anything. Return: false if the thread is gone. */
static bool read_stat(struct task *t)
{
	char text[256];
	const char *open, *close;
	size_t len;

	if (read_file(t, "stat", text, sizeof(text)) <= 0)
		return false;
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || close < open || close[1] != ' ')
		return false;
	len = (size_t)(close - open - 1);
	if (len >= TASK_NAME)
		len = TASK_NAME - 1;
	memcpy(t->name, open + 1, len);
	t->name[len] = '\0';
	t->state = close[2];
	return true;
}

/* A thread's clock may be asked only by its own process; of others the scheduler's sum is told. */
static int64_t read_cpu(const struct task *t)
{
	char text[64];
	int64_t ns;
	size_t len;

	if (t->own)
		return raw_clock_ns(raw_cpu_clock_of_thread(t->tid));
	if (read_file(t, "schedstat", text, sizeof(text)) <= 0)
		return 0;
	len = strspn(text, "0123456789");
	return units_count(text, len, &ns) ? 0 : ns;
}

static const char *read_number(const char *s, uint64_t *value)
{
	if (s[0] == '0' && s[1] == 'x') {
		s = procread_hex(s + 2, value);
	} else {
		*value = (uint64_t)procread_number(s);
		s += strspn(s, "0123456789");
	}
	while (*s == ' ')
		s++;
	return s;
}

/* "running", or "number six arguments sp pc", or "-1 sp pc". */
static void read_call(struct task *t)
{
	char text[256];
	const char *at = text;
	uint64_t number = 0, skipped;

	t->call = TASK_UNKNOWN;
	t->sp = t->pc = 0;
	if (read_file(t, "syscall", text, sizeof(text)) <= 0) {
		if (read_file(t, "wchan", t->place, sizeof(t->place)) <= 0 || t->place[0] == '0')
			t->place[0] = '\0';
		return;
	}
	if (text[0] == 'r') {
		t->call = TASK_ON_PROCESSOR;
		return;
	}
	if (text[0] == '-') {
		t->call = TASK_NO_CALL;
		at = read_number(at + 1, &skipped);
	} else {
		at = read_number(at, &number);
		t->call = (long)number;
		for (int i = 0; i < 6; i++)
			at = read_number(at, &skipped);
	}
	at = read_number(at, &t->sp);
	read_number(at, &t->pc);
}

static bool is_stopped(char state)
{
	return state == 'T' || state == 't';
}

static void count(struct tasks *tasks, char state, bool runs, int64_t n)
{
	if (runs)
		tasks->running += n;
	else if (is_stopped(state))
		tasks->stopped += n;
	else if (state == 'D')
		tasks->uninterruptible += n;
	else
		tasks->sleeping += n;
}

static void add(struct tasks *tasks, pid_t pid, pid_t tid, bool own)
{
	struct task spare, *t = tasks->count < TASKS_MAX ? &tasks->task[tasks->count] : &spare;

	memset(t, 0, sizeof(*t));
	t->pid = pid;
	t->tid = tid;
	t->own = own;
	t->call = TASK_UNKNOWN;
	if (!read_stat(t) || t->state == 'Z' || t->state == 'X' || !strcmp(t->name, TASKS_WATCHDOG_NAME))
		return;
	tasks->threads++;
	t->runs = t->state == 'R';
	count(tasks, t->state, t->runs, 1);
	if (t == &spare)
		return;
	t->cpu_ns = read_cpu(t);
	tasks->count++;
}

struct listing {
	struct tasks *tasks;
	pid_t pid;
	bool own;
	int64_t until_ns;
};

static bool add_listed(void *context, int64_t tid)
{
	const struct listing *l = context;

	add(l->tasks, l->pid, (pid_t)tid, l->own);
	l->tasks->cut = raw_clock_ns(CLOCK_MONOTONIC) >= l->until_ns;
	return !l->tasks->cut;
}

void tasks_add(struct tasks *tasks, pid_t pid, bool own, int64_t until_ns)
{
	struct listing listing = {tasks, pid, own, until_ns};
	char path[48];
	struct fmt f = FMT_INIT(path);

	put_path(&f, pid, own, 0, NULL);
	if (!tasks->cut)
		procread_numbers(path, add_listed, &listing);
}

void tasks_look_again(struct tasks *tasks, int64_t elapsed_ns, int64_t until_ns)
{
	for (int i = 0; i < tasks->count; i++) {
		struct task *t = &tasks->task[i];
		char before = t->state;

		if (raw_clock_ns(CLOCK_MONOTONIC) >= until_ns) {
			tasks->cut = true;
			return;
		}
		count(tasks, t->state, t->runs, -1);
		if (!read_stat(t))
			t->state = 'X';
		t->used_ns = read_cpu(t) - t->cpu_ns;
		/* On a busy machine who wants to run may not have run: found wanting twice is enough. */
		t->runs = t->used_ns * RUNS_FRACTION >= elapsed_ns || (before == 'R' && t->state == 'R');
		read_call(t);
		if (t->call == TASK_ON_PROCESSOR && before == 'R')
			t->runs = true;
		count(tasks, t->state, t->runs, 1);
	}
}
