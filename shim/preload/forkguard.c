/*
 * forkguard.c - what each module does around a fork; see forkguard.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "forkguard.h"

#include <stddef.h>

#include "callback.h"
#include "core/attrs.h"
#include "core/time_namespace.h"
#include "environment_loan.h"
#include "interpose_thread.h"
#include "lifecycle.h"
#include "member.h"
#include "own_leash.h"
#include "progress_word.h"
#include "raw_threads.h"
#include "seccomp.h"
#include "timer_thread.h"

static void clock_fork(enum fork_side side)
{
	if (side == FORK_CHILD && member_is_guarded())
		time_namespace_enter(member.ledger);
}

/* The clock, and then the member: the others ask what time it is, and who this process is. */
static void (*const MODULES[])(enum fork_side) = {
	clock_fork,	   member_fork,	     own_leash_fork, thread_fork,
	timer_thread_fork, raw_threads_fork, progress_fork,  environment_loan_fork,
	lifecycle_fork,	   callback_fork,    seccomp_fork,
};

void forkguard_run(enum fork_side side)
{
	for (size_t i = 0; i < RL_ARRAY_LEN(MODULES); i++)
		MODULES[i](side);
	if (side == FORK_CHILD)
		thread_self.newborn = NULL;
}
