/*
 * environment.h - the two variables by which a program's children find us.
 *
 * Owns:    the text of our LD_PRELOAD entry and of RESLIMIT_LEDGER.
 * Called:  startup (publish), interpose_exec, interpose_spawn and environment_loan (complete).
 * Context: publishing: before main. Completing: any thread,
 *          async-signal-safe, vfork child: memory comes from the caller.
 * Fork:    nothing, because it does not change after start.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_ENVIRONMENT_H
#define RL_PRELOAD_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

/* Puts the ledger's path, and our absolute path in LD_PRELOAD, into environ. Return: 0 or -errno. */
int environment_publish(const char *ledger_path);

/* The value of RESLIMIT_LEDGER, or NULL. */
const char *environment_ledger(char *const *environment);

/* Whether a new program would find us through this environment. */
bool environment_is_complete(char *const *environment);

/* How much a complete copy needs: pointers, and characters for the LD_PRELOAD text. */
struct environment_size {
	size_t pointers;
	size_t characters;
};
struct environment_size environment_measure(char *const *environment);

/*
 * Calls `use` with `environment` if that is complete, else with a complete
 * copy, which lives on the stack or in a mapping until `use` returns.
 * Return: what `use` returned, or -ENOMEM without having called it.
 */
int environment_call(char *const *environment, int (*use)(const void *context, char *const *complete),
		     const void *context);

/* Writes a complete copy of `environment` into the caller's memory. */
void environment_complete(char *const *environment, char **pointers, char *characters);

#endif
