/*
 * exec_mark.c - the kernel notes in the ledger that an exec has let go of our memory; see exec_mark.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "exec_mark.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "core/rawsys.h"
#include "member.h"
#include "seccomp.h"

static _Atomic bool is_forbidden;

void exec_mark_forbid(void)
{
	atomic_store_explicit(&is_forbidden, true, memory_order_relaxed);
}

static _Atomic uint32_t *word(void)
{
	return &member.ledger->slot[member.slot].executed;
}

/* libc's list, or one for this call. Return: false if there is none, or a futex is being taken. */
static bool find_list(struct exec_mark *mark)
{
	size_t len = 0;

	if (raw_syscall3(SYS_get_robust_list, 0, &mark->list, &len) < 0)
		return false;
	if (mark->list)
		return len == sizeof(*mark->list) && !mark->list->list_op_pending;
	mark->own = (struct robust_list_head){.list.next = &mark->own.list};
	mark->list = &mark->own;
	return raw_syscall2(SYS_set_robust_list, &mark->own, sizeof(mark->own)) == 0;
}

void exec_mark_begin(struct exec_mark *mark)
{
	uint32_t none = 0;

	mark->list = NULL;
	if (atomic_load_explicit(&is_forbidden, memory_order_relaxed) || !seccomp_lets_mark_exec())
		return;
	/* Of two threads that execute one does; the other's death would look like it. */
	if (!atomic_compare_exchange_strong_explicit(word(), &none, (uint32_t)raw_getpid(),
						     memory_order_relaxed, memory_order_relaxed))
		return;
	if (!find_list(mark)) {
		mark->list = NULL;
		atomic_store_explicit(word(), 0, memory_order_relaxed);
		return;
	}
	/* Whoever looks for the dead at a peak is to look for this one too. */
	atomic_store_explicit(&member.ledger->leaving, 1, memory_order_relaxed);
	/* The thread that executes has the process's number by then. */
	mark->list->list_op_pending =
		(struct robust_list *)((uintptr_t)word() - (uintptr_t)mark->list->futex_offset);
}

void exec_mark_end(struct exec_mark *mark)
{
	if (!mark->list)
		return;
	mark->list->list_op_pending = NULL;
	if (mark->list == &mark->own)
		raw_syscall2(SYS_set_robust_list, NULL, sizeof(mark->own));
	atomic_store_explicit(word(), 0, memory_order_relaxed);
}
