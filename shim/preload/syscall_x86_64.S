/*
 * syscall_x86_64.S - syscall() for x86-64.
 *
 * Called:  anywhere. Every number but seven goes straight to the kernel, as in
 *          libc's own, with six arguments.
 * Context: async-signal-safe. r9 goes through these system calls, which do
 *          not use it and preserve it. A child that shares our stack would
 *          overwrite the return address of its parent: it waits there. A child
 *          with a stack of its own finds there what it is to call
 *          clone_return() with, which is odd, or our stack if that is lent
 *          for it, or 0; and on its own stack what its maker put there.
 *
 * The stack is misaligned by 8 at entry. CLONE_NEW_STACK is 1, _OWN_ 2, _LENT_ 3, _SHARED_ 4.
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
	testq	%rdx, %rdx		/* the form */
	jz	7f
	movq	%rax, 48(%rsp)
	movq	%rdx, %r11
	movq	(%rsp), %rax
	movq	8(%rsp), %rdi
	movq	16(%rsp), %rsi
	movq	24(%rsp), %rdx
	movq	32(%rsp), %r10
	movq	40(%rsp), %r8
	cmpq	$2, %r11
	je	4f
	movq	48(%rsp), %r9
	jb	3f
	cmpq	$4, %r11
	je	5f
	movq	%rsp, %r9
3:	syscall
	testq	%rax, %rax
	jz	8f
	jmp	6f

4:	movq	56(%rsp), %r9
	.cfi_register rip, r9
	syscall
	movq	%r9, 56(%rsp)
	.cfi_offset rip, -8
	movq	48(%rsp), %rsi		/* the child reads it before anybody writes there */
6:	movq	%rax, %rdi
	call	clone_return
	.cfi_remember_state
7:	addq	$56, %rsp
	.cfi_adjust_cfa_offset -56
	ret
	.cfi_restore_state

5:	addq	$56, %rsp		/* both return at once, as from libc's own */
	.cfi_adjust_cfa_offset -56
	popq	%r9
	.cfi_adjust_cfa_offset -8
	.cfi_register rip, r9
	syscall
	pushq	%r9
	.cfi_adjust_cfa_offset 8
	.cfi_offset rip, -8
	testq	%rax, %rax
	jz	2f
	subq	$56, %rsp
	.cfi_adjust_cfa_offset 56
	jmp	6b

8:	.cfi_undefined rip		/* the child, on its own stack */
	testq	%r9, %r9
	jz	2f
	movq	%rsp, %rax
	testq	$1, %r9
	jnz	1f
	movq	%r9, %rsp
	movq	48(%rsp), %r9
1:	andq	$-16, %rsp
	subq	$16, %rsp
	movq	%rax, (%rsp)
	movq	%r9, %rsi
	xorl	%edi, %edi
	call	clone_return
	movq	(%rsp), %rsp
2:	ret
	.cfi_endproc
	.size	syscall, .-syscall
	.hidden	seccomp_syscall
	.hidden	exit_thread_syscall
	.hidden	clone_prepare
	.hidden	clone_return
	.hidden	clone_error
#endif
	.section .note.GNU-stack,"",%progbits
