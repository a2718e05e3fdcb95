/*
 * commands.h - commands from an argument list, started with their own environment.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_BENCH_COMMANDS_H
#define RL_BENCH_COMMANDS_H

#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>

enum { COMMANDS_MAX = 32 };

struct command {
	char **argv;
	char **env;
};

/* Splits [NAME=VALUE]... PROGRAM [ARGUMENT]... [-- ...]; Return: how many there are. */
int commands_read(int argc, char **argv, struct command *commands);

/*
 * Starts one with its standard descriptors on /dev/null and fd, if not -1, as
 * descriptor 3. Return: its pid; a failure ends the program with status 2.
 */
pid_t command_spawn(const struct command *command, int fd);

/* User and system time together. */
int64_t command_cpu_ns(const struct rusage *usage);

#endif
