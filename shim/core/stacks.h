/*
 * stacks.h - what every thread of a tree is doing, noted before a step.
 *
 * Owns:    the accounts' stacks_text; one look at a time per process.
 * Called:  breach, in the watchdog's thread, before a limit's first signal and
 *          before KILL; timer_thread and the supervisor give it a maker; seccomp.
 * Context: the watchdog's thread; async-signal-safe, never allocates, leaves
 *          errno alone; without the ledger's lock. Takes at most
 *          100 ms and a little, whatever the number of threads.
 * Fork:    nothing: what a look left behind is overwritten by the next.
 *
 * States, system calls and processor times come from /proc, and stop nobody.
 * Threads that sleep are walked as they lie there. Only threads that run are
 * stopped, each for as long as its walk takes, by a process made for it that
 * shares the memory: a thread may not trace its own group. A tracer that dies
 * lets go of everything.
 *
 * The supervisor calls the same from outside, with `self` LEDGER_NONE; its
 * maker may be clone(2) with CLONE_VM.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_STACKS_H
#define RL_CORE_STACKS_H

#include "../contract/ledger_layout.h"

/* That others have with who looks: it may have died, or get no processor. */
enum { STACKS_PATIENCE_NS = 300000000 };

/* Whether the account asks for it. */
bool stacks_are_wanted(const struct account *account);

/* Looks, and notes it in the account for the record and as a text where RESLIMIT_STACKS says. */
void stacks_note(struct ledger *ledger, uint32_t account, uint32_t self, int signal);

/*
 * Who makes the process that traces: it shares the memory, has all signals
 * blocked, sends none at its end, and ends when `work` returns. Without one,
 * threads that run have no stack. Return: its pid or -errno.
 */
typedef pid_t stacks_make_process(void (*work)(void *), void *argument);
void stacks_set_maker(stacks_make_process *maker);

/*
 * Who may trace, as the Yama security module has it: '0' everybody of the user, '1' ancestors and who was
 * named; '\0' where there is no such module. Context: any thread.
 */
char stacks_tracing_scope(void);

/*
 * Waits for the process that the last look left behind, if it did: nobody else is to find it. Context: as for
 * looks. Return: when to call it again (CLOCK_MONOTONIC), INT64_MAX: not at all.
 */
int64_t stacks_tidy(int64_t now_ns);

/* Ends and waits for that process. */
void stacks_end_last(void);

/* Whom the program allowed to trace it, by PR_SET_PTRACER; to be put back after a look. */
void stacks_remember_tracer(long tracer);

#endif
