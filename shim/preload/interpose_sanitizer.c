/*
 * interpose_sanitizer.c - lets AddressSanitizer start behind us.
 *
 * Owns:    nothing.
 * Called:  by the runtime of a sanitizer, as it starts, before any constructor.
 * Context: any; touches nothing.
 * Fork:    nothing, because there is no state.
 *
 * A program that gcc built with -fsanitize=address loads the sanitizer's runtime
 * as a library, which ends the program if another library comes first; and a
 * preloaded one always does. It asks this function for its defaults, so nothing
 * has to be put into the environment; ASAN_OPTIONS and a function of the
 * program's own win. Its malloc is then the next behind ours, as any allocator's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core/attrs.h"
#include "undeclared.h"

RL_EXPORT const char *__asan_default_options(void)
{
	return "verify_asan_link_order=0";
}
