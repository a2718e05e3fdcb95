/*
 * cfi.c - one step up a stack by call frame information; see cfi.h.
 *
 * DWARF 5, section 6.4, in the form that the Linux Standard Base gives it in
 * .eh_frame and .eh_frame_hdr.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cfi.h"

#include <string.h>

#include "attrs.h"
#include "cfi_find.h"

enum { INSTRUCTIONS_MAX = 2000, REMEMBERED_MAX = 4 };

enum rule_kind {
	RULE_SAME,
	RULE_UNDEFINED,
	RULE_SAVED,
	RULE_VALUE,
	RULE_REGISTER,
	RULE_SAVED_EXPR,
	RULE_EXPR
};

struct rule {
	uint8_t kind;
	int64_t offset; /* from the frame's address, or a register's number */
	uint64_t code, code_end;
};

struct row {
	bool by_expression;
	uint64_t frame_register;
	int64_t frame_offset;
	uint64_t code, code_end;
	struct rule rule[REG_COUNT];
};

/* Static, because the watchdog's stack is small; one thread walks stacks at a time. */
static struct row row RL_SELDOM, initial_row RL_SELDOM, remembered[REMEMBERED_MAX] RL_SELDOM;

static void set_rule(uint64_t number, uint8_t kind, int64_t offset)
{
	if (number < REG_COUNT)
		row.rule[number] = (struct rule){.kind = kind, .offset = offset};
}

static void set_expression(struct peek_cursor *c, uint64_t number, uint8_t kind)
{
	uint64_t length = peek_uleb(c);

	if (number < REG_COUNT)
		row.rule[number] = (struct rule){.kind = kind, .code = c->at, .code_end = c->at + length};
	c->at += length;
}

/* The instructions that say where the frame begins. Return: false if it is none of them. */
static bool define_frame(struct peek_cursor *c, const struct description *d, uint8_t op)
{
	switch (op) {
	case 0x0c: /* def_cfa */
		row.by_expression = false;
		row.frame_register = peek_uleb(c);
		row.frame_offset = (int64_t)peek_uleb(c);
		return true;
	case 0x0d: /* def_cfa_register */
		row.frame_register = peek_uleb(c);
		return true;
	case 0x0e: /* def_cfa_offset */
		row.frame_offset = (int64_t)peek_uleb(c);
		return true;
	case 0x0f: /* def_cfa_expression */
		row.by_expression = true;
		row.code_end = peek_uleb(c);
		row.code = c->at;
		row.code_end += c->at;
		c->at = row.code_end;
		return true;
	case 0x12: /* def_cfa_sf */
		row.by_expression = false;
		row.frame_register = peek_uleb(c);
		row.frame_offset = peek_sleb(c) * d->data_align;
		return true;
	case 0x13: /* def_cfa_offset_sf */
		row.frame_offset = peek_sleb(c) * d->data_align;
		return true;
	default:
		return false;
	}
}

/* Those that say where a register is. Return: false if it is none of them. */
static bool define_register(struct peek_cursor *c, const struct description *d, uint8_t op)
{
	uint64_t number;

	if (op < 0x05 || (op > 0x09 && op != 0x10 && op != 0x11 && (op < 0x14 || op > 0x16)))
		return false;
	number = peek_uleb(c);
	if (op == 0x05) /* offset_extended */
		set_rule(number, RULE_SAVED, (int64_t)peek_uleb(c) * d->data_align);
	else if (op == 0x06 && number < REG_COUNT) /* restore_extended */
		row.rule[number] = initial_row.rule[number];
	else if (op == 0x07) /* undefined */
		set_rule(number, RULE_UNDEFINED, 0);
	else if (op == 0x08) /* same_value */
		set_rule(number, RULE_SAME, 0);
	else if (op == 0x09) /* register */
		set_rule(number, RULE_REGISTER, (int64_t)peek_uleb(c));
	else if (op == 0x10) /* expression */
		set_expression(c, number, RULE_SAVED_EXPR);
	else if (op == 0x11) /* offset_extended_sf */
		set_rule(number, RULE_SAVED, peek_sleb(c) * d->data_align);
	else if (op == 0x14) /* val_offset */
		set_rule(number, RULE_VALUE, (int64_t)peek_uleb(c) * d->data_align);
	else if (op == 0x15) /* val_offset_sf */
		set_rule(number, RULE_VALUE, peek_sleb(c) * d->data_align);
	else if (op == 0x16) /* val_expression */
		set_expression(c, number, RULE_EXPR);
	return true;
}

/* Those that move on in the code. Return: false if it is none of them. */
static bool advance(struct peek_cursor *c, const struct description *d, uint8_t op, uint64_t *location)
{
	switch (op) {
	case 0x01: /* set_loc */
		*location = peek_encoded(c, d->encoding, 0);
		return true;
	case 0x02: /* advance_loc1 */
		*location += peek_u8(c) * d->code_align;
		return true;
	case 0x03: /* advance_loc2 */
		*location += peek_u16(c) * d->code_align;
		return true;
	case 0x04: /* advance_loc4 */
		*location += peek_u32(c) * d->code_align;
		return true;
	default:
		return false;
	}
}

/* What is left: nop, remember, restore, and extensions that change no register. */
static bool do_other(struct peek_cursor *c, uint8_t op, int *depth)
{
	switch (op) {
	case 0x00: /* nop */
	case 0x2d: /* negate_ra_state: registers_clean() strips the signature anyway */
		return true;
	case 0x0a: /* remember_state */
		if (*depth == REMEMBERED_MAX)
			return false;
		remembered[(*depth)++] = row;
		return true;
	case 0x0b: /* restore_state */
		if (!*depth)
			return false;
		row = remembered[--*depth];
		return true;
	case 0x2e: /* GNU_args_size */
		peek_uleb(c);
		return true;
	default:
		return false;
	}
}

/* Runs instructions as far as pc. Return: false where they are not understood. */
static bool run(struct peek_cursor c, const struct description *d, uint64_t pc)
{
	uint64_t location = d->begin;
	int depth = 0;

	for (int i = 0; c.at < c.end && !c.bad && i < INSTRUCTIONS_MAX; i++) {
		uint8_t op = peek_u8(&c), low = op & 0x3f;

		if (op >> 6 == 1)
			location += low * d->code_align;
		else if (op >> 6 == 2)
			set_rule(low, RULE_SAVED, (int64_t)peek_uleb(&c) * d->data_align);
		else if (op >> 6 == 3 && low < REG_COUNT)
			row.rule[low] = initial_row.rule[low];
		else if (op >> 6 != 3 && !advance(&c, d, op, &location) && !define_frame(&c, d, op) &&
			 !define_register(&c, d, op) && !do_other(&c, op, &depth))
			return false;
		if (location > pc)
			return true;
	}
	return !c.bad;
}

static bool frame_address(struct peek *peek, const struct registers *r, uint64_t *address)
{
	if (row.by_expression)
		return cfi_evaluate((struct peek_cursor){.peek = peek, .at = row.code, .end = row.code_end},
				    r, NULL, address);
	if (!registers_know(r, row.frame_register))
		return false;
	*address = r->value[row.frame_register] + (uint64_t)row.frame_offset;
	return true;
}

/* A register of the caller. Return: false if it is not known. */
static bool recover(struct peek *peek, const struct registers *r, unsigned int number, uint64_t frame,
		    uint64_t *value)
{
	const struct rule *rule = &row.rule[number];
	struct peek_cursor code = {.peek = peek, .at = rule->code, .end = rule->code_end};

	switch (rule->kind) {
	case RULE_SAME:
		*value = r->value[number];
		return registers_know(r, number);
	case RULE_SAVED:
		return peek_read_fresh(peek, frame + (uint64_t)rule->offset, value, sizeof(*value));
	case RULE_VALUE:
		*value = frame + (uint64_t)rule->offset;
		return true;
	case RULE_REGISTER:
		if (!registers_know(r, (uint64_t)rule->offset))
			return false;
		*value = r->value[rule->offset];
		return true;
	case RULE_SAVED_EXPR:
		return cfi_evaluate(code, r, &frame, value) &&
		       peek_read_fresh(peek, *value, value, sizeof(*value));
	case RULE_EXPR:
		return cfi_evaluate(code, r, &frame, value);
	default:
		return false;
	}
}

/* Makes the registers the caller's, by the row for this place. */
static enum cfi_step apply(struct peek *peek, const struct description *d, struct registers *r)
{
	struct registers up = {.known = 0};
	uint64_t frame;

	if (!frame_address(peek, r, &frame))
		return CFI_LOST;
	if (row.rule[d->return_register].kind == RULE_UNDEFINED)
		return CFI_END;
	for (unsigned int i = 0; i < REG_COUNT; i++) {
		uint64_t value;

		if (recover(peek, r, i, frame, &value))
			registers_set(&up, i, value);
	}
	if (row.rule[REG_STACK].kind == RULE_SAME)
		registers_set(&up, REG_STACK, frame);
	if (!registers_know(&up, (unsigned int)d->return_register))
		return CFI_LOST;
	up.pc = registers_clean(up.value[d->return_register]);
	if (!up.pc)
		return CFI_END;
	/* Two frames at one place: a circle. */
	if (up.pc == r->pc && registers_know(r, REG_STACK) && up.value[REG_STACK] == r->value[REG_STACK])
		return CFI_LOST;
	*r = up;
	return CFI_STEPPED;
}

enum cfi_step cfi_up(struct module *module, struct peek *peek, struct registers *registers, bool *is_call)
{
	uint64_t pc = registers->pc - (*is_call ? 1 : 0);
	struct description d;

	if (!cfi_find(module, peek, pc, &d))
		return CFI_LOST;
	memset(&row, 0, sizeof(row));
	memset(&initial_row, 0, sizeof(initial_row));
	if (!run((struct peek_cursor){.peek = peek, .at = d.first, .end = d.first_end}, &d, UINT64_MAX))
		return CFI_LOST;
	initial_row = row;
	if (!run((struct peek_cursor){.peek = peek, .at = d.own, .end = d.own_end}, &d, pc))
		return CFI_LOST;
	*is_call = !d.is_signal_frame;
	return apply(peek, &d, registers);
}
