/*
 * startup.h - from the environment to a place in a tree.
 *
 * Owns:    nothing; fills in struct member.
 * Called:  lifecycle, in the constructor.
 * Context: one thread, before main; may not return: what cannot be guarded as
 *          asked is not run (status 125).
 * Fork:    nothing, because it runs once per program.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_STARTUP_H
#define RL_PRELOAD_STARTUP_H

/* Joins the tree that RESLIMIT_LEDGER names, or begins one if there is anything to guard. */
void startup_run(void);

/* The program's own constructors have run: growth counts from here. Context: once, before other threads. */
void startup_at_main(void);

#endif
