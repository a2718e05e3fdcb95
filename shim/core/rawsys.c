/*
 * rawsys.c - what rawsys.h must keep; see there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "rawsys.h"

raw_clock_function *raw_clock;
struct raw_clock_shift raw_clock_shift;
