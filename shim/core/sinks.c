/*
 * sinks.c - where records and log lines go; see sinks.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sinks.h"

#include <errno.h>
#include <string.h>

#include "rawsys.h"

static int refuse(struct fmt *why, const char *name, const char *value, const char *reason)
{
	fmt_str(why, name);
	fmt_printable(why, value, 200);
	fmt_str(why, reason);
	return -EINVAL;
}

static int refuse_number(struct fmt *why, const char *name, int64_t number, const char *reason)
{
	fmt_str(why, name);
	fmt_int(why, number);
	fmt_str(why, reason);
	return -EINVAL;
}

static int make_absolute(const char **path, char *to, size_t size, const char *name, struct fmt *why)
{
	struct fmt f = {.buf = to, .size = size};

	if (**path == '/')
		return 0;
	to[0] = '\0';
	if (raw_syscall2(SYS_getcwd, to, size) < 0)
		return refuse(why, name, *path, ": the working directory has no path; give an absolute one");
	f.len = strlen(to);
	fmt_char(&f, '/');
	fmt_str(&f, *path);
	if (f.truncated)
		return refuse(why, name, *path, ": too long with its directory; give a shorter one");
	*path = to;
	return 0;
}

static bool is_number(const char *text)
{
	return strspn(text, "0123456789") == strlen(text);
}

static int check_status_fd(const struct config *config, struct fmt *why)
{
	int flags = raw_fcntl((int)config->status_fd, F_GETFL, 0);

	if (flags < 0)
		return refuse_number(why, CONFIG_PREFIX "STATUS_FD=", config->status_fd,
				     ": not an open descriptor; open it before the program starts");
	if ((flags & O_ACCMODE) == O_RDONLY)
		return refuse_number(why, CONFIG_PREFIX "STATUS_FD=", config->status_fd,
				     ": open for reading only; give a descriptor that can be written");
	return 0;
}

static int check_file(const char *path, const char *name, struct fmt *why)
{
	int fd;

	if (strchr(path, '%'))
		return 0;
	fd = raw_open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, 0666);
	if (fd < 0)
		return refuse(why, name, path,
			      fd == -ENOENT ? ": no such directory; make it first"
					    : ": cannot be written; give a file that can");
	raw_close(fd);
	return 0;
}

static int check_path(const char **path, char *to, size_t size, const char *name, struct fmt *why)
{
	if (make_absolute(path, to, size, name, why))
		return -EINVAL;
	return check_file(*path, name, why);
}

int sinks_check(struct config *config, struct sinks *sinks, struct fmt *why)
{
	if (config->status_file && check_path(&config->status_file, sinks->status_file,
					      sizeof(sinks->status_file), CONFIG_PREFIX "STATUS_FILE=", why))
		return -EINVAL;
	if (config->status_fd >= 0 && check_status_fd(config, why))
		return -EINVAL;
	if (config->trace &&
	    check_path(&config->trace, sinks->trace, sizeof(sinks->trace), CONFIG_PREFIX "TRACE=", why))
		return -EINVAL;
	if (config->log && !is_number(config->log) &&
	    check_path(&config->log, sinks->log, sizeof(sinks->log), CONFIG_PREFIX "LOG=", why))
		return -EINVAL;
	if (config->stacks && !is_number(config->stacks) &&
	    check_path(&config->stacks, sinks->stacks, sizeof(sinks->stacks), CONFIG_PREFIX "STACKS=", why))
		return -EINVAL;
	return 0;
}
