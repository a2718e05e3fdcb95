/*
 * modules.c - what code a process has mapped; see modules.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "modules.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "attrs.h"
#include "fmt.h"
#include "procread.h"
#include "rawsys.h"

enum { BUFFER = 4096, PAGE_OFFSET = 4095, HEADERS_MAX = 64 };

/* A file's first mapping, until another file comes. */
struct first {
	uint64_t start, path_hash;
};

struct line {
	uint64_t start, end, offset;
	char flags[4];
	const char *path;
};

static const char *skip_word(const char *s)
{
	while (*s && *s != ' ')
		s++;
	while (*s == ' ')
		s++;
	return s;
}

/* "start-end perms offset dev inode   path" */
static bool parse(const char *text, struct line *line)
{
	text = procread_hex(text, &line->start);
	if (*text != '-')
		return false;
	text = procread_hex(text + 1, &line->end);
	if (*text != ' ' || strnlen(text, 6) < 6)
		return false;
	memcpy(line->flags, text + 1, sizeof(line->flags));
	text = procread_hex(text + 6, &line->offset);
	line->path = skip_word(skip_word(text + 1));
	return true;
}

static uint64_t hash_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
	return hash;
}

static void add(struct modules *modules, const struct line *line, const struct first *first)
{
	struct module *m;
	struct fmt name;
	const char *slash = strrchr(line->path, '/');

	if (modules->count == MODULES_MAX) {
		modules->cut = true;
		return;
	}
	m = &modules->module[modules->count++];
	m->start = line->start;
	m->end = line->end;
	m->base = m->bias = line->start;
	m->index = 0;
	m->examined = false;
	if (slash && first->path_hash == hash_of(line->path)) {
		m->base = first->start;
	} else if (strcmp(line->path, "[vdso]") != 0) {
		m->examined = true;
		m->bias = line->start - (slash ? line->offset : 0);
	}
	name = (struct fmt){.buf = m->name, .size = sizeof(m->name)};
	fmt_printable(&name, slash ? slash + 1 : *line->path ? line->path : "[anon]", MODULE_NAME - 1);
}

static void take_line(struct modules *modules, const char *text, struct first *first)
{
	struct line line;

	if (!parse(text, &line))
		return;
	if (!line.offset && line.path[0] == '/') {
		uint64_t hash = hash_of(line.path);

		first->path_hash = hash;
		first->start = line.start;
	}
	if (line.flags[2] == 'x' && line.start < 1ULL << 63)
		add(modules, &line, first);
}

int modules_read(struct modules *modules, pid_t pid, int64_t until_ns)
{
	static char buffer[BUFFER + 1] RL_SELDOM;
	struct first first = {0, 0};
	long have = 0, got = 0;
	int fd;

	modules->count = 0;
	modules->cut = false;
	fd = procread_open(pid == raw_getpid() ? 0 : pid, "maps");
	if (fd < 0)
		return fd;
	while (raw_clock_ns(CLOCK_MONOTONIC) < until_ns &&
	       (got = raw_read(fd, buffer + have, (size_t)(BUFFER - have))) > 0) {
		char *at = buffer, *end;

		have += got;
		buffer[have] = '\0';
		while ((end = strchr(at, '\n'))) {
			*end = '\0';
			take_line(modules, at, &first);
			at = end + 1;
		}
		have -= at - buffer;
		memmove(buffer, at, (size_t)have);
		if (have == BUFFER) /* a path of 4,000 bytes: of no use here */
			have = 0;
	}
	modules->cut = modules->cut || got > 0;
	raw_close(fd);
	return modules->count ? 0 : -ENOENT;
}

/* Finds out where the file's addresses lie, and its index of call frame information. */
static void examine(struct module *m, struct peek *peek)
{
	Elf64_Ehdr elf;
	bool found_load = false;

	m->examined = true;
	if (!peek_read(peek, m->base, &elf, sizeof(elf)) || memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 ||
	    elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_phnum > HEADERS_MAX)
		return;
	m->bias = m->base;
	for (int i = 0; i < elf.e_phnum; i++) {
		Elf64_Phdr header;

		if (!peek_read(peek, m->base + elf.e_phoff + (uint64_t)i * sizeof(header), &header,
			       sizeof(header)))
			return;
		if (header.p_type == PT_LOAD && !found_load) {
			found_load = true;
			m->bias = m->base - (header.p_vaddr & ~(uint64_t)PAGE_OFFSET);
		}
		if (header.p_type == PT_GNU_EH_FRAME)
			m->index = m->bias + header.p_vaddr;
	}
}

struct module *modules_find(struct modules *modules, struct peek *peek, uint64_t address)
{
	for (int i = 0; i < modules->count; i++) {
		struct module *m = &modules->module[i];

		if (address < m->start || address >= m->end)
			continue;
		if (!m->examined)
			examine(m, peek);
		return m;
	}
	return NULL;
}

bool modules_is_code(const struct modules *modules, uint64_t address)
{
	for (int i = 0; i < modules->count; i++)
		if (address >= modules->module[i].start && address < modules->module[i].end)
			return true;
	return false;
}
