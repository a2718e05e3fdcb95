/*
 * meter_watch.c - conditions on numbers that the kernel keeps of a process; see meter.h.
 *
 * Each member of an account is looked at on its own: in a guarded process by
 * its own watchdog, which reads nobody else's numbers; by the supervisor, all
 * of them, one after the other.
 *
 * SPDX-License-Identifier: MIT
 */
#include "meter.h"

#include <stdatomic.h>
#include <string.h>

#include "accounts.h"
#include "conditions.h"
#include "fmt.h"
#include "leash.h"
#include "ledger_lock.h"
#include "procread.h"
#include "procstatus.h"
#include "rawsys.h"
#include "record.h"
#include "sampling.h"
#include "watchdog.h"

enum { FD_LOOKS = 4, FD_LOOK_AGAIN_NS = 500000, START_PATIENCE_NS = 1000000000 };

/* The first condition of a list that does not hold. */
struct broken {
	const struct conditions *conditions;
	const struct condition *condition;
	int64_t value;
};

static void judge(void *context, const char *name, size_t len, int64_t value)
{
	struct broken *broken = context;

	for (uint32_t i = 0; i < broken->conditions->count && !broken->condition; i++) {
		const struct condition *c = &broken->conditions->condition[i];

		if (condition_is_about(c, name, len) && !condition_holds(c, value)) {
			broken->condition = c;
			broken->value = value;
		}
	}
}

/* The fields that were seen, a bit for each condition about them. */
struct known {
	const struct conditions *conditions;
	uint32_t seen;
};

static void recognise(void *context, const char *name, size_t len, int64_t value)
{
	struct known *known = context;

	(void)value;
	for (uint32_t i = 0; i < known->conditions->count; i++)
		if (condition_is_about(&known->conditions->condition[i], name, len))
			known->seen |= 1U << i;
}

const struct condition *watch_find_unknown(const struct conditions *conditions)
{
	struct known known = {.conditions = conditions};
	int fd;

	/* Without conditions, as most starts are, it would be 30 us for nothing. */
	if (!conditions->count)
		return NULL;
	fd = procread_open(0, "status");
	if (fd >= 0) {
		procstatus_read(fd, recognise, &known);
		raw_close(fd);
	}
	recognise(&known, CONDITION_FDS, strlen(CONDITION_FDS), 0);
	for (uint32_t i = 0; i < conditions->count; i++)
		if (!(known.seen & 1U << i))
			return &conditions->condition[i];
	return NULL;
}

static bool asks_for_descriptors(const struct conditions *conditions)
{
	for (uint32_t i = 0; i < conditions->count; i++)
		if (condition_is_about(&conditions->condition[i], CONDITION_FDS, strlen(CONDITION_FDS)))
			return true;
	return false;
}

static int is_among_programs(const struct procfile *file)
{
	return file->fd && procfile_is_programs(file->fd, file->dev, file->ino);
}

static int64_t count_own_descriptors(struct watchdog *w)
{
	static const char path[] = "/proc/self/fd";
	int64_t count = procstatus_descriptors(path, -1);

	if (count < 0)
		count = procstatus_descriptors(path, procfile_rewind(&w->descriptors, path));
	/* What we hold is none of the program's. */
	return count < 0 ? count
			 : count - is_among_programs(&w->status) - is_among_programs(&w->descriptors) -
				   record_count_descriptors(w->ledger);
}

static int64_t count_descriptors_of(const struct watchdog *w, uint32_t slot, pid_t pid)
{
	char path[40];
	struct fmt f = FMT_INIT(path);
	int64_t count;
	int fd;

	procread_put_path(&f, pid, "fd");
	fd = raw_open(path, O_RDONLY | O_DIRECTORY, 0);
	count = procstatus_descriptors(path, fd);
	if (fd >= 0)
		raw_close(fd);
	return count < 0 ? count : count - leash_count_in(w->ledger, slot, pid);
}

static bool is_opening(const struct watchdog *w, uint32_t slot)
{
	return atomic_load_explicit(&w->ledger->slot[slot].opening, memory_order_acquire) > 0;
}

/*
 * Other threads open files of ours for some microseconds, at a refusal or at the
 * process's end, say: only what is there again and again is the program's. A thread
 * that ends the process may lose the processor meanwhile, so that one says so.
 * `pid` is 0 for the own process.
 */
static void judge_descriptors(struct watchdog *w, uint32_t slot, pid_t pid, struct broken *broken)
{
	struct broken found = *broken;

	if (broken->condition || !asks_for_descriptors(broken->conditions))
		return;
	for (int looks = 0; looks < FD_LOOKS; looks++) {
		bool is_sure = !is_opening(w, slot);
		int64_t count = pid ? count_descriptors_of(w, slot, pid) : count_own_descriptors(w);

		found = *broken;
		if (count >= 0 && is_sure && !is_opening(w, slot))
			judge(&found, CONDITION_FDS, strlen(CONDITION_FDS), count);
		if (!found.condition)
			return;
		raw_sleep_ns(FD_LOOK_AGAIN_NS);
	}
	if (!atomic_load_explicit(&w->ending, memory_order_acquire))
		*broken = found;
}

static void judge_own(struct watchdog *w, struct broken *broken)
{
	int fd = procfile_rewind(&w->status, "/proc/self/status");

	if (fd >= 0)
		procstatus_read(fd, judge, broken);
	judge_descriptors(w, w->slot, 0, broken);
}

static void judge_other(struct watchdog *w, uint32_t slot, pid_t pid, struct broken *broken)
{
	int fd = procread_open(pid, "status");

	if (fd >= 0) {
		procstatus_read(fd, judge, broken);
		raw_close(fd);
	}
	judge_descriptors(w, slot, pid, broken);
}

/* The pid of a member in the caller's own pid namespace, or 0. */
static pid_t member_pid(const struct ledger *ledger, uint32_t slot, uint32_t account)
{
	const struct slot *s = &ledger->slot[slot];

	if (atomic_load_explicit(&s->state, memory_order_acquire) != SLOT_LIVE || s->pid_namespace ||
	    !accounts_is_within(ledger, s->account, account))
		return 0;
	return atomic_load_explicit(&s->pid, memory_order_relaxed);
}

/* Return: the process whose condition does not hold, or 0. */
static pid_t judge_members(struct watchdog *w, uint32_t account, struct broken *broken)
{
	uint32_t end = atomic_load_explicit(&w->ledger->slots_end, memory_order_relaxed);

	for (uint32_t i = 0; i < end; i++) {
		pid_t pid = member_pid(w->ledger, i, account);

		if (pid > 0)
			judge_other(w, i, pid, broken);
		if (broken->condition)
			return pid;
	}
	return 0;
}

/* What was found stands in the ledger before the limit becomes the verdict. */
static void note(struct watchdog *w, struct account *a, const struct broken *broken, pid_t pid)
{
	struct observation *o = &a->observed;
	uint64_t mask;
	bool is_locked;

	is_locked = ledger_lock_urgent(w->ledger, &mask);
	if (!atomic_load_explicit(&a->breach, memory_order_relaxed)) {
		struct fmt verdict = FMT_INIT(o->verdict);

		fmt_str(&verdict, RECORD_VERDICT_CUSTOM);
		fmt_strn(&verdict, broken->condition->text, broken->condition->field_len);
		memcpy(o->condition, broken->condition->text, sizeof(o->condition));
		o->value = broken->value;
		o->pid = pid;
	}
	ledger_unlock_urgent(w->ledger, &mask, is_locked);
}

/*
 * Until the first process is at its main it is not the program yet: what it has
 * is the supervisor's and the loader's. One that never tells is judged all the
 * same, after a time in which the busiest machine starts a program.
 */
static int64_t starting_until_ns(const struct account *a)
{
	if (!a->supervisor || atomic_load_explicit(&a->joined, memory_order_acquire))
		return 0;
	return a->start_ns + (a->tick_ns > START_PATIENCE_NS ? a->tick_ns : START_PATIENCE_NS);
}

int64_t meter_watch(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	struct account *a = &w->ledger->account[account];
	struct broken broken = {.conditions = &a->watch};
	pid_t pid = 0;

	if (!sampling_is_due(&w->watching, now_ns))
		return sampling_next_ns(&w->watching);
	if (now_ns < starting_until_ns(a))
		return now_ns + a->tick_ns;
	if (w->slot == LEDGER_NONE) {
		pid = judge_members(w, account, &broken);
	} else {
		judge_own(w, &broken);
		pid = raw_getpid();
	}
	if (!broken.condition)
		return sampling_plan(&w->watching, now_ns, a->tick_ns);
	note(w, a, &broken, pid);
	return METER_REACHED;
}
