/*
 * library.h - where libreslimit_preload.so is, and what LD_PRELOAD must hold.
 *
 * Owns:    nothing; the texts it returns are the caller's to free.
 * Called:  request.
 * Context: one thread, may allocate.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_LIBRARY_H
#define RL_TOOLS_LIBRARY_H

/*
 * Looks beside the executable, in the lib directory next to the executable's,
 * and where it was configured to be installed.
 * Return: the path, or NULL after a complaint.
 */
char *library_find(void);

/*
 * LD_PRELOAD's text with `library` first; the entries of `current` (may be
 * NULL) follow in their order, but for other mentions of the library.
 * Return: the text, or NULL when out of memory.
 */
char *library_preload_text(const char *library, const char *current);

#endif
