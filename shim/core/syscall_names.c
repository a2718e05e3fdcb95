/*
 * syscall_names.c - system calls by name; see syscall_names.h.
 *
 * The table is made from the kernel headers of the machine that builds. Arrays
 * of characters instead of pointers: nothing to relocate at each start.
 *
 * SPDX-License-Identifier: MIT
 */
#include "syscall_names.h"

#include <stddef.h>
#include <sys/syscall.h>

#include "attrs.h"

enum { NAME_MAX_LEN = 28 };

static const char NAMES[][NAME_MAX_LEN] = {
#define RL_SYSCALL(name) [SYS_##name] = #name,
#include <syscall_names.def>
#undef RL_SYSCALL
};

const char *syscall_name(long number)
{
	if (number < 0 || number >= (long)RL_ARRAY_LEN(NAMES) || !NAMES[number][0])
		return NULL;
	return NAMES[number];
}
