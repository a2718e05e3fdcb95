/*
 * commands.c - commands from an argument list; see commands.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "commands.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static char **joined_environment(char **first, int count)
{
	int have = 0;
	char **env;

	while (environ[have])
		have++;
	env = calloc((size_t)(have + count + 1), sizeof(*env));
	if (!env)
		exit(2);
	memcpy(env, first, (size_t)count * sizeof(*env));
	memcpy(env + count, environ, (size_t)have * sizeof(*env));
	return env;
}

int commands_read(int argc, char **argv, struct command *commands)
{
	int count = 0;
	int i = 0;

	while (i < argc && count < COMMANDS_MAX) {
		int settings = i;

		while (i < argc && strchr(argv[i], '='))
			i++;
		commands[count].env = joined_environment(&argv[settings], i - settings);
		commands[count].argv = &argv[i];
		count++;
		while (i < argc && strcmp(argv[i], "--") != 0)
			i++;
		if (i < argc)
			argv[i++] = NULL;
	}
	return count;
}

pid_t command_spawn(const struct command *command, int fd)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (fd >= 0)
		posix_spawn_file_actions_adddup2(&actions, fd, 3);
	error = posix_spawnp(&pid, command->argv[0], &actions, NULL, command->argv, command->env);
	posix_spawn_file_actions_destroy(&actions);
	if (error) {
		fprintf(stderr, "%s: %s\n", command->argv[0], strerror(error));
		exit(2);
	}
	return pid;
}

int64_t command_cpu_ns(const struct rusage *usage)
{
	int64_t us = usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;

	return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * INT64_C(1000000000) + us * 1000;
}
