/*
 * vfork_aarch64.S - vfork for aarch64.
 *
 * Called:  any thread; the code after the system call runs in both processes.
 * Context: async-signal-safe. Parent and child share the stack, so nothing may
 *          lie on it across the system call: the return address waits in x30,
 *          which the kernel preserves and each process has for itself.
 *
 * SPDX-License-Identifier: MIT
 */
#if defined(__aarch64__)
	.text
	.globl	vfork, __vfork
	.type	vfork, %function
	.type	__vfork, %function
vfork:
__vfork:
	stp	x29, x30, [sp, #-16]!
	mov	x0, x30
	bl	process_vfork_prepare
	ldp	x29, x30, [sp], #16
	cbnz	x0, 1f
	mov	x0, #0x4111		/* CLONE_VM | CLONE_VFORK | SIGCHLD */
	mov	x1, #0
	mov	x2, #0
	mov	x3, #0
	mov	x4, #0
	mov	w8, #220		/* clone */
	svc	#0
	stp	x29, x30, [sp, #-16]!
	bl	process_vfork_return
	ldp	x29, x30, [sp], #16
1:	ret
	.size	vfork, .-vfork
	.hidden	process_vfork_prepare
	.hidden	process_vfork_return
#endif
	.section .note.GNU-stack,"",%progbits
