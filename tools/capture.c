/*
 * capture.c - the thread that carries output from pipes to files; see capture.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "core/attrs.h"
#include "core/fmt_json.h"
#include "core/rawsys.h"

enum {
	PIECE = 256 << 10,	  /* read at once */
	STAMPED_PIECE = 32 << 10, /* the same where each byte may grow by a stamp */
	TURN = 4 << 20,		  /* of one stream before the other has its turn */
};

int capture_in_child(const struct capture *capture)
{
	for (int i = 0; i < CAPTURE_STREAMS; i++) {
		const struct capture_stream *s = &capture->stream[i];

		if (s->path && dup2(capture->stream[s->shared].to, i ? STDERR_FILENO : STDOUT_FILENO) < 0)
			return -errno;
	}
	return 0;
}

static ssize_t read_some(struct capture *c, struct capture_stream *s, size_t most)
{
	size_t piece = c->stamps ? STAMPED_PIECE : PIECE;
	ssize_t got = read(s->from, c->in, piece < most ? piece : most);

	if (got < 0)
		return -errno;
	if (!got)
		return 0;
	if (c->stamps)
		keeper_put(&s->keeper, c->out,
			   stamper_apply(&s->stamper, raw_clock_ns(CLOCK_MONOTONIC) - c->start_ns, c->in,
					 (size_t)got, c->out));
	else
		keeper_put(&s->keeper, c->in, (size_t)got);
	return got;
}

/* Takes up to `most` bytes. Return: whether the pipe may have more some time. */
static bool carry(struct capture *c, struct capture_stream *s, int64_t most)
{
	while (most > 0) {
		ssize_t got = read_some(c, s, (size_t)most);

		if (got == -EINTR)
			continue;
		if (got <= 0)
			return got == -EAGAIN;
		s->bytes += got;
		most -= got;
	}
	return true;
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* What is there now, and no more: whoever still has the pipe may go on writing for ever. */
static void drain(struct capture *c, struct capture_stream *s)
{
	int there = 0;

	if (s->from < 0)
		return;
	if (ioctl(s->from, FIONREAD, &there) == 0)
		carry(c, s, there);
	close_end(&s->from);
}

static void *run(void *argument)
{
	struct capture *c = argument;
	struct pollfd p[CAPTURE_STREAMS + 1] = {[CAPTURE_STREAMS] = {.fd = c->stop_fd, .events = POLLIN}};

	while (!p[CAPTURE_STREAMS].revents) {
		for (int i = 0; i < CAPTURE_STREAMS; i++)
			p[i] = (struct pollfd){.fd = c->stream[i].from, .events = POLLIN};
		if (poll(p, RL_ARRAY_LEN(p), -1) < 0)
			continue;
		for (int i = 0; i < CAPTURE_STREAMS; i++)
			if (p[i].revents && !carry(c, &c->stream[i], TURN))
				close_end(&c->stream[i].from);
	}
	for (int i = 0; i < CAPTURE_STREAMS; i++)
		drain(c, &c->stream[i]);
	return NULL;
}

static int start_thread(struct capture *c)
{
	sigset_t all, mask;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	error = pthread_create(&c->thread, NULL, run, c);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return -error;
}

int capture_start(struct capture *c, int64_t start_ns)
{
	int error;

	if (!c->wanted)
		return 0;
	for (int i = 0; i < CAPTURE_STREAMS; i++)
		close_end(&c->stream[i].to);
	c->start_ns = start_ns;
	c->in = malloc(PIECE);
	c->out = c->stamps ? malloc((size_t)STAMPED_PIECE * (STAMP_MAX + 1)) : NULL;
	c->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (!c->in || (c->stamps && !c->out))
		return -ENOMEM;
	if (c->stop_fd < 0)
		return -errno;
	error = start_thread(c);
	c->running = !error;
	return error;
}

void capture_finish(struct capture *c)
{
	uint64_t one = 1;

	if (!c->running)
		return;
	while (write(c->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
	}
	pthread_join(c->thread, NULL);
	c->running = false;
	for (int i = 0; i < CAPTURE_STREAMS; i++) {
		struct capture_stream *s = &c->stream[i];

		if (!s->path || s->shared != i)
			continue;
		s->cut = keeper_finish(&s->keeper);
		/* Some file systems tell of a full disk only now. */
		if (s->fd >= 0 && close(s->fd) < 0 && errno != EINTR)
			keeper_fail(&s->keeper, errno);
		s->fd = -1;
	}
}

static void put_number(struct fmt *f, const char *stream, const char *name, int64_t value)
{
	char key[32];
	struct fmt k = FMT_INIT(key);

	fmt_str(&k, stream);
	fmt_str(&k, name);
	fmt_json_number(f, key, value);
}

void capture_describe(const struct capture *c, struct fmt *f)
{
	fmt_char(f, '{');
	for (int i = 0; i < CAPTURE_STREAMS; i++) {
		const struct capture_stream *s = &c->stream[i];

		if (!s->path || s->shared != i)
			continue;
		put_number(f, CAPTURE_NAMES[i], "_bytes", s->bytes);
		put_number(f, CAPTURE_NAMES[i], "_cut", s->cut);
		put_number(f, CAPTURE_NAMES[i], "_lost", s->keeper.lost);
		if (s->keeper.error)
			put_number(f, CAPTURE_NAMES[i], "_errno", s->keeper.error);
	}
	fmt_char(f, '}');
}

void capture_free(struct capture *c)
{
	for (int i = 0; i < CAPTURE_STREAMS; i++) {
		struct capture_stream *s = &c->stream[i];

		if (s->path) {
			close_end(&s->from);
			close_end(&s->to);
			close_end(&s->fd);
		}
		free(s->path);
		s->path = NULL;
	}
	if (c->wanted)
		close_end(&c->stop_fd);
	free(c->in);
	free(c->out);
	c->in = c->out = NULL;
	c->wanted = false;
}
