/*
 * stacks.c - what every thread of a tree is doing, noted before a step; see stacks.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stacks.h"

#include <stdatomic.h>
#include <string.h>

#include "accounts.h"
#include "actions.h"
#include "attrs.h"
#include "logline.h"
#include "placeholders.h"
#include "quiet_write.h"
#include "rawsys.h"
#include "slots.h"
#include "stacks_look.h"

enum {
	FIRST_LOOK_NS = 30000000, /* of the whole; ten thousand threads take longer and are cut */
	BETWEEN_NS = 5000000,	  /* from the first look to the second: who runs? */
	SECOND_LOOK_NS = 60000000,
	WALK_NS = 95000000,
	TEXT_MAX = 48 << 10,
};

static struct look look RL_SELDOM;
static char text[TEXT_MAX] RL_SELDOM;
static stacks_make_process *make_process;

void stacks_set_maker(stacks_make_process *maker)
{
	make_process = maker;
}

bool stacks_are_wanted(const struct account *account)
{
	return account->stacks[0] != '\0';
}

const char *stacks_activity(const struct look *l)
{
	if (!l->tasks.running)
		return "blocked";
	return l->tasks.running == l->tasks.threads ? "spinning" : "mixed";
}

static void add_process(const struct ledger *ledger, uint32_t slot, bool own, int64_t until_ns)
{
	pid_t pid = atomic_load_explicit(&ledger->slot[slot].pid, memory_order_relaxed);

	tasks_add(&look.tasks, pid, own, until_ns);
	look.processes++;
}

/* The own process first, because of it the most can be told. */
static void add_processes(const struct ledger *ledger, uint32_t account, uint32_t self, int64_t until_ns)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	if (self != LEDGER_NONE)
		add_process(ledger, self, true, until_ns);
	for (uint32_t i = 0; i < end && !look.tasks.cut; i++)
		if (i != self && accounts_is_within(ledger, ledger->slot[i].account, account) &&
		    slots_is_reachable(ledger, i, self))
			add_process(ledger, i, false, until_ns);
}

/* What a reader wants to see first: who runs, who hangs in the kernel, main threads, the rest. */
static int rank_of(const struct task *t)
{
	if (t->runs)
		return 0;
	if (t->state == 'D')
		return 1;
	return t->tid == t->pid ? 2 : 3;
}

static void choose(void)
{
	for (int rank = 0; rank <= 3; rank++)
		for (int i = 0; i < look.tasks.count && look.stack_count < STACKS_MAX; i++)
			if (rank_of(&look.tasks.task[i]) == rank && look.tasks.task[i].state != 'X')
				look.stack[look.stack_count++] =
					(struct stack){.task = i, .guessed_from = UNWIND_NO_GUESS};
}

static void take_look(const struct ledger *ledger, uint32_t account, uint32_t self)
{
	int64_t start_ns = raw_clock_ns(CLOCK_MONOTONIC), now_ns;

	stacks_end_last();
	memset(&look, 0, offsetof(struct look, stack));
	look.name_count = 0;
	memset(&look.tasks, 0, sizeof(look.tasks));
	look.until_ns = start_ns + WALK_NS;
	add_processes(ledger, account, self, start_ns + FIRST_LOOK_NS);
	now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	if (now_ns < start_ns + BETWEEN_NS)
		raw_sleep_ns(start_ns + BETWEEN_NS - now_ns);
	tasks_look_again(&look.tasks, raw_clock_ns(CLOCK_MONOTONIC) - start_ns, start_ns + SECOND_LOOK_NS);
	choose();
	stacks_walk_apart(&look, make_process);
}

static void write_text(const struct account *a, const struct fmt *f)
{
	char path[LEDGER_PATH + LEDGER_NAME];
	struct fmt p = FMT_INIT(path);
	int fd;

	if (!strcmp(a->stacks, "1")) {
		logline_text(a, f->buf, f->len);
		return;
	}
	placeholders_expand(&p, a->stacks, a);
	fd = quiet_open(path);
	if (fd < 0 || quiet_write(fd, f->buf, f->len) < 0)
		logline(a, "stacks lost", path, fd);
	if (fd >= 0)
		raw_close(fd);
}

void stacks_note(struct ledger *ledger, uint32_t account, uint32_t self, int signal)
{
	struct account *a = &ledger->account[account];
	const char *step = action_step_name(signal);
	struct fmt f = FMT_INIT(text);

	take_look(ledger, account, self);
	if (!atomic_load_explicit(&a->stacks_pieces, memory_order_relaxed))
		stacks_put_pieces(a, &look, step);
	stacks_put_text(&f, a, &look, step);
	write_text(a, &f);
}
