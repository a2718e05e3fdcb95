/*
 * guarded.c - runs a program under the shim; see guarded.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { OUT, ERR, RECORD, STREAMS, ENV_MAX = 512, DEFAULT_TIMEOUT_S = 180, TRIES = 6 };

struct stream {
	int fd;
	char *text;
	size_t len, room;
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SEC + ts.tv_nsec;
}

static const char *build_path(const char *tail)
{
	static char ring[4][2 * PATH_MAX];
	static unsigned int next;
	const char *build = getenv("BUILD");
	char *path = ring[next++ % 4];
	char root[PATH_MAX / 2];

	if (!realpath(build ? build : "build", root))
		fail_msg("no build directory; run from the top of the tree or set BUILD");
	snprintf(path, PATH_MAX, "%s/%s", root, tail);
	return path;
}

const char *subject_path(const char *name)
{
	char tail[NAME_MAX + 32];

	snprintf(tail, sizeof(tail), "tests/subjects/%s", name);
	return build_path(tail);
}

const char *library_path(void)
{
	return build_path("libreslimit_preload.so");
}

static char scratch[PATH_MAX];

static void remove_scratch(void)
{
	const char *const argv[] = {"rm", "-rf", scratch, NULL};
	pid_t pid = fork();

	if (pid == 0) {
		execvp("rm", (char *const *)argv);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

const char *scratch_dir(void)
{
	if (!*scratch) {
		const char *tmp = getenv("TMPDIR");

		snprintf(scratch, sizeof(scratch), "%s/reslimit-test-XXXXXX", tmp ? tmp : "/tmp");
		if (!mkdtemp(scratch))
			fail_msg("%s: %s", scratch, strerror(errno));
		atexit(remove_scratch);
	}
	return scratch;
}

const char *scratch_path(const char *name)
{
	static char ring[4][2 * PATH_MAX];
	static unsigned int next;
	char *path = ring[next++ % 4];

	snprintf(path, sizeof(ring[0]), "%s/%s", scratch_dir(), name);
	return path;
}

static bool names(const char *entry, const char *name)
{
	size_t len = strcspn(name, "=");

	return !strncmp(entry, name, len) && entry[len] == '=';
}

/* The test's own environment without anything of reslimit's or the loader's. */
static int base_environment(const char **env)
{
	int n = 0;

	for (char **e = environ; *e && n < ENV_MAX / 2; e++)
		if (strncmp(*e, "RESLIMIT_", 9) && strncmp(*e, "LD_PRELOAD=", 11) &&
		    strncmp(*e, "CMOCKA_", 7))
			env[n++] = *e;
	return n;
}

static const char **make_environment(const struct spec *spec)
{
	static const char *env[ENV_MAX];
	static char text[ENV_MAX][640];
	static char preload[2 * PATH_MAX];
	int n = base_environment(env);

	if (!spec->bare) {
		snprintf(preload, sizeof(preload), "LD_PRELOAD=%s%s%s", library_path(),
			 spec->preload ? ":" : "", spec->preload ? spec->preload : "");
		env[n++] = preload;
	}
	if (!spec->bare && !spec->no_record) {
		snprintf(text[0], sizeof(text[0]), "RESLIMIT_STATUS_FD=%d", RECORD_FD);
		env[n++] = text[0];
	}
	for (int i = 0; spec->set && spec->set[i]; i++) {
		int at = 0;

		snprintf(text[i + 1], sizeof(text[0]), "%s%s", spec->verbatim ? "" : "RESLIMIT_",
			 spec->set[i]);
		while (at < n && !names(env[at], text[i + 1]))
			at++;
		if (strchr(text[i + 1], '='))
			env[at] = text[i + 1];
		else if (at < n)
			env[at] = env[n - 1];
		n += strchr(text[i + 1], '=') ? at == n : -(at < n);
	}
	env[n] = NULL;
	return env;
}

static void child(const struct spec *spec, int pipes[STREAMS][2], const char **env)
{
	const char *path = strchr(spec->argv[0], '/') ? spec->argv[0] : subject_path(spec->argv[0]);
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	dup2(null, 0);
	dup2(pipes[OUT][1], 1);
	dup2(pipes[ERR][1], 2);
	if (!spec->no_record && !spec->bare)
		dup2(pipes[RECORD][1], RECORD_FD);
	if (spec->prepare)
		spec->prepare(spec->arg);
	/* The name as given, so that tests can choose an exotic argv[0] through a link. */
	execve(path, (char *const *)spec->argv, (char *const *)env);
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	_exit(127);
}

static void take_in(struct stream *s)
{
	ssize_t got;

	if (s->room - s->len < 4096) {
		s->room = s->room * 2 + 8192;
		s->text = realloc(s->text, s->room);
		assert_non_null(s->text);
	}
	got = read(s->fd, s->text + s->len, s->room - s->len - 1);
	if (got > 0) {
		s->len += (size_t)got;
	} else if (got == 0 || errno != EINTR) {
		close(s->fd);
		s->fd = -1;
	}
	s->text[s->len] = 0;
}

/* Reads until every stream has ended and the program is dead. Return: whether that came in time. */
static bool collect(struct stream s[STREAMS], int pidfd, pid_t pid, struct run *run, int64_t deadline)
{
	bool dead = false;

	for (;;) {
		struct pollfd p[STREAMS + 1];
		int64_t left = deadline - now_ns();
		int open_streams = 0;

		for (int i = 0; i < STREAMS; i++) {
			p[i] = (struct pollfd){.fd = s[i].fd, .events = POLLIN};
			open_streams += s[i].fd >= 0;
		}
		p[STREAMS] = (struct pollfd){.fd = dead ? -1 : pidfd, .events = POLLIN};
		if (dead && !open_streams)
			return true;
		if (left <= 0)
			return false;
		if (poll(p, STREAMS + 1, (int)(left / MS) + 1) < 0)
			continue;
		if (p[STREAMS].revents) {
			run->elapsed_ns += now_ns();
			dead = wait4(pid, &run->status, 0, &run->usage) == pid;
		}
		for (int i = 0; i < STREAMS; i++)
			if (p[i].revents)
				take_in(&s[i]);
	}
}

static json_t *parse_record(const struct run *run)
{
	const char *newline = memchr(run->record, '\n', run->record_len);

	return newline ? json_loadb(run->record, (size_t)(newline - run->record), JSON_REJECT_DUPLICATES,
				    NULL)
		       : NULL;
}

struct run *run_guarded(const struct spec *spec)
{
	struct run *run = calloc(1, sizeof(*run));
	struct stream s[STREAMS] = {{.fd = -1}, {.fd = -1}, {.fd = -1}};
	const char **env = make_environment(spec);
	int timeout = spec->timeout_s ? spec->timeout_s : DEFAULT_TIMEOUT_S;
	int pipes[STREAMS][2], pidfd;
	int64_t start;

	assert_non_null(run);
	for (int i = 0; i < STREAMS; i++) {
		assert_return_code(pipe2(pipes[i], O_CLOEXEC), errno);
		/* Away from RECORD_FD, so that dup2 cannot hit one of them. */
		for (int end = 0; end < 2; end++) {
			int high = fcntl(pipes[i][end], F_DUPFD_CLOEXEC, 20);

			close(pipes[i][end]);
			pipes[i][end] = high;
		}
		s[i].fd = pipes[i][0];
		s[i].text = calloc(1, s[i].room = 8192);
	}
	fflush(NULL);
	start = now_ns();
	run->pid = fork();
	if (run->pid == 0)
		child(spec, pipes, env);
	assert_true(run->pid > 0);
	setpgid(run->pid, run->pid);
	for (int i = 0; i < STREAMS; i++)
		close(pipes[i][1]);
	pidfd = (int)syscall(SYS_pidfd_open, run->pid, 0);
	assert_return_code(pidfd, errno);
	run->elapsed_ns = -start;
	run->timed_out = !collect(s, pidfd, run->pid, run, start + timeout * SEC);
	run->tree_ns = now_ns() - start;
	kill(-run->pid, SIGKILL);
	kill(run->pid, SIGKILL);
	if (run->elapsed_ns < 0) {
		wait4(run->pid, &run->status, 0, &run->usage);
		run->elapsed_ns += now_ns();
	}
	close(pidfd);
	for (int i = 0; i < STREAMS; i++)
		if (s[i].fd >= 0)
			close(s[i].fd);
	run->out = s[OUT].text, run->out_len = s[OUT].len;
	run->err = s[ERR].text, run->err_len = s[ERR].len;
	run->record = s[RECORD].text, run->record_len = s[RECORD].len;
	run->json = parse_record(run);
	if (run->timed_out) {
		run_show(run);
		fail_msg("%s did not end within %d s", spec->argv[0], timeout);
	}
	return run;
}

void run_free(struct run *run)
{
	json_decref(run->json);
	free(run->out);
	free(run->err);
	free(run->record);
	free(run);
}

struct run *guarded(const char *const set[], const char *const argv[])
{
	return run_guarded(&(struct spec){.argv = argv, .set = set});
}

struct run *bare(const char *const argv[])
{
	return run_guarded(&(struct spec){.argv = argv, .bare = true});
}

struct run *run_undisturbed(const struct spec *spec, bool (*is_disturbed)(const struct run *, const void *),
			    const void *arg)
{
	struct run *run = run_guarded(spec);

	for (int i = 1; i < TRIES && is_disturbed(run, arg); i++) {
		run_free(run);
		run = run_guarded(spec);
	}
	return run;
}

struct window {
	int64_t from_ns, until_ns;
};

static bool is_outside(const struct run *run, const void *arg)
{
	const struct window *window = arg;

	return run->tree_ns < window->from_ns || run->tree_ns >= window->until_ns;
}

struct run *run_between(const struct spec *spec, int64_t from_ns, int64_t until_ns)
{
	struct window window = {from_ns, until_ns};

	return run_undisturbed(spec, is_outside, &window);
}

struct run *guarded_due(int64_t due_ns, const char *const set[], const char *const argv[])
{
	return run_between(&(struct spec){.argv = argv, .set = set}, 0, due_ns + LATE);
}

void become_nobody(const void *unused)
{
	enum { NOBODY = 65534 };

	(void)unused;
	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		_exit(77);
}

bool nobody_can_run(const char *program)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		become_nobody(NULL);
		_exit(access(program, X_OK) || access(library_path(), R_OK) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status == 0;
}
