/*
 * credit.pml - the credit protocol of shim/core/cells.c, for spin.
 *
 * Each inline below is one function of cells.c, cells.h or ledger_lock.c, and
 * each d_step in it is one access to shared memory, so that threads meet, and
 * die, between any two of them.
 *
 * Modelled: charge and refund on the fast path, settling under the lock, lease
 * and refill, reclaim (freeze, membarrier, read, take), giving back, thread
 * exit, a thread killed between any two steps, also with the lock, its
 * siblings some steps later, repair by recomputation, sweep of dead processes.
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

/* The ledger. */
byte lock;	     /* 0 or the owner + 1 */
short leased_sum;    /* the account's */
short leased[PROCS]; /* a slot's */
short taken_sum[PROCS];
bool used[PROCS];
short credit[N]; /* a cell's */
short taken[N];
byte frozen[N];
bool attached[N];
bool fenced;

/* Each owner's store buffer. */
bool buffered[N];
short buffer[N];

bool dead[N];	  /* killed */
bool finished[N]; /* at its end; its process lives on */
bool gone[PROCS]; /* every thread killed: its memory is free */
bool killed[N];

/* What only the checks know. */
byte held[N];	  /* granted and not freed */
byte freeing[N];  /* freed, and the refund is not in memory yet */
byte charging[N]; /* subtracted, and not granted yet */
byte want[N];	  /* the request in progress */
bool misfit[N];	  /* at some instant of it there was no room */
bool justifies[N]; /* another was refused because of what this one is charging */

#define MINE(t) (buffered[t] -> buffer[t] : credit[t])
#define LEASE_OF(p) (leased[p] - taken_sum[p])
#define UNUSED(t) (credit[t] - taken[t] > 0 -> credit[t] - taken[t] : 0)
#define OF(t, what) (gone[SLOT(t)] -> 0 : what[t])
#define HELD (OF(0, held) + OF(1, held) + OF(2, held))
#define SPOKEN_FOR (HELD + OF(0, freeing) + OF(1, freeing) + OF(2, freeing))
#define CHARGING (OF(0, charging) + OF(1, charging) + OF(2, charging))

/* What a process leased counts until it is dead, even while its threads end one by one. */
#if SCENE == 2
#define DYING ((dead[1] || dead[2]) && !gone[1])
#else
#define DYING false
#endif
#define NO_ROOM(n) (SPOKEN_FOR + n > LIMIT || DYING)

/* Before what is held shrinks: whom it left no room until now. */
inline observe()
{
	misfit[0] = misfit[0] || (want[0] && NO_ROOM(want[0]));
	misfit[1] = misfit[1] || (want[1] && NO_ROOM(want[1]));
	misfit[2] = misfit[2] || (want[2] && NO_ROOM(want[2]));
}

inline drain(x)
{
	if
	:: buffered[x] ->
		observe();
		credit[x] = buffer[x];
		buffer[x] = 0;
		buffered[x] = false;
		freeing[x] = 0
	:: else
	fi
}

inline add_credit(x, n)
{
	drain(x);
	buffer[x] = credit[x] + n;
	buffered[x] = true
}

/* Under the lock or with a fence behind it: at once in memory. */
inline store_credit_now(x, value)
{
	tmp = value;
	drain(x);
	credit[x] = tmp;
	tmp = 0
}

inline grant(x, n)
{
	held[x] = held[x] + n;
	charging[x] = 0;
	justifies[x] = false;
	want[x] = 0;
	misfit[x] = false;
	assert(HELD <= LIMIT) /* never over */
}

/* Who is needed for a refusal to be right must not be refused itself. */
inline lean_on(x, n)
{
	if
	:: charging[x] && SPOKEN_FOR + CHARGING - charging[x] + n <= LIMIT -> justifies[x] = true
	:: else
	fi
}

inline refuse(x)
{
	observe();
	assert(!justifies[x]);			   /* never falsely refused */
	tmp = want[x];
	charging[x] = 0;
	if
	:: misfit[x] || !HAS_MEMBARRIER(x) /* whose record says that others' credit is out of its reach */
	:: else ->
		assert(SPOKEN_FOR + CHARGING + tmp > LIMIT); /* never falsely refused */
		lean_on(0, tmp);
		lean_on(1, tmp);
		lean_on(2, tmp)
	fi;
	tmp = 0;
	want[x] = 0;
	misfit[x] = false
}

/* accounts_recompute() */
inline recompute()
{
	taken_sum[0] = 0;
	taken_sum[1] = 0;
#if PROCS > 2
	taken_sum[2] = 0;
#endif
	for (i : 0 .. N - 1) {
		if
		:: attached[i] && !used[SLOT(i)] -> attached[i] = false
		:: attached[i] && used[SLOT(i)] -> taken_sum[SLOT(i)] = taken_sum[SLOT(i)] + taken[i]
		:: else
		fi
	}
	leased_sum = 0;
	for (i : 0 .. PROCS - 1) {
		if
		:: used[i] -> leased_sum = leased_sum + LEASE_OF(i)
		:: else
		fi
	}
	i = 0
}

inline take_lock(x)
{
	d_step {
#ifdef MUT_NO_TAKEOVER
		lock == 0 ->
#else
		lock == 0 || (lock != x + 1 && dead[lock - 1]) ->
#endif
		if
		:: lock == 0
#ifdef MUT_NO_REPAIR
		:: else
#else
		:: else -> recompute()
#endif
		fi;
		lock = x + 1;
		drain(x)
	}
}

inline check_sums()
{
	tmp = 0;
	for (i : 0 .. PROCS - 1) {
		if
		:: used[i] -> tmp = tmp + LEASE_OF(i)
		:: else
		fi
	}
	i = 0;
	assert(tmp == leased_sum); /* conserved */
	tmp = 0
}

inline release_lock(x)
{
	d_step {
		drain(x);
		check_sums();
		lock = 0
	}
}

inline settle(x)
{
#ifndef MUT_NO_SETTLE
	k = taken[x];
	if
	:: k ->
		d_step { store_credit_now(x, credit[x] - k) };
		d_step { taken[x] = 0 };
		d_step { leased[SLOT(x)] = leased[SLOT(x)] - k };
		d_step { taken_sum[SLOT(x)] = taken_sum[SLOT(x)] - k; k = 0 }
	:: else
	fi;
#endif
	d_step { frozen[x] = UNFROZEN(x) }
}

inline freeze(x, y)
{
	d_step {
		if
		:: y != x && attached[y] && UNUSED(y) ->
#ifndef MUT_NO_FREEZE
			frozen[y] = (frozen[y] == FENCED || frozen[y] == FROZEN_FENCED -> FROZEN_FENCED : FROZEN);
#endif
			any = true
		:: else
		fi
	}
}

#ifdef MUT_NO_FREEZE
#define MAY_TAKE(x, y) (y != x && attached[y])
#elif defined(MUT_TRUST_FENCED)
#define MAY_TAKE(x, y) (y != x && attached[y] && (frozen[y] == FROZEN || frozen[y] == FROZEN_FENCED))
#else
#define MAY_TAKE(x, y)                                                                                       \
	(y != x && attached[y] && (frozen[y] == FROZEN_FENCED || (HAS_MEMBARRIER(x) && frozen[y] == FROZEN)))
#endif

inline take(x, y)
{
	d_step {
		k = 0;
		if
		:: MAY_TAKE(x, y) ->
			k = UNUSED(y);
			if
			:: k > LEASE_OF(SLOT(y)) -> k = LEASE_OF(SLOT(y))
			:: else
			fi
		:: else
		fi
	};
	if
	:: k > 0 ->
#ifndef MUT_NO_NOTE
		d_step { taken[y] = taken[y] + k };
		d_step { taken_sum[SLOT(y)] = taken_sum[SLOT(y)] + k };
#else
		d_step { leased[SLOT(y)] = leased[SLOT(y)] - k };
#endif
		d_step { leased_sum = leased_sum - k; k = 0 }
	:: else -> k = 0
	fi
}

inline membarrier(x)
{
#ifndef MUT_NO_FENCE
	d_step {
		if
		:: HAS_MEMBARRIER(x) ->
			/* Processes that did not register are not interrupted. */
			if :: HAS_MEMBARRIER(0) -> drain(0) :: else fi;
			drain(1);
			drain(2)
		:: else
		fi
	};
#endif
	skip
}

inline reclaim(x)
{
	any = false;
	freeze(x, 0);
	freeze(x, 1);
	freeze(x, 2);
	if
	:: any ->
		any = false;
		membarrier(x);
		take(x, 0);
		take(x, 1);
		take(x, 2)
	:: else
	fi
}

/* slots_close() of a process that died; the looking is one step, as reading /proc is. */
inline close_if_dead(p)
{
	if
	:: used[p] && gone[p] ->
		d_step { leased_sum = leased_sum - LEASE_OF(p) };
		d_step { taken_sum[p] = 0; leased[p] = 0 };
		d_step {
			for (i : 0 .. N - 1) {
				if
				:: SLOT(i) == p -> attached[i] = false
				:: else
				fi
			}
			i = 0
		};
		d_step { used[p] = false }
	:: else
	fi
}

/* Return in `ok`; `extra` is drawn beyond the need. */
inline draw(x, n)
{
	if
	:: n > LIMIT - leased_sum -> reclaim(x)
	:: else
	fi;
#if SCENE == 2 && !defined(MUT_NO_SWEEP)
	if
	:: n > LIMIT - leased_sum ->
		close_if_dead(0);
		close_if_dead(1)
	:: else
	fi;
#endif
	if
	:: n > LIMIT - leased_sum -> ok = false
	:: n <= LIMIT - leased_sum -> ok = true; extra = 0
	:: n < LIMIT - leased_sum -> ok = true; extra = 1
	fi;
	if
	:: ok ->
		d_step { leased_sum = leased_sum + n + extra };
		d_step { leased[SLOT(x)] = leased[SLOT(x)] + n + extra }
	:: else
	fi
}

inline give_back(x, n)
{
	d_step { leased_sum = leased_sum - n };
	d_step { leased[SLOT(x)] = leased[SLOT(x)] - n }
}

/* cells_settle_charge(): n is subtracted already. */
inline settle_charge(x, n)
{
	take_lock(x);
	settle(x);
	ok = true;
#ifdef MUT_UNDO
	/* Undone and tried again, as if it had not begun. */
	d_step { store_credit_now(x, credit[x] + n); charging[x] = 0 };
	release_lock(x);
	charge_short(x, n)
#else
	if
	:: credit[x] < 0 ->
		draw(x, -credit[x]);
		if
		:: ok -> d_step { store_credit_now(x, extra); extra = 0 }
		:: else ->
			d_step {
#ifndef MUT_NO_UNDO
				store_credit_now(x, credit[x] + n);
#endif
				refuse(x)
			}
		fi
	:: else
	fi;
	if
	:: ok -> d_step { grant(x, n) }
	:: else
	fi;
	release_lock(x)
#endif
}

/* cells_charge_short(): nothing is subtracted yet. */
inline charge_short(x, n)
{
	take_lock(x);
	settle(x);
	ok = true;
	if
	:: credit[x] < n ->
		draw(x, n - credit[x]);
		if
		:: ok -> d_step { store_credit_now(x, n + extra); extra = 0 }
		:: else -> d_step { refuse(x) }
		fi
	:: else
	fi;
	if
	:: ok -> d_step { store_credit_now(x, credit[x] - n); grant(x, n) }
	:: else
	fi;
	release_lock(x)
}

/* The owner's look at its freeze flag. */
#define STANDS(x) (frozen[x] == RUNNING)

inline charge(x, n)
{
	d_step { want[x] = n; misfit[x] = NO_ROOM(n) };
	if
#ifndef MUT_SUBTRACT_FIRST
	:: MINE(x) < n -> charge_short(x, n)
	:: MINE(x) >= n ->
#else
	:: true ->
#endif
		d_step { add_credit(x, -n); charging[x] = n };
#if SCENE == 3
		if
		:: d_step { STANDS(x) -> grant(x, n) }
		:: !STANDS(x) ->
			if
			:: d_step { frozen[x] == FENCED -> drain(x) };
				if
				:: d_step { frozen[x] == FENCED -> grant(x, n) }
				:: frozen[x] != FENCED -> settle_charge(x, n)
				fi
			:: frozen[x] != FENCED -> settle_charge(x, n)
			fi
		fi
#elif defined(MUT_SUBTRACT_FIRST)
		if
		:: d_step { MINE(x) >= 0 && STANDS(x) -> grant(x, n) }
		:: MINE(x) < 0 || !STANDS(x) -> settle_charge(x, n)
		fi
#elif defined(MUT_NO_LOOK)
		d_step { grant(x, n) }
#else
		if
		:: d_step { STANDS(x) -> grant(x, n) }
		:: !STANDS(x) -> settle_charge(x, n)
		fi
#endif
	fi
}

inline refund(x, n)
{
	d_step { drain(x); observe(); held[x] = held[x] - n; freeing[x] = n };
	d_step { add_credit(x, n); freeing[x] = n };
	if
	:: frozen[x] == RUNNING && MINE(x) <= KEEP_MAX
	:: else ->
		take_lock(x);
		settle(x);
		if
		:: credit[x] > KEEP_MAX ->
			d_step { k = credit[x] - KEEP; store_credit_now(x, KEEP) };
#ifdef MUT_GIVE_TWICE
			d_step { store_credit_now(x, k + KEEP) };
#endif
			give_back(x, k);
			k = 0
		:: else
		fi;
		release_lock(x)
	fi
}

/* cells_retire_locked() */
inline retire(x)
{
	take_lock(x);
	settle(x);
#ifdef MUT_RETIRE_ORDER
	/* The lease goes first: a death in between leaves credit that nothing backs. */
	k = credit[x];
	give_back(x, k);
	d_step { store_credit_now(x, 0) };
#else
	d_step { k = credit[x]; store_credit_now(x, 0) };
	give_back(x, k);
#endif
	k = 0;
	d_step { attached[x] = false };
	release_lock(x)
}

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
	bool any, ok;

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
