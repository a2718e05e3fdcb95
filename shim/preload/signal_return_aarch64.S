/*
 * signal_return_aarch64.S - kernel_signal_return(); see kernel_action.h.
 *
 * SPDX-License-Identifier: MIT
 */
#if defined(__aarch64__)
	.text
	.globl	kernel_signal_return
	.hidden	kernel_signal_return
	.type	kernel_signal_return, %function
	nop
kernel_signal_return:
	mov	x8, #139
	svc	#0
	.size	kernel_signal_return, .-kernel_signal_return
#endif
	.section .note.GNU-stack,"",%progbits
