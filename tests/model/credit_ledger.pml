/*
 * credit_ledger.pml - what the threads of credit.pml share, and the lock around it; ledger_lock.c, accounts.c.
 *
 * Memory, store buffers, what only the checks know; the lock's takeover from a
 * dead owner and the repair of the sums.
 *
 * SPDX-License-Identifier: MIT
 */

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
