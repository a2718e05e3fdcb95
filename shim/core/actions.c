/*
 * actions.c - reads action lists; see actions.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "actions.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "attrs.h"
#include "setting_list.h"
#include "text.h"
#include "units.h"

/* The table is ours because libc's names (sigabbrev_np) came with glibc 2.32. */
static const struct {
	const char *name;
	int signal;
} STEPS[] = {
	{"deny", RL_STEP_DENY}, {"call", RL_STEP_CALL}, {"HUP", SIGHUP},   {"INT", SIGINT},
	{"QUIT", SIGQUIT},	{"ABRT", SIGABRT},	{"KILL", SIGKILL}, {"USR1", SIGUSR1},
	{"USR2", SIGUSR2},	{"ALRM", SIGALRM},	{"TERM", SIGTERM}, {"XCPU", SIGXCPU},
	{"ILL", SIGILL},	{"TRAP", SIGTRAP},	{"BUS", SIGBUS},   {"FPE", SIGFPE},
	{"SEGV", SIGSEGV},	{"PIPE", SIGPIPE},	{"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM},
	{"PROF", SIGPROF},	{"IO", SIGIO},		{"SYS", SIGSYS},   {"STOP", SIGSTOP},
	{"CONT", SIGCONT},
};

const char *action_step_name(int signal)
{
	for (size_t i = 0; i < RL_ARRAY_LEN(STEPS); i++)
		if (STEPS[i].signal == signal)
			return STEPS[i].name;
	return NULL;
}

static bool step_named(const char *text, size_t len, int *signal)
{
	bool prefixed = len > 3 && !memcmp(text, "SIG", 3);
	const char *name = prefixed ? text + 3 : text;
	size_t name_len = prefixed ? len - 3 : len;

	for (size_t i = 0; i < RL_ARRAY_LEN(STEPS); i++) {
		if (prefixed && STEPS[i].signal <= RL_STEP_DENY)
			continue;
		if (text_is(STEPS[i].name, name, name_len)) {
			*signal = STEPS[i].signal;
			return true;
		}
	}
	return false;
}

static int complain(struct fmt *why, const char *text, size_t len, const char *what)
{
	return setting_list_refuse_item(why, "step", text, len, what);
}

static int parse_step(struct action_step *step, const char *text, size_t len, struct fmt *why)
{
	const char *colon = memchr(text, ':', len);
	size_t name_len = colon ? (size_t)(colon - text) : len;

	if (!step_named(text, name_len, &step->signal))
		return complain(why, text, len,
				"is unknown; give deny, call or a signal name, as in TERM:5s,KILL");
	step->reserved = 0;
	step->delay_ns = ACTION_DELAY_GRACE;
	if (colon && units_time(colon + 1, len - name_len - 1, &step->delay_ns))
		return complain(
			why, text, len,
			"has a delay that is no time, or too long a one; give one as in TERM:5s,KILL");
	return 0;
}

/* What only the whole list shows: order and contradictions. */
static int check_list(struct action *action, bool deniable, struct fmt *why)
{
	for (uint32_t i = 0; i < action->count; i++) {
		struct action_step *step = &action->step[i];
		bool last = i + 1 == action->count;
		const char *name = action_step_name(step->signal);

		if (step->signal == RL_STEP_DENY && !deniable)
			return complain(why, name, 8,
					"has no call to refuse here; it is for mem, threads and procs");
		if (step->signal == RL_STEP_DENY && i > 0)
			return complain(why, name, 8, "must come first; put it there");
		if (step->signal == SIGKILL && !last)
			return complain(why, name, 8,
					"ends the tree, and no step can follow it; end the list there");
		if (step->signal == SIGSTOP && !last)
			return complain(
				why, name, 8,
				"stops the timer as well, and no step can follow it; end the list there");
		if (last && step->delay_ns >= 0)
			return complain(why, name, 8,
					"has a delay but no step after it; give one, as in TERM:5s,KILL");
		if (last)
			step->delay_ns = 0;
	}
	return 0;
}

int action_parse(struct action *action, const char *text, size_t len, bool deniable, struct fmt *why)
{
	memset(action, 0, sizeof(*action));
	for (;;) {
		size_t step_len = setting_list_item(text, len, ',');

		if (action->count == RL_STEPS_MAX)
			return setting_list_refuse_more(why, RL_STEPS_MAX, "steps");
		if (parse_step(&action->step[action->count], text, step_len, why))
			return -EINVAL;
		action->count++;
		if (step_len == len)
			return check_list(action, deniable, why);
		text += step_len + 1;
		len -= step_len + 1;
	}
}

void action_apply_grace(struct action *action, int64_t grace_ns)
{
	for (uint32_t i = 0; i < action->count; i++)
		if (action->step[i].delay_ns == ACTION_DELAY_GRACE)
			action->step[i].delay_ns = grace_ns;
}

bool action_has_signal(const struct action *action)
{
	return action->count && action->step[action->count - 1].signal != RL_STEP_DENY;
}
