/*
 * signal_return_x86_64.S - kernel_signal_return(); see kernel_action.h.
 *
 * Debuggers and unwinders know a signal's frame by just these bytes, which are
 * those of libc's, and by finding no unwind table for them. They look up the
 * byte before a return address: it is the nop's.
 *
 * SPDX-License-Identifier: MIT
 */
#if defined(__x86_64__)
	.text
	.globl	kernel_signal_return
	.hidden	kernel_signal_return
	.type	kernel_signal_return, @function
	.p2align 4
	nop
kernel_signal_return:
	movq	$15, %rax
	syscall
	.size	kernel_signal_return, .-kernel_signal_return
#endif
	.section .note.GNU-stack,"",%progbits
