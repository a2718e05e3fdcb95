/*
 * supervisor_leash.c - a hold on each process that our death does not loosen; see core/leash.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "core/leash.h"
#include "core/leash_socket.h"
#include "core/ledger_file.h"
#include "core/rawsys.h"
#include "core/slots.h"
#include "supervisor_parts.h"

/*
 * When a process dies the kernel closes what it held, the highest descriptor
 * first. The writing end must be closed while the leashes still are open.
 */
enum { WRITING_FD = 8191 };

/*
 * How many of those that were sent one look takes from a socket: a member that sends without end
 * must not keep us from its limits. What stays there is held by the kernel.
 */
enum { SENT_PER_LOOK = 256 };

int supervisor_make_leash(struct supervisor *s)
{
	int ends[2];

	s->leash_fd = s->writing_fd = s->leash_socket = s->leash_listener = s->leash_door = -1;
	if (s->config.orphans == RL_ORPHANS_LEAVE)
		return 0;
	s->leash = calloc(LEDGER_SLOTS, sizeof(*s->leash));
	if (!s->leash || pipe2(ends, O_CLOEXEC))
		return -errno;
	s->leash_fd = ends[0];
	s->writing_fd = ends[1];
	s->ledger->account[s->account].leash_fd = ends[0] + 1;
	s->ledger->account[s->own].leash_fd = ends[0] + 1;
	return 0;
}

static void let_go(struct supervisor_leash *leash)
{
	if (leash->pid)
		leash_release(leash->fd);
	leash->pid = 0;
}

static void hold(struct supervisor *s, uint32_t slot, pid_t pid, int fd)
{
	s->leash[slot] = (struct supervisor_leash){.pid = pid, .fd = fd};
	atomic_store_explicit(&s->ledger->slot[slot].leashed, pid, memory_order_relaxed);
}

static void take_hold(struct supervisor *s, uint32_t slot, pid_t pid)
{
	int fd = leash_open(getpid(), s->leash_fd, pid);

	/* A table without room leaves a process with its own hold. */
	if (fd < 0 || fd > s->writing_fd) {
		if (fd >= 0)
			leash_release(fd);
		return;
	}
	hold(s, slot, pid, fd);
}

static pid_t process_in(const struct supervisor *s, uint32_t slot)
{
	const struct slot *place = &s->ledger->slot[slot];

	if (!slots_is_member(s->ledger, slot, s->account) || place->pid_namespace)
		return 0;
	return atomic_load_explicit(&place->pid, memory_order_relaxed);
}

/* The sender's word for its slot is checked against what the kernel says of the sender. */
static void take_sent(struct supervisor *s, int fd, uint32_t slot, pid_t sender)
{
	struct supervisor_leash *leash = slot < LEDGER_SLOTS ? &s->leash[slot] : NULL;

	if (fd < 0)
		return;
	/* Closed here it stays the sender's own. */
	if (!leash || !sender || process_in(s, slot) != sender || leash->pid == sender ||
	    fd > s->writing_fd) {
		raw_close(fd);
		return;
	}
	/* That of the place's last process, which is dead: the kernel signals nobody else of its number. */
	if (leash->pid)
		raw_close(leash->fd);
	hold(s, slot, sender, fd);
}

static void take_what_was_sent(struct supervisor *s, int socket,
			       bool (*take)(int socket, int *leash, uint32_t *slot, pid_t *sender))
{
	uint32_t slot;
	pid_t sender;
	int leash;

	for (int i = 0; socket >= 0 && i < SENT_PER_LOOK && take(socket, &leash, &slot, &sender); i++)
		take_sent(s, leash, slot, sender);
}

static void publish(struct account *a, uint32_t address, int door, const uint32_t *secret)
{
	memcpy(a->leash_secret, secret, sizeof(a->leash_secret));
	a->leash_door = door + 1;
	atomic_store_explicit(&a->leash_address, address, memory_order_release);
}

static void open_door(struct supervisor *s)
{
	char text[LEDGER_PATH];

	for (int i = 0; LEDGER_DIRECTORIES[i] && s->leash_listener < 0; i++) {
		struct fmt path = FMT_INIT(text);

		ledger_make_path(&path, LEDGER_DIRECTORIES[i]);
		s->leash_listener = leash_socket_open_door(text, &s->leash_door);
	}
}

static void open_sockets(struct supervisor *s)
{
	uint32_t address, secret[LEDGER_SECRET];

	s->leash_socket = leash_socket_open(&address, secret);
	if (s->leash_socket < 0)
		return;
	open_door(s);
	publish(&s->ledger->account[s->account], address, s->leash_door, secret);
	publish(&s->ledger->account[s->own], address, s->leash_door, secret);
}

void supervisor_raise_leash(struct supervisor *s)
{
	long most = s->files.rlim_max < WRITING_FD + 1 ? (long)s->files.rlim_max - 1 : WRITING_FD;
	int high = s->writing_fd < 0 ? -1 : raw_fcntl(s->writing_fd, F_DUPFD_CLOEXEC, most);

	if (s->leash_fd < 0)
		return;
	if (high >= 0) {
		raw_close(s->writing_fd);
		s->writing_fd = high;
	}
	if (s->child > 0) {
		take_hold(s, s->slot, s->child);
		open_sockets(s);
	}
}

/* The program's first process is held before it has taken its place. */
static bool is_on_its_way(const struct supervisor *s, uint32_t slot)
{
	return s->leash[slot].pid == s->child &&
	       atomic_load_explicit(&s->ledger->slot[slot].state, memory_order_relaxed) == SLOT_RESERVED;
}

void supervisor_hold_members(struct supervisor *s)
{
	uint32_t end = atomic_load_explicit(&s->ledger->slots_end, memory_order_acquire);

	/* Nobody waits for them: until a signal tells of their processes the kernel keeps them as well. */
	take_what_was_sent(s, s->leash_socket, leash_socket_receive);
	take_what_was_sent(s, s->leash_listener, leash_socket_accept);
	for (uint32_t i = 0; s->leash_fd >= 0 && i < end; i++) {
		pid_t pid = process_in(s, i);

		if (pid == s->leash[i].pid || is_on_its_way(s, i))
			continue;
		let_go(&s->leash[i]);
		if (pid)
			take_hold(s, i, pid);
	}
}

static void close_socket(int *socket)
{
	if (*socket >= 0)
		raw_close(*socket);
	*socket = -1;
}

static void withdraw(struct account *a)
{
	a->leash_fd = 0;
	atomic_store_explicit(&a->leash_address, 0, memory_order_relaxed);
}

void supervisor_drop_leash(struct supervisor *s)
{
	uint32_t end = atomic_load_explicit(&s->ledger->slots_end, memory_order_relaxed);

	for (uint32_t i = 0; s->leash && i < end; i++)
		let_go(&s->leash[i]);
	if (s->leash) {
		close_socket(&s->leash_socket);
		close_socket(&s->leash_listener);
		close_socket(&s->leash_door);
	}
	free(s->leash);
	s->leash = NULL;
	withdraw(&s->ledger->account[s->account]);
	withdraw(&s->ledger->account[s->own]);
}
