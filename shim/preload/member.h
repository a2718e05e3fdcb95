/*
 * member.h - this process as a member of its tree, and its threads' state.
 *
 * Owns:    struct member; the thread-local words.
 * Called:  every interposer.
 * Context: reading: any thread, async-signal-safe, vfork child (which shares
 *          all of it with its parent).
 * Fork:    member_fork(): the child takes the slot its parent reserved and
 *          attaches new cells.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_MEMBER_H
#define RL_PRELOAD_MEMBER_H

#include <stdbool.h>

#include "contract/ledger_layout.h"
#include "core/attrs.h"
#include "core/denial.h"
#include "forkguard.h"
#include "newborn.h"

enum phase {
	PHASE_BOOT,    /* before the constructor: allocations are noted for later */
	PHASE_IDLE,    /* nothing to guard: calls pass through */
	PHASE_RUNNING, /* the ledger is there */
};

struct member {
	enum phase phase;
	struct ledger *ledger;
	uint32_t slot;
	pid_t pid;		    /* a vfork child's differs */
	bool heap_is_bypassed;	    /* the program brings a malloc that hides ours */
	_Atomic int64_t boot_bytes; /* allocated in PHASE_BOOT; writers: any thread */
};

extern struct member member RL_HIDDEN;

enum thread_phase {
	THREAD_NEW, /* attaches a cell when it first needs one */
	THREAD_ATTACHED,
	THREAD_FORKING, /* inside fork(): charges under the lock, in whichever process it wakes up */
	THREAD_ENDED,	/* its destructors run: charges under the lock */
};

struct thread {
	/*
	 * The cell, once malloc and free may also read block sizes themselves:
	 * the hot path's only word. NULL sends it to the slow path.
	 */
	struct cell *fast;
	size_t kept;  /* the chunk size of `latest` if that was freed and libc does not know; 0: it was not */
	void *latest; /* what malloc returned last */
	struct cell *cell;
	enum thread_phase phase;
	uint32_t child_slot; /* reserved for the process that this thread is about to create */
	pid_t child_maker;   /* the thread that reserved it: in the child, one of the parent */
	uint32_t child_account;
	uint32_t outer_slot;	       /* the same of a fork that a handler's vfork interrupts */
	const struct newborn *newborn; /* what the process that this thread is about to create is to know */
	struct cell *parked;	       /* the parent's cell during a fork */
	uint32_t parks;		       /* forks by handlers that interrupt a fork */
	/*
	 * A forked child's only thread, while nothing of struct member is the child's yet: all but its place
	 * and its timers waits until it asks for something; see newborn.h.
	 */
	bool is_newborn;
	bool has_timers; /* and the kernel has them */
	bool is_busy;	 /* growing up, or executing: no moment for one to begin a watchdog */
	bool was_called; /* meanwhile, by one of them */
	bool serving;	 /* inside an allocator other than libc's: what it maps is not counted */
};

extern RL_THREAD_LOCAL struct thread thread_self RL_HIDDEN;

/* Before anything of this process's that a newborn does not have. */
static inline void member_grow_up(void)
{
	if (RL_UNLIKELY(thread_self.is_newborn))
		newborn_grow_up();
}

/* Whether calls are guarded. */
static inline bool member_is_guarded(void)
{
	member_grow_up();
	return RL_LIKELY(member.phase == PHASE_RUNNING);
}

/* Whether this is a vfork child, or a child of a raw fork: it runs in the parent's state. Context: one system
 * call. */
bool member_is_borrowed(void);

/* The calling thread's cell, attached if need be; NULL if it must charge under the lock. */
struct cell *member_cell(void);

/* Who asks: for the record of a refusal. */
struct hooked_call {
	const char *name;
	const void *caller;
};

/* In an inlined function this is the caller of the function that it is inlined into. */
#define HOOKED_CALL(function)                                                                                \
	(struct hooked_call)                                                                                 \
	{                                                                                                    \
		.name = (function), .caller = __builtin_return_address(0)                                    \
	}

/* Notes a refusal; `caller` is the address after the call. Leaves errno alone. */
void member_note_denial(enum limit_id limit, const char *call, int64_t amount, const void *caller);

/* Notes that `call` failed with `error` by itself: nothing that a budget refused. Leaves errno alone. */
RL_COLD void member_note_kernel_refusal(const char *call, int error);

/*
 * Before a task is made that shares this thread's words and runs beside it: from then on both charge under
 * the lock. Return: whether that is new, for member_own_words(), which takes it back if there is no task
 * after all.
 */
bool member_share_words(void);
void member_own_words(bool again);

void member_fork(enum fork_side side);

/* Before what an atfork handler asks for in the child, before fork() returns to our hook, is counted. */
void member_become_child_early(void);

#endif
