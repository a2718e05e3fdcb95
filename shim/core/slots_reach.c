/*
 * slots_reach.c - by which number a slot's process is known where, and whether it lives; see slots.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slots.h"

#include <stdatomic.h>

#include "accounts.h"
#include "procfs.h"
#include "procread.h"
#include "rawsys.h"

static bool is_reserved(const struct slot *s)
{
	return atomic_load_explicit(&s->state, memory_order_relaxed) == SLOT_RESERVED;
}

bool slots_is_bound(const struct slot *s)
{
	uint32_t state = atomic_load_explicit(&s->state, memory_order_acquire);

	return state == SLOT_LIVE || state == SLOT_LEAVING;
}

bool slots_is_member(const struct ledger *ledger, uint32_t index, uint32_t account)
{
	const struct slot *s = &ledger->slot[index];

	return slots_is_bound(s) && accounts_is_within(ledger, s->account, account);
}

pid_t slots_pid_in(const struct slot *s, uint64_t pid_namespace)
{
	if (s->pid_namespace == pid_namespace)
		return atomic_load_explicit(&s->pid, memory_order_relaxed);
	return s->outer_namespace == pid_namespace ? atomic_load_explicit(&s->outer_pid, memory_order_relaxed)
						   : 0;
}

pid_t slots_member_in(const struct ledger *ledger, uint32_t index, uint32_t account, uint64_t pid_namespace)
{
	return slots_is_member(ledger, index, account) ? slots_pid_in(&ledger->slot[index], pid_namespace)
						       : 0;
}

bool slots_is_visible(const struct slot *s, uint64_t pid_namespace)
{
	if (is_reserved(s))
		return s->pid_namespace == pid_namespace;
	return slots_pid_in(s, pid_namespace) != 0;
}

bool slots_is_alive_in(const struct slot *s, uint64_t pid_namespace)
{
	/* born_ns of a reservation is its maker's, or a later time. */
	pid_t pid = is_reserved(s) ? s->creator : slots_pid_in(s, pid_namespace);

	return procfs_life(pid, s->born_ns) == PROCFS_ALIVE;
}

bool slots_is_alive(const struct slot *s)
{
	return slots_is_alive_in(s, s->pid_namespace);
}

static bool is_first(const struct slot *s)
{
	return atomic_load_explicit(&s->pid, memory_order_relaxed) == 1;
}

/* When the next namespace of that number began, after one whose first process was born at born_ns. */
static int64_t next_of_number(const struct ledger *ledger, uint64_t pid_namespace, int64_t born_ns)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	int64_t next_ns = INT64_MAX;

	for (uint32_t i = 0; i < end; i++) {
		const struct slot *s = &ledger->slot[i];

		if (slots_is_bound(s) && s->pid_namespace == pid_namespace && is_first(s) &&
		    s->born_ns > born_ns && s->born_ns < next_ns)
			next_ns = s->born_ns;
	}
	return next_ns;
}

/*
 * The kernel gives the number to the next namespace at once: who is in that one lives, and who was in an
 * earlier one does not.
 */
static void close_namespace(struct ledger *ledger, uint64_t pid_namespace, int64_t born_ns)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	int64_t next_ns = next_of_number(ledger, pid_namespace, born_ns);

	for (uint32_t i = 0; i < end; i++) {
		const struct slot *s = &ledger->slot[i];
		uint64_t own = s->pid_namespace;
		int64_t own_born_ns = s->born_ns;
		bool is_other = own != pid_namespace;
		bool leads = is_other && is_first(s);

		if (atomic_load_explicit(&s->state, memory_order_relaxed) == SLOT_FREE ||
		    own_born_ns >= next_ns ||
		    (is_other && (s->outer_namespace != pid_namespace || !slots_pid_in(s, pid_namespace))))
			continue;
		slots_close(ledger, i);
		if (leads)
			close_namespace(ledger, own, own_born_ns);
	}
}

/* The kernel ends a namespace with its first process; here that is only seen from outside. */
void slots_close_namespace(struct ledger *ledger, uint32_t first)
{
	close_namespace(ledger, ledger->slot[first].pid_namespace, ledger->slot[first].born_ns);
}

bool slots_shares_pids(const struct ledger *ledger, uint32_t index, uint32_t self)
{
	const struct slot *s = &ledger->slot[index];

	if (self != LEDGER_NONE)
		return s->pid_namespace == ledger->slot[self].pid_namespace;
	/* A supervisor is in the first one, and its sweep reaches the others by their numbers there. */
	return !s->pid_namespace ||
	       s->pid_namespace == atomic_load_explicit(&ledger->home_namespace, memory_order_relaxed);
}

bool slots_is_reachable(const struct ledger *ledger, uint32_t index, uint32_t self)
{
	const struct slot *s = &ledger->slot[index];

	return slots_is_bound(s) && slots_shares_pids(ledger, index, self) && slots_is_alive(s);
}

/* The question costs 30 us, so it is asked only once somebody has left the first namespace. */
static uint64_t namespace_of(const struct ledger *ledger, pid_t pid)
{
	uint64_t home = atomic_load_explicit(&ledger->home_namespace, memory_order_relaxed);
	uint64_t its = home ? procfs_pid_namespace(pid) : 0;

	return its == home ? 0 : its;
}

uint64_t slots_own_namespace(const struct ledger *ledger)
{
	return namespace_of(ledger, 0);
}

static bool may_live(const struct slot *s)
{
	return is_reserved(s) || atomic_load_explicit(&s->state, memory_order_relaxed) == SLOT_LIVE;
}

/* Who is our parent is alive, without a look at /proc. */
static bool has_parent_in(const struct ledger *ledger, uint32_t end, uint64_t pid_namespace)
{
	pid_t parent = raw_getppid();

	for (uint32_t i = 0; i < end; i++) {
		const struct slot *s = &ledger->slot[i];

		if (parent && may_live(s) && slots_pid_in(s, pid_namespace) == parent)
			return true;
	}
	return false;
}

static bool is_last_now(const struct ledger *ledger, uint32_t index)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	uint64_t pid_namespace =
		index == LEDGER_NONE ? slots_own_namespace(ledger) : ledger->slot[index].pid_namespace;

	if (has_parent_in(ledger, end, pid_namespace))
		return false;
	for (uint32_t i = 0; i < end; i++) {
		const struct slot *s = &ledger->slot[i];

		/* A pid of another namespace says nothing. */
		if (i != index && may_live(s) &&
		    (!slots_is_visible(s, pid_namespace) || slots_is_alive_in(s, pid_namespace)))
			return false;
	}
	return true;
}

bool slots_is_last(const struct ledger *ledger, uint32_t index)
{
	uint32_t before, changes = atomic_load_explicit(&ledger->slots_changed, memory_order_acquire);
	bool is_last;

	/* A process that was made meanwhile may stand where the look has already been, its maker gone. */
	do {
		before = changes;
		is_last = is_last_now(ledger, index);
		changes = atomic_load_explicit(&ledger->slots_changed, memory_order_acquire);
	} while (is_last && changes != before);
	return is_last;
}

uint32_t slots_find_in(const struct ledger *ledger, uint64_t pid_namespace, pid_t pid, int64_t began_ns)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	uint32_t found = LEDGER_NONE;

	for (uint32_t i = 0; i < end; i++) {
		const struct slot *s = &ledger->slot[i];

		/* One that was bound before belongs to an earlier process of that number: of several the
		 * last is meant, if the number was given again within a tick. */
		if (slots_is_bound(s) && slots_pid_in(s, pid_namespace) == pid &&
		    s->born_ns + PROCFS_TICK_NS >= began_ns &&
		    (found == LEDGER_NONE || s->born_ns > ledger->slot[found].born_ns))
			found = i;
	}
	return found;
}

uint32_t slots_find(const struct ledger *ledger, pid_t pid, int64_t began_ns)
{
	return slots_find_in(ledger, slots_own_namespace(ledger), pid, began_ns);
}

bool slots_find_outer(const struct ledger *ledger, struct slots_outer *outer)
{
	char status[512];

	/* Who has a parent here is known to it by his own number. */
	if (!atomic_load_explicit(&ledger->home_namespace, memory_order_relaxed) || raw_getppid() ||
	    procread_text(0, "status", status, sizeof(status)) < 0)
		return false;
	/* As /proc was mounted: mostly by who is outside. */
	outer->pid = (pid_t)procread_field(status, "\nPid:");
	outer->parent = (pid_t)procread_field(status, "\nPPid:");
	if (!outer->parent || !procfs_pid_namespace(outer->parent))
		return false;
	outer->pid_namespace = namespace_of(ledger, outer->parent);
	return true;
}

uint64_t slots_namespace_of(const struct ledger *ledger, uint32_t self)
{
	return self == LEDGER_NONE ? slots_own_namespace(ledger) : ledger->slot[self].pid_namespace;
}

void slots_expect_namespaces(struct ledger *ledger)
{
	if (atomic_load_explicit(&ledger->home_namespace, memory_order_relaxed))
		return;
	atomic_store_explicit(&ledger->home_namespace, procfs_pid_namespace(0), memory_order_relaxed);
}

void slots_note_outer(struct ledger *ledger, uint32_t index, pid_t maker, pid_t pid)
{
	struct slot *s = &ledger->slot[index];

	/* Where the child was quicker; if it is no more the place may be another's. */
	if (slots_is_made_by(ledger, index, maker) && s->outer_namespace != s->pid_namespace &&
	    s->outer_namespace == slots_own_namespace(ledger) &&
	    !atomic_load_explicit(&s->outer_pid, memory_order_relaxed))
		atomic_store_explicit(&s->outer_pid, pid, memory_order_relaxed);
}
