/*
 * sinks.c - where records and log lines go; see sinks.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sinks.h"

#include <errno.h>
#include <string.h>

#include "quiet_write.h"
#include "rawsys.h"
#include "units.h"

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

int sinks_check_descriptor(int64_t fd, const char *name, struct fmt *why)
{
	int flags = fd > INT32_MAX ? -EBADF : raw_fcntl((int)fd, F_GETFL, 0);

	if (flags < 0)
		return refuse_number(
			why, name, fd,
			": not an open descriptor; open it for the program, as in 3>record.json");
	if ((flags & O_ACCMODE) == O_RDONLY)
		return refuse_number(why, name, fd,
				     ": open for reading only; open it for writing, as in 3>record.json");
	return 0;
}

/* Whose reader would take the end of a trial for the end of everything. */
static bool is_named_pipe(const char *path)
{
	struct stat st;

	return raw_stat(path, &st, 0) == 0 && S_ISFIFO(st.st_mode);
}

/* Whether a file could be made beside one whose own name is not known yet. */
static int try_directory(const char *path)
{
	char directory[LEDGER_PATH];
	struct fmt f = FMT_INIT(directory);

	fmt_strn(&f, path, (size_t)(strrchr(path, '/') - path) + 1);
	if (f.truncated || strchr(directory, '%'))
		return 0;
	return (int)raw_syscall3(SYS_faccessat, AT_FDCWD, directory, W_OK | X_OK);
}

static int try_file(const char *path)
{
	int fd;

	if (strchr(path, '%'))
		return try_directory(path);
	if (is_named_pipe(path))
		return (int)raw_syscall3(SYS_faccessat, AT_FDCWD, path, W_OK);
	fd = quiet_open(path);
	if (fd >= 0)
		raw_close(fd);
	return fd < 0 ? fd : 0;
}

static int check_file(const char *path, const char *name, struct fmt *why)
{
	int error = try_file(path);

	if (!error)
		return 0;
	return refuse(why, name, path,
		      error == -ENOENT ? ": no such directory; make it first"
				       : ": cannot be written; give a file that can");
}

static int check_path(const char **path, char *to, size_t size, const char *name, struct fmt *why)
{
	if (make_absolute(path, to, size, name, why))
		return -EINVAL;
	return check_file(*path, name, why);
}

static bool is_number(const char *text)
{
	return strspn(text, "0123456789") == strlen(text);
}

static int check_log(struct config *config, struct sinks *sinks, struct fmt *why)
{
	int64_t fd;

	if (!is_number(config->log))
		return check_path(&config->log, sinks->log, sizeof(sinks->log), CONFIG_PREFIX "LOG=", why);
	if (units_count(config->log, strlen(config->log), &fd))
		fd = INT64_MAX;
	return sinks_check_descriptor(fd, CONFIG_PREFIX "LOG=", why);
}

int sinks_check(struct config *config, struct sinks *sinks, struct fmt *why)
{
	if (config->status_file && check_path(&config->status_file, sinks->status_file,
					      sizeof(sinks->status_file), CONFIG_PREFIX "STATUS_FILE=", why))
		return -EINVAL;
	if (config->status_fd >= 0 &&
	    sinks_check_descriptor(config->status_fd, CONFIG_PREFIX "STATUS_FD=", why))
		return -EINVAL;
	if (config->trace &&
	    check_path(&config->trace, sinks->trace, sizeof(sinks->trace), CONFIG_PREFIX "TRACE=", why))
		return -EINVAL;
	if (config->log && check_log(config, sinks, why))
		return -EINVAL;
	if (config->stacks && !is_number(config->stacks) &&
	    check_path(&config->stacks, sinks->stacks, sizeof(sinks->stacks), CONFIG_PREFIX "STACKS=", why))
		return -EINVAL;
	return 0;
}
