/*
 * profile.h - reads a profile: a file of NAME=value lines.
 *
 * Owns:    nothing.
 * Called:  request.
 * Context: one thread, may allocate.
 * Fork:    nothing, because it ends with an exec.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_PROFILE_H
#define RL_TOOLS_PROFILE_H

#include "settings.h"

/*
 * Assigns every line of a file. Names come with or without "RESLIMIT_",
 * spaces around name and value are dropped, lines that are empty or start
 * with '#' are skipped.
 * Return: 0, or -1 after a complaint that names file and line.
 */
int profile_read(struct settings *settings, const char *path);

#endif
