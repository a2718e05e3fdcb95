/*
 * own_shm.h - a /dev/shm of the test's own: each guarded program that starts, of whichever test, sweeps what
 * lies there.
 *
 * Owns:    nothing that outlives the test.
 * Called:  tests/unit/test_*.c that leave ledgers behind, before the first test.
 * Context: one thread.
 * Fork:    children have it too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TEST_OWN_SHM_H
#define RL_TEST_OWN_SHM_H

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

static inline void write_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dprintf(fd, "%s\n", line);
	close(fd);
}

/* Where nothing may be mounted the test has the machine's, and others must not start programs meanwhile. */
static inline int enter_own_shm(void **state)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];

	(void)state;
	if (unshare(uid ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS))
		return 0;
	if (uid) {
		write_line("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "%d %d 1", (int)uid, (int)uid);
		write_line("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "%d %d 1", (int)gid, (int)gid);
		write_line("/proc/self/gid_map", map);
	}
	if (!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		mount("none", "/dev/shm", "tmpfs", 0, NULL);
	return 0;
}

#endif
