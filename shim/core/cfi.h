/*
 * cfi.h - one step up a stack by call frame information (.eh_frame).
 *
 * Owns:    nothing.
 * Called:  unwind.
 * Context: the watchdog's thread or the process that it starts for stacks;
 *          async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_CFI_H
#define RL_CORE_CFI_H

#include "modules.h"
#include "peek.h"
#include "registers.h"

enum cfi_step {
	CFI_STEPPED, /* the registers are the caller's */
	CFI_END,     /* there is no caller */
	CFI_LOST,    /* nothing describes this code, or a register that it needs is not known */
};

/*
 * Makes the registers those of the caller. `is_call` says that pc is a return
 * address; it is then set for the next step.
 */
enum cfi_step cfi_up(struct module *module, struct peek *peek, struct registers *registers, bool *is_call);

/* cfi_expression.c: the value of a DWARF expression; `initial` is on the stack first. Return: false: unknown.
 */
bool cfi_evaluate(struct peek_cursor expression, const struct registers *registers, const uint64_t *initial,
		  uint64_t *value);

#endif
