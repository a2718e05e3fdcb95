/*
 * vfork_x86_64.S - vfork for x86-64.
 *
 * Called:  any thread; the code after the system call runs in both processes.
 * Context: async-signal-safe. Parent and child share the stack, so nothing may
 *          lie on it across the system call: the return address waits in rdi,
 *          which the kernel preserves and each process has for itself.
 *
 * SPDX-License-Identifier: MIT
 */
#if defined(__x86_64__)
	.text
	.globl	vfork, __vfork, process_vfork
	.hidden	process_vfork
	.type	vfork, @function
	.type	__vfork, @function
vfork:
__vfork:
process_vfork:			/* for syscall_x86_64.S */
	.cfi_startproc
	endbr64
	movq	(%rsp), %rdi
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	call	process_vfork_prepare
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	testq	%rax, %rax
	jnz	1f
	popq	%rdi
	.cfi_adjust_cfa_offset -8
	.cfi_register rip, rdi
	movl	$58, %eax
	syscall
	pushq	%rdi
	.cfi_adjust_cfa_offset 8
	.cfi_offset rip, -8
	movq	%rax, %rdi
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	call	process_vfork_return
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
1:	ret
	.cfi_endproc
	.size	vfork, .-vfork
	.hidden	process_vfork_prepare
	.hidden	process_vfork_return
#endif
	.section .note.GNU-stack,"",%progbits
