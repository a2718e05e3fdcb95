/*
 * cfi_expression.c - the DWARF expressions that call frame information holds; see cfi.h.
 *
 * Compilers and linkers write them for signal trampolines and procedure
 * linkage tables; the rest of the language is for debuggers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cfi.h"

enum { DEPTH = 16, OPERATIONS_MAX = 64 };

enum {
	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST1S = 0x09,
	OP_CONST2U = 0x0a,
	OP_CONST2S = 0x0b,
	OP_CONST4U = 0x0c,
	OP_CONST4S = 0x0d,
	OP_CONST8U = 0x0e,
	OP_CONSTU = 0x10,
	OP_CONSTS = 0x11,
	OP_DUP = 0x12,
	OP_AND = 0x1a,
	OP_MINUS = 0x1c,
	OP_PLUS = 0x22,
	OP_PLUS_UCONST = 0x23,
	OP_SHL = 0x24,
	OP_GE = 0x2a,
	OP_LIT0 = 0x30,
	OP_REG0 = 0x50,
	OP_BREG0 = 0x70,
	OP_BREG_END = 0x90,
};

struct machine {
	struct peek_cursor code;
	const struct registers *registers;
	uint64_t stack[DEPTH];
	int depth;
	bool bad;
};

static void push(struct machine *m, uint64_t value)
{
	if (m->depth == DEPTH)
		m->bad = true;
	else
		m->stack[m->depth++] = value;
}

static uint64_t pop(struct machine *m)
{
	if (!m->depth) {
		m->bad = true;
		return 0;
	}
	return m->stack[--m->depth];
}

static bool push_constant(struct machine *m, uint8_t op)
{
	if (op == OP_CONST1U)
		push(m, peek_u8(&m->code));
	else if (op == OP_CONST1S)
		push(m, (uint64_t)(int64_t)(int8_t)peek_u8(&m->code));
	else if (op == OP_CONST2U)
		push(m, peek_u16(&m->code));
	else if (op == OP_CONST2S)
		push(m, (uint64_t)(int64_t)(int16_t)peek_u16(&m->code));
	else if (op == OP_CONST4U)
		push(m, peek_u32(&m->code));
	else if (op == OP_CONST4S)
		push(m, (uint64_t)(int64_t)(int32_t)peek_u32(&m->code));
	else if (op == OP_CONST8U)
		push(m, peek_u64(&m->code));
	else if (op == OP_CONSTU)
		push(m, peek_uleb(&m->code));
	else if (op == OP_CONSTS)
		push(m, (uint64_t)peek_sleb(&m->code));
	else if (op >= OP_LIT0 && op < OP_REG0)
		push(m, op - OP_LIT0);
	else
		return false;
	return true;
}

static bool push_register(struct machine *m, uint8_t op)
{
	uint64_t number = op - OP_BREG0;

	if (op < OP_BREG0 || op >= OP_BREG_END)
		return false;
	if (registers_know(m->registers, number))
		push(m, m->registers->value[number] + (uint64_t)peek_sleb(&m->code));
	else
		m->bad = true;
	return true;
}

static void combine(struct machine *m, uint8_t op)
{
	uint64_t b = pop(m), a = pop(m);

	switch (op) {
	case OP_AND:
		push(m, a & b);
		break;
	case OP_MINUS:
		push(m, a - b);
		break;
	case OP_PLUS:
		push(m, a + b);
		break;
	case OP_SHL:
		push(m, b < 64 ? a << b : 0);
		break;
	case OP_GE:
		push(m, (int64_t)a >= (int64_t)b);
		break;
	default:
		m->bad = true;
	}
}

static void do_operation(struct machine *m)
{
	uint8_t op = peek_u8(&m->code);
	uint64_t value = 0;

	if (push_constant(m, op) || push_register(m, op))
		return;
	if (op == OP_DEREF) {
		m->bad = m->bad || !peek_read_fresh(m->code.peek, pop(m), &value, sizeof(value));
		push(m, value);
	} else if (op == OP_DUP) {
		value = pop(m);
		push(m, value);
		push(m, value);
	} else if (op == OP_PLUS_UCONST) {
		value = pop(m);
		push(m, value + peek_uleb(&m->code));
	} else {
		combine(m, op);
	}
}

bool cfi_evaluate(struct peek_cursor expression, const struct registers *registers, const uint64_t *initial,
		  uint64_t *value)
{
	struct machine m = {.code = expression, .registers = registers};

	if (initial)
		push(&m, *initial);
	for (int i = 0; m.code.at < m.code.end; i++) {
		if (m.bad || m.code.bad || i == OPERATIONS_MAX)
			return false;
		do_operation(&m);
	}
	*value = pop(&m);
	return !m.bad && !m.code.bad;
}
