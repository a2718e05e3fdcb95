/*
 * growth.h - from where MEM_GROWTH and RSS_GROWTH count.
 *
 * Owns:    nothing; the accounts hold it.
 * Called:  startup before main; interpose_main right before it.
 * Context: the first thread, alone; takes the ledger's lock.
 * Fork:    nothing, because a forked process begins at nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_GROWTH_H
#define RL_PRELOAD_GROWTH_H

#include <stdint.h>

/*
 * Growth counts from here where this is the account's first process, in the
 * program that it runs last. `bytes` is what is live, -1 asks the ledger.
 */
void growth_begin(int64_t bytes);

/* The same at main, if any such limit is set: the program's own constructors have run. */
void growth_begin_at_main(void);

#endif
