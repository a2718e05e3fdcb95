/*
 * library.c - where the library is, and what LD_PRELOAD must hold; see library.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "library.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "core/preload_list.h"

enum { PLACES = 3 };

/* The directory of our own executable, without a slash behind it; empty where /proc is missing. */
static void own_directory(char text[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", text, PATH_MAX - 1);
	char *slash;

	text[len > 0 ? len : 0] = '\0';
	slash = strrchr(text, '/');
	if (slash)
		*slash = '\0';
}

/* Fills in the places in the order in which they are tried; one that does not apply is NULL. */
static void list_places(char *place[PLACES])
{
	char directory[PATH_MAX];
	char *slash;

	memset(place, 0, PLACES * sizeof(*place));
	own_directory(directory);
	if (asprintf(&place[2], "%s/" PRELOAD_LIBRARY, RL_LIBDIR) < 0)
		place[2] = NULL;
	if (directory[0] != '/')
		return;
	if (asprintf(&place[0], "%s/" PRELOAD_LIBRARY, directory) < 0)
		place[0] = NULL;
	slash = strrchr(directory, '/');
	if (asprintf(&place[1], "%.*s/lib/" PRELOAD_LIBRARY, (int)(slash - directory), directory) < 0)
		place[1] = NULL;
}

/* The part of an ELF header that tells class, byte order and machine. */
static bool read_header(const char *path, Elf32_Ehdr *header)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return false;
	got = read(fd, header, sizeof(*header));
	close(fd);
	return got == sizeof(*header) && !memcmp(header->e_ident, ELFMAG, SELFMAG);
}

/* The loader only warns about a library that it cannot load, and the program would run without limits. */
static bool is_loadable(const char *path)
{
	Elf32_Ehdr ours;
	Elf32_Ehdr library;

	if (!read_header(path, &library) || library.e_type != ET_DYN)
		return false;
	if (!read_header("/proc/self/exe", &ours))
		return true;
	return !memcmp(ours.e_ident, library.e_ident, EI_DATA + 1) && ours.e_machine == library.e_machine;
}

static bool check(const char *path)
{
	if (strpbrk(path, PRELOAD_SEPARATORS "$")) {
		cli_complain("%s: a path with a space, ':' or '$' cannot be preloaded; install to another "
			     "directory",
			     path);
		return false;
	}
	if (!is_loadable(path)) {
		cli_complain("%s: not a readable library for this machine; build or install it again", path);
		return false;
	}
	return true;
}

static void complain_missing(char *place[PLACES])
{
	char text[3 * PATH_MAX];
	struct fmt list = FMT_INIT(text);

	text[0] = '\0';
	for (int i = 0; i < PLACES; i++) {
		if (!place[i])
			continue;
		fmt_str(&list, list.len ? ", " : "");
		fmt_str(&list, place[i]);
	}
	cli_complain(PRELOAD_LIBRARY " not found; looked for %s", text);
}

char *library_find(void)
{
	char *place[PLACES];
	char *found = NULL;

	list_places(place);
	for (int i = 0; i < PLACES && !found; i++)
		if (place[i] && !access(place[i], F_OK))
			found = place[i];
	if (!found)
		complain_missing(place);
	for (int i = 0; i < PLACES; i++)
		if (place[i] != found)
			free(place[i]);
	if (found && !check(found)) {
		free(found);
		found = NULL;
	}
	return found;
}

char *library_preload_text(const char *library, const char *current)
{
	size_t size = strlen(library) + (current ? strlen(current) : 0) + 2;
	struct fmt list = {.buf = malloc(size), .size = size};
	const char *entry;
	size_t len;

	if (!list.buf)
		return NULL;
	fmt_str(&list, library);
	while (current && (len = preload_next(&current, &entry)) > 0) {
		if (preload_is_library(entry, len))
			continue;
		fmt_char(&list, ':');
		fmt_strn(&list, entry, len);
	}
	return list.buf;
}
