/*
 * call_by_number.c - syscall() with six arguments, with errors, and with requests that the kernel refuses.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static void tell(const char *name, long result)
{
	say("%s=%ld errno=%d\n", name, result, errno);
}

int main(void)
{
	struct clone_args args = {.exit_signal = SIGCHLD, .flags = CLONE_SIGHAND};
	int fd = (int)syscall(SYS_memfd_create, "six", 0);
	char *page;

	errno = 99;
	if (ftruncate(fd, 8192) || pwrite(fd, "second", 6, 4096) != 6)
		return 1;
	page = (char *)syscall(SYS_mmap, NULL, 4096L, (long)PROT_READ, (long)MAP_PRIVATE, (long)fd, 4096L);
	say("six=%d errno=%d\n", page != MAP_FAILED && !memcmp(page, "second", 6), errno);
	tell("bad", syscall(SYS_close, -1));
	tell("none", syscall(100000));
	tell("null", syscall(SYS_clone3, NULL, (size_t)0));
	tell("refused", syscall(SYS_clone3, &args, sizeof(args)));
	say("pid=%d\n", syscall(SYS_getpid) == getpid());
	return 0;
}
