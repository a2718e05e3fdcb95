/*
 * clone_thread_aarch64.S - clone_thread() for aarch64; see clone_thread.h.
 *
 * SPDX-License-Identifier: MIT
 */
#if defined(__aarch64__)
	.text
	.globl	clone_thread
	.hidden	clone_thread
	.type	clone_thread, %function
/* x0 flags, x1 stack top, x2 function, x3 argument, x4 tls, x5 tid */
clone_thread:
	stp	x2, x3, [x1, #-16]!
	mov	x2, x5			/* parent_tid */
	mov	x3, x4			/* tls */
	mov	x4, x5			/* child_tid */
	mov	w8, #220
	svc	#0
	cbz	x0, 1f
	ret
1:	mov	x29, #0
	mov	x30, #0
	ldp	x1, x0, [sp], #16
	blr	x1
	mov	x0, #0
	mov	w8, #93
	svc	#0
	.size	clone_thread, .-clone_thread
#endif
	.section .note.GNU-stack,"",%progbits
