/*
 * ledger_layout.h - what the processes of a guarded tree share.
 *
 * One file, mapped by every process of the tree, holds three tables:
 *
 *   accounts  budgets, as a tree: what an account draws, each account above
 *             it draws too. Limits, deadlines, denials and the verdict.
 *   slots     one per process: its account and what it draws.
 *   cells     one per thread: credit that was drawn and is not yet used.
 *
 * Bytes. A slot's `leased` is what its process has drawn from its accounts.
 * Part of it stands as `credit` in the cells of its threads; the rest is
 * charged to live blocks. So, for each process,
 *
 *   charged = leased - taken - sum of (credit - taken of the cell) - surplus
 *
 * where `taken` is credit that another thread took back and the owner has not
 * yet settled, and `surplus` is credit that never came from an account: a
 * forked child that frees what its parent allocated may use it again, but
 * gives nobody more. An account's `leased` is a cache of the sum over its
 * member slots and can be computed again after a crash (ledger_lock.c).
 *
 * Who writes: a cell's credit and low, its owner alone, without a lock, on
 * the hot path; everything else, the holder of the ledger's lock, unless the
 * member says otherwise.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CONTRACT_LEDGER_LAYOUT_H
#define RL_CONTRACT_LEDGER_LAYOUT_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "limits.h"

enum {
	LEDGER_MAGIC = 0x4d4c5352, /* "RSLM" */
	LEDGER_VERSION = 1,
	LEDGER_SECRET = 2,
	LEDGER_ACCOUNTS = 4096,
	LEDGER_SLOTS = 8192,
	LEDGER_CELLS = 65536,
	LEDGER_STEPS = 16,
	LEDGER_NAME = 128,
	LEDGER_PATH = 512,
	LEDGER_EXE = 256,
	LEDGER_PAGE = 4096,
	LEDGER_MARGIN = 1024, /* as many bytes of cells lie on the header's page */
	LEDGER_STACKS = 1536,
};

/* "None" for every index into the tables. */
#define LEDGER_NONE UINT32_MAX

/* A thread's credit. One cache line, so that no two owners share one. */
struct cell {
	/*
	 * Bytes this thread may still charge. Writer: the owner, relaxed.
	 * Readers: the lock holder after a membarrier that follows its store
	 * to `frozen`: it then sees every charge whose owner did not see the
	 * freeze. Below zero only while the owner is between its subtraction
	 * and the slow path.
	 */
	_Atomic int64_t credit;
	_Atomic int64_t low;	 /* least credit since the peak was last noted; writer: the owner */
	_Atomic int64_t taken;	 /* taken back by others, not yet settled by the owner */
	_Atomic uint32_t frozen; /* enum cell_freeze; owner looks after each change of credit */
	_Atomic uint32_t slot;	 /* index of the process + 1; 0: the cell is free */
	void *(*start)(void *);	 /* on its way to a new thread, in the owner's address space */
	void *argument;
	/*
	 * What of the charges may soon come back: the most that a block may
	 * grow by is charged while realloc runs. Writer: the owner, raised before
	 * the charge and lowered after the return.
	 */
	_Atomic int64_t in_flight;
	uint64_t reserved;
};
static_assert(sizeof(struct cell) == 64, "a cell is one cache line");

enum cell_freeze {
	CELL_RUNNING,
	CELL_FROZEN,	    /* settle under the lock before the next change counts */
	CELL_FENCED,	    /* no membarrier here: every change pays for a fence */
	CELL_FROZEN_FENCED, /* both: who froze it needs no membarrier to trust its credit */
};

enum slot_state {
	SLOT_FREE,
	SLOT_RESERVED, /* counted, its process not yet known */
	SLOT_LIVE,
	SLOT_LEAVING, /* about to die; holds what it drew until then */
};

/* How a reservation meets its process, if neither its maker nor the child can tell from the start. */
enum slot_claim {
	CLAIM_NONE,
	CLAIM_ONCE,  /* a child may find it by its parent's pid, until the maker learns the pid */
	CLAIM_HELD,  /* for one child after the other, until the maker gives it back */
	CLAIM_LOOSE, /* for the one child that comes; the maker will never know */
};

/* Calls that a filter would punish, of those that a process takes its leash with. */
enum leash_ban { LEASH_NO_OWNER = 1, LEASH_NO_SOCKET = 2 };

struct slot {
	_Atomic uint32_t state;
	_Atomic int32_t pid;	/* 0 while reserved */
	int64_t born_ns;	/* CLOCK_BOOTTIME no earlier than its start, while reserved its creator's */
	uint64_t pid_namespace; /* 0: that of the first process; pids of another mean nothing here */
	int32_t creator;	/* pid that reserved it */
	uint32_t account;
	int64_t leased;
	int64_t taken; /* sum of its cells' taken */
	int64_t surplus;
	int32_t threads;	      /* beside the first */
	_Atomic int32_t leashed;      /* the pid that a supervisor holds a leash for; see leash.h */
	int64_t cpu_ns;		      /* last seen */
	int64_t cpu_base_ns;	      /* used before the guard began */
	int32_t creator_tid;	      /* its thread: makes one process at a time */
	uint16_t claim;		      /* enum slot_claim */
	_Atomic uint16_t end_told;    /* the timeline has its end */
	int64_t children_ns;	      /* used by children that it waited for, and theirs, as it last told */
	int64_t children_base_ns;     /* of those, before the guard began */
	_Atomic int64_t progress_ns;  /* CLOCK_MONOTONIC of the last progress it told; writers: its threads */
	_Atomic int32_t watchdog_tid; /* 0: it has none */
	_Atomic uint16_t owed_signal; /* of a step, for its own watchdog to see to; 0: none */
	_Atomic int16_t call_signal;  /* that runs its callback; 0: it has none. Writer: the process */
	int64_t exec_ns; /* CLOCK_BOOTTIME; it has left its program and its mapping for another, or 0 */
	/* Its number in the namespace of who made it, if that is another than its own; 0: not known. */
	uint64_t outer_namespace;
	_Atomic int32_t outer_pid;
	_Atomic int32_t opening; /* its threads with descriptors of ours open; readers: who counts its own */
	_Atomic uint32_t leash_bans;   /* enum leash_ban, that of its maker at first; outlasts an exec */
	_Atomic uint32_t executed;     /* its pid while it executes; FUTEX_OWNER_DIED: its memory has gone */
	_Atomic int64_t stops_told_ns; /* until then its watchdog has credited each of its stops */
	uint32_t last_child;	       /* 1 + the place of the last process it made */
	_Atomic uint32_t vacant;       /* the cell of a thread that has ended; see vacancy.h */
	uint32_t reserved[22];
};
static_assert(sizeof(struct slot) == 256, "two slots never share a cache line, and none lies on two pages");

/* What an account stands for. */
enum account_part {
	ACCOUNT_WHOLE,	 /* every limit and the record */
	ACCOUNT_TREE,	 /* the part of SCOPE=process that the tree shares */
	ACCOUNT_PROCESS, /* the part that each process has for itself */
	ACCOUNT_RUNNER,	 /* of a program that ROOT does not name: no limit and no record, what it starts may
			    have */
};

struct ledger_step {
	int64_t at_ns; /* since the account's start */
	int32_t signal;
	uint32_t skipped; /* not sent, because nobody would have taken it */
};

/* The last call that the kernel, or libc, refused for want of memory, processes or threads; not we. */
struct kernel_refusal {
	char call[24];
	int32_t error; /* 0: none yet */
	uint32_t count;
};

/* The first refusal of an account, for the record. */
struct first_denial {
	char call[32];
	char site[128]; /* file+0xoffset */
	char build_id[48];
	int64_t amount; /* bytes asked for; 0 for threads and processes */
	int64_t at_ns;
	int32_t tid;
	uint32_t set;
};

/* What broke a condition. */
struct observation {
	char verdict[RL_CONDITION_TEXT + 8]; /* custom:FIELD */
	char condition[RL_CONDITION_TEXT];
	int64_t value;
	int32_t pid;
	uint32_t reserved;
};

enum plugin_state {
	PLUGIN_NONE,
	PLUGIN_STARTING,
	PLUGIN_FAILED,
	PLUGIN_RUNNING,
	PLUGIN_HUNG,
	PLUGIN_CRASHED,
};

enum plugin_violation {
	PLUGIN_CONTENT,
	PLUGIN_ASKED, /* it found a violation, and is asked what to do */
	PLUGIN_VIOLATED,
};

/* A plug-in's host process. Writer: the host, unless said. */
struct plugin {
	_Atomic uint32_t state;	       /* enum plugin_state; who starts it, the host, then who misses it */
	_Atomic uint32_t word;	       /* changes when the host is to look up: futex, shared */
	_Atomic uint32_t violation;    /* enum plugin_violation; orders `code` and the account's action */
	_Atomic int32_t pid;	       /* orders born_ns */
	int64_t born_ns;	       /* CLOCK_BOOTTIME */
	_Atomic int64_t busy_since_ns; /* CLOCK_MONOTONIC; 0 while none of the plug-in's code runs */
	_Atomic int64_t next_look_ns;  /* CLOCK_MONOTONIC: a little after its next check */
	_Atomic int64_t checks, kept;
	int64_t code;			 /* of the violation */
	char verdict[RL_CONDITION_TEXT]; /* custom:NAME; fixed before it runs */
};

/* Whether the first process of a supervised account has our library in it. */
enum account_joined {
	ACCOUNT_NOT_JOINED,
	ACCOUNT_JOINED,
	ACCOUNT_JOIN_REFUSED, /* it had, and could not start under these limits: it has said why */
};

struct account {
	_Atomic uint32_t in_use;
	uint32_t parent; /* LEDGER_NONE at the top */
	uint32_t root;	 /* slot of the process it was opened for */
	int32_t root_pid;
	uint64_t config_hash;

	/* What each new lease, thread and process looks at lies together: each line of a cache costs. */
	_Atomic uint32_t killing;	       /* the KILL step began: no new process or thread */
	uint16_t threads_raised, procs_raised; /* whether the last one that was counted raised the peak */
	/* Caches of sums over member slots, and their peaks. */
	int64_t leased, threads, procs;
	int64_t mem_peak, threads_peak, procs_peak;
	int64_t procs_total;

	/* Fixed when the account is opened. */
	int64_t limit[RL_LIMIT_COUNT];
	struct action action[RL_LIMIT_COUNT];
	uint32_t scope;
	int32_t status_fd; /* the program's number, -1: none */
	uint64_t status_dev, status_ino;
	uint64_t log_dev, log_ino;	  /* of a log that is a descriptor */
	int64_t start_ns;		  /* CLOCK_MONOTONIC */
	_Atomic int64_t wall_deadline_ns; /* CLOCK_MONOTONIC; INT64_MAX: none; moved under the lock */
	char name[LEDGER_NAME];
	char log[LEDGER_NAME];
	char status_file[LEDGER_PATH];
	char trace[LEDGER_PATH];
	int64_t tick_ns; /* between two samples */
	struct conditions watch;

	int64_t cpu_dead_ns;
	int64_t cpu_before_ns; /* of its first process, and the children it waited for, before it was opened
				*/
	int64_t cpu_sum_ns, cpu_summed_ns; /* the last sum over all members, and when */

	int64_t denied[RL_LIMIT_COUNT];
	int64_t series_start_ns[RL_LIMIT_COUNT]; /* first refusal of a series without long gaps */
	int64_t series_last_ns[RL_LIMIT_COUNT];
	uint32_t last_denied; /* limit + 1 */
	struct first_denial first_denial;

	_Atomic uint32_t breach; /* limit + 1 once the first limit's steps begin; never changes again */
	int64_t breach_at_ns;	 /* CLOCK_MONOTONIC */
	struct plugin plugin;
	struct observation observed;	/* written before the breach that it is the cause of */
	_Atomic uint32_t calls;		/* steps that ran callbacks, or are about to; orders what was found */
	uint32_t next_step, step_count; /* the first is an index into the action list */
	int64_t next_step_ns;		/* CLOCK_MONOTONIC; INT64_MAX: no further step */
	struct ledger_step step[LEDGER_STEPS];
	_Atomic uint32_t record_taken; /* set once by whoever writes the record */
	uint32_t part;		       /* enum account_part */

	/* Fixed when the account is opened. */
	uint32_t skip_blocked;	/* a step that every member blocks or ignores is passed over */
	uint32_t idle_output;	/* output counts as progress */
	int64_t stopped_max_ns; /* most that may be left out of wall time */

	int64_t stopped_ns; /* time its first process was stopped, left out so far */
	/* CLOCK_MONOTONIC of the last progress that no slot tells: output, and of the dead; any watchdog. */
	_Atomic int64_t progress_ns;
	_Atomic int64_t output_seen; /* bytes that members had written when output was last looked for */

	/* Of an account with a supervisor, which watches it and writes its record; see tree.h. */
	_Atomic int32_t supervisor; /* its pid; 0: the members watch themselves */
	_Atomic uint32_t joined;    /* enum account_joined */
	uint32_t own_part;	    /* the first process's own account, itself unless SCOPE=process */
	uint32_t heap_bypassed;	    /* the first process has a malloc of its own */
	char exe[LEDGER_EXE];	    /* the first process's executable, as of its last exec */

	int32_t leash_fd; /* the supervisor's descriptor + 1; 0: none */

	struct kernel_refusal kernel_refusal;
	uint32_t kernel_was_last;      /* of all who refused something */
	_Atomic int64_t trace_next_ns; /* CLOCK_MONOTONIC of the next sample */
	/* Grades of the byte budget (grades.c). */
	int64_t mem_grace_ns; /* how long MEM may be exceeded; -1: not at all */
	int64_t mem_hard;     /* bytes; the ceiling meanwhile */
	int64_t reserve;      /* bytes more from the first refusal on */
	uint32_t reserve_open;
	int64_t growth_base; /* bytes live at main; -1: main has not begun */
	/*
	 * When more than MEM came to be charged, CLOCK_MONOTONIC; 0: it is not.
	 * Writer: the lock holder. While it is set no cell of a member keeps
	 * credit and each is frozen, so every change of the sum is seen.
	 */
	_Atomic int64_t above_since_ns;
	int64_t spikes, spike_longest_ns;

	/* Resident memory of all members (meter_rss.c); times are CLOCK_MONOTONIC. */
	int64_t rss_grace_ns;
	int64_t rss_base;      /* bytes at main; -1: main has not begun */
	int64_t rss_bytes;     /* the last sample */
	int64_t rss_began_ns;  /* when it began; also of one that is being taken */
	int64_t rss_judged_ns; /* when the last finished one began */
	int64_t rss_cost_ns;   /* how long it took */
	int64_t rss_peak, rss_samples;
	int64_t rss_above_ns, rss_growth_above_ns; /* the first of the samples above the limit in a row; 0 */
	uint32_t rss_sampler;			   /* slot of who took the last one */
	uint32_t rss_base_exceeds;		   /* more than RSS was resident at main */
	/* What the threads were doing before a step; see core/stacks.h. */
	char stacks[LEDGER_PATH];	/* where it goes: "" nowhere, "1" or a file's name */
	uint32_t stacks_noted;		/* before which steps it was begun */
	_Atomic uint32_t stacks_pieces; /* texts for the record below, each with its NUL; written last */
	char stacks_text[LEDGER_STACKS];
	_Atomic uint32_t leash_address; /* the kernel's name for the supervisor's socket, + 1; 0: none */
	_Atomic uint32_t sending;	/* a step's signal that is on its way to the members */
	int64_t sending_until_ns;	/* at the latest, CLOCK_MONOTONIC */
	uint32_t leash_secret[LEDGER_SECRET]; /* sent with each leash */
	_Atomic int64_t date_ahead_ns; /* of CLOCK_MONOTONIC, when output was last looked for; any watchdog */
	int32_t leash_door;	       /* the supervisor's descriptor for its other socket, + 1; 0: none */
	int64_t followed_ns; /* when the supervisor last looked at its first process; negative: it was held */
};

/*
 * Cells are numbered from the header downwards, slots upwards: the first of
 * both lie on the header's page. Most trees need no other, and each page costs
 * every process of the tree a fault.
 */
struct ledger {
	char margin[LEDGER_MARGIN] __attribute__((aligned(LEDGER_PAGE)));
	struct cell cells_downwards[LEDGER_CELLS]; /* ledger_cell() */

	uint32_t magic;
	uint32_t version;
	uint64_t size;
	uint32_t owner; /* uid */
	/* 0, or the owner's tid, with LEDGER_LOCK_WAITERS when somebody sleeps on it. */
	_Atomic uint32_t lock;
	_Atomic int64_t lock_forced_ns; /* CLOCK_BOOTTIME; who goes on without it, as its owner is stopped */
	_Atomic int64_t lock_taken_ns;	/* CLOCK_BOOTTIME; a thread born later is not the owner */
	_Atomic uint32_t fenced;	/* a member could not register for membarrier */
	_Atomic uint32_t degraded;	/* enum ledger_degraded bits, for the record */
	_Atomic uint32_t accounts_end;	/* all used accounts lie below */
	_Atomic uint32_t slots_end;	/* all used slots lie below */
	_Atomic uint32_t cells_end;	/* all used cells lie below */
	_Atomic uint32_t leaving;	/* a slot may be SLOT_LEAVING */
	_Atomic uint32_t repairs;	/* owners that died in the lock */
	_Atomic uint32_t reclaims;
	_Atomic uint32_t landings;	  /* waits for charges that might come back */
	_Atomic int64_t landing_until_ns; /* CLOCK_MONOTONIC; until then none is added to them */
	/* Inode of the first process's pid namespace; 0 until a process leaves it. */
	_Atomic uint64_t home_namespace;
	/* How often a place was taken or given back: a look at the table is out of date; at the last look. */
	_Atomic uint32_t slots_changed, changes_seen;
	_Atomic int64_t swept_ns; /* CLOCK_MONOTONIC of the last look at every process */
	/* No slot, or cell, below is free: where the next is looked for. Lowered before one becomes so. */
	_Atomic uint32_t slots_full_to, cells_full_to;
	_Atomic int64_t home_clock_ns[2], has_time_namespaces; /* see time_namespace.h */
	char path[LEDGER_PATH];

	struct slot slot[LEDGER_SLOTS] __attribute__((aligned(sizeof(struct slot))));
	struct account account[LEDGER_ACCOUNTS] __attribute__((aligned(LEDGER_PAGE)));
};
static_assert(offsetof(struct ledger, magic) / LEDGER_PAGE == offsetof(struct ledger, slot[8]) / LEDGER_PAGE,
	      "the first slots lie on the header's page");

static inline struct cell *ledger_cell(const struct ledger *ledger, uint32_t index)
{
	return (struct cell *)&ledger->cells_downwards[LEDGER_CELLS - 1 - index];
}

enum ledger_degraded {
	LEDGER_CELLS_FULL = 1,	  /* threads without a cell charge under the lock */
	LEDGER_SLOTS_FULL = 2,	  /* a process was refused for want of a slot */
	LEDGER_UNRESERVED = 4,	  /* a process joined that no hook had announced */
	LEDGER_FENCE_REFUSED = 8, /* membarrier failed in the middle: credit of others was out of reach */
	LEDGER_NAMESPACE = 16,	  /* a process lives in another pid namespace */
	LEDGER_RAW_THREADS = 32,  /* threads of clone() were too many to follow: some are not counted */
	LEDGER_LIBC_THREADS = 64, /* at its end a process had threads that no hook saw: libc's own */
	LEDGER_SECCOMP = 128,	  /* a filter of the program's forbids system calls that we make */
	LEDGER_RSS_UNSEEN = 256,  /* resident memory of a member could not be read */
};

#endif
