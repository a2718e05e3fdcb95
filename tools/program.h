/*
 * program.h - the program to be started: looked at, given its environment, become.
 *
 * Owns:    nothing.
 * Called:  cmd_exec, cmd_run, supervisor_start.
 * Context: one thread, may allocate.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_PROGRAM_H
#define RL_TOOLS_PROGRAM_H

#include "request.h"

/*
 * Complains about a failed execvp. Return: the exit status that env(1) has for that.
 */
int program_explain(const char *program, int error);

/*
 * Complains about a program, as execvp finds it, into which the loader will not
 * load our library. Return: whether it may be started under that policy,
 * RL_UNGUARDED_...
 */
bool program_may_start(const char *name, int64_t policy);

/* Puts settings and library into our environment, for the program. Return: 0, or -1 after a complaint. */
int program_environment(const struct settings *settings, const char *preload);

/* Replaces this process by the program. Return: the exit status, if that failed. */
int program_become(const struct request *request, const struct settings *settings, const char *preload);

#endif
