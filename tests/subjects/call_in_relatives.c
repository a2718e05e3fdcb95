/*
 * call_in_relatives.c - registers a callback where it meets a process's other ways: WAY.
 *
 * WAY: own (a handler of the program's own has the signal), restart (in read()), stack (an alternate one),
 *      fork, vfork (children that are made between the step and its call), late (registered after it),
 *      refused (in a child of vfork()),
 *      busy (children that are made while a thread registers).
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <signal.h>

#include "api/reslimit.h"

enum { TOO_MUCH = 64 << 20, CHILDREN = 300 };

static volatile sig_atomic_t calls, own_signals, was_on_stack;
static char stack[1 << 16];
static int to_reader[2];

static void on_limit(const struct reslimit_event *event, void *unused)
{
	char here;

	(void)event;
	(void)unused;
	calls++;
	was_on_stack = &here >= stack && &here < stack + sizeof(stack);
}

static void on_own_signal(int signal)
{
	(void)signal;
	own_signals++;
}

static void register_callback(void)
{
	if (reslimit_on_limit(on_limit, NULL))
		_exit(90);
}

static void await_call(void)
{
	while (!calls)
		usleep(1000);
}

static void change_mask(int how)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(how, &all, NULL);
}

/* The step has been taken; nobody has seen to it yet. */
static void await_pending_call(void)
{
	sigset_t pending;

	do {
		usleep(1000);
		sigpending(&pending);
	} while (!sigismember(&pending, SIGRTMAX - 1));
}

/* As if somebody else had sent it. Return: how often that called. */
static int provoke(void)
{
	int before = calls;

	change_mask(SIG_UNBLOCK);
	raise(SIGRTMAX - 1);
	return calls - before;
}

static void go_own(void)
{
	signal(SIGRTMAX - 1, on_own_signal);
	register_callback();
	raise(SIGRTMAX - 1);
	await_call();
	say("own=%d calls=%d\n", (int)own_signals, (int)calls);
}

static void *wake_reader(void *unused)
{
	await_call();
	usleep(20000);
	write(to_reader[1], "x", 1);
	return unused;
}

static void go_restart(void)
{
	pthread_t thread;
	char byte;
	long got;

	pipe(to_reader);
	register_callback();
	change_mask(SIG_BLOCK);
	pthread_create(&thread, NULL, wake_reader, NULL);
	change_mask(SIG_UNBLOCK);
	errno = 0;
	got = read(to_reader[0], &byte, 1);
	say("read=%ld errno=%d calls=%d\n", got, errno, (int)calls);
}

static void go_stack(void)
{
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};

	sigaltstack(&ss, NULL);
	register_callback();
	await_call();
	say("on_stack=%d\n", (int)was_on_stack);
}

static void go_fork(void)
{
	pid_t child;

	register_callback();
	change_mask(SIG_BLOCK);
	await_pending_call();
	child = fork();
	if (!child)
		_exit(provoke());
	say("child=%d\n", WEXITSTATUS(reap(child)));
	change_mask(SIG_UNBLOCK);
	say("calls=%d\n", (int)calls);
}

static void go_vfork(void)
{
	static volatile int in_child, refused, registered;
	pid_t child;

	register_callback();
	change_mask(SIG_BLOCK);
	await_pending_call();
	child = vfork();
	if (!child) {
		in_child = provoke();
		registered = reslimit_on_limit(on_limit, NULL) ? errno : 0;
		in_child += calls;
		refused = !malloc(TOO_MUCH);
		in_child += calls;
		_exit(0);
	}
	reap(child);
	say("child=%d registered=%s refused=%d\n", in_child, strerrorname_np(registered), refused);
	change_mask(SIG_UNBLOCK);
	say("calls=%d\n", (int)calls);
}

static void go_refused(void)
{
	static volatile int in_child;
	pid_t child;

	register_callback();
	child = vfork();
	if (!child) {
		in_child = malloc(TOO_MUCH) ? -1 : calls;
		_exit(0);
	}
	reap(child);
	await_call();
	say("child=%d calls=%d\n", in_child, (int)calls);
}

static void go_late(void)
{
	struct gate gate = gate_make();
	pid_t child = fork();

	if (!child) {
		gate_wait(&gate);
		register_callback();
		_exit(provoke());
	}
	register_callback();
	await_call();
	gate_open(&gate);
	say("child=%d calls=%d\n", WEXITSTATUS(reap(child)), (int)calls);
}

static void *register_always(void *unused)
{
	for (;;)
		register_callback();
	return unused;
}

static void go_busy(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, register_always, NULL);
	for (int i = 0; i < CHILDREN; i++) {
		pid_t child = fork();

		if (!child) {
			register_callback();
			_exit(0);
		}
		if (reap(child))
			_exit(91);
	}
	say("registered=%d\n", CHILDREN);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*go)(void);
	} ways[] = {{"own", go_own},	 {"restart", go_restart}, {"stack", go_stack},	   {"fork", go_fork},
		    {"vfork", go_vfork}, {"late", go_late},	  {"refused", go_refused}, {"busy", go_busy}};

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(ways[i].name, argv[argc - 1]))
			ways[i].go();
	return 0;
}
