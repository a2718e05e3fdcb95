/*
 * unwind.c - the call stack of a thread; see unwind.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "unwind.h"

#include "attrs.h"
#include "cfi.h"
#include "rawsys.h"

enum { WORDS_AT_ONCE = 64, WORDS_MAX = 1024, FRAME_MAX = 1 << 20 };

static bool follows_call(const struct modules *modules, struct peek *peek, uint64_t address)
{
	unsigned char code[REG_CALL_BYTES];

	return address > REG_CALL_BYTES && modules_is_code(modules, address) &&
	       peek_read(peek, address - REG_CALL_BYTES, code, sizeof(code)) && registers_is_call(code);
}

/* The caller as it would be if the return address lay there. */
static void assume_caller(struct registers *r, uint64_t slot, uint64_t pc, uint64_t word_before)
{
	r->known = 0;
	r->pc = pc;
	registers_set(r, REG_STACK, slot + sizeof(uint64_t));
	/* A function that keeps a frame register saved its caller's just below. */
	if (word_before > slot && word_before - slot < FRAME_MAX)
		registers_set(r, REG_FRAME, word_before);
}

/* Looks up the stack for a return address. Return: false if there is none near. */
static bool guess_up(const struct modules *modules, struct peek *peek, struct registers *r)
{
	static uint64_t words[WORDS_AT_ONCE] RL_SELDOM;
	uint64_t at = r->value[REG_STACK] & ~(uint64_t)7, before = 0;

	if (!registers_know(r, REG_STACK))
		return false;
	for (int block = 0; block < WORDS_MAX / WORDS_AT_ONCE; block++) {
		int count = WORDS_AT_ONCE;

		while (count && !peek_read_fresh(peek, at, words, (size_t)count * sizeof(words[0])))
			count /= 2;
		for (int i = 0; i < count; i++) {
			uint64_t pc = registers_clean(words[i]);

			if (follows_call(modules, peek, pc)) {
				assume_caller(r, at + (uint64_t)i * sizeof(words[0]), pc, before);
				return true;
			}
			before = words[i];
		}
		if (count < WORDS_AT_ONCE)
			return false;
		at += sizeof(words);
	}
	return false;
}

void unwind_walk(struct unwind *unwind, struct modules *modules, struct peek *peek,
		 struct registers registers, int64_t until_ns)
{
	bool is_call = false;

	unwind->guessed_from = UNWIND_NO_GUESS;
	unwind->count = 0;
	while (unwind->count < UNWIND_FRAMES) {
		struct module *module = modules_find(modules, peek, registers.pc);
		enum cfi_step step;

		unwind->pc[unwind->count++] = registers.pc;
		if (raw_clock_ns(CLOCK_MONOTONIC) >= until_ns)
			return;
		step = module ? cfi_up(module, peek, &registers, &is_call) : CFI_LOST;
		if (step == CFI_END)
			return;
		if (step == CFI_STEPPED)
			continue;
		if (!guess_up(modules, peek, &registers))
			return;
		is_call = true;
		if (unwind->guessed_from == UNWIND_NO_GUESS)
			unwind->guessed_from = (uint8_t)unwind->count;
	}
}
