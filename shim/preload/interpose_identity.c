/*
 * interpose_identity.c - calls that a thread unknown to libc would break.
 *
 * Owns:    nothing.
 * Called:  any thread of the program.
 * Context: as the real functions; errno as they leave it.
 * Fork:    nothing, because there is no state.
 *
 * unshare() and setns() of user namespaces fail in a process with a second
 * thread, and a change of user or group that libc makes in all threads it
 * knows would leave ours with the old rights. So ours ends before and is made
 * again after, with the rights that its maker then has. And a program that gives
 * up its rights keeps a descriptor of the ledger, which it can open no more.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "core/attrs.h"
#include "core/ledger_file.h"
#include "core/slots.h"
#include "member.h"
#include "real.h"
#include "timer_thread.h"

/* One row per function: its name, its parameters, its arguments. */
#define PAUSED_CALL(name, parameters, arguments)                                                             \
	RL_EXPORT int name parameters                                                                        \
	{                                                                                                    \
		struct timer_pause pause;                                                                    \
		int result, saved;                                                                           \
                                                                                                             \
		real_ensure();                                                                               \
		if (member_is_guarded())                                                                     \
			ledger_keep_fd(member.ledger);                                                       \
		pause = timer_thread_pause();                                                                \
		result = real.name arguments;                                                                \
		saved = errno;                                                                               \
		timer_thread_resume(pause);                                                                  \
		errno = saved;                                                                               \
		return result;                                                                               \
	}

RL_EXPORT int unshare(int flags)
{
	struct timer_pause pause;
	int result, saved;

	real_ensure();
	if ((flags & CLONE_NEWPID) && member_is_guarded())
		slots_expect_namespaces(member.ledger);
	pause = timer_thread_pause();
	result = real.unshare(flags);
	saved = errno;
	timer_thread_resume(pause);
	errno = saved;
	return result;
}

RL_EXPORT int setns(int fd, int type)
{
	struct timer_pause pause;
	int result, saved;

	real_ensure();
	if ((!type || (type & CLONE_NEWPID)) && member_is_guarded())
		slots_expect_namespaces(member.ledger);
	pause = timer_thread_pause();
	result = real.setns(fd, type);
	saved = errno;
	timer_thread_resume(pause);
	errno = saved;
	return result;
}

PAUSED_CALL(setuid, (uid_t uid), (uid))
PAUSED_CALL(setgid, (gid_t gid), (gid))
PAUSED_CALL(seteuid, (uid_t euid), (euid))
PAUSED_CALL(setegid, (gid_t egid), (egid))
PAUSED_CALL(setreuid, (uid_t ruid, uid_t euid), (ruid, euid))
PAUSED_CALL(setregid, (gid_t rgid, gid_t egid), (rgid, egid))
PAUSED_CALL(setresuid, (uid_t ruid, uid_t euid, uid_t suid), (ruid, euid, suid))
PAUSED_CALL(setresgid, (gid_t rgid, gid_t egid, gid_t sgid), (rgid, egid, sgid))
PAUSED_CALL(setgroups, (size_t count, const gid_t *groups), (count, groups))
PAUSED_CALL(initgroups, (const char *user, gid_t group), (user, group))
