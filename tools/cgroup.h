/*
 * cgroup.h - the kernel's control group of a tree: a second wall behind ours, where there is one to be had.
 *
 * Owns:    the group that it makes, until cgroup_close().
 * Called:  the supervisor: open, join (in the child), kill, close.
 * Context: one thread, may allocate; join is async-signal-safe.
 * Fork:    the child joins the group; its descriptors are closed by its exec.
 *
 * Below the group that we are in, a group "reslimit-PID" is made: of cgroup v2
 * where that has the controllers for memory or pids, else of v1, else of v2
 * without limits, which can still be killed as one. A group of v2 that has
 * processes cannot have limits below it, so if we are alone in ours we move
 * into a group of our own first. Whatever is refused is not asked for twice:
 * the run goes on without, and cgroup.text says why.
 *
 * The walls stand behind ours, because the kernel counts more: pages of files,
 * page tables, stacks, code. Our refusal comes first, the kernel's only meets
 * what we do not see.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_CGROUP_H
#define RL_TOOLS_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/config.h"

enum { CGROUP_TEXT = 512, CGROUP_GROUPS = 2 };

/* What to set; INT64_MAX: nothing. */
struct cgroup_walls {
	int64_t memory_bytes;
	int64_t tasks;
};

struct cgroup {
	int groups; /* 0: none */
	struct cgroup_group {
		char dir[PATH_MAX];
		char parent[PATH_MAX];
		int procs_fd;
	} group[CGROUP_GROUPS];
	bool is_v2;
	bool has_moved; /* we are in `shelter`, and left the group above it */
	char shelter[PATH_MAX];
	/* For the record: "v2:/path", "v1:pids:/path,memory:/path" or "none:reason"; and "memory pids", those
	 * that were set. */
	char text[CGROUP_TEXT];
	char walls[32];
};

/* The walls that suit the limits of a configuration. */
struct cgroup_walls cgroup_walls_for(const struct config *config);

/* Makes the group. `root` stands before /proc and the mount points: "" but in tests. */
void cgroup_open(struct cgroup *cgroup, const struct cgroup_walls *walls, const char *root);

/* Moves the calling process into the group. Context: fork child, async-signal-safe. Return: 0 or -errno. */
int cgroup_join(const struct cgroup *cgroup);

/* Kills everybody in the group, where the kernel offers that. */
void cgroup_kill(const struct cgroup *cgroup);

/* How many processes the kernel killed in the group for want of memory, 0 if it does not tell. */
int64_t cgroup_oom_kills(const struct cgroup *cgroup);

/* Removes the group; who is still in it goes to the one above. */
void cgroup_close(struct cgroup *cgroup);

/* cgroup_find.c: where a controller's group of ours lies. */
struct cgroup_place {
	char dir[PATH_MAX];  /* in the file system */
	char path[PATH_MAX]; /* as the kernel names it */
};

/* Whether one line, a list with such separators, has this word. */
bool cgroup_has_word(const char *list, char separator, const char *word);

/*
 * `controller` is NULL for cgroup v2.
 * Return: NULL, or why there is none.
 */
const char *cgroup_find(const char *root, const char *controller, struct cgroup_place *place);

#endif
