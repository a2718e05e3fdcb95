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
#include <sys/un.h>

#include "attrs.h"
#include "fmt.h"
#include "rawsys.h"
#include "tree.h"

enum {
	NAME_DIGITS = 5,	/* of a name that the kernel gives: hexadecimal, behind a NUL */
	WAITING_MOST = 1 << 16, /* at the door; the kernel has a limit of its own, 4,096 */
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

static int make_socket(int type)
{
	return (int)raw_syscall3(SYS_socket, AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

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
	int fd = make_socket(SOCK_DGRAM);

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

/* How who may look at the supervisor's descriptors comes to the socket whose inode that one stands for. */
static void put_door(struct sockaddr_un *name, pid_t supervisor, int door)
{
	struct fmt path = FMT_INIT(name->sun_path);

	name->sun_family = AF_UNIX;
	fmt_str(&path, "/proc/");
	fmt_int(&path, supervisor);
	fmt_str(&path, "/fd/");
	fmt_int(&path, door);
}

/* Opens what bind() made there; the name is needed no more. Return: a descriptor or -errno. */
static int open_door(const char *path)
{
	int door = raw_open(path, O_PATH | O_NOFOLLOW, 0);

	raw_unlink(path);
	return door;
}

int leash_socket_open_door(const char *path, int *door)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct fmt text = FMT_INIT(name.sun_path);
	int fd = make_socket(SOCK_SEQPACKET);
	int error;

	if (fd < 0)
		return fd;
	fmt_str(&text, path);
	*door = -1;
	error = (int)raw_syscall3(SYS_bind, fd, &name, sizeof(name));
	if (!error)
		*door = open_door(path);
	if (!error)
		error = *door < 0 ? *door : (int)raw_syscall2(SYS_listen, fd, WAITING_MOST);
	if (!error)
		return fd;
	if (*door >= 0)
		raw_close(*door);
	raw_close(fd);
	return error;
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

static pid_t peer_of(int socket)
{
	struct ucred peer = {.pid = 0};
	socklen_t len = sizeof(peer);

	raw_syscall5(SYS_getsockopt, socket, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	return peer.pid;
}

bool leash_socket_accept(int socket, int *leash, uint32_t *slot, pid_t *sender)
{
	int fd = (int)raw_syscall4(SYS_accept4, socket, NULL, NULL, SOCK_CLOEXEC);

	*leash = -1;
	*slot = LEDGER_NONE;
	if (fd < 0)
		return false;
	/* Who has not sent it yet has a place that the supervisor sees without it, in this very look. */
	leash_socket_receive(fd, leash, slot, sender);
	*sender = peer_of(fd);
	raw_close(fd);
	return true;
}

/* Sends it to where the socket is connected, or else to `name`. Return: bytes or -errno. */
static long send_message(int socket, struct sockaddr_un *name, const struct leash_message *said, int leash)
{
	union leash_control control = {.room = {0}};
	struct iovec text = {.iov_base = (void *)said, .iov_len = sizeof(*said)};
	struct msghdr message = {.msg_name = name,
				 .msg_namelen =
					 name ? offsetof(struct sockaddr_un, sun_path) + 1 + NAME_DIGITS : 0,
				 .msg_iov = &text,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = CMSG_SPACE(sizeof(int))};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	*c = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(c), &leash, sizeof(leash));
	return raw_syscall3(SYS_sendmsg, socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* To the socket with a name from the kernel: one call less than to the other. Return: 0 or -errno. */
static int send_at_once(uint32_t address, const struct leash_message *said, int leash)
{
	static const char DIGITS[] = "0123456789abcdef";
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int socket = make_socket(SOCK_DGRAM);
	long sent;

	if (socket < 0)
		return socket;
	for (int i = 0; i < NAME_DIGITS; i++)
		name.sun_path[1 + i] = DIGITS[(address - 1) >> 4 * (NAME_DIGITS - 1 - i) & 15];
	sent = send_message(socket, &name, said, leash);
	raw_close(socket);
	return sent < 0 ? (int)sent : 0;
}

/* To the socket that lies in no network namespace, where thousands may wait to be accepted. */
static void send_by_connection(pid_t supervisor, int door, const struct leash_message *said, int leash)
{
	struct sockaddr_un name;
	int socket = make_socket(SOCK_SEQPACKET);

	if (socket < 0)
		return;
	put_door(&name, supervisor, door);
	if (!raw_syscall3(SYS_connect, socket, &name, sizeof(name)))
		send_message(socket, NULL, said, leash);
	raw_close(socket);
}

void leash_socket_send(const struct ledger *ledger, const struct account *a, uint32_t slot, int leash)
{
	uint32_t address = atomic_load_explicit(&a->leash_address, memory_order_acquire);
	pid_t supervisor = atomic_load_explicit(&a->supervisor, memory_order_relaxed);
	struct leash_message said = {.slot = slot};
	int error;

	if (!address)
		return;
	memcpy(said.secret, a->leash_secret, sizeof(said.secret));
	error = send_at_once(address, &said, leash);
	/* The kernel queues ten; a supervisor that is stopped does not read. */
	if (error == -EAGAIN)
		tree_kick_supervisor(ledger, ledger->slot[slot].account);
	if (error && a->leash_door && supervisor)
		send_by_connection(supervisor, a->leash_door - 1, &said, leash);
}
