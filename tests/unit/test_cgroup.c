/*
 * test_cgroup.c - which control group is chosen, what is written there, and that it is gone afterwards.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fake_cgroups.h"

#include "tools/cgroup.h"

static const struct cgroup_walls WALLS = {.memory_bytes = 1000000, .tasks = 50};

/* A v2 group of ours with these controllers and processes. */
static void describe_job(const char *controllers, const char *processes)
{
	describe("0::/user/job\n", V2_MOUNT);
	put("v2/user/job/cgroup.controllers", controllers);
	put("v2/user/job/cgroup.procs", processes);
	put("v2/user/job/cgroup.subtree_control", "");
}

static void alone_in_a_delegated_group_we_make_room_for_limits(void **state)
{
	struct cgroup c;

	(void)state;
	describe_job("cpu memory pids\n", own("%d\n"));
	snprintf(where, sizeof(where), "%s", at("v2/user/job/cgroup.procs"));
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
	describe_job("memory pids\n", own("1\n%d\n"));
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
