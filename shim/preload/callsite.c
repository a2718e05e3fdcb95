/*
 * callsite.c - an address as file+0xoffset and build id; see callsite.h.
 *
 * Reads /proc/self/maps instead of asking dladdr, which takes the loader's lock.
 *
 * SPDX-License-Identifier: MIT
 */
#include "callsite.h"

#include <elf.h>
#include <link.h>
#include <stdatomic.h>
#include <string.h>

#include "core/attrs.h"
#include "core/fmt.h"
#include "core/rawsys.h"

struct mapping {
	uintptr_t start, end, offset;
	char path[256];
};

struct lines {
	int fd;
	long len, at;
	char buffer[2048];
};

static _Atomic int busy;
static struct lines lines RL_SELDOM;
static struct mapping current RL_SELDOM, module RL_SELDOM;

static int next_char(void)
{
	if (lines.at == lines.len) {
		lines.len = raw_read(lines.fd, lines.buffer, sizeof(lines.buffer));
		lines.at = 0;
		if (lines.len <= 0) {
			lines.len = 0;
			return -1;
		}
	}
	return (unsigned char)lines.buffer[lines.at++];
}

/* Reads hexadecimal digits up to another character, which is swallowed and returned. */
static int read_hex(uintptr_t *value)
{
	int c;

	*value = 0;
	while ((c = next_char()) >= 0) {
		if (c >= '0' && c <= '9')
			*value = *value * 16 + (uintptr_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*value = *value * 16 + (uintptr_t)(c - 'a' + 10);
		else
			break;
	}
	return c;
}

/* "start-end perms offset dev inode   path" */
static bool read_mapping(struct mapping *m)
{
	struct fmt path = FMT_INIT(m->path);
	int c, spaces = 0;

	m->path[0] = '\0';
	if (read_hex(&m->start) < 0 || read_hex(&m->end) < 0)
		return false;
	while ((c = next_char()) >= 0 && c != ' ')
		;
	c = read_hex(&m->offset);
	while (c >= 0 && c != '\n') {
		c = next_char();
		if (c == ' ' && spaces < 3)
			spaces++;
		else if (c != '\n' && c >= 0 && spaces >= 2 && (path.len || c != ' '))
			fmt_char(&path, (char)c);
	}
	return true;
}

/* Finds the mapping of the address, and the first mapping of the same file. */
static bool find(uintptr_t address)
{
	module.path[0] = '\0';
	while (read_mapping(&current)) {
		if (!current.offset && current.path[0] == '/')
			module = current;
		if (address >= current.start && address < current.end)
			return current.path[0] == '/' && !strcmp(current.path, module.path);
	}
	return false;
}

static void read_build_id(const ElfW(Ehdr) * elf, uintptr_t bias, struct fmt *out)
{
	const ElfW(Phdr) *ph = (const ElfW(Phdr) *)((const char *)elf + elf->e_phoff);

	for (int i = 0; i < elf->e_phnum; i++) {
		const char *at = (const char *)(bias + ph[i].p_vaddr);
		const char *end = at + ph[i].p_memsz;

		if (ph[i].p_type != PT_NOTE)
			continue;
		while (at + sizeof(ElfW(Nhdr)) < end) {
			const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
			const char *name = at + sizeof(*note);
			const char *value = name + ((note->n_namesz + 3) & ~3U);

			if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
			    !memcmp(name, "GNU", 4)) {
				fmt_bytes_hex(out, (const unsigned char *)value, note->n_descsz);
				return;
			}
			at = value + ((note->n_descsz + 3) & ~3U);
		}
	}
}

/* Where address 0 of the file would lie: its first segment need not begin there. */
static uintptr_t bias_of(const ElfW(Ehdr) * elf)
{
	const ElfW(Phdr) *ph = (const ElfW(Phdr) *)((const char *)elf + elf->e_phoff);

	for (int i = 0; i < elf->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD)
			return (uintptr_t)elf - (ph[i].p_vaddr & ~(uintptr_t)4095);
	return (uintptr_t)elf;
}

static void describe(uintptr_t address, struct callsite *site)
{
	const ElfW(Ehdr) *elf = (const ElfW(Ehdr) *)module.start;
	const char *name = strrchr(module.path, '/') + 1;
	struct fmt text = FMT_INIT(site->module_offset);
	struct fmt id = FMT_INIT(site->build_id);
	bool is_elf = !memcmp(elf->e_ident, ELFMAG, SELFMAG);
	uintptr_t bias = is_elf ? bias_of(elf) : module.start;

	fmt_strn(&text, name, 96);
	fmt_char(&text, '+');
	fmt_hex(&text, address - bias);
	if (is_elf)
		read_build_id(elf, bias, &id);
}

bool callsite_describe(const void *address, struct callsite *site)
{
	bool found;

	if (atomic_exchange_explicit(&busy, 1, memory_order_acquire))
		return false;
	lines.at = lines.len = 0;
	lines.fd = raw_open("/proc/self/maps", O_RDONLY, 0);
	found = lines.fd >= 0 && find((uintptr_t)address);
	if (found)
		describe((uintptr_t)address, site);
	if (lines.fd >= 0)
		raw_close(lines.fd);
	atomic_store_explicit(&busy, 0, memory_order_release);
	return found;
}
