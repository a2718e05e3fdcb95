/*
 * start_program.c - starts PROGRAM by HOW with an environment that is full, empty, null or its own; says how
 * it ended.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <spawn.h>
#include <wordexp.h>

extern char **environ;

static char *own[] = {(char *)"OWN=1", (char *)"LD_PRELOAD=/nonexistent-own.so", NULL};
static char *empty[] = {NULL};

static int spawn(const char *how, char **environment, char **argv)
{
	int error, saved, status = -1;
	pid_t pid;

	errno = 99;
	error = (!strcmp(how, "posix_spawnp") ? posix_spawnp : posix_spawn)(&pid, argv[0], NULL, NULL, argv,
									    environment);
	saved = errno;
	if (!error)
		status = reap(pid);
	say("errno=%d error=%d\n", saved, error); /* not in the middle of what the child says */
	return status;
}

static int copy_output(const char *command)
{
	FILE *stream = popen(command, "r");
	static char buffer[BUFSIZ];
	char line[4096];

	/* A buffer that libc allocates could be refused: the program may hold all that there is. */
	if (stream)
		setvbuf(stream, buffer, _IOFBF, sizeof(buffer));
	while (stream && fgets(line, sizeof(line), stream))
		say("%s", line);
	return stream ? pclose(stream) : -1;
}

static int expand(const char *command)
{
	char words[4200];
	wordexp_t result;
	int error;

	snprintf(words, sizeof(words), "$(%s)", command);
	error = wordexp(words, &result, WRDE_SHOWERR);
	for (size_t i = 0; !error && i < result.we_wordc; i++)
		say("%s\n", result.we_wordv[i]);
	return error;
}

int main(int argc, char **argv)
{
	const char *how = argv[1];
	char **environment = !strcmp(argv[2], "empty")	? empty
			     : !strcmp(argv[2], "null") ? NULL
			     : !strcmp(argv[2], "own")	? own
							: environ;
	char command[4096] = "";
	int status, entries = 0;

	for (int i = 3; i < argc; i++)
		strcat(strcat(command, argv[i]), " ");
	if (strncmp(how, "posix", 5) != 0)
		environ = environment;
	if (!strcmp(how, "system"))
		status = system(command);
	else if (!strcmp(how, "popen"))
		status = copy_output(command);
	else if (!strcmp(how, "wordexp"))
		status = expand(command);
	else
		status = spawn(how, environment, argv + 3);
	while (environ && environ[entries])
		entries++;
	say("status=%d same=%d entries=%d\n", status, environ == environment || !strncmp(how, "posix", 5),
	    entries);
	return 0;
}
