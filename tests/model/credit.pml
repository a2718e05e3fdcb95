/*
 * credit.pml - the credit protocol of shim/core/cells.c, for spin.
 *
 * Each inline, here and in the two files that are included, is one function of
 * cells.c, cells.h, leases.c or ledger_lock.c, and each d_step in it is one
 * access to shared memory, so that threads meet, and die, between any two.
 *
 * Modelled: charge and refund on the fast path, settling under the lock, lease
 * and refill, reclaim (freeze, membarrier, read, take), giving back, thread
 * exit, a thread killed between any two steps, also with the lock, its
 * siblings some steps later, repair by recomputation. Who finds no room gives
 * up the lock, and what it has of its charge, looks for dead processes, and
 * tries again from the start.
 * An owner's store to its credit waits in a store buffer of one entry until
 * memory takes it, a lock is taken, or a membarrier drains it; the owner reads
 * its own stores back. A free counts as done when its store reaches memory.
 *
 * Left out: surplus of forked children, nested accounts, peaks, signal handlers.
 *
 * Checked:
 *   never over       what living processes hold never passes LIMIT
 *   never falsely    a request is refused only if at some instant of the call
 *   refused          it did not fit beside what was held, or was then being
 *                    charged and was granted in the end
 *   conserved        at each unlock the account is the sum of its slots; at the
 *                    end each slot's lease is what it holds plus idle credit
 *   no deadlock      no state without a next step but the end
 *
 * Configurations: SCENE 1: three processes with a thread each, none dies;
 * SCENE 2: two processes, of which one has two threads and may be killed;
 * SCENE 3: as 1, and the first cannot call or be reached by membarrier.
 * Mutations: MUT_..., each leaves one step out; all must be found.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCENE
#define SCENE 1
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef LAST_ROUNDS
#define LAST_ROUNDS ROUNDS /* of the last thread */
#endif
#define ROUNDS_OF(t) (t == N - 1 -> LAST_ROUNDS : ROUNDS)
#define N 3	  /* threads; each has one cell */
#define LIMIT 2	  /* bytes in the account */
#define KEEP_MAX 1 /* a cell with more gives back all but KEEP; CELL_CREDIT_MAX, CELL_LEASE */
#define KEEP 0

#if SCENE == 2
#define PROCS 2
#define SLOT(t) ((t) > 0)
#else
#define PROCS 3
#define SLOT(t) (t)
#endif

#define RUNNING 0
#define FROZEN 1
#define FENCED 2
#define FROZEN_FENCED 3
#if SCENE == 3
#define UNFROZEN(t) (t == 0 -> FENCED : (fenced -> FENCED : RUNNING))
#define HAS_MEMBARRIER(t) (t != 0)
#else
#define UNFROZEN(t) RUNNING
#define HAS_MEMBARRIER(t) true
#endif

#include "credit_ledger.pml"
#include "credit_cells.pml"

/* Memory is free when the last thread has gone. */
inline end_process_of(x)
{
	if
	:: (SLOT(0) != SLOT(x) || dead[0] || finished[0]) && (SLOT(1) != SLOT(x) || dead[1] || finished[1]) &&
	   (SLOT(2) != SLOT(x) || dead[2] || finished[2]) ->
		observe();
		gone[SLOT(x)] = true
	:: else
	fi
}

inline die(x)
{
	d_step {
		drain(x);
		dead[x] = true;
		want[x] = 0;
		misfit[x] = false;
		justifies[x] = false;
		observe();
		end_process_of(x)
	}
}

proctype thread(byte t)
{
	byte round;
	short k;
	short tmp;
	byte i;
	byte extra, size;
	bool any, ok, swept;

	{
		do
		:: round < ROUNDS_OF(t) ->
			round++;
			if
			:: charge(t, 1)
			:: charge(t, 2)
			:: held[t] > 0 ->
				size = held[t];
				refund(t, size)
			fi
		:: break
		od;
		if
		:: retire(t)
		:: skip
		fi;
		d_step {
			drain(t);
			finished[t] = true;
			round = 0;
			ok = false;
			swept = false;
			if
			:: (SLOT(1) == SLOT(t) && dead[1]) || (SLOT(2) == SLOT(t) && dead[2]) -> end_process_of(t)
			:: else
			fi
		}
	} unless {
		killed[t] -> die(t)
	}
}

/* A store reaches memory when it likes. */
active proctype memory()
{
	short tmp;

end:
	do
	:: d_step { buffered[0] -> drain(0) }
	:: d_step { buffered[1] -> drain(1) }
	:: d_step { buffered[2] -> drain(2) }
	od
}

#define ENDED(x) (dead[x] || finished[x])

init
{
	byte i;
	short tmp;

	d_step {
		for (i : 0 .. N - 1) {
			attached[i] = true;
			frozen[i] = RUNNING
		}
		for (i : 0 .. PROCS - 1) {
			used[i] = true
		}
		i = 0
	};
#if SCENE == 3
	d_step { frozen[0] = FENCED };
#endif
	atomic {
		run thread(0);
		run thread(1);
		run thread(2)
	};
#if SCENE == 3
	/* It was the first that could not register, when others had begun. */
	d_step { fenced = true };
#endif
#if SCENE == 2
	/* One thread of a killed process may run on for some steps after another has died. */
	if
	:: d_step { !finished[1] && !finished[2] -> killed[1] = true };
		killed[2] = true
	:: d_step { !finished[1] && !finished[2] -> killed[2] = true };
		killed[1] = true
	:: skip
	fi;
#endif
	ENDED(0) && ENDED(1) && ENDED(2);
	d_step {
		drain(0);
		drain(1);
		drain(2);
		if
		:: lock == 0
		:: lock && dead[lock - 1] -> recompute() /* as the next to come would */
		fi;
		for (i : 0 .. N - 1) {
			if
			:: !gone[SLOT(i)] ->
				tmp = 0;
				tmp = tmp + (SLOT(0) == SLOT(i) -> held[0] + (attached[0] -> credit[0] - taken[0] : 0) : 0);
				tmp = tmp + (SLOT(1) == SLOT(i) -> held[1] + (attached[1] -> credit[1] - taken[1] : 0) : 0);
				tmp = tmp + (SLOT(2) == SLOT(i) -> held[2] + (attached[2] -> credit[2] - taken[2] : 0) : 0);
				assert(LEASE_OF(SLOT(i)) == tmp) /* conserved */
			:: else
			fi
		}
	}
}
