/*
 * leash_socket.c - where a supervisor takes the leashes of new processes; see leash_socket.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "leash_socket.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "attrs.h"
#include "rawsys.h"
#include "tree.h"

enum {
	NAME_DIGITS = 5,       /* of a name that the kernel gives: hexadecimal, behind a NUL */
	FULL_WAIT_US = 200000, /* for a supervisor that has more leashes to read than the kernel queues */
};

/* One descriptor, and who sends it. In what fills up CMSG_SPACE() the kernel would find room for two. */
enum { CONTROL_SIZE = CMSG_SPACE(sizeof(struct ucred)) + CMSG_LEN(sizeof(int)) };
union leash_control {
	char room[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	struct cmsghdr align;
};

struct leash_message {
	uint32_t secret[LEDGER_SECRET];
	uint32_t slot;
};

/* A word of the message as a filter loads it: the first byte is the highest. */
static uint32_t as_loaded(const uint32_t *word)
{
	const unsigned char *byte = (const unsigned char *)word;

	return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

/* It runs in who sends, and what it refuses ends there. */
static int refuse_strangers(int socket, const uint32_t secret[LEDGER_SECRET])
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, sizeof(struct leash_message), 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, as_loaded(&secret[0]), 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, sizeof(secret[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, as_loaded(&secret[1]), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {.len = RL_ARRAY_LEN(filter), .filter = filter};

	return (int)raw_syscall5(SYS_setsockopt, socket, SOL_SOCKET, SO_ATTACH_FILTER, &program,
				 sizeof(program));
}

/* Before it has a name. */
static int prepare_socket(int socket, uint32_t secret[LEDGER_SECRET])
{
	enum { SIZE = LEDGER_SECRET * sizeof(*secret) };
	long len = raw_syscall3(SYS_getrandom, secret, SIZE, GRND_NONBLOCK);
	int one = 1;

	if (len != SIZE)
		return len < 0 ? (int)len : -EIO;
	/* The kernel says who sends. */
	len = raw_syscall5(SYS_setsockopt, socket, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
	return len < 0 ? (int)len : refuse_strangers(socket, secret);
}

int leash_socket_open(uint32_t *address, uint32_t secret[LEDGER_SECRET])
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(name);
	int error;
	int fd = (int)raw_syscall3(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return fd;
	error = prepare_socket(fd, secret);
	/* Without a name the kernel gives one that nobody else has. */
	if (!error)
		error = (int)raw_syscall3(SYS_bind, fd, &name, sizeof(name.sun_family));
	if (!error)
		error = (int)raw_syscall3(SYS_getsockname, fd, &name, &len);
	if (error) {
		raw_close(fd);
		return error;
	}
	*address = 1;
	for (int i = 0; i < NAME_DIGITS; i++) {
		char digit = name.sun_path[1 + i];

		*address += (uint32_t)(digit >= 'a' ? digit - 'a' + 10 : digit - '0')
			    << 4 * (NAME_DIGITS - 1 - i);
	}
	return fd;
}

static void read_control(struct msghdr *message, int *leash, pid_t *sender)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS)
			memcpy(leash, CMSG_DATA(c), sizeof(*leash));
		if (c->cmsg_type == SCM_CREDENTIALS)
			memcpy(sender, CMSG_DATA(c) + offsetof(struct ucred, pid), sizeof(*sender));
	}
}

bool leash_socket_receive(int socket, int *leash, uint32_t *slot, pid_t *sender)
{
	union leash_control control;
	struct leash_message said;
	struct iovec text = {.iov_base = &said, .iov_len = sizeof(said)};
	struct msghdr message = {
		.msg_iov = &text, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CONTROL_SIZE};
	long len = raw_syscall3(SYS_recvmsg, socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*leash = -1;
	*sender = 0;
	if (len < 0)
		return false;
	read_control(&message, leash, sender);
	*slot = len == sizeof(said) ? said.slot : LEDGER_NONE;
	return true;
}

static long send_message(int socket, uint32_t address, const struct leash_message *said, int leash, int flags)
{
	static const char DIGITS[] = "0123456789abcdef";
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	union leash_control control = {.room = {0}};
	struct iovec text = {.iov_base = (void *)said, .iov_len = sizeof(*said)};
	struct msghdr message = {.msg_name = &name,
				 .msg_namelen = offsetof(struct sockaddr_un, sun_path) + 1 + NAME_DIGITS,
				 .msg_iov = &text,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = CMSG_SPACE(sizeof(int))};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	for (int i = 0; i < NAME_DIGITS; i++)
		name.sun_path[1 + i] = DIGITS[(address - 1) >> 4 * (NAME_DIGITS - 1 - i) & 15];
	*c = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(c), &leash, sizeof(leash));
	return raw_syscall3(SYS_sendmsg, socket, &message, flags | MSG_NOSIGNAL);
}

void leash_socket_send(const struct ledger *ledger, const struct account *a, uint32_t slot, int leash)
{
	uint32_t address = atomic_load_explicit(&a->leash_address, memory_order_acquire);
	struct leash_message said = {.slot = slot};
	int socket = address ? (int)raw_syscall3(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
	struct timeval wait = {.tv_usec = FULL_WAIT_US};

	if (socket < 0)
		return;
	memcpy(said.secret, a->leash_secret, sizeof(said.secret));
	/* The kernel queues ten. A supervisor that is stopped may not read for long. */
	if (send_message(socket, address, &said, leash, MSG_DONTWAIT) == -EAGAIN) {
		tree_kick_supervisor(ledger, ledger->slot[slot].account);
		raw_syscall5(SYS_setsockopt, socket, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
		send_message(socket, address, &said, leash, 0);
	}
	raw_close(socket);
}
