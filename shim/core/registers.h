/*
 * registers.h - a thread's registers as call frame information numbers them, per processor.
 *
 * Owns:    nothing.
 * Called:  unwind, seize; resume_call for its own thread.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * Beside rawsys.h the only file that knows the processor.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_REGISTERS_H
#define RL_CORE_REGISTERS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "peek.h"

#if defined(__x86_64__)
enum { REG_COUNT = 17, REG_FRAME = 6, REG_STACK = 7, REG_RETURN = 16 };

/* As PTRACE_GETREGSET gives them for NT_PRSTATUS. */
struct registers_raw {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs,
		eflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
};
#elif defined(__aarch64__)
enum { REG_COUNT = 33, REG_FRAME = 29, REG_STACK = 31, REG_RETURN = 30 };

struct registers_raw {
	uint64_t x[31], sp, pc, pstate;
};
#endif

/* What is known of a frame's registers; `known` has a bit for each. */
struct registers {
	uint64_t value[REG_COUNT];
	uint64_t known;
	uint64_t pc;
};

static inline bool registers_know(const struct registers *r, uint64_t number)
{
	return number < REG_COUNT && (r->known >> number & 1);
}

static inline void registers_set(struct registers *r, unsigned int number, uint64_t value)
{
	r->value[number] = value;
	r->known |= 1ULL << number;
}

/* Of a thread that sleeps /proc tells these two only. */
static inline void registers_from_pair(struct registers *r, uint64_t pc, uint64_t sp)
{
	r->known = 0;
	r->pc = pc;
	registers_set(r, REG_STACK, sp);
}

#if defined(__x86_64__)

static inline void registers_from_raw(struct registers *r, const struct registers_raw *raw)
{
	const uint64_t values[REG_COUNT] = {raw->rax, raw->rdx, raw->rcx, raw->rbx, raw->rsi, raw->rdi,
					    raw->rbp, raw->rsp, raw->r8,  raw->r9,  raw->r10, raw->r11,
					    raw->r12, raw->r13, raw->r14, raw->r15, raw->rip};

	memcpy(r->value, values, sizeof(values));
	r->known = (1ULL << REG_COUNT) - 1;
	r->pc = raw->rip;
}

/* The number of the system call that the thread is in, or -1. */
static inline long registers_syscall(const struct registers_raw *raw)
{
	return (long)raw->orig_rax;
}

/*
 * Calls that a stop makes return EINTR, although no signal came and nothing
 * was done: with this in place of it the kernel makes them again, unless a
 * handler runs. Return: whether `raw` is to be written back.
 */
static inline bool registers_restart(struct registers_raw *raw)
{
	enum { ERESTARTNOHAND_KERNEL = 514 };

	if ((int64_t)raw->rax != -EINTR)
		return false;
	switch (raw->orig_rax) {
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
	case SYS_epoll_pwait2:
	case SYS_semop:
	case SYS_semtimedop:
	case SYS_rt_sigtimedwait:
	case SYS_io_getevents:
	case SYS_recvfrom:
	case SYS_recvmsg:
	case SYS_accept:
	case SYS_accept4:
		raw->rax = (uint64_t)-ERESTARTNOHAND_KERNEL;
		return true;
	default:
		return false;
	}
}

/* Enough code before a return address to see the call; see registers_is_call(). */
enum { REG_CALL_BYTES = 7 };

/* Whether the code that ends here ends with a call: e8 and four bytes, or ff /2 in one of its lengths. */
static inline bool registers_is_call(const unsigned char code[REG_CALL_BYTES])
{
	static const unsigned char lengths[] = {2, 3, 4, 6, 7};

	if (code[REG_CALL_BYTES - 5] == 0xe8)
		return true;
	for (unsigned int i = 0; i < sizeof(lengths); i++) {
		const unsigned char *at = code + REG_CALL_BYTES - lengths[i];

		if (at[0] == 0xff && (at[1] & 0x38) == 0x10)
			return true;
	}
	return false;
}

/* A return address as the program counter that it will be. */
static inline uint64_t registers_clean(uint64_t address)
{
	return address;
}

/*
 * The number of the call that a signal made return EINTR where its handler found `context`, or -1. The
 * kernel keeps it to itself, but libc has put it there right before: b8 and four bytes, then 0f 05.
 */
static inline long registers_interrupted_call(const ucontext_t *context, struct peek *peek)
{
	const greg_t *r = context->uc_mcontext.gregs;
	unsigned char code[7];
	int32_t number;

	if (r[REG_RAX] != -EINTR ||
	    !peek_read(peek, (uint64_t)r[REG_RIP] - sizeof(code), code, sizeof(code)) || code[0] != 0xb8 ||
	    code[5] != 0x0f || code[6] != 0x05)
		return -1;
	memcpy(&number, code + 1, sizeof(number));
	return number;
}

/* An argument of that call, counted from 0. */
static inline uint64_t registers_argument(const ucontext_t *context, unsigned int at)
{
	static const int where[] = {REG_RDI, REG_RSI, REG_RDX, REG_R10};

	return (uint64_t)context->uc_mcontext.gregs[where[at]];
}

static inline void registers_set_result(ucontext_t *context, long result)
{
	context->uc_mcontext.gregs[REG_RAX] = result;
}

/* Has the call made once more when the handler returns. */
static inline void registers_make_again(ucontext_t *context, long number)
{
	context->uc_mcontext.gregs[REG_RAX] = number;
	context->uc_mcontext.gregs[REG_RIP] -= 2;
}

#elif defined(__aarch64__)

static inline void registers_from_raw(struct registers *r, const struct registers_raw *raw)
{
	memcpy(r->value, raw->x, sizeof(raw->x));
	r->value[REG_STACK] = raw->sp;
	r->known = (1ULL << (REG_STACK + 1)) - 1;
	r->pc = raw->pc;
}

static inline long registers_syscall(const struct registers_raw *raw)
{
	(void)raw;
	return -1; /* told by a register set of its own */
}

/* The kernel has decided on the restart before the stop. */
static inline bool registers_restart(struct registers_raw *raw)
{
	(void)raw;
	return false;
}

enum { REG_CALL_BYTES = 4 };

/* bl or blr */
static inline bool registers_is_call(const unsigned char code[REG_CALL_BYTES])
{
	uint32_t word;

	memcpy(&word, code, sizeof(word));
	return (word & 0xfc000000U) == 0x94000000U || (word & 0xfffffc1fU) == 0xd63f0000U;
}

/* Without the signature that pointer authentication leaves in the upper bits. */
static inline uint64_t registers_clean(uint64_t address)
{
	return address & 0xffffffffffffULL;
}

/* The number stands in x8; d4000001 is the call. */
static inline long registers_interrupted_call(const ucontext_t *context, struct peek *peek)
{
	uint32_t code;

	if ((long)context->uc_mcontext.regs[0] != -EINTR ||
	    !peek_read(peek, context->uc_mcontext.pc - sizeof(code), &code, sizeof(code)) ||
	    code != 0xd4000001)
		return -1;
	return (long)context->uc_mcontext.regs[8];
}

static inline uint64_t registers_argument(const ucontext_t *context, unsigned int at)
{
	return context->uc_mcontext.regs[at];
}

static inline void registers_set_result(ucontext_t *context, long result)
{
	context->uc_mcontext.regs[0] = (uint64_t)result;
}

/* The first argument is lost. */
static inline void registers_make_again(ucontext_t *context, long number)
{
	(void)context, (void)number;
}

#endif

#endif
