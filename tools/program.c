/*
 * program.c - the program to be started: found, looked at, complained about; see program.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cli.h"

enum { SCRIPT_DEPTH = 5, LINE_MAX_READ = 256 };

int program_explain(const char *program, int error)
{
	struct stat st;
	bool there = strchr(program, '/') && !stat(program, &st);
	const char *reason = strerror(error);

	if (there && S_ISDIR(st.st_mode))
		reason = "is a directory; name a program in it";
	else if (there && error == ENOENT)
		reason = "its interpreter was not found; see its first line";
	else if (error == ENOENT)
		reason = strchr(program, '/') ? "not found; give the path of a program"
					      : "not found in PATH; give its path";
	else if (error == EACCES)
		reason = "permission denied; make it executable (chmod +x)";
	cli_complain("%s: %s", program, reason);
	return error == ENOENT ? CLI_NOT_FOUND : CLI_CANNOT_RUN;
}

/* As execvp finds it. Return: whether it was found. */
static bool find(const char *name, char path[PATH_MAX])
{
	const char *list = getenv("PATH");

	if (strchr(name, '/')) {
		if (strlen(name) >= PATH_MAX)
			return false;
		strcpy(path, name);
		return true;
	}
	if (!list)
		list = "/bin:/usr/bin";
	for (;;) {
		size_t len = strcspn(list, ":");
		struct fmt f = {.buf = path, .size = PATH_MAX};
		struct stat st;

		fmt_strn(&f, len ? list : ".", len ? len : 1);
		fmt_char(&f, '/');
		fmt_str(&f, name);
		if (!f.truncated && !access(path, X_OK) && !stat(path, &st) && S_ISREG(st.st_mode))
			return true;
		if (!list[len])
			return false;
		list += len + 1;
	}
}

/* Whether the loader will ignore LD_PRELOAD because the file gives rights that we do not have. */
static bool gives_rights(const char *path, const struct stat *st)
{
	if ((st->st_mode & S_ISUID) && st->st_uid != geteuid())
		return true;
	if ((st->st_mode & S_ISGID) && (st->st_mode & S_IXGRP) && st->st_gid != getegid())
		return true;
	return geteuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
}

#if __SIZEOF_POINTER__ == 8
typedef Elf64_Ehdr elf_header;
typedef Elf64_Phdr elf_segment;
enum { OWN_CLASS = ELFCLASS64 };
#else
typedef Elf32_Ehdr elf_header;
typedef Elf32_Phdr elf_segment;
enum { OWN_CLASS = ELFCLASS32 };
#endif

static bool has_interpreter(int fd, const elf_header *header)
{
	for (int i = 0; i < header->e_phnum; i++) {
		elf_segment segment;
		off_t at = (off_t)header->e_phoff + (off_t)i * header->e_phentsize;

		if (pread(fd, &segment, sizeof(segment), at) != sizeof(segment))
			return true; /* nothing that the kernel would run: it says so itself */
		if (segment.p_type == PT_INTERP)
			return true;
	}
	return false;
}

static const char *elf_trouble(int fd, const char *start, ssize_t len)
{
	elf_header header, ours;
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	bool known = self >= 0 && read(self, &ours, sizeof(ours)) == sizeof(ours);

	if (self >= 0)
		close(self);
	if (len < (ssize_t)sizeof(header))
		return NULL;
	memcpy(&header, start, sizeof(header));
	if (header.e_ident[EI_CLASS] != OWN_CLASS || (known && header.e_machine != ours.e_machine))
		return "it is for another machine than the guard";
	return has_interpreter(fd, &header) ? NULL : "it is statically linked";
}

/* Where a script's first line points; the kernel takes the rest of the line as one argument. */
static bool interpreter_of(const char *start, ssize_t len, char path[PATH_MAX])
{
	struct fmt f = {.buf = path, .size = PATH_MAX};
	ssize_t at = 2;

	if (len < 3 || start[0] != '#' || start[1] != '!')
		return false;
	while (at < len && (start[at] == ' ' || start[at] == '\t'))
		at++;
	for (; at < len && !strchr(" \t\n", start[at]); at++)
		fmt_char(&f, start[at]);
	return f.len > 0;
}

/* Looks at one file. Return: NULL if it is fine, or if it is a script: then `path` becomes its interpreter.
 */
static const char *look_at(char path[PATH_MAX], bool *is_script)
{
	char start[LINE_MAX_READ];
	const char *trouble = NULL;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t len;

	*is_script = false;
	if (fd < 0)
		return NULL;
	len = fstat(fd, &st) || !S_ISREG(st.st_mode) ? -1 : read(fd, start, sizeof(start));
	if (len > 0)
		*is_script = interpreter_of(start, len, path);
	if (len > SELFMAG && !*is_script && !memcmp(start, ELFMAG, SELFMAG)) {
		trouble = gives_rights(path, &st) ? "it is setuid, setgid or has capabilities"
						  : elf_trouble(fd, start, len);
	}
	close(fd);
	return trouble;
}

const char *program_cannot_be_guarded(const char *name)
{
	char path[PATH_MAX];
	const char *trouble = NULL;
	bool is_script = true;

	if (!find(name, path))
		return NULL;
	for (int i = 0; i < SCRIPT_DEPTH && is_script && !trouble; i++)
		trouble = look_at(path, &is_script);
	return trouble;
}

int program_environment(const struct settings *settings, const char *preload)
{
	int error;

	if (settings_check_descriptors(settings))
		return -1;
	error = settings_to_environment(settings);
	if (!error && setenv("LD_PRELOAD", preload, 1))
		error = -errno;
	if (!error)
		return 0;
	cli_complain("%s", strerror(-error));
	return -1;
}

int program_become(const struct request *request, const struct settings *settings, const char *preload)
{
	if (program_environment(settings, preload))
		return CLI_FAILED;
	execvp(request->program[0], request->program);
	return program_explain(request->program[0], errno);
}
