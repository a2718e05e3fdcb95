/*
 * cgroup_find.c - where our own control groups are mounted; see cgroup.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"

bool cgroup_has_word(const char *list, char separator, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(list, word); at; at = strstr(at + 1, word))
		if ((at == list || at[-1] == separator) &&
		    (!at[len] || at[len] == '\n' || at[len] == separator))
			return true;
	return false;
}

struct search {
	const char *root, *controller;
	struct cgroup_place *place;
};

/* Whether a line of /proc/self/NAME is the one that `take` looks for. */
static bool find_line(const struct search *search, const char *file_name,
		      bool (*take)(const struct search *search, char *line))
{
	char path[PATH_MAX], *line = NULL;
	size_t size = 0;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/self/%s", search->root, file_name);
	file = fopen(path, "re");
	while (file && !found && getline(&line, &size, file) > 0)
		found = take(search, line);
	free(line);
	if (file)
		fclose(file);
	return found;
}

/* A line of /proc/self/cgroup is NUMBER:CONTROLLERS:PATH. */
static bool take_path(const struct search *search, char *line)
{
	char *controllers = strchr(line, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!path)
		return false;
	*controllers++ = *path++ = '\0';
	path[strcspn(path, "\n")] = '\0';
	if (search->controller ? !cgroup_has_word(controllers, ',', search->controller)
			       : strcmp(line, "0") != 0 || *controllers)
		return false;
	snprintf(search->place->path, PATH_MAX, "%s", path);
	return true;
}

/* What a line of /proc/self/mountinfo tells, as words of the line itself. */
struct mount {
	const char *top, *point, *type, *options;
};

static bool read_mount(char *line, struct mount *m)
{
	char *word[16], *rest = line;
	int count = 0, dash = 0;

	while (count < 16 && (word[count] = strsep(&rest, " \n"))) {
		if (!dash && !strcmp(word[count], "-"))
			dash = count;
		count++;
	}
	/* The type and the options stand behind a dash, which comes after some fields that may be absent. */
	if (dash < 6 || dash + 3 >= count)
		return false;
	*m = (struct mount){
		.top = word[3], .point = word[4], .type = word[dash + 1], .options = word[dash + 3]};
	return true;
}

/* The part of `path` below `top`, or NULL if it is elsewhere. */
static const char *below(const char *path, const char *top)
{
	size_t len = strcmp(top, "/") ? strlen(top) : 0;

	if (strncmp(path, top, len) != 0 || (path[len] && path[len] != '/') || strstr(path, "/.."))
		return NULL;
	return strcmp(path + len, "/") ? path + len : "";
}

static bool is_of(const struct mount *m, const char *controller)
{
	return controller ? !strcmp(m->type, "cgroup") && cgroup_has_word(m->options, ',', controller)
			  : !strcmp(m->type, "cgroup2");
}

static bool take_mount(const struct search *search, char *line)
{
	struct mount m;
	const char *rest;

	if (!read_mount(line, &m) || !is_of(&m, search->controller))
		return false;
	rest = below(search->place->path, m.top);
	return rest &&
	       snprintf(search->place->dir, PATH_MAX, "%s%s%s", search->root, m.point, rest) < PATH_MAX;
}

const char *cgroup_find(const char *root, const char *controller, struct cgroup_place *place)
{
	struct search search = {.root = root, .controller = controller, .place = place};

	if (!find_line(&search, "cgroup", take_path))
		return "the kernel has none";
	if (!find_line(&search, "mountinfo", take_mount))
		return "not mounted here";
	return NULL;
}
