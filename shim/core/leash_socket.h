/*
 * leash_socket.h - where a supervisor takes the leashes of new processes.
 *
 * Owns:    nothing; descriptors are the caller's.
 * Called:  leash_take() in a new process; the supervisor.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * There are two sockets. One has a name from the kernel, so that a single call sends to it; but the kernel
 * queues ten only, and the name is known in one network namespace. Where it does not take the leash, the
 * other does: its door is a descriptor of the supervisor's that stands for its inode, found through /proc
 * like the leash itself, from any namespace and by whoever may have a leash. Thousands can wait there. So
 * nobody waits for a supervisor that is stopped, and it holds what was sent, read or not, until it dies.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_LEASH_SOCKET_H
#define RL_CORE_LEASH_SOCKET_H

#include "../contract/ledger_layout.h"

/*
 * Return: a descriptor or -errno, with *address and the secret as the account has them. The kernel queues
 * nothing that does not begin with the secret: its name is known to every user of the machine, who could fill
 * the queue, or send a descriptor that takes for ever to close. Context: the supervisor.
 */
int leash_socket_open(uint32_t *address, uint32_t secret[LEDGER_SECRET]);

/*
 * The other socket, and its door. It has the name `path` for a moment.
 * Return: a descriptor or -errno. Context: the supervisor.
 */
int leash_socket_open_door(const char *path, int *door);

/*
 * The next leash that was sent, or -1 with its sender.
 * Return: false if there is none. Context: the supervisor.
 */
bool leash_socket_receive(int socket, int *leash, uint32_t *slot, pid_t *sender);

/* The same from the other one. */
bool leash_socket_accept(int socket, int *leash, uint32_t *slot, pid_t *sender);

/* Sends the leash of the process in `slot` to the supervisor of `account`, if it takes any. Never waits. */
void leash_socket_send(const struct ledger *ledger, const struct account *account, uint32_t slot, int leash);

#endif
