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
	CLONE_DONE,	  /* nothing: `result` is what syscall() returns */
	CLONE_NEW_STACK,  /* the system call; the child goes on on its own stack */
	CLONE_OWN_STACK,  /* the system call; both go on on this one, first the child */
	CLONE_LENT_STACK, /* as NEW, but what the child calls runs on this one: on a copy, or its maker waits
			   */
	CLONE_SHARED_STACK, /* as OWN, but both at once: what becomes of that is the program's */
};

struct clone_answer {
	long result; /* or what the child is to hand to clone_return(); 0: with a stack it does not call that
		      */
	long form;
};

/* Before SYS_fork, SYS_clone or SYS_clone3: `call` holds the number and five arguments. */
struct clone_answer clone_prepare(const long *call, const void *caller);

/*
 * After it: in the parent, which hands over nothing of meaning, and in the child. Context: needs no
 * thread-local words in a child that shares our memory. Return: what syscall() returns.
 */
long clone_return(long result, long for_child);

/* Sets errno. Return: -1. */
long clone_error(long result);

/* syscall(SYS_exit, status): never returns. In interpose_exit.c. */
void exit_thread_syscall(long number, long status) __attribute__((noreturn));

#endif
