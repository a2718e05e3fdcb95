/*
 * interpose_syscall.h - what the assembler stub of syscall() asks for.
 *
 * Owns:    nothing.
 * Called:  syscall_<arch>.S.
 * Context: any thread, async-signal-safe, vfork child.
 * Fork:    nothing: see the .c file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_INTERPOSE_SYSCALL_H
#define RL_PRELOAD_INTERPOSE_SYSCALL_H

/* What remains to be done by the stub; the numbers stand in it too. */
enum clone_form {
	CLONE_DONE,	 /* nothing: `result` is what syscall() returns */
	CLONE_NEW_STACK, /* the system call; the child goes on on its own stack */
	CLONE_OWN_STACK, /* the system call; both go on on this one, first the child */
};

struct clone_answer {
	long result;
	long form;
};

/* Before SYS_fork, SYS_clone or SYS_clone3: `call` holds the number and five arguments. */
struct clone_answer clone_prepare(const long *call, const void *caller);

/* After it: in the parent, and in a child that shares its stack. Return: what syscall() returns. */
long clone_return(long result);

/* Sets errno. Return: -1. */
long clone_error(long result);

/* syscall(SYS_exit, status): never returns. In interpose_exit.c. */
void exit_thread_syscall(long number, long status) __attribute__((noreturn));

#endif
