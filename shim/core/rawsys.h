/*
 * rawsys.h - raw system calls.
 *
 * Owns:    raw_clock, raw_clock_shift.
 * Called:  shim/core and shim/preload, from any state.
 * Context: any thread, async-signal-safe, vfork child; leaves errno alone, so
 *          that the timer thread, which libc does not know, can use them too.
 * Fork:    nothing, because there is no state.
 *
 * Each wrapper returns what the kernel returned: a value, or -errno.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_RAWSYS_H
#define RL_CORE_RAWSYS_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "processor.h"

static inline int raw_open(const char *path, int flags, mode_t mode)
{
	return (int)raw_syscall4(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, mode);
}

static inline int raw_close(int fd)
{
	return (int)raw_syscall1(SYS_close, fd);
}

static inline long raw_read(int fd, void *buf, size_t len)
{
	return raw_syscall3(SYS_read, fd, buf, len);
}

static inline long raw_write(int fd, const void *buf, size_t len)
{
	return raw_syscall3(SYS_write, fd, buf, len);
}

static inline int raw_fcntl(int fd, int cmd, long arg)
{
	return (int)raw_syscall3(SYS_fcntl, fd, cmd, arg);
}

static inline int raw_fstat(int fd, struct stat *st)
{
	return (int)raw_syscall2(SYS_fstat, fd, st);
}

static inline int raw_stat(const char *path, struct stat *st, int flags)
{
	return (int)raw_syscall4(SYS_newfstatat, AT_FDCWD, path, st, flags);
}

static inline int raw_ftruncate(int fd, off_t len)
{
	return (int)raw_syscall2(SYS_ftruncate, fd, len);
}

static inline int raw_unlink(const char *path)
{
	return (int)raw_syscall3(SYS_unlinkat, AT_FDCWD, path, 0);
}

static inline long raw_readlink(const char *path, char *buf, size_t len)
{
	return raw_syscall4(SYS_readlinkat, AT_FDCWD, path, buf, len);
}

/* As getdents64(2) writes it. */
struct raw_directory_entry {
	uint64_t inode;
	int64_t offset;
	uint16_t len;
	uint8_t type;
	char name[];
};

static inline long raw_getdents(int fd, void *buf, size_t len)
{
	return raw_syscall3(SYS_getdents64, fd, buf, len);
}

static inline long raw_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	return raw_syscall6(SYS_mmap, (long)addr, (long)len, prot, flags, fd, off);
}

static inline int raw_munmap(void *addr, size_t len)
{
	return (int)raw_syscall2(SYS_munmap, addr, len);
}

static inline int raw_mprotect(void *addr, size_t len, int prot)
{
	return (int)raw_syscall3(SYS_mprotect, addr, len, prot);
}

static inline pid_t raw_getpid(void)
{
	return (pid_t)raw_syscall0(SYS_getpid);
}

static inline pid_t raw_getppid(void)
{
	return (pid_t)raw_syscall0(SYS_getppid);
}

static inline pid_t raw_gettid(void)
{
	return (pid_t)raw_syscall0(SYS_gettid);
}

static inline uid_t raw_geteuid(void)
{
	return (uid_t)raw_syscall0(SYS_geteuid);
}

static inline int raw_kill(pid_t pid, int sig)
{
	return (int)raw_syscall2(SYS_kill, pid, sig);
}

static inline int raw_tgkill(pid_t pid, pid_t tid, int sig)
{
	return (int)raw_syscall3(SYS_tgkill, pid, tid, sig);
}

static inline void raw_exit_group(int status) __attribute__((noreturn));
static inline void raw_exit_group(int status)
{
	for (;;)
		raw_syscall1(SYS_exit_group, status);
}

/* The kernel's own signal sets: 64 bits, whatever sigset_t is. */
static inline void raw_sigmask(int how, const uint64_t *set, uint64_t *old)
{
	raw_syscall4(SYS_rt_sigprocmask, how, set, old, sizeof(*set));
}

/*
 * The kernel's own function for clocks, mapped into each process, that needs
 * no system call and no libc; NULL where nobody has looked for it. Set before
 * there are threads.
 */
typedef int raw_clock_function(clockid_t clock, struct timespec *ts);
extern raw_clock_function *raw_clock __attribute__((visibility("hidden")));

/* What the time namespace of this process adds to the time of its tree; see time_namespace.h. */
extern struct raw_clock_shift {
	int64_t monotonic_ns, boottime_ns;
} raw_clock_shift __attribute__((visibility("hidden")));

static inline int64_t raw_clock_shift_of(clockid_t clock)
{
	if (clock == CLOCK_MONOTONIC)
		return raw_clock_shift.monotonic_ns;
	return clock == CLOCK_BOOTTIME ? raw_clock_shift.boottime_ns : 0;
}

/* Return: the time of the tree. By a system call, for a forked child: the first use of that function is a
 * fault or two. */
static inline int64_t raw_clock_by_call_ns(clockid_t clock)
{
	struct timespec ts;

	if (raw_syscall2(SYS_clock_gettime, clock, &ts) < 0)
		return -1;
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec - raw_clock_shift_of(clock);
}

/* Return: the time of the tree. */
static inline int64_t raw_clock_ns(clockid_t clock)
{
	struct timespec ts;

	/* Of processor time the kernel must be asked in any case. */
	if (raw_clock && (clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME) && raw_clock(clock, &ts) == 0)
		return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec - raw_clock_shift_of(clock);
	return raw_clock_by_call_ns(clock);
}

/* The processor-time clock of another process, as the kernel encodes it. */
static inline clockid_t raw_cpu_clock_of(pid_t pid)
{
	return (clockid_t)((~(unsigned int)pid << 3) | 2);
}

/* That of a thread of the calling process; of another's it is refused. */
static inline clockid_t raw_cpu_clock_of_thread(pid_t tid)
{
	return (clockid_t)((~(unsigned int)tid << 3) | 6);
}

static inline pid_t raw_tid_of_cpu_clock(clockid_t clock)
{
	return (pid_t) ~((unsigned int)clock >> 3 | ~0U << 29);
}

/* The calling process's; either may be NULL. */
static inline int raw_rlimit(int resource, const struct rlimit *set, struct rlimit *was)
{
	return (int)raw_syscall4(SYS_prlimit64, 0, resource, set, was);
}

static inline int raw_getrusage(int who, struct rusage *ru)
{
	return (int)raw_syscall2(SYS_getrusage, who, ru);
}

/* How often the calling thread has given up its processor, and in *taken how often that was taken from it. */
static inline int64_t raw_switches(int64_t *taken)
{
	struct rusage usage;
	bool is_told = raw_getrusage(RUSAGE_THREAD, &usage) >= 0;

	*taken = is_told ? usage.ru_nivcsw : 0;
	return is_told ? usage.ru_nvcsw : 0;
}

/*
 * The signal that wakes a watchdog's thread: one of libc's own, which no program
 * can wait for. It is sent as sigqueue() sends, which libc's handlers pass over.
 */
enum { RAW_WAKE_SIGNAL = 33 };

static inline int raw_wake_thread(pid_t pid, pid_t tid)
{
	siginfo_t info;
	unsigned char *bytes = (unsigned char *)&info;

	for (size_t i = 0; i < sizeof(info); i++)
		bytes[i] = 0;
	info.si_code = SI_QUEUE;
	return (int)raw_syscall4(SYS_rt_tgsigqueueinfo, pid, tid, RAW_WAKE_SIGNAL, &info);
}

/*
 * Sleeps with RAW_WAKE_SIGNAL blocked. Unlike other sleeps it is not taken up
 * again after a stop. Return: RAW_WAKE_SIGNAL, -EAGAIN when the time has come, -EINTR after a stop.
 */
static inline int raw_sleep_until_woken(int64_t ns)
{
	static const uint64_t set = 1ULL << (RAW_WAKE_SIGNAL - 1);
	struct timespec ts = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	return (int)raw_syscall4(SYS_rt_sigtimedwait, &set, NULL, ns == INT64_MAX ? NULL : &ts, sizeof(set));
}

static inline void raw_sleep_ns(int64_t ns)
{
	struct timespec ts = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	raw_syscall2(SYS_nanosleep, &ts, NULL);
}

static inline int raw_poll_writable(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	struct timespec ts = {.tv_sec = timeout_ms / 1000, .tv_nsec = (timeout_ms % 1000) * 1000000L};

	return (int)raw_syscall5(SYS_ppoll, &p, 1, &ts, NULL, 0);
}

#endif
