/*
 * filter_program.c - what a seccomp filter would answer; see filter_program.h.
 *
 * Classic BPF as the kernel takes it for seccomp: whole words of the call's
 * description, sixteen words of memory, jumps forwards only.
 *
 * SPDX-License-Identifier: MIT
 */
#include "filter_program.h"

#include <string.h>

enum { INSTRUCTIONS_MAX = 4096 };

struct machine {
	const struct seccomp_data *call;
	uint32_t a, x, memory[BPF_MEMWORDS];
	bool bad;	      /* the kernel would not take this program */
	bool divided_by_zero; /* which the kernel makes an answer of 0 */
};

static uint32_t load(struct machine *m, const struct sock_filter *i)
{
	uint32_t word = 0;

	switch (BPF_MODE(i->code)) {
	case BPF_IMM:
		return i->k;
	case BPF_LEN:
		return sizeof(*m->call);
	case BPF_MEM:
		m->bad = m->bad || i->k >= BPF_MEMWORDS;
		return m->bad ? 0 : m->memory[i->k];
	case BPF_ABS:
		m->bad = m->bad || i->k > sizeof(*m->call) - sizeof(word) || i->k % sizeof(word);
		if (!m->bad)
			memcpy(&word, (const char *)m->call + i->k, sizeof(word));
		return word;
	default:
		m->bad = true;
		return 0;
	}
}

static void calculate(struct machine *m, const struct sock_filter *i)
{
	uint32_t b = BPF_SRC(i->code) == BPF_X ? m->x : i->k;

	switch (BPF_OP(i->code)) {
	case BPF_ADD:
		m->a += b;
		break;
	case BPF_SUB:
		m->a -= b;
		break;
	case BPF_MUL:
		m->a *= b;
		break;
	case BPF_DIV:
		m->divided_by_zero = !b;
		m->a = b ? m->a / b : 0;
		break;
	case BPF_AND:
		m->a &= b;
		break;
	case BPF_OR:
		m->a |= b;
		break;
	case BPF_XOR:
		m->a ^= b;
		break;
	case BPF_LSH:
		m->a <<= b & 31;
		break;
	case BPF_RSH:
		m->a >>= b & 31;
		break;
	case BPF_NEG:
		m->a = 0 - m->a;
		break;
	default:
		m->bad = true;
	}
}

/* Return: how many instructions to leave out. */
static uint32_t jump(struct machine *m, const struct sock_filter *i)
{
	uint32_t b = BPF_SRC(i->code) == BPF_X ? m->x : i->k;
	bool holds = false;

	switch (BPF_OP(i->code)) {
	case BPF_JA:
		return i->k;
	case BPF_JEQ:
		holds = m->a == b;
		break;
	case BPF_JGT:
		holds = m->a > b;
		break;
	case BPF_JGE:
		holds = m->a >= b;
		break;
	case BPF_JSET:
		holds = (m->a & b) != 0;
		break;
	default:
		m->bad = true;
	}
	return holds ? i->jt : i->jf;
}

static void store(struct machine *m, const struct sock_filter *i, uint32_t value)
{
	if (i->k < BPF_MEMWORDS)
		m->memory[i->k] = value;
	else
		m->bad = true;
}

/* One instruction. Return: how many to leave out after it. */
static uint32_t step(struct machine *m, const struct sock_filter *i)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
		m->a = load(m, i);
		return 0;
	case BPF_LDX:
		m->x = load(m, i);
		return 0;
	case BPF_ST:
		store(m, i, m->a);
		return 0;
	case BPF_STX:
		store(m, i, m->x);
		return 0;
	case BPF_ALU:
		calculate(m, i);
		return 0;
	case BPF_JMP:
		return jump(m, i);
	default: /* BPF_MISC */
		if (BPF_MISCOP(i->code) == BPF_TAX)
			m->x = m->a;
		else
			m->a = m->x;
		return 0;
	}
}

uint32_t filter_program_run(struct peek *peek, const struct sock_fprog *program,
			    const struct seccomp_data *call)
{
	struct machine m = {.call = call};

	for (uint64_t at = 0; at < program->len && at < INSTRUCTIONS_MAX && !m.bad; at++) {
		struct sock_filter i;

		if (!peek_read(peek, (uint64_t)(uintptr_t)(program->filter + at), &i, sizeof(i)))
			break;
		if (BPF_CLASS(i.code) == BPF_RET)
			return BPF_RVAL(i.code) == BPF_A ? m.a : i.k;
		at += step(&m, &i);
		if (m.divided_by_zero)
			return 0;
	}
	return SECCOMP_RET_ALLOW;
}

bool filter_answer_is_refusal(uint32_t answer)
{
	uint32_t action = answer & SECCOMP_RET_ACTION_FULL;

	return action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG && action != SECCOMP_RET_USER_NOTIF;
}

bool filter_answer_is_fatal(uint32_t answer)
{
	uint32_t action = answer & SECCOMP_RET_ACTION_FULL;

	return action == SECCOMP_RET_KILL_PROCESS || action == SECCOMP_RET_KILL_THREAD ||
	       action == SECCOMP_RET_TRAP;
}
