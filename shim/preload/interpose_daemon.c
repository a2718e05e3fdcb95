/*
 * interpose_daemon.c - daemon and forkpty, built on the guarded fork.
 *
 * Owns:    nothing.
 * Called:  any thread.
 * Context: errno is EAGAIN on a refusal, as fork(2) says; otherwise as libc's.
 * Fork:    through fork(), as libc's do.
 *
 * libc's own call a fork that no hook sees, whose child would share its
 * parent's place and cell. They are short and their steps documented, so they
 * are done here, in the same order.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <pty.h>
#include <sys/sysmacros.h>
#include <utmp.h>

#include "core/attrs.h"
#include "core/rawsys.h"
#include "interpose_process.h"
#include "member.h"
#include "real.h"

enum { NULL_MAJOR = 1, NULL_MINOR = 3 };

static pid_t call_fork(const void *unused)
{
	(void)unused;
	return real.fork();
}

/* /dev/null for reading and writing, or -errno; ENODEV if something else has its name. */
static int open_null(void)
{
	struct stat st;
	/* Not raw_open(): the descriptor may be one of those that stay. */
	int fd = (int)raw_syscall4(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR, 0);
	int error;

	if (fd < 0)
		return fd;
	error = raw_fstat(fd, &st);
	if (!error && (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(NULL_MAJOR, NULL_MINOR)))
		error = -ENODEV;
	if (error) {
		raw_close(fd);
		return error;
	}
	return fd;
}

/* What the child does. Return: 0 or -errno. */
static int detach(int keep_directory, int keep_streams)
{
	int error = (int)raw_syscall0(SYS_setsid);
	int null;

	if (error < 0)
		return error;
	if (!keep_directory)
		raw_syscall1(SYS_chdir, "/");
	if (keep_streams)
		return 0;
	null = open_null();
	if (null < 0)
		return null;
	for (int fd = 0; fd <= 2; fd++)
		if (fd != null)
			raw_syscall3(SYS_dup3, null, fd, 0);
	if (null > 2)
		raw_close(null);
	return 0;
}

RL_EXPORT int daemon(int keep_directory, int keep_streams)
{
	pid_t child;
	int error;

	real_ensure();
	if (!member_is_guarded())
		return REAL_LATE(daemon)(keep_directory, keep_streams);
	child = process_fork(call_fork, NULL, "daemon", __builtin_return_address(0));
	if (child < 0)
		return -1;
	if (child > 0)
		_exit(0);
	error = detach(keep_directory, keep_streams);
	if (!error)
		return 0;
	errno = -error;
	return -1;
}

RL_EXPORT int forkpty(int *controller, char *name, const struct termios *termp, const struct winsize *winp)
{
	int ours, terminal, saved;
	pid_t child;

	real_ensure();
	if (!member_is_guarded() || !REAL_LATE(openpty) || !REAL_LATE(login_tty))
		return REAL_LATE(forkpty)(controller, name, termp, winp);
	if (REAL_LATE(openpty)(&ours, &terminal, name, termp, winp) < 0)
		return -1;
	child = process_fork(call_fork, NULL, "forkpty", __builtin_return_address(0));
	if (child == 0) {
		raw_close(ours);
		if (REAL_LATE(login_tty)(terminal))
			_exit(1);
		return 0;
	}
	saved = errno;
	raw_close(terminal);
	if (child > 0)
		*controller = ours;
	else
		raw_close(ours);
	errno = saved;
	return child;
}
