/*
 * interpose_main.c - the last moment before main.
 *
 * Owns:    the program's main, between two calls.
 * Called:  the program's _start, once.
 * Context: the first thread, before any other; may allocate.
 * Fork:    nothing, because nothing has forked yet.
 *
 * The constructors of the program itself, a C++ program's globals for one, run
 * after ours. Growth is counted from main, so it must be seen. What we put in
 * main's place leaves by a jump: there is no frame of ours below main.
 *
 * SPDX-License-Identifier: MIT
 */
#include "member.h"
#include "real.h"
#include "startup.h"

static int (*program_main)(int, char **, char **);

static int begin_main(int argc, char **argv, char **envp)
{
	if (member_is_guarded())
		startup_at_main();
	return program_main(argc, argv, envp);
}

RL_EXPORT int __libc_start_main(int (*program)(int, char **, char **), int argc, char **argv,
				void (*init)(void), void (*fini)(void), void (*loader_fini)(void),
				void *stack_end)
{
	program_main = program;
	return real.__libc_start_main(begin_main, argc, argv, init, fini, loader_fini, stack_end);
}
