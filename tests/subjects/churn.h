/*
 * churn.h - what churn_under_kills shares with its observer, through a file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TEST_CHURN_H
#define RL_TEST_CHURN_H

#include <stdint.h>

enum { CHURN_PROCS = 4, CHURN_THREADS = 2 };

struct churn_process {
	_Atomic int pid;
	_Atomic long arrived[CHURN_THREADS]; /* the pause that the thread has seen */
	_Atomic long held[CHURN_THREADS];    /* usable bytes of its blocks, true while it waits */
};

struct churn {
	_Atomic long pause; /* odd: threads stop */
	_Atomic long sweep; /* the observer asks the first process for a request that cannot fit */
	_Atomic long swept; /* it was refused */
	_Atomic int first;
	_Atomic int stop;
	_Atomic long refused, grants, children;
	char ledger[512];
	struct churn_process process[CHURN_PROCS];
};

#endif
