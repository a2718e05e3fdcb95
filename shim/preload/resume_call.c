/*
 * resume_call.c - an interrupted system call goes on; see resume_call.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "resume_call.h"

#include <stdbool.h>
#include <time.h>

#include "core/peek.h"
#include "core/rawsys.h"
#include "core/registers.h"

enum resumption { LEAVE, TAKE_UP, MAKE_AGAIN };

static enum resumption resumption_of(long number, const ucontext_t *context)
{
	switch (number) {
	case SYS_nanosleep:
#if defined(SYS_poll)
	case SYS_poll:
#endif
		return TAKE_UP;
	case SYS_clock_nanosleep:
		return registers_argument(context, 1) & TIMER_ABSTIME ? MAKE_AGAIN : TAKE_UP;
#if defined(SYS_select)
	case SYS_select:
	case SYS_pause:
#endif
	case SYS_pselect6:
	case SYS_ppoll:
	case SYS_rt_sigsuspend:
		return MAKE_AGAIN;
#if defined(SYS_epoll_wait)
	case SYS_epoll_wait:
#endif
	case SYS_epoll_pwait:
		return (int)registers_argument(context, 3) < 0 ? MAKE_AGAIN : LEAVE;
	default:
		return LEAVE;
	}
}

void resume_call(void *context)
{
	struct peek peek;
	long number;

	peek_begin(&peek, raw_getpid());
	number = registers_interrupted_call(context, &peek);
	switch (resumption_of(number, context)) {
	case TAKE_UP:
		registers_set_result(context, raw_syscall1(SYS_restart_syscall, 0));
		break;
	case MAKE_AGAIN:
		registers_make_again(context, number);
		break;
	case LEAVE:
		break;
	}
}
