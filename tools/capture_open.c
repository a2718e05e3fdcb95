/*
 * capture_open.c - the files and pipes that options ask for; see capture.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture.h"
#include "cli.h"
#include "core/units.h"

enum { PIPE_BYTES = 256 << 10 };

const char *const CAPTURE_NAMES[] = {"stdout", "stderr"};

static int check_options(const struct capture_options *o)
{
	if (o->dir && (o->out || o->err))
		return cli_complain("--capture and --%s both say where output goes; leave one of them out",
				    o->out ? "stdout" : "stderr");
	if ((o->limit || o->stamps) && !o->dir && !o->out && !o->err)
		return cli_complain("--%s without a file to write; add --stdout, --stderr or --capture",
				    o->limit ? "capture-limit" : "timestamps");
	return 0;
}

static int read_limit(const char *text, int64_t *limit)
{
	int error = text ? units_size(text, strlen(text), limit) : 0;

	if (!text)
		*limit = INT64_MAX;
	if (error)
		return cli_complain("--capture-limit " CLI_SHOWN
				    ": %s; give whole bytes or a number with K, M, G or T, as in 1M",
				    text, error == -ERANGE ? "too large" : "not a size");
	return 0;
}

static int make_directory(const char *dir)
{
	struct stat st;

	if (!mkdir(dir, 0777) || (errno == EEXIST && !stat(dir, &st) && S_ISDIR(st.st_mode)))
		return 0;
	return cli_complain("--capture " CLI_SHOWN ": %s; name a directory that is there or can be made", dir,
			    errno == EEXIST ? "is not a directory" : strerror(errno));
}

/* A pipe or a terminal could hold us up; then the program would wait, and its limits with it. */
static int check_file(const char *option, const char *path, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return cli_complain("--%s " CLI_SHOWN ": %s", option, path, strerror(errno));
	if (S_ISREG(st.st_mode) || (S_ISCHR(st.st_mode) && !isatty(fd)))
		return 0;
	return cli_complain("--%s " CLI_SHOWN ": is not a file; name a file for captured output", option,
			    path);
}

static int open_file(struct capture_stream *s, const char *option)
{
	s->fd = open(s->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
	if (s->fd < 0)
		return cli_complain("--%s " CLI_SHOWN
				    ": %s; captured output needs a file that can be written",
				    option, s->path, errno == ENXIO ? "is not a file" : strerror(errno));
	return check_file(option, s->path, s->fd);
}

/* Out of the way of 0 to 2, which may be closed here and would then be the pipe's ends. */
static int move_up(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	close(fd);
	return moved;
}

static int open_pipe(struct capture_stream *s)
{
	int ends[2];

	if (!pipe2(ends, O_CLOEXEC)) {
		s->from = move_up(ends[0]);
		s->to = move_up(ends[1]);
	}
	if (s->from < 0 || s->to < 0)
		return cli_complain("no pipe for captured output: %s", strerror(errno));
	/* Refusals do no harm: the program's own end stays as a program expects a pipe to be. */
	fcntl(s->to, F_SETPIPE_SZ, PIPE_BYTES);
	fcntl(s->from, F_SETFL, O_NONBLOCK);
	return 0;
}

static int name_files(struct capture *c, const struct capture_options *o)
{
	const char *given[CAPTURE_STREAMS] = {o->out, o->err};

	for (int i = 0; i < CAPTURE_STREAMS; i++) {
		struct capture_stream *s = &c->stream[i];

		*s = (struct capture_stream){.from = -1, .to = -1, .fd = -1, .shared = i};
		if (o->dir ? asprintf(&s->path, "%s/%s", o->dir, CAPTURE_NAMES[i]) < 0
			   : given[i] && !(s->path = strdup(given[i]))) {
			s->path = NULL;
			return cli_complain("out of memory");
		}
	}
	return 0;
}

/* Two names of one file: one pipe keeps the order in which the program wrote. */
static bool is_same_file(int a, int b)
{
	struct stat one, other;

	return a >= 0 && b >= 0 && !fstat(a, &one) && !fstat(b, &other) && S_ISREG(one.st_mode) &&
	       one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static int open_stream(struct capture *c, int i, const char *option, int64_t limit)
{
	struct capture_stream *s = &c->stream[i];
	int error;

	if (open_file(s, option))
		return -1;
	if (i == CAPTURE_ERR && is_same_file(c->stream[CAPTURE_OUT].fd, s->fd)) {
		close(s->fd);
		s->fd = -1;
		s->shared = CAPTURE_OUT;
		return 0;
	}
	error = keeper_open(&s->keeper, s->fd, limit);
	if (error) {
		cli_complain("no memory for the tail of captured output: %s; lower --capture-limit",
			     strerror(-error));
		return -1;
	}
	return open_pipe(s);
}

int capture_open(struct capture *c, const struct capture_options *o)
{
	int64_t limit;

	memset(c, 0, sizeof(*c));
	if (check_options(o) || read_limit(o->limit, &limit))
		return -1;
	if (!o->dir && !o->out && !o->err)
		return 0;
	c->wanted = true;
	c->stop_fd = -1;
	c->stamps = o->stamps;
	if (name_files(c, o) || (o->dir && make_directory(o->dir)))
		return -1;
	for (int i = 0; i < CAPTURE_STREAMS; i++)
		if (c->stream[i].path && open_stream(c, i, o->dir ? "capture" : CAPTURE_NAMES[i], limit))
			return -1;
	return 0;
}
