/*
 * rawsys.h - raw system calls: the one place that knows the processor.
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
#include <linux/audit.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#if defined(__x86_64__)
#define RAW_AUDIT_ARCH AUDIT_ARCH_X86_64
static inline long raw_syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
#define RAW_AUDIT_ARCH AUDIT_ARCH_AARCH64
static inline long raw_syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "reslimit knows the system call convention of x86-64 and aarch64"
#endif

/* Whether a result that may be an address is -errno. */
static inline bool raw_is_error(long result)
{
	return result < 0 && result > -4096;
}

#define raw_syscall0(nr)	     raw_syscall6((nr), 0, 0, 0, 0, 0, 0)
#define raw_syscall1(nr, a)	     raw_syscall6((nr), (long)(a), 0, 0, 0, 0, 0)
#define raw_syscall2(nr, a, b)	     raw_syscall6((nr), (long)(a), (long)(b), 0, 0, 0, 0)
#define raw_syscall3(nr, a, b, c)    raw_syscall6((nr), (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define raw_syscall4(nr, a, b, c, d) raw_syscall6((nr), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define raw_syscall5(nr, a, b, c, d, e)                                                                      \
	raw_syscall6((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)

/*
 * Adds to, or subtracts from, a counter that only this thread writes. A signal handler on this
 * thread may do the same in the middle: on x86-64 one instruction cannot be
 * split by it, and no lock prefix is paid; elsewhere an atomic addition.
 */
static inline void raw_add_own(_Atomic int64_t *counter, int64_t n)
{
#if defined(__x86_64__)
	__asm__ volatile("addq %1, %0" : "+m"(*counter) : "er"(n) : "cc", "memory");
#else
	__atomic_fetch_add((int64_t *)counter, n, __ATOMIC_RELAXED);
#endif
}

/* Whether others see a thread's stores in the order in which it makes them. */
#if defined(__x86_64__) || defined(__i386__)
enum { RAW_STORES_KEEP_ORDER = true };
#else
enum { RAW_STORES_KEEP_ORDER = false };
#endif

/* Return: whether the difference is below zero. */
static inline bool raw_subtract_own(_Atomic int64_t *counter, int64_t n)
{
#if defined(__x86_64__)
	bool negative;

	__asm__ volatile("subq %2, %0" : "+m"(*counter), "=@ccs"(negative) : "er"(n) : "memory");
	return negative;
#else
	return __atomic_sub_fetch((int64_t *)counter, n, __ATOMIC_RELAXED) < 0;
#endif
}

/* The processor's own way to copy or fill many bytes. Return: false if it has none. */
static inline bool raw_copy(void *to, const void *from, size_t n)
{
#if defined(__x86_64__)
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	return true;
#else
	(void)to, (void)from, (void)n;
	return false;
#endif
}

static inline bool raw_fill(void *to, int byte, size_t n)
{
#if defined(__x86_64__)
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(byte) : "memory");
	return true;
#else
	(void)to, (void)byte, (void)n;
	return false;
#endif
}

/* Tells the processor that this is a waiting loop. */
static inline void raw_cpu_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

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
 * no system call and no libc; NULL where nobody has looked for it. Its first use
 * in a forked child is a fault, or two, and most children read a clock twice: they
 * spare it until they are known to stay.
 */
typedef int raw_clock_function(clockid_t clock, struct timespec *ts);
extern raw_clock_function *_Atomic raw_clock __attribute__((visibility("hidden")));
extern raw_clock_function *raw_clock_found __attribute__((visibility("hidden"))); /* set once */
#if defined(__x86_64__)
#define RAW_CLOCK_SYMBOL "__vdso_clock_gettime"
#else
#define RAW_CLOCK_SYMBOL "__kernel_clock_gettime"
#endif

static inline void raw_spare_clock(void)
{
	atomic_store_explicit(&raw_clock, NULL, memory_order_relaxed);
}

static inline void raw_use_clock(void)
{
	atomic_store_explicit(&raw_clock, raw_clock_found, memory_order_relaxed);
}

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

/* Return: the time of the tree. */
static inline int64_t raw_clock_ns(clockid_t clock)
{
	raw_clock_function *read = atomic_load_explicit(&raw_clock, memory_order_relaxed);
	bool is_shared = clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME;
	struct timespec ts;

	/* Of processor time the kernel must be asked in any case. */
	if ((!read || !is_shared || read(clock, &ts)) && raw_syscall2(SYS_clock_gettime, clock, &ts) < 0)
		return -1;
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec - raw_clock_shift_of(clock);
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

enum { RAW_FUTEX_WAKE = 1, RAW_FUTEX_WAIT_BITSET = 9, RAW_FUTEX_PRIVATE = 128 };

/* Sleeps while *word == value, until the absolute CLOCK_MONOTONIC time; INT64_MAX is for ever. */
static inline int raw_futex_wait_until(_Atomic uint32_t *word, uint32_t value, int64_t until_ns, int op_flags)
{
	int64_t at_ns = until_ns == INT64_MAX ? 0 : until_ns + raw_clock_shift.monotonic_ns;
	struct timespec ts = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};

	return (int)raw_syscall6(SYS_futex, (long)word, RAW_FUTEX_WAIT_BITSET | op_flags, (long)value,
				 (long)(until_ns == INT64_MAX ? NULL : &ts), 0, 0xffffffffL);
}

static inline int raw_futex_wake(_Atomic uint32_t *word, int count, int op_flags)
{
	return (int)raw_syscall3(SYS_futex, word, RAW_FUTEX_WAKE | op_flags, count);
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
