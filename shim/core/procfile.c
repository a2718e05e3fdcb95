/*
 * procfile.c - a file of /proc that is read again and again; see procfile.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "procfile.h"

#include "fmt.h"
#include "rawsys.h"

enum { HIGH_FD = 700, ABOVE_STANDARD = 3 };

bool procfile_is_programs(int fd, uint64_t dev, uint64_t ino)
{
	char path[40];
	struct fmt f = FMT_INIT(path);
	struct stat st;

	if (fd < 0)
		return false;
	fmt_str(&f, "/proc/self/fd/");
	fmt_int(&f, fd);
	return raw_stat(path, &st, 0) == 0 && st.st_dev == dev && st.st_ino == ino;
}

static bool is_held(const struct procfile *file)
{
	struct stat st;

	return file->fd > 0 && raw_fstat(file->fd, &st) == 0 && st.st_dev == file->dev &&
	       st.st_ino == file->ino;
}

void procfile_close(struct procfile *file)
{
	if (is_held(file))
		raw_close(file->fd);
	file->fd = 0;
}

void procfile_open(struct procfile *file, const char *path)
{
	struct stat st;
	int low, fd;

	procfile_close(file);
	low = raw_open(path, O_RDONLY, 0);
	if (low < 0)
		return;
	fd = raw_fcntl(low, F_DUPFD_CLOEXEC, HIGH_FD);
	if (fd < 0) /* a low limit on descriptors: anywhere */
		fd = raw_fcntl(low, F_DUPFD_CLOEXEC, ABOVE_STANDARD);
	raw_close(low);
	if (fd < 0)
		return;
	if (raw_fstat(fd, &st) < 0) {
		raw_close(fd);
		return;
	}
	file->fd = fd;
	file->dev = st.st_dev;
	file->ino = st.st_ino;
}

int procfile_rewind(struct procfile *file, const char *path)
{
	if (!is_held(file))
		procfile_open(file, path);
	if (!file->fd)
		return -1;
	raw_syscall3(SYS_lseek, file->fd, 0, SEEK_SET);
	return file->fd;
}
