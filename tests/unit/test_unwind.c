/*
 * test_unwind.c - stacks of another process, as it tells them itself and as we read them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <execinfo.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/rawsys.h"
#include "core/seize.h"
#include "core/syscall_names.h"
#include "core/tasks.h"
#include "core/unwind.h"
#include "noise.h"

enum { DEPTH = 40 };

/* What a child tells of itself, and what is found out about it. */
struct told {
	_Atomic int ready;
	int count;
	void *frame[DEPTH];
};

static struct told *told;
static struct tasks tasks;
static struct modules modules;
static struct peek peek;
static struct unwind found;
static volatile int turns;

static int prepare(void **state)
{
	(void)state;
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return told == MAP_FAILED;
}

static void tell(void)
{
	told->count = backtrace(told->frame, DEPTH);
	told->ready = 1;
}

static void __attribute__((noinline)) wait_here(void)
{
	tell();
	for (;;)
		pause();
}

static void __attribute__((noinline)) spin_here(void)
{
	tell();
	for (;;)
		turns++;
}

/* A function with a frame of its own shape: arrays of variable size need a frame register. */
static int __attribute__((noinline)) go_down(int depth, void (*last)(void))
{
	volatile char *room = __builtin_alloca((size_t)depth * 17);

	room[0] = 1;
	if (depth > 1)
		return go_down(depth - 1, last) + room[0];
	last();
	return room[0];
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void wait_in_handler(int signal)
{
	(void)signal;
	wait_here();
}

static void (*deepest)(void);

static int compare_deep(const void *a, const void *b)
{
	deepest();
	return compare(a, b);
}

/* Through a function of libc's that calls back. */
static void sort(void (*last)(void))
{
	int numbers[] = {3, 1, 2};

	deepest = last;
	qsort(numbers, 3, sizeof(numbers[0]), compare_deep);
}

static void raise_it(void)
{
	signal(SIGUSR1, wait_in_handler);
	raise(SIGUSR1);
}

static bool sleeps(pid_t pid)
{
	char path[64], text[256] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	return strstr(text, ") S ");
}

enum { SPINNING = 3 };

static pid_t start(int how)
{
	pid_t pid;

	told->ready = 0;
	pid = fork();
	if (!pid) {
		if (how == 0)
			go_down(5, wait_here);
		else if (how == 1)
			sort(wait_here);
		else if (how == 2)
			go_down(3, raise_it);
		else
			go_down(5, spin_here);
		_exit(0);
	}
	while (!told->ready || (how != SPINNING && !sleeps(pid)))
		usleep(1000);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int64_t in_a_second(void)
{
	return raw_clock_ns(CLOCK_MONOTONIC) + 1000000000;
}

static const struct task *look_at(pid_t pid)
{
	memset(&tasks, 0, sizeof(tasks));
	tasks_add(&tasks, pid, false, in_a_second());
	usleep(10000);
	tasks_look_again(&tasks, 10000000, in_a_second());
	assert_int_equal(tasks.count, 1);
	return &tasks.task[0];
}

static void walk(pid_t pid, struct registers registers)
{
	peek_begin(&peek, pid);
	assert_int_equal(modules_read(&modules, pid, in_a_second()), 0);
	unwind_walk(&found, &modules, &peek, registers, in_a_second());
}

/* Everything from the caller of tell()'s caller on is the same, to the end of main's start. */
static void expect_the_same_callers(void)
{
	int last = found.count < told->count ? found.count : told->count;
	int same = 0;

	for (int i = 1; i < last; i++)
		same += told->frame[told->count - i] == (void *)found.pc[found.count - i];
	if (same < told->count - 3)
		for (int i = 0; i < DEPTH; i++)
			print_message("# %p %p\n", i < told->count ? told->frame[i] : NULL,
				      i < found.count ? (void *)found.pc[i] : NULL);
	/* backtrace() itself, tell(), and the place in the innermost function differ. */
	assert_true(same >= told->count - 3);
	assert_int_equal(found.guessed_from, UNWIND_NO_GUESS);
}

static void sleepers(int how, long call)
{
	pid_t pid = start(how);
	const struct task *task = look_at(pid);
	struct registers registers;

	assert_int_equal(task->call, call);
	assert_false(task->runs);
	assert_int_equal(task->state, 'S');
	registers_from_pair(&registers, task->pc, task->sp);
	walk(pid, registers);
	end(pid);
}

#if defined(SYS_pause)
enum { PAUSE = SYS_pause };
#else
enum { PAUSE = SYS_ppoll };
#endif

static void a_sleeping_process_is_walked_where_it_lies(void **state)
{
	(void)state;
	sleepers(1, PAUSE);
	expect_the_same_callers();
}

static void a_signal_frame_is_walked_through(void **state)
{
	struct registers registers;
	pid_t pid, tid;
	long call;

	(void)state;
	pid = start(2);
	assert_int_equal(seize_ask(pid), 0);
	tid = seize_next(&registers, &call, in_a_second());
	assert_int_equal(tid, pid);
	walk(pid, registers);
	seize_release(tid);
	end(pid);
	expect_the_same_callers();
}

static void a_frame_register_that_is_not_known_is_guessed_and_marked(void **state)
{
	(void)state;
	sleepers(0, PAUSE);
	/* wait_here() is sure, the function with the array may not be; no caller is left out. */
	assert_true(found.count >= told->count - 2);
	assert_true(found.guessed_from >= 2);
	assert_ptr_equal(found.pc[found.count - 1], told->frame[told->count - 1]);
}

static void a_running_process_is_stopped_walked_and_let_go(void **state)
{
	struct registers registers;
	const struct task *task;
	pid_t pid, tid;
	long call = 0;
	int status;

	(void)state;
	pid = start(SPINNING);
	task = look_at(pid);
	assert_true(task->runs);
	assert_int_equal(task->call, TASK_ON_PROCESSOR);
	assert_int_equal(seize_ask(pid), 0);
	tid = seize_next(&registers, &call, in_a_second());
	assert_int_equal(tid, pid);
	walk(pid, registers);
	seize_release(tid);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_true(look_at(pid)->runs);
	end(pid);
	expect_the_same_callers();
	assert_true((char *)found.pc[0] >= (char *)spin_here &&
		    (char *)found.pc[0] < (char *)spin_here + 200);
}

static void memory_that_is_not_there_is_no_fault(void **state)
{
	char byte;

	(void)state;
	peek_begin(&peek, getpid());
	assert_false(peek_read(&peek, 16, &byte, 1));
	assert_false(peek_read_fresh(&peek, UINT64_MAX - 64, &byte, 1));
	assert_true(peek_read(&peek, (uint64_t)(uintptr_t) "x", &byte, 1));
	assert_int_equal(byte, 'x');
}

/* Registers that are noise end somewhere, and touch nothing. */
static void a_stack_of_noise_ends(void **state)
{
	static uint64_t noise[4096];
	uint64_t seed = NOISE_SEED;
	uint64_t code = (uint64_t)(uintptr_t)&a_stack_of_noise_ends;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct registers registers;

		for (int i = 0; i < 4096; i++) {
			noise_next(&seed);
			noise[i] = seed % 3 ? code + seed % 100000 - 50000 : seed;
		}
		registers_from_pair(&registers, code + seed % 4096, (uint64_t)(uintptr_t)noise + seed % 2048);
		walk(getpid(), registers);
		assert_true(found.count >= 1 && found.count <= UNWIND_FRAMES);
	}
}

static void calls_have_names_where_the_headers_know_them(void **state)
{
	(void)state;
	assert_string_equal(syscall_name(SYS_read), "read");
	assert_string_equal(syscall_name(SYS_clock_nanosleep), "clock_nanosleep");
	assert_string_equal(syscall_name(SYS_futex), "futex");
	assert_null(syscall_name(-1));
	assert_null(syscall_name(1 << 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sleeping_process_is_walked_where_it_lies),
		cmocka_unit_test(a_signal_frame_is_walked_through),
		cmocka_unit_test(a_frame_register_that_is_not_known_is_guessed_and_marked),
		cmocka_unit_test(a_running_process_is_stopped_walked_and_let_go),
		cmocka_unit_test(memory_that_is_not_there_is_no_fault),
		cmocka_unit_test(a_stack_of_noise_ends),
		cmocka_unit_test(calls_have_names_where_the_headers_know_them),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
