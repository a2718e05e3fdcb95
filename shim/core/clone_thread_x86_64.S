/*
 * clone_thread_x86_64.S - clone_thread() for x86-64; see clone_thread.h.
 *
 * SPDX-License-Identifier: MIT
 */
#if defined(__x86_64__)
	.text
	.globl	clone_thread
	.hidden	clone_thread
	.type	clone_thread, @function
/* rdi flags, rsi stack top, rdx function, rcx argument, r8 tls, r9 tid */
clone_thread:
	.cfi_startproc
	endbr64
	movq	%rdx, -8(%rsi)
	movq	%rcx, -16(%rsi)
	subq	$16, %rsi
	movq	%r9, %rdx		/* parent_tid */
	movq	%r9, %r10		/* child_tid */
	movl	$56, %eax
	syscall
	testq	%rax, %rax
	jz	1f
	ret
1:	.cfi_undefined rip
	xorl	%ebp, %ebp
	popq	%rdi
	popq	%rax
	call	*%rax
	xorl	%edi, %edi
	movl	$60, %eax
	syscall
	hlt
	.cfi_endproc
	.size	clone_thread, .-clone_thread
#endif
	.section .note.GNU-stack,"",%progbits
