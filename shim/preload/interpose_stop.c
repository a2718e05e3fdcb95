/*
 * interpose_stop.c - a process that stops itself tells when.
 *
 * Owns:    nothing.
 * Called:  any thread, signal handlers, fork and vfork children.
 * Context: async-signal-safe, vfork child (which notes nothing); errno as the
 *          real function leaves it.
 * Fork:    nothing, because there is no state.
 *
 * Time spent stopped does not count as wall time, and when a stop began is known
 * to nobody inside but who asked for it; see core/stops.h. Whether it did stop
 * is seen afterwards.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core/attrs.h"
#include "core/rawsys.h"
#include "member.h"
#include "real.h"
#include "timer_thread.h"

static bool stops_process(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static void expect_stop(int signal)
{
	if (stops_process(signal) && member_is_guarded() && !member_is_borrowed())
		timer_thread_expect_stop();
}

/* To itself, its own group, or a group by number, which may be its own. */
RL_EXPORT int kill(pid_t pid, int signal)
{
	real_ensure();
	member_grow_up();
	if (pid <= 0 || pid == member.pid)
		expect_stop(signal);
	return REAL_LATE(kill)(pid, signal);
}

RL_EXPORT int killpg(pid_t group, int signal)
{
	real_ensure();
	expect_stop(signal);
	return REAL_LATE(killpg)(group, signal);
}

RL_EXPORT int raise(int signal)
{
	real_ensure();
	expect_stop(signal);
	return REAL_LATE(raise)(signal);
}
