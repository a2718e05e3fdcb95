/*
 * program.h - the program to be started: looked at, given its environment, become.
 *
 * Owns:    nothing.
 * Called:  cmd_exec, supervisor.
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
 * Why the loader will not load our library into a program that execvp finds by
 * this name, a script's interpreter included.
 * Return: words to go behind "cannot be guarded: ", or NULL when nothing is known against it.
 */
const char *program_cannot_be_guarded(const char *name);

/* Puts settings and library into our environment, for the program. Return: 0, or -1 after a complaint. */
int program_environment(const struct settings *settings, const char *preload);

/* Replaces this process by the program. Return: the exit status, if that failed. */
int program_become(const struct request *request, const struct settings *settings, const char *preload);

#endif
