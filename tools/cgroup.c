/*
 * cgroup.c - the control group of a tree; see cgroup.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/attrs.h"

enum {
	FILE_MAX = 4096,
	REMOVE_TRIES = 400, /* of 5 ms: the dead leave a group a little after they were waited for */
	TASKS_SPARE = 32,   /* tasks that our limits do not count: what is about to be reaped */
};

static const int64_t MEMORY_SPARE = 64 << 20;

struct cgroup_walls cgroup_walls_for(const struct config *config)
{
	struct cgroup_walls walls = {INT64_MAX, INT64_MAX};
	const int64_t *limit = config->limit;
	int64_t bytes = limit[RL_MEM] < limit[RL_RSS] ? limit[RL_MEM] : limit[RL_RSS];

	/* Budgets of single processes say nothing about their sum. */
	if (config->scope != RL_SCOPE_TREE)
		return walls;
	if (bytes != RL_UNLIMITED)
		walls.memory_bytes = bytes + bytes / 4 + MEMORY_SPARE;
	if (limit[RL_PROCS] != RL_UNLIMITED && limit[RL_THREADS] != RL_UNLIMITED)
		walls.tasks = 1 + limit[RL_PROCS] + limit[RL_THREADS] + TASKS_SPARE;
	return walls;
}

static int open_in(const char *dir, const char *name, int flags)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open(path, flags | O_CLOEXEC);
}

/* Return: 0 or -errno. */
static int write_in(const char *dir, const char *name, const char *text)
{
	int fd = open_in(dir, name, O_WRONLY);
	int error = fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return error;
}

/* Return: the text, empty if it cannot be read. */
static const char *read_in(const char *dir, const char *name, char text[FILE_MAX])
{
	int fd = open_in(dir, name, O_RDONLY);
	ssize_t len = fd < 0 ? 0 : read(fd, text, FILE_MAX - 1);

	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void set_number(struct cgroup *c, const char *dir, const char *file, const char *word, int64_t value)
{
	char text[32];
	size_t len = strlen(c->walls);

	if (value == INT64_MAX)
		return;
	snprintf(text, sizeof(text), "%lld\n", (long long)value);
	if (!write_in(dir, file, text))
		snprintf(c->walls + len, sizeof(c->walls) - len, "%s%s", len ? " " : "", word);
}

/* Makes a group below `place`. Return: it, or NULL with errno. */
static struct cgroup_group *make_group(struct cgroup *c, const struct cgroup_place *place)
{
	struct cgroup_group *g = &c->group[c->groups];

	snprintf(g->parent, sizeof(g->parent), "%s", place->dir);
	if (snprintf(g->dir, sizeof(g->dir), "%s/reslimit-%d", place->dir, getpid()) >= PATH_MAX ||
	    mkdir(g->dir, 0755))
		return NULL;
	g->procs_fd = open_in(g->dir, "cgroup.procs", O_WRONLY);
	if (g->procs_fd < 0) {
		rmdir(g->dir);
		return NULL;
	}
	c->groups++;
	return g;
}

int cgroup_join(const struct cgroup *c)
{
	for (int i = 0; i < c->groups; i++)
		if (write(c->group[i].procs_fd, "0", 1) < 0)
			return -errno;
	return 0;
}

/* Whether a process of ours may enter: only trying tells, and the program itself must not be the one to try.
 */
static int try_to_join(const struct cgroup *c)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(-cgroup_join(c));
	if (pid < 0)
		return -errno;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

static bool is_alone(const char *dir)
{
	char text[FILE_MAX], own[32];

	snprintf(own, sizeof(own), "%d\n", getpid());
	return !strcmp(read_in(dir, "cgroup.procs", text), own);
}

/* Leaves the group to its children. Return: 0 or -errno. */
static int move_aside(struct cgroup *c, const char *dir)
{
	if (snprintf(c->shelter, sizeof(c->shelter), "%s/reslimit-%d-supervisor", dir, getpid()) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (mkdir(c->shelter, 0755))
		return -errno;
	if (write_in(c->shelter, "cgroup.procs", "0")) {
		rmdir(c->shelter);
		return -EACCES;
	}
	c->has_moved = true;
	return 0;
}

static void move_back(struct cgroup *c, const char *dir)
{
	if (!c->has_moved)
		return;
	write_in(dir, "cgroup.subtree_control", "-memory -pids");
	write_in(dir, "cgroup.procs", "0");
	rmdir(c->shelter);
	c->has_moved = false;
}

/* Lets the controllers work below `dir`; without them the group still serves to kill. */
static void enable_controllers(struct cgroup *c, const char *dir, const char *controllers)
{
	char want[32] = "";

	for (int i = 0; i < 2; i++) {
		static const char *const NAMES[] = {"memory", "pids"};

		if (cgroup_has_word(controllers, ' ', NAMES[i]))
			snprintf(want + strlen(want), sizeof(want) - strlen(want), "+%s ", NAMES[i]);
	}
	if (!*want || write_in(dir, "cgroup.subtree_control", want) != -EBUSY)
		return;
	if (!is_alone(dir) || move_aside(c, dir))
		return;
	if (write_in(dir, "cgroup.subtree_control", want))
		move_back(c, dir);
}

static void open_v2(struct cgroup *c, const struct cgroup_place *place, const struct cgroup_walls *walls)
{
	char controllers[FILE_MAX];
	struct cgroup_group *g;

	read_in(place->dir, "cgroup.controllers", controllers);
	enable_controllers(c, place->dir, controllers);
	g = make_group(c, place);
	if (!g) {
		int error = errno;

		move_back(c, place->dir);
		snprintf(c->text, sizeof(c->text), "none:%.400s: %s", place->path, strerror(error));
		return;
	}
	c->is_v2 = true;
	set_number(c, g->dir, "memory.max", "memory", walls->memory_bytes);
	if (*c->walls)
		write_in(g->dir, "memory.oom.group", "1");
	set_number(c, g->dir, "pids.max", "pids", walls->tasks);
	snprintf(c->text, sizeof(c->text), "v2:%.400s/reslimit-%d",
		 strcmp(place->path, "/") ? place->path : "", getpid());
}

/* Adds a group of one of v1's controllers, if there is something to set. */
static void add_v1(struct cgroup *c, const char *root, const char *controller, const char *file,
		   int64_t value)
{
	struct cgroup_place place;
	const struct cgroup_group *g;
	size_t len = strlen(c->text);

	if (value == INT64_MAX || cgroup_find(root, controller, &place))
		return;
	g = make_group(c, &place);
	if (!g)
		return;
	set_number(c, g->dir, file, controller, value);
	snprintf(c->text + len, sizeof(c->text) - len, "%s%s:%.200s/reslimit-%d",
		 len ? "," : "v1:", controller, strcmp(place.path, "/") ? place.path : "", getpid());
}

static void choose(struct cgroup *c, const struct cgroup_walls *walls, const char *root)
{
	struct cgroup_place place;
	const char *trouble = cgroup_find(root, NULL, &place);
	char controllers[FILE_MAX] = "";

	if (!trouble)
		read_in(place.dir, "cgroup.controllers", controllers);
	if (!cgroup_has_word(controllers, ' ', "memory") && !cgroup_has_word(controllers, ' ', "pids")) {
		add_v1(c, root, "pids", "pids.max", walls->tasks);
		add_v1(c, root, "memory", "memory.limit_in_bytes", walls->memory_bytes);
	}
	if (c->groups)
		return;
	if (trouble)
		snprintf(c->text, sizeof(c->text), "none:%s", trouble);
	else
		open_v2(c, &place, walls);
}

void cgroup_open(struct cgroup *c, const struct cgroup_walls *walls, const char *root)
{
	int error;

	memset(c, 0, sizeof(*c));
	choose(c, walls, root);
	error = c->groups ? try_to_join(c) : 0;
	if (!error)
		return;
	cgroup_close(c);
	*c->walls = '\0';
	snprintf(c->text, sizeof(c->text), "none:cannot move a process there: %s", strerror(-error));
}

void cgroup_kill(const struct cgroup *c)
{
	if (c->is_v2 && c->groups)
		write_in(c->group[0].dir, "cgroup.kill", "1");
}

int64_t cgroup_oom_kills(const struct cgroup *c)
{
	for (int i = 0; i < c->groups; i++) {
		char text[FILE_MAX];
		const char *at =
			read_in(c->group[i].dir, c->is_v2 ? "memory.events" : "memory.oom_control", text);

		at = strstr(at, "oom_kill ");
		if (at)
			return strtoll(at + strlen("oom_kill "), NULL, 10);
	}
	return 0;
}

/* Those that were left alive on purpose go on in the group that we came from. */
static void let_go(const struct cgroup_group *g)
{
	char text[FILE_MAX];
	char *rest = text, *pid;

	read_in(g->dir, "cgroup.procs", text);
	while ((pid = strsep(&rest, "\n")))
		if (*pid)
			write_in(g->parent, "cgroup.procs", pid);
}

static void remove_group(const struct cgroup_group *g)
{
	static const struct timespec WAIT = {.tv_nsec = 5000000};

	for (int i = 0; i < REMOVE_TRIES && rmdir(g->dir) && errno == EBUSY; i++) {
		let_go(g);
		nanosleep(&WAIT, NULL);
	}
}

void cgroup_close(struct cgroup *c)
{
	for (int i = 0; i < c->groups; i++) {
		close(c->group[i].procs_fd);
		remove_group(&c->group[i]);
	}
	if (c->groups)
		move_back(c, c->group[0].parent);
	c->groups = 0;
}
