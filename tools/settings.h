/*
 * settings.h - the settings in force: environment, then profiles, then options.
 *
 * Owns:    struct settings and the values given; others belong to the environment.
 * Called:  request, profile, program.
 * Context: one thread, may allocate.
 * Fork:    nothing, because it ends with an exec.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_SETTINGS_H
#define RL_TOOLS_SETTINGS_H

#include "core/config.h"

/* The value of one variable. */
struct setting {
	const char *text; /* NULL or empty: unset */
	char *given;	  /* a copy, if by a profile or an option: the environment does not have it yet */
};

struct settings {
	struct setting *row; /* as many as config_variables has, in its order */
};

/*
 * Starts from the environment's RESLIMIT_ variables, every one of which is
 * checked.
 * Return: 0, or -1 after a complaint.
 */
int settings_start(struct settings *settings);

/*
 * Gives a variable a new value; an empty one unsets it.
 * Return: 0, or -EINVAL or -ENOMEM with the reason in `why`.
 */
int settings_assign(struct settings *settings, const struct config_variable *variable, const char *text,
		    struct fmt *why);

/*
 * Checks that the descriptors that a program would inherit are open for writing.
 * Return: 0, or -1 after a complaint.
 */
int settings_check_descriptors(const struct settings *settings);

/* What becomes of a program that cannot be guarded. Return: RL_UNGUARDED_... */
int64_t settings_unguarded(const struct settings *settings);

/*
 * Puts what profiles and options gave into our environment.
 * Return: 0 or -errno.
 */
int settings_to_environment(const struct settings *settings);

/* Prints every setting as a line that a shell's eval understands. */
void settings_print(const struct settings *settings);

/* Prints "export NAME='value'" with the value quoted for a shell. */
void settings_print_export(const char *prefix, const char *name, const char *value);

void settings_free(struct settings *settings);

#endif
