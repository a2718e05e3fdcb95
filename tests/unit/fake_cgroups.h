/*
 * fake_cgroups.h - a directory that stands for the kernel's control groups.
 *
 * This file's own mkdir, rmdir and write do what the kernel would do there,
 * as far as the code under test can tell.
 *
 * Owns:    the directory `root`, from make_root() to remove_root().
 * Called:  tests/unit/test_cgroup.c.
 * Context: one thread.
 * Fork:    children have it too, but only this process is moved.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TEST_FAKE_CGROUPS_H
#define RL_TEST_FAKE_CGROUPS_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/attrs.h"

static char root[] = "/tmp/reslimit-test-cgroup-XXXXXX";
static char text[4096];
static char enabled[256]; /* controllers that were let into the children of a group */
static pid_t self;
static bool may_enter = true;

static inline const char *at(const char *path)
{
	static char full[4][2 * PATH_MAX];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(full[turn], sizeof(full[turn]), "%s/%s", root, path);
	return full[turn];
}

static inline const char *content(const char *path)
{
	int fd = open(at(path), O_RDONLY);
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

static inline void put(const char *path, const char *words)
{
	FILE *file = fopen(at(path), "w");

	assert_non_null(file);
	fputs(words, file);
	fclose(file);
}

static inline bool exists(const char *path)
{
	return access(at(path), F_OK) == 0;
}

/* What the kernel puts into each group, of which some need their controller. */
static const char *const FILES[] = {"cgroup.procs",	    "cgroup.subtree_control", "cgroup.kill",
				    "memory.max",	    "memory.oom.group",	      "pids.max",
				    "memory.limit_in_bytes"};

static inline bool is_group(const char *path)
{
	return strstr(path, "/reslimit-") && strncmp(path, root, strlen(root)) == 0;
}

static inline void fill_group(const char *dir)
{
	for (size_t i = 0; i < RL_ARRAY_LEN(FILES); i++) {
		char path[PATH_MAX + 64];
		bool v1 = strstr(dir, "/v1/") != NULL;
		bool needs_memory = !strncmp(FILES[i], "memory", 6),
		     needs_pids = !strncmp(FILES[i], "pids", 4);

		if (!v1 && ((needs_memory && !strstr(enabled, "memory")) ||
			    (needs_pids && !strstr(enabled, "pids"))))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, FILES[i]);
		close(open(path, O_CREAT | O_WRONLY, 0600));
	}
}

int mkdir(const char *path, mode_t mode)
{
	long result = syscall(SYS_mkdirat, AT_FDCWD, path, mode);

	if (!result && is_group(path))
		fill_group(path);
	return (int)result;
}

static inline bool has_processes(const char *dir)
{
	char name[PATH_MAX + 64];
	struct stat st;

	snprintf(name, sizeof(name), "%s/cgroup.procs", dir);
	return !stat(name, &st) && st.st_size > 0;
}

int rmdir(const char *path)
{
	char name[PATH_MAX + 64];

	if (is_group(path) && has_processes(path)) {
		errno = EBUSY;
		return -1;
	}
	for (size_t i = 0; is_group(path) && i < RL_ARRAY_LEN(FILES); i++) {
		snprintf(name, sizeof(name), "%s/%s", path, FILES[i]);
		unlink(name);
	}
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

static char where[PATH_MAX]; /* the list that has our pid */

static inline void move_self(int fd, const char *list)
{
	char pid[32];

	if (*where)
		assert_int_equal(truncate(where, 0), 0);
	snprintf(where, sizeof(where), "%s", list);
	snprintf(pid, sizeof(pid), "%d\n", self);
	syscall(SYS_ftruncate, fd, 0);
	syscall(SYS_pwrite64, fd, pid, strlen(pid), 0);
}

/* Return: 0, or the errno of a kernel that has processes in the group itself. */
static inline int enable(char *list, const char *words)
{
	*strrchr(list, '/') = '\0';
	if (has_processes(list))
		return EBUSY;
	snprintf(enabled, sizeof(enabled), "%s", *words == '+' ? words : "");
	return 0;
}

static inline const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	char link[32], path[PATH_MAX] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, path, sizeof(path) - 1) > 0 && !strncmp(path, root, strlen(root))) {
		if (!strcmp(name_of(path), "cgroup.procs")) {
			if (!may_enter) {
				errno = EACCES;
				return -1;
			}
			if (getpid() == self)
				move_self(fd, path);
			return (ssize_t)len;
		}
		if (!strcmp(name_of(path), "cgroup.subtree_control")) {
			errno = enable(path, bytes);
			return errno ? -1 : (ssize_t)len;
		}
	}
	return syscall(SYS_write, fd, bytes, len);
}

/* A machine: what its /proc says of our groups and of their mounts. */
static inline void describe(const char *groups, const char *mounts)
{
	put("proc/self/cgroup", groups);
	put("proc/self/mountinfo", mounts);
}

#define V2_MOUNT "30 23 0:26 / /v2 rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
#define V1_MOUNTS                                                                                            \
	"31 23 0:27 / /v1/pids rw - cgroup cgroup rw,pids\n"                                                 \
	"32 23 0:28 / /v1/memory rw shared:9 master:1 - cgroup cgroup rw,memory\n"

static inline const char *own(const char *format)
{
	static char name[2][PATH_MAX];
	static int turn;

	turn = !turn;
	snprintf(name[turn], sizeof(name[turn]), format, self);
	return name[turn];
}

static inline int make_root(void **state)
{
	char command[512];

	(void)state;
	self = getpid();
	if (!mkdtemp(root))
		return -1;
	snprintf(command, sizeof(command),
		 "cd %s && mkdir -p proc/self v2/user/job v2/job v1/pids/a v1/memory/b", root);
	return system(command);
}

static inline int remove_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

#endif
