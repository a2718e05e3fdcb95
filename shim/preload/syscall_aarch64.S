/*
 * syscall_aarch64.S - syscall() for aarch64.
 *
 * Called:  anywhere. Every number but two goes straight to the kernel, as in
 *          libc's own, with six arguments.
 * Context: async-signal-safe. A child may share our stack, so nothing lies on
 *          it across these system calls: the return address waits in x30, the
 *          form in x9, what the child is to call clone_return() with in x10,
 *          our stack in x11, which the kernel preserves.
 *
 * CLONE_LENT_STACK is 3: the child makes that call on our stack, otherwise on its own, if at all.
 *
 * SPDX-License-Identifier: MIT
 */
#if defined(__aarch64__)
	.text
	.globl	syscall
	.type	syscall, %function
syscall:
	cmp	x0, #220		/* clone */
	b.eq	2f
	cmp	x0, #435		/* clone3 */
	b.eq	2f
	cmp	x0, #93			/* exit */
	b.eq	7f
	cmp	x0, #167		/* prctl */
	b.eq	6f
	cmp	x0, #277		/* seccomp */
	b.eq	6f
	mov	x8, x0
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	mov	x4, x5
	mov	x5, x6
	svc	#0
	cmn	x0, #4095
	b.cs	1f
	ret
1:	b	clone_error
6:	b	seccomp_syscall
7:	b	exit_thread_syscall

2:	stp	x29, x30, [sp, #-64]!
	stp	x0, x1, [sp, #16]
	stp	x2, x3, [sp, #32]
	stp	x4, x5, [sp, #48]
	add	x0, sp, #16
	mov	x1, x30
	bl	clone_prepare
	mov	x9, x1			/* the form */
	cbz	x9, 3f
	mov	x10, x0
	ldp	x8, x0, [sp, #16]
	ldp	x1, x2, [sp, #32]
	ldp	x3, x4, [sp, #48]
3:	ldp	x29, x30, [sp], #64
	cbz	x9, 5f
	mov	x11, sp
	svc	#0
	mov	x12, sp
	cbnz	x0, 4f
	cbz	x10, 5f
	cmp	x9, #3
	b.ne	4f
	mov	sp, x11
4:	stp	x29, x30, [sp, #-32]!
	str	x12, [sp, #16]
	mov	x1, x10
	bl	clone_return
	ldr	x12, [sp, #16]
	ldp	x29, x30, [sp]
	mov	sp, x12
5:	ret
	.size	syscall, .-syscall
	.hidden	seccomp_syscall
	.hidden	exit_thread_syscall
	.hidden	clone_prepare
	.hidden	clone_return
	.hidden	clone_error
#endif
	.section .note.GNU-stack,"",%progbits
