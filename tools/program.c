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

/* The interpreter that a script names. Return: whether it is a script that can be read. */
static bool read_interpreter(const char *script, char path[PATH_MAX])
{
	char start[LINE_MAX_READ];
	int fd = open(script, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t len = fd < 0 ? -1 : read(fd, start, sizeof(start));

	if (fd >= 0)
		close(fd);
	return len > 0 && interpreter_of(start, len, path);
}

/* Why execvp could not run a file that is there; NULL: for no reason of the file's. */
static const char *reason_of_file(const char *program, const struct stat *st, int error)
{
	if (S_ISDIR(st->st_mode))
		return "is a directory; name a program in it";
	if (!S_ISREG(st->st_mode))
		return "is no regular file; name a program";
	if (error == ENOENT)
		return "its loader was not found; install what it needs";
	if (error != EACCES)
		return NULL;
	if (access(program, X_OK))
		return "permission denied; make it executable (chmod +x)";
	return "permission denied, though it is executable; see its first line, and whether its file system "
	       "is mounted noexec";
}

static const char *reason_of_error(const char *program, int error)
{
	bool is_path = strchr(program, '/') != NULL;

	switch (error) {
	case ENOENT:
		return is_path ? "not found; give the path of a program" : "not found in PATH; give its path";
	case EACCES:
		return is_path ? "permission denied; make the directories on its path searchable"
			       : "permission denied in PATH; give the path of a program";
	case E2BIG:
		return "its arguments and environment are too long; give fewer";
	case ELOOP:
		return "links or interpreters lead back to themselves; give what they stand for";
	case ETXTBSY:
		return "is being written; wait until it is closed";
	default:
		return strerror(error);
	}
}

static bool is_broken_script(const char *program, int error, char interpreter[PATH_MAX])
{
	return (error == ENOENT || error == EACCES) && !access(program, X_OK) &&
	       read_interpreter(program, interpreter);
}

int program_explain(const char *program, int error)
{
	char interpreter[PATH_MAX];
	struct stat st;
	bool is_file = strchr(program, '/') && !stat(program, &st);
	const char *reason = is_file ? reason_of_file(program, &st, error) : NULL;

	if (is_file && S_ISREG(st.st_mode) && is_broken_script(program, error, interpreter))
		cli_complain("%s: its interpreter '" CLI_SHOWN "' %s; see its first line", program,
			     interpreter, error == ENOENT ? "was not found" : "cannot be executed");
	else
		cli_complain("%s: %s", *program ? program : "''",
			     reason ? reason : reason_of_error(program, error));
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

/* The dynamic loader, called by its own name, loads us as well: ld-linux-x86-64.so.2 PROGRAM. */
static bool is_loader(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	return !strncmp(name, "ld-", 3) && strstr(name, ".so");
}

static const char *elf_trouble(int fd, const char *path, const char *start, ssize_t len)
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
	return has_interpreter(fd, &header) || is_loader(path) ? NULL : "it is statically linked";
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
						  : elf_trouble(fd, path, start, len);
	}
	close(fd);
	return trouble;
}

/*
 * Why the loader will not load our library into a program that execvp finds by
 * this name, a script's interpreter included. Return: NULL when nothing is known
 * against it.
 */
static const char *find_trouble(const char *name)
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

bool program_may_start(const char *name, int64_t policy)
{
	const char *trouble = policy == RL_UNGUARDED_ALLOW ? NULL : find_trouble(name);

	if (!trouble)
		return true;
	if (policy == RL_UNGUARDED_REFUSE) {
		cli_complain("%s: cannot be guarded: %s; give --unguarded allow to run it all the same", name,
			     trouble);
		return false;
	}
	cli_complain("%s: runs unguarded: %s", name, trouble);
	return true;
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
	if (program_environment(settings, preload) ||
	    !program_may_start(request->program[0], settings_unguarded(settings)))
		return CLI_FAILED;
	execvp(request->program[0], request->program);
	return program_explain(request->program[0], errno);
}
