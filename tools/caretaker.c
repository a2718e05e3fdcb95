/*
 * caretaker.c - who gives a terminal's line back if the supervisor is killed; see caretaker.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "caretaker.h"

#include <errno.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/rawsys.h"

enum { STACK = 16 << 10, PATIENCE_MS = 200 };
static char stack[STACK] __attribute__((aligned(64)));
static int from, terminal; /* in the caretaker's own table */

/* All but two, so that it holds up no pipe and no leash. */
static void close_others(void)
{
	int low = from < terminal ? from : terminal;
	int high = from < terminal ? terminal : from;

	if (low > 0)
		raw_syscall3(SYS_close_range, 0, low - 1, 0);
	if (high - low > 1)
		raw_syscall3(SYS_close_range, low + 1, high - 1, 0);
	raw_syscall3(SYS_close_range, high + 1, ~0U, 0);
}

static int run(void *argument)
{
	const struct caretaker *c = argument;
	uint32_t len;
	char byte;

	/* Whoever kills the whole group kills this one not. */
	raw_syscall0(SYS_setsid);
	close_others();
	while (raw_read(from, &byte, 1) == -EINTR) {
	}
	len = atomic_load_explicit(&c->len, memory_order_acquire);
	/* One that Ctrl-S has stopped is left as it is: nobody would be there to end us. */
	if (len && raw_poll_writable(terminal, PATIENCE_MS) > 0)
		raw_write(terminal, c->undo, len);
	return 0;
}

void caretaker_start(struct caretaker *c, int fd)
{
	int ends[2];

	*c = (struct caretaker){.pipe = -1};
	if (pipe2(ends, O_CLOEXEC))
		return;
	from = ends[0];
	terminal = fd;
	/* Without an end signal nobody but us finds it; its table of descriptors is a copy. */
	c->pid = clone(run, stack + STACK, CLONE_VM, c);
	close(ends[0]);
	c->pipe = ends[1];
	if (c->pid < 0)
		caretaker_end(c);
}

void caretaker_end(struct caretaker *c)
{
	atomic_store_explicit(&c->len, 0, memory_order_release);
	if (c->pipe >= 0)
		close(c->pipe);
	c->pipe = -1;
	if (c->pid > 0)
		waitpid(c->pid, NULL, __WALL);
	c->pid = 0;
}
