/*
 * processor.h - what depends on the processor: system calls, counters of one writer, copies, waiting loops.
 *
 * Owns:    nothing.
 * Called:  rawsys, for everybody.
 * Context: any thread, async-signal-safe, vfork child; leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_PROCESSOR_H
#define RL_CORE_PROCESSOR_H

#include <linux/audit.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* Compares and exchanges a word that no other thread writes now. Return: whether it was *was; *was becomes
 * what it is. */
static inline bool raw_swap_own(_Atomic uint64_t *word, uint64_t *was, uint64_t becomes)
{
#if defined(__x86_64__)
	bool done;

	__asm__ volatile("cmpxchgq %3, %0"
			 : "+m"(*word), "+a"(*was), "=@cce"(done)
			 : "r"(becomes)
			 : "memory");
	return done;
#else
	return atomic_compare_exchange_strong_explicit(word, was, becomes, memory_order_relaxed,
						       memory_order_relaxed);
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

/* What the kernel calls its own clock_gettime() in the library that it maps into each process. */
#if defined(__x86_64__)
#define RAW_CLOCK_SYMBOL "__vdso_clock_gettime"
#else
#define RAW_CLOCK_SYMBOL "__kernel_clock_gettime"
#endif

/* Tells the processor that this is a waiting loop. */
static inline void raw_cpu_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

#endif
