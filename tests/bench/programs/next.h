/*
 * next.h - the definition that comes after a floor's own: DEFINE_NEXT(function, (parameters), (arguments)).
 *
 * next_FUNCTION is a pointer, so that a call is as cheap as it can be; until a first
 * call has looked for the definition it leads to first_FUNCTION, which does. FIND_NEXT(function) looks at
 * once, for one that is called in forked children alone: each would look anew.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_BENCH_NEXT_H
#define RL_BENCH_NEXT_H

#include <dlfcn.h>

#define DEFINE_NEXT(result, function, parameters, arguments)                                                 \
	static result first_##function parameters;                                                           \
	static result(*next_##function) parameters = first_##function;                                       \
	static result first_##function parameters                                                            \
	{                                                                                                    \
		*(void **)&next_##function = dlsym(RTLD_NEXT, #function);                                    \
		return next_##function arguments;                                                            \
	}

#define FIND_NEXT(function) (*(void **)&next_##function = dlsym(RTLD_NEXT, #function))

#endif
