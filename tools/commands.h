/*
 * commands.h - the subcommands; each takes its own name as argv[0].
 *
 * Owns:    nothing.
 * Called:  reslimit.c.
 * Context: one thread, may allocate.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_COMMANDS_H
#define RL_TOOLS_COMMANDS_H

/*
 * Replaces this process by a program under limits.
 * Return: the exit status, if there was nothing to run or it could not be run.
 */
int cmd_exec(char **argv);

/* Starts a program under limits and keeps watch over it. Return: the exit status. */
int cmd_run(char **argv);

/* Lists the guarded trees of this user. Return: the exit status. */
int cmd_top(char **argv);

#endif
