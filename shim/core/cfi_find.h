/*
 * cfi_find.h - the description of a function in .eh_frame.
 *
 * Owns:    nothing.
 * Called:  cfi.
 * Context: as cfi.h says.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_CFI_FIND_H
#define RL_CORE_CFI_FIND_H

#include "modules.h"
#include "peek.h"

/* A function's description (FDE) and what it shares with others (CIE). */
struct description {
	uint64_t begin, end; /* of the function */
	uint64_t code_align, return_register;
	int64_t data_align;
	uint8_t encoding;
	bool is_signal_frame, has_data;
	uint64_t first, first_end; /* instructions of the CIE */
	uint64_t own, own_end;	   /* and of the FDE */
};

/* Finds the description of the code at pc. Return: false if there is none that is understood. */
bool cfi_find(const struct module *module, struct peek *peek, uint64_t pc, struct description *description);

#endif
