/*
 * call_at_limit.c - registers a callback and goes to a limit: WHERE HOW.
 *
 * WHERE: mem, threads, procs, again (mem until it was called), sleep, spin, child (both sleep),
 *        thread (the first thread blocks all signals), exec (run_for_ever), fds.
 * HOW:   return, exit (42), hang, jump, allocate (as much again); reset (all signals to SIG_DFL, before).
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

#include "api/reslimit.h"

enum { TOO_MUCH = 64 << 20, MARK = 4711 };

static const char *how;
static volatile sig_atomic_t calls;
static pthread_t refused_thread;
static sigjmp_buf back;

static void on_limit(const struct reslimit_event *event, void *arg)
{
	calls++;
	say("called %d limit=%s value=%lld next=%s in=%d refused=%s bytes=%lld same=%d arg=%d errno=%d\n",
	    (int)calls, event->limit, (long long)event->limit_value, event->next ? event->next : "none",
	    event->next_ns > event->at_ns && event->next_ns != RESLIMIT_UNLIMITED,
	    event->refused ? event->refused : "none", (long long)event->refused_bytes,
	    pthread_equal(pthread_self(), refused_thread) != 0, *(int *)arg, errno == 77);
	if (!strcmp(how, "exit"))
		_exit(42);
	while (!strcmp(how, "hang"))
		pause();
	if (!strcmp(how, "jump"))
		siglongjmp(back, 1);
	if (!strcmp(how, "allocate"))
		say("inner=%d\n", malloc(TOO_MUCH) != NULL);
	errno = 78;
}

static void *nothing(void *unused)
{
	return unused;
}

static void *__attribute__((noreturn)) sleep_here(void *unused)
{
	sigset_t none;

	(void)unused;
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	refused_thread = pthread_self();
	for (;;)
		pause();
}

static void *go_to_refusal(void *where)
{
	pthread_t thread;
	int error = 0;

	refused_thread = pthread_self();
	if (!strcmp(where, "threads"))
		error = pthread_create(&thread, NULL, nothing, NULL);
	else if (!strcmp(where, "procs"))
		error = fork() < 0 ? errno : 0;
	else
		do
			error = malloc(TOO_MUCH) ? 0 : errno;
		while (!strcmp(where, "again") && !calls);
	say("error=%s calls=%d\n", strerrorname_np(error), (int)calls);
	return NULL;
}

static void go_to_deadline(const char *where, const char *program)
{
	pthread_t thread;
	sigset_t all;

	refused_thread = pthread_self();
	if (!strcmp(where, "exec"))
		execl(program, program, "sleep", NULL);
	if (!strcmp(where, "child"))
		fork();
	sigfillset(&all);
	if (!strcmp(where, "thread")) {
		pthread_sigmask(SIG_SETMASK, &all, NULL);
		pthread_create(&thread, NULL, sleep_here, NULL);
	}
	for (int i = 0; i < 100 && !strcmp(where, "fds"); i++)
		open("/dev/null", O_RDONLY);
	errno = 77;
	/* A signal from somebody else calls nothing, before or after. */
	if (!strcmp(where, "spin"))
		raise(SIGRTMAX - 1);
	while (!strcmp(where, "spin")) {
		if (calls) {
			int kept = errno == 77;

			raise(SIGRTMAX - 1);
			_exit(kept && calls == 1 ? 0 : 1);
		}
	}
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	static int mark = MARK;
	pthread_t thread;

	how = argv[2];
	if (!reslimit_on_limit) {
		say("absent\n");
		return 0;
	}
	if (reslimit_on_limit(on_limit, &mark)) {
		say("not registered: %s\n", strerrorname_np(errno));
		return 0;
	}
	for (int signal_number = 1; signal_number < NSIG && !strcmp(how, "reset"); signal_number++)
		signal(signal_number, SIG_DFL);
	if (sigsetjmp(back, 1)) {
		say("jumped calls=%d\n", (int)calls);
		return 0;
	}
	if (strchr("mtpa", argv[1][0]) && strcmp(argv[1], "thread")) {
		/* Of two threads it must be the right one. */
		if (argc > 3 && !pthread_create(&thread, NULL, go_to_refusal, argv[1]))
			pthread_join(thread, NULL);
		else
			go_to_refusal(argv[1]);
		return 0;
	}
	go_to_deadline(argv[1], argc > 3 ? argv[3] : NULL);
	return 0;
}
