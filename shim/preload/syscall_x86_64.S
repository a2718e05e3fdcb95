/*
 * syscall_x86_64.S - syscall() for x86-64.
 *
 * Called:  anywhere. Every number but seven goes straight to the kernel, as in
 *          libc's own, with six arguments.
 * Context: async-signal-safe. A child that shares our stack would overwrite
 *          the return address of its parent, so it waits in r9, which these
 *          system calls do not use and the kernel preserves; a child with a
 *          stack of its own finds there what its maker put there.
 *
 * The stack is misaligned by 8 at entry. CLONE_NEW_STACK is 1, CLONE_OWN_STACK 2.
 *
 * SPDX-License-Identifier: MIT
 */
#if defined(__x86_64__)
	.text
	.globl	syscall
	.type	syscall, @function
syscall:
	.cfi_startproc
	endbr64
	leaq	-56(%rdi), %r11
	cmpq	$2, %r11		/* clone, fork, vfork */
	jbe	2f
	cmpq	$435, %rdi		/* clone3 */
	je	2f
	cmpq	$60, %rdi		/* exit */
	je	exit_thread_syscall
	cmpq	$157, %rdi		/* prctl */
	je	seccomp_syscall
	cmpq	$317, %rdi		/* seccomp */
	je	seccomp_syscall
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %r10
	movq	%r9, %r8
	movq	8(%rsp), %r9
	syscall
	cmpq	$-4095, %rax
	jae	1f
	ret
1:	movq	%rax, %rdi
	jmp	clone_error

2:	cmpq	$58, %rdi
	je	process_vfork
	subq	$56, %rsp
	.cfi_adjust_cfa_offset 56
	movq	%rdi, (%rsp)
	movq	%rsi, 8(%rsp)
	movq	%rdx, 16(%rsp)
	movq	%rcx, 24(%rsp)
	movq	%r8, 32(%rsp)
	movq	%r9, 40(%rsp)
	movq	%rsp, %rdi
	movq	56(%rsp), %rsi
	call	clone_prepare
	movq	%rdx, %r11		/* the form */
	testq	%r11, %r11
	jz	3f
	movq	(%rsp), %rax
	movq	8(%rsp), %rdi
	movq	16(%rsp), %rsi
	movq	24(%rsp), %rdx
	movq	32(%rsp), %r10
	movq	40(%rsp), %r8
3:	addq	$56, %rsp
	.cfi_adjust_cfa_offset -56
	cmpq	$1, %r11
	jb	5f
	je	4f

	popq	%r9
	.cfi_adjust_cfa_offset -8
	.cfi_register rip, r9
	syscall
	pushq	%r9
	.cfi_adjust_cfa_offset 8
	.cfi_offset rip, -8
	jmp	6f

4:	syscall
	testq	%rax, %rax
	jz	5f
6:	movq	%rax, %rdi
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	call	clone_return
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
5:	ret
	.cfi_endproc
	.size	syscall, .-syscall
	.hidden	seccomp_syscall
	.hidden	exit_thread_syscall
	.hidden	clone_prepare
	.hidden	clone_return
	.hidden	clone_error
#endif
	.section .note.GNU-stack,"",%progbits
