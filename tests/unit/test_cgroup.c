/*
 * test_cgroup.c - which control group is chosen, what is written there, and that it is gone afterwards.
 *
 * A directory stands for the kernel's: this file's own mkdir, rmdir and write
 * do what the kernel would do there, as far as the code under test can tell.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
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
#include "tools/cgroup.h"

static char root[] = "/tmp/reslimit-test-cgroup-XXXXXX";
static char text[4096];
static char enabled[256]; /* controllers that were let into the children of a group */
static pid_t self;
static bool may_enter = true;

static const struct cgroup_walls WALLS = {.memory_bytes = 1000000, .tasks = 50};

static const char *at(const char *path)
{
	static char full[4][2 * PATH_MAX];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(full[turn], sizeof(full[turn]), "%s/%s", root, path);
	return full[turn];
}

static const char *content(const char *path)
{
	int fd = open(at(path), O_RDONLY);
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void put(const char *path, const char *words)
{
	FILE *file = fopen(at(path), "w");

	assert_non_null(file);
	fputs(words, file);
	fclose(file);
}

static bool exists(const char *path)
{
	return access(at(path), F_OK) == 0;
}

/* What the kernel puts into each group, of which some need their controller. */
static const char *const FILES[] = {"cgroup.procs",	    "cgroup.subtree_control", "cgroup.kill",
				    "memory.max",	    "memory.oom.group",	      "pids.max",
				    "memory.limit_in_bytes"};

static bool is_group(const char *path)
{
	return strstr(path, "/reslimit-") && strncmp(path, root, strlen(root)) == 0;
}

static void fill_group(const char *dir)
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

static bool has_processes(const char *dir)
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

static void move_self(int fd, const char *list)
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
static int enable(char *list, const char *words)
{
	*strrchr(list, '/') = '\0';
	if (has_processes(list))
		return EBUSY;
	snprintf(enabled, sizeof(enabled), "%s", *words == '+' ? words : "");
	return 0;
}

static const char *name_of(const char *path)
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
static void describe(const char *groups, const char *mounts)
{
	put("proc/self/cgroup", groups);
	put("proc/self/mountinfo", mounts);
}

#define V2_MOUNT "30 23 0:26 / /v2 rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
#define V1_MOUNTS                                                                                            \
	"31 23 0:27 / /v1/pids rw - cgroup cgroup rw,pids\n"                                                 \
	"32 23 0:28 / /v1/memory rw shared:9 master:1 - cgroup cgroup rw,memory\n"

static const char *own(const char *format)
{
	static char name[2][PATH_MAX];
	static int turn;

	turn = !turn;
	snprintf(name[turn], sizeof(name[turn]), format, self);
	return name[turn];
}

static void alone_in_a_delegated_group_we_make_room_for_limits(void **state)
{
	struct cgroup c;

	(void)state;
	describe("0::/user/job\n", V2_MOUNT);
	put("v2/user/job/cgroup.controllers", "cpu memory pids\n");
	put("v2/user/job/cgroup.procs", own("%d\n"));
	snprintf(where, sizeof(where), "%s", at("v2/user/job/cgroup.procs"));
	put("v2/user/job/cgroup.subtree_control", "");
	cgroup_open(&c, &WALLS, root);
	assert_string_equal(c.text, own("v2:/user/job/reslimit-%d"));
	assert_string_equal(c.walls, "memory pids");
	assert_string_equal(content(own("v2/user/job/reslimit-%d/memory.max")), "1000000\n");
	assert_string_equal(content(own("v2/user/job/reslimit-%d/memory.oom.group")), "1");
	assert_string_equal(content(own("v2/user/job/reslimit-%d/pids.max")), "50\n");
	assert_int_equal(atoi(content(own("v2/user/job/reslimit-%d-supervisor/cgroup.procs"))), self);
	cgroup_kill(&c);
	assert_string_equal(content(own("v2/user/job/reslimit-%d/cgroup.kill")), "1");
	put(own("v2/user/job/reslimit-%d/memory.events"), "oom 1\noom_kill 2\noom_group_kill 1\n");
	assert_int_equal(cgroup_oom_kills(&c), 2);
	unlink(at(own("v2/user/job/reslimit-%d/memory.events")));
	cgroup_close(&c);
	assert_false(exists(own("v2/user/job/reslimit-%d")));
	assert_false(exists(own("v2/user/job/reslimit-%d-supervisor")));
	assert_int_equal(atoi(content("v2/user/job/cgroup.procs")), self);
	assert_string_equal(enabled, "");
}

static void among_others_the_group_has_no_limits_but_can_be_killed(void **state)
{
	struct cgroup c;

	(void)state;
	describe("0::/user/job\n", V2_MOUNT);
	put("v2/user/job/cgroup.controllers", "memory pids\n");
	put("v2/user/job/cgroup.procs", own("1\n%d\n"));
	put("v2/user/job/cgroup.subtree_control", "");
	cgroup_open(&c, &WALLS, root);
	assert_string_equal(c.text, own("v2:/user/job/reslimit-%d"));
	assert_string_equal(c.walls, "");
	assert_false(exists(own("v2/user/job/reslimit-%d-supervisor")));
	cgroup_close(&c);
	assert_false(exists(own("v2/user/job/reslimit-%d")));
}

static void controllers_of_v1_are_used_where_v2_has_none(void **state)
{
	struct cgroup c;

	(void)state;
	describe("9:pids:/a\n4:cpu,memory:/b\n1:name=systemd:/\n0::/\n", V1_MOUNTS V2_MOUNT);
	put("v2/cgroup.controllers", "\n");
	cgroup_open(&c, &WALLS, root);
	assert_string_equal(c.walls, "pids memory");
	assert_string_equal(content(own("v1/pids/a/reslimit-%d/pids.max")), "50\n");
	assert_string_equal(content(own("v1/memory/b/reslimit-%d/memory.limit_in_bytes")), "1000000\n");
	assert_non_null(strstr(c.text, "v1:pids:/a/reslimit-"));
	assert_non_null(strstr(c.text, ",memory:/b/reslimit-"));
	cgroup_close(&c);
	assert_false(exists(own("v1/pids/a/reslimit-%d")));
	assert_false(exists(own("v1/memory/b/reslimit-%d")));
}

static void a_mount_of_a_part_of_the_tree_is_understood(void **state)
{
	struct cgroup_place place;

	(void)state;
	describe("0::/box/x/job\n", "30 23 0:26 /box/y /other rw - cgroup2 c rw\n"
				    "31 23 0:26 /box/x /v2 rw - cgroup2 c rw\n");
	assert_null(cgroup_find(root, NULL, &place));
	assert_string_equal(place.dir, at("v2/job"));
	assert_string_equal(place.path, "/box/x/job");
	describe("0::/../elsewhere\n", "31 23 0:26 / /v2 rw - cgroup2 c rw\n");
	assert_non_null(cgroup_find(root, NULL, &place));
	describe("0::/boxes\n", "31 23 0:26 /box /v2 rw - cgroup2 c rw\n");
	assert_non_null(cgroup_find(root, NULL, &place));
}

static void what_cannot_be_made_is_told_and_leaves_nothing(void **state)
{
	struct cgroup c;

	(void)state;
	describe("1:name=systemd:/\n", V1_MOUNTS);
	cgroup_open(&c, &WALLS, root);
	assert_int_equal(c.groups, 0);
	assert_string_equal(c.text, "none:the kernel has none");
	describe("0::/\n", "31 23 0:26 / / rw - ext4 x rw\n");
	cgroup_open(&c, &WALLS, root);
	assert_string_equal(c.text, "none:not mounted here");
	describe("0::/nowhere\n", V2_MOUNT);
	cgroup_open(&c, &WALLS, root);
	assert_string_equal(c.text, "none:/nowhere: No such file or directory");
	assert_int_equal(cgroup_join(&c), 0);
	cgroup_close(&c);
}

static void group_that_nobody_may_enter_is_told_and_left(void **state)
{
	struct cgroup c;

	(void)state;
	describe("9:pids:/a\n", V1_MOUNTS);
	may_enter = false;
	cgroup_open(&c, &WALLS, root);
	may_enter = true;
	assert_string_equal(c.text, "none:cannot move a process there: Permission denied");
	assert_string_equal(c.walls, "");
	assert_int_equal(c.groups, 0);
	assert_false(exists(own("v1/pids/a/reslimit-%d")));
}

/* Who was left alive on purpose is in it when the supervisor goes. */
static void who_is_left_goes_on_in_the_group_that_we_came_from(void **state)
{
	struct cgroup c;

	(void)state;
	describe("9:pids:/a\n", V1_MOUNTS);
	put("v1/pids/a/cgroup.procs", "");
	cgroup_open(&c, &WALLS, root);
	put(own("v1/pids/a/reslimit-%d/cgroup.procs"), own("%d\n"));
	snprintf(where, sizeof(where), "%s", at(own("v1/pids/a/reslimit-%d/cgroup.procs")));
	cgroup_close(&c);
	assert_false(exists(own("v1/pids/a/reslimit-%d")));
	assert_int_equal(atoi(content("v1/pids/a/cgroup.procs")), self);
	*where = '\0';
}

/* Controllers of other names, and mounts that are none. */
static void what_only_begins_like_it_is_not_it(void **state)
{
	struct cgroup_place place;
	struct cgroup c;

	(void)state;
	describe("9:pids:/a\n4:memory:/b\n0::/\n", V1_MOUNTS V2_MOUNT);
	put("v2/cgroup.controllers", "memory_pressure pids2\n");
	cgroup_open(&c, &WALLS, root);
	assert_string_equal(c.walls, "pids memory");
	cgroup_close(&c);
	describe("0::/\n", "30 cgroup2 0:26 / /v2 rw,nosuid shared:4\n");
	assert_non_null(cgroup_find(root, NULL, &place));
}

static void walls_stand_behind_the_limits(void **state)
{
	struct config config;
	struct cgroup_walls walls;

	(void)state;
	config_defaults(&config);
	walls = cgroup_walls_for(&config);
	assert_true(walls.memory_bytes == INT64_MAX && walls.tasks == INT64_MAX);
	config.limit[RL_MEM] = 400 << 20;
	config.limit[RL_PROCS] = 3;
	walls = cgroup_walls_for(&config);
	assert_int_equal(walls.memory_bytes, 564 << 20);
	assert_true(walls.tasks == INT64_MAX);
	config.limit[RL_THREADS] = 7;
	assert_int_equal(cgroup_walls_for(&config).tasks, 43);
	config.scope = RL_SCOPE_PROCESS;
	walls = cgroup_walls_for(&config);
	assert_true(walls.memory_bytes == INT64_MAX && walls.tasks == INT64_MAX);
}

static int make_root(void **state)
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

static int remove_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alone_in_a_delegated_group_we_make_room_for_limits),
		cmocka_unit_test(among_others_the_group_has_no_limits_but_can_be_killed),
		cmocka_unit_test(controllers_of_v1_are_used_where_v2_has_none),
		cmocka_unit_test(a_mount_of_a_part_of_the_tree_is_understood),
		cmocka_unit_test(what_cannot_be_made_is_told_and_leaves_nothing),
		cmocka_unit_test(group_that_nobody_may_enter_is_told_and_left),
		cmocka_unit_test(who_is_left_goes_on_in_the_group_that_we_came_from),
		cmocka_unit_test(what_only_begins_like_it_is_not_it),
		cmocka_unit_test(walls_stand_behind_the_limits),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
