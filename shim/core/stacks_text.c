/*
 * stacks_text.c - what a look found, for the record and for people; see stacks_look.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stacks_look.h"

#include <stdatomic.h>
#include <string.h>

#include "fmt_json.h"
#include "rawsys.h"
#include "syscall_names.h"

enum { RECORD_FRAMES = 8, RECORD_THREADS = 4, WORD_SHOWN = 32 };

static const char *state_word(const struct task *t)
{
	if (t->runs)
		return "running";
	if (t->state == 'T' || t->state == 't')
		return "stopped";
	return t->state == 'D' ? "uninterruptible" : "sleeping";
}

enum { CALL_TEXT = 32 };

/* The system call that the thread is in, or "". */
static void name_call(char text[CALL_TEXT], const struct task *t)
{
	const char *name = syscall_name(t->call);
	struct fmt f = {.buf = text, .size = CALL_TEXT};

	text[0] = '\0';
	if (name) {
		fmt_str(&f, name);
	} else if (t->call >= 0) {
		fmt_char(&f, '#');
		fmt_int(&f, t->call);
	} else {
		fmt_printable(&f, t->place, sizeof(t->place));
	}
}

static void put_frame(struct fmt *f, const struct look *look, const struct stack *s, int at)
{
	if (at >= s->guessed_from)
		fmt_char(f, '~');
	fmt_str(f, look->names[s->frame[at].name]);
	fmt_char(f, '+');
	fmt_hex(f, s->frame[at].offset);
}

static void put_if_any(struct fmt *f, const char *before, int64_t n, const char *after)
{
	if (!n)
		return;
	fmt_str(f, before);
	fmt_int(f, n);
	fmt_str(f, after);
}

static void put_number_if_any(struct fmt *f, const char *name, int64_t n)
{
	if (n)
		fmt_json_number(f, name, n);
}

static void put_head(struct fmt *f, const struct look *look, const char *step)
{
	fmt_json_text(f, "activity", stacks_activity(look), WORD_SHOWN);
	fmt_json_open(f, "stacks", '{');
	fmt_json_text(f, "step", step, WORD_SHOWN);
	fmt_json_number(f, "threads", look->tasks.threads);
	put_number_if_any(f, "running", look->tasks.running);
	put_number_if_any(f, "sleeping", look->tasks.sleeping);
	put_number_if_any(f, "stopped", look->tasks.stopped);
	put_number_if_any(f, "uninterruptible", look->tasks.uninterruptible);
	if (look->refused)
		fmt_json_bool(f, "refused", true);
	if (look->tasks.cut)
		fmt_json_bool(f, "cut", true);
}

static void put_thread(struct fmt *f, const struct look *look, const struct stack *s)
{
	const struct task *t = &look->tasks.task[s->task];
	char call[CALL_TEXT], frame[MODULE_NAME + 24];

	name_call(call, t);
	fmt_char(f, '{');
	fmt_json_number(f, "pid", t->pid);
	fmt_json_number(f, "tid", t->tid);
	fmt_json_text(f, "name", t->name, sizeof(t->name));
	fmt_json_text(f, "state", state_word(t), WORD_SHOWN);
	if (call[0])
		fmt_json_text(f, "syscall", call, sizeof(call));
	fmt_json_open(f, "frames", '[');
	for (int i = 0; i < s->count && i < RECORD_FRAMES; i++) {
		struct fmt one = FMT_INIT(frame);

		put_frame(&one, look, s, i);
		if (i)
			fmt_char(f, ',');
		fmt_json_str(f, frame, sizeof(frame));
	}
	fmt_str(f, "]}");
}

static bool is_alike(const struct look *look, const struct stack *a, const struct stack *b)
{
	const struct task *x = &look->tasks.task[a->task], *y = &look->tasks.task[b->task];

	if (x->runs != y->runs || x->call != y->call || a->count != b->count)
		return false;
	for (int i = 0; i < a->count && i < RECORD_FRAMES; i++)
		if (a->frame[i].name != b->frame[i].name || a->frame[i].offset != b->frame[i].offset)
			return false;
	return true;
}

/* A pool of threads that all wait at one place takes one entry. */
static bool was_shown(const struct look *look, int at)
{
	for (int i = 0; i < at; i++)
		if (is_alike(look, &look->stack[i], &look->stack[at]))
			return true;
	return false;
}

/*
 * The pieces lie one after the other, each with its NUL, so that the record
 * can take as many as fit: the head, and a thread each.
 */
void stacks_put_pieces(struct account *a, const struct look *look, const char *step)
{
	char *at = a->stacks_text;
	const char *end = at + sizeof(a->stacks_text);
	uint32_t pieces = 0;

	for (int i = -1; i < look->stack_count && pieces <= RECORD_THREADS; i++) {
		struct fmt f = {.buf = at, .size = (size_t)(end - at)};

		if (i >= 0 && was_shown(look, i))
			continue;
		if (i < 0)
			put_head(&f, look, step);
		else
			put_thread(&f, look, &look->stack[i]);
		if (f.truncated || !f.len)
			break;
		at += f.len + 1;
		pieces++;
		if (at >= end)
			break;
	}
	atomic_store_explicit(&a->stacks_pieces, pieces, memory_order_release);
}

static void put_stack(struct fmt *f, const struct look *look, const struct stack *s)
{
	const struct task *t = &look->tasks.task[s->task];
	char call[CALL_TEXT];

	name_call(call, t);
	fmt_str(f, "  process ");
	fmt_int(f, t->pid);
	fmt_str(f, " thread ");
	fmt_int(f, t->tid);
	fmt_str(f, " \"");
	fmt_printable(f, t->name, sizeof(t->name));
	fmt_str(f, "\" ");
	fmt_str(f, state_word(t));
	if (call[0]) {
		fmt_str(f, " in ");
		fmt_str(f, call);
	}
	put_if_any(f, ", ", t->used_ns / 1000, "us of processor time");
	fmt_char(f, '\n');
	for (int i = 0; i < s->count; i++) {
		fmt_str(f, "    ");
		put_frame(f, look, s, i);
		fmt_char(f, '\n');
	}
}

void stacks_put_text(struct fmt *f, const struct account *a, const struct look *look, const char *step)
{
	fmt_str(f, "reslimit stacks");
	if (a->name[0]) {
		fmt_str(f, " of ");
		fmt_printable(f, a->name, sizeof(a->name));
	}
	fmt_str(f, " before ");
	fmt_str(f, step);
	fmt_str(f, " at ");
	fmt_int(f, (raw_clock_ns(CLOCK_MONOTONIC) - a->start_ns) / 1000);
	fmt_str(f, "us: ");
	fmt_str(f, stacks_activity(look));
	fmt_str(f, "; ");
	fmt_int(f, look->tasks.threads);
	fmt_str(f, look->tasks.threads == 1 ? " thread in " : " threads in ");
	fmt_int(f, look->processes);
	fmt_str(f, look->processes == 1 ? " process" : " processes");
	put_if_any(f, ", ", look->tasks.running, " running");
	put_if_any(f, ", ", look->tasks.sleeping, " sleeping");
	put_if_any(f, ", ", look->tasks.stopped, " stopped");
	put_if_any(f, ", ", look->tasks.uninterruptible, " uninterruptible");
	fmt_str(f, look->refused ? "; tracing was refused" : "");
	fmt_str(f, look->tasks.cut ? "; time was up before all were seen\n" : "\n");
	for (int i = 0; i < look->stack_count; i++)
		put_stack(f, look, &look->stack[i]);
	if (look->tasks.threads > look->stack_count) {
		fmt_str(f, "  and ");
		fmt_int(f, look->tasks.threads - look->stack_count);
		fmt_str(f, " more\n");
	}
}
