/*
 * interpose_identity.c - calls that a thread unknown to libc would break.
 *
 * Owns:    the last user that was let in.
 * Called:  any thread of the program.
 * Context: as the real functions; errno as they leave it.
 * Fork:    nothing: who was let in stays so.
 *
 * unshare() and setns() of user namespaces fail in a process with a second
 * thread, and a change of user or group that libc makes in all threads it
 * knows would leave ours with the old rights. So ours ends before and is made
 * again after, with the rights that its maker then has. And a program that gives
 * up its rights, or goes to another root or other mounts, keeps a descriptor of
 * the ledger, which it could open no more, and lets its new user open it: what
 * it executes may have closed that.
 *
 * SPDX-License-Identifier: MIT
 */
#include "interpose_identity.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>

#include "core/attrs.h"
#include "core/ledger_file.h"
#include "core/ledger_users.h"
#include "core/slots.h"
#include "core/time_namespace.h"
#include "member.h"
#include "real.h"
#include "timer_thread.h"

#if !defined(CLONE_NEWTIME)
#define CLONE_NEWTIME 0x80 /* glibc 2.31 has it not yet */
#endif

/* What a user that this process is about to become needs: see the head of this file. */
static void keep_ledger(uid_t user)
{
	static _Atomic uid_t admitted = (uid_t)-1;

	if (!member_is_guarded())
		return;
	ledger_keep_fd(member.ledger);
	if (user == (uid_t)-1 || user == member.ledger->owner ||
	    user == atomic_load_explicit(&admitted, memory_order_relaxed))
		return;
	if (!ledger_admit_user(member.ledger, user))
		atomic_store_explicit(&admitted, user, memory_order_relaxed);
}

/* The timer's thread is back; errno stays the call's. */
static void resume(struct timer_pause pause)
{
	int saved = errno;

	timer_thread_resume(pause);
	errno = saved;
}

/* One row per function: its name, what it forwards to, the user that it makes or -1, parameters, arguments.
 */
#define PAUSED_CALL(name, next, user, parameters, arguments)                                                 \
	RL_EXPORT int name parameters                                                                        \
	{                                                                                                    \
		struct timer_pause pause;                                                                    \
		int result;                                                                                  \
                                                                                                             \
		real_ensure();                                                                               \
		keep_ledger(user);                                                                           \
		pause = timer_thread_pause();                                                                \
		result = next arguments;                                                                     \
		resume(pause);                                                                               \
		return result;                                                                               \
	}

void identity_expect_namespaces(int flags)
{
	if (!member_is_guarded())
		return;
	if (flags & CLONE_NEWTIME)
		time_namespace_expect(member.ledger);
	if (flags & CLONE_NEWPID)
		slots_expect_namespaces(member.ledger);
	if (flags & (CLONE_NEWNS | CLONE_NEWUSER))
		ledger_pass_always(member.ledger);
}

RL_EXPORT int chroot(const char *path)
{
	int saved = errno;

	real_ensure();
	if (member_is_guarded())
		ledger_keep_fd(member.ledger);
	errno = saved;
	return REAL_LATE(chroot)(path);
}

RL_EXPORT int unshare(int flags)
{
	struct timer_pause pause;
	int result;

	real_ensure();
	identity_expect_namespaces(flags);
	pause = timer_thread_pause();
	result = REAL_LATE(unshare)(flags);
	resume(pause);
	return result;
}

RL_EXPORT int setns(int fd, int type)
{
	struct timer_pause pause;
	int result;

	real_ensure();
	identity_expect_namespaces(type ? type : CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWTIME);
	pause = timer_thread_pause();
	result = REAL_LATE(setns)(fd, type);
	/* Of these it enters at once, not with its next child. */
	if (!result && member_is_guarded())
		time_namespace_enter(member.ledger);
	resume(pause);
	return result;
}

PAUSED_CALL(setuid, REAL_LATE(setuid), uid, (uid_t uid), (uid))
PAUSED_CALL(setgid, REAL_LATE(setgid), (uid_t)-1, (gid_t gid), (gid))
PAUSED_CALL(seteuid, REAL_LATE(seteuid), euid, (uid_t euid), (euid))
PAUSED_CALL(setegid, REAL_LATE(setegid), (uid_t)-1, (gid_t egid), (egid))
PAUSED_CALL(setreuid, REAL_LATE(setreuid), euid == (uid_t)-1 ? ruid : euid, (uid_t ruid, uid_t euid),
	    (ruid, euid))
PAUSED_CALL(setregid, REAL_LATE(setregid), (uid_t)-1, (gid_t rgid, gid_t egid), (rgid, egid))
PAUSED_CALL(setresuid, REAL_LATE(setresuid), euid == (uid_t)-1 ? ruid : euid,
	    (uid_t ruid, uid_t euid, uid_t suid), (ruid, euid, suid))
PAUSED_CALL(setresgid, REAL_LATE(setresgid), (uid_t)-1, (gid_t rgid, gid_t egid, gid_t sgid),
	    (rgid, egid, sgid))
PAUSED_CALL(setgroups, REAL_LATE(setgroups), (uid_t)-1, (size_t count, const gid_t *groups), (count, groups))
PAUSED_CALL(initgroups, REAL_LATE(initgroups), (uid_t)-1, (const char *user, gid_t group), (user, group))

PAUSED_CALL(capset, REAL_LATE(capset), (uid_t)-1, (void *header, const void *data), (header, data))
