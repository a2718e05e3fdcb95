/*
 * credit_cells.pml - how a thread of credit.pml charges and gives back; cells.c, cells.h, leases.c.
 *
 * SPDX-License-Identifier: MIT
 */

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

/* sweep_if_wished(): without the lock until somebody is found; who is refused looks for the dead first. */
inline sweep(x)
{
#if SCENE == 2 && !defined(MUT_NO_SWEEP)
	take_lock(x);
	close_if_dead(0);
	close_if_dead(1);
	release_lock(x);
#endif
	swept = true
}

/* cells_charge_short(): nothing is subtracted yet. */
inline charge_short(x, n)
{
	swept = false;
	do
	:: take_lock(x);
		settle(x);
		ok = true;
		if
		:: credit[x] < n ->
			draw(x, n - credit[x]);
			if
			:: ok -> d_step { store_credit_now(x, n + extra); extra = 0 }
			:: !ok && swept -> d_step { refuse(x) }
			:: !ok && !swept -> skip
			fi
		:: else
		fi;
		if
		:: ok -> d_step { store_credit_now(x, credit[x] - n); grant(x, n) }
		:: else
		fi;
		release_lock(x);
		if
		:: ok || swept -> break
		:: else -> sweep(x)
		fi
	od
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
			/* Nothing of it is covered, and so none of it kept others from anything. */
#ifndef MUT_NO_UNDO
			d_step { store_credit_now(x, credit[x] + n); charging[x] = 0 }
#else
			d_step { charging[x] = 0 }
#endif
		fi
	:: else
	fi;
	if
	:: ok -> d_step { grant(x, n) }
	:: else
	fi;
	release_lock(x);
	if
	:: ok
	:: else -> charge_short(x, n)
	fi
#endif
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
