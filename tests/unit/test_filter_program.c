/*
 * test_filter_program.c - seccomp filters, as we read them and as the kernel does.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/filter_program.h"
#include "core/rawsys.h"
#include "noise.h"

#define FIELD(name) offsetof(struct seccomp_data, name)
#define LOAD(name)  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(name))
#define RETURN(k)   BPF_STMT(BPF_RET | BPF_K, (k))
#define REFUSE(e)   (SECCOMP_RET_ERRNO | (e))

static uint32_t run(const struct sock_filter *filter, size_t count, long number, uint64_t argument)
{
	struct sock_fprog program = {.len = (unsigned short)count, .filter = (struct sock_filter *)filter};
	struct seccomp_data call = {
		.nr = (int)number, .arch = RAW_AUDIT_ARCH, .args = {argument, argument, argument}};
	struct peek peek;

	peek_begin(&peek, getpid());
	return filter_program_run(&peek, &program, &call);
}

#define RUN(filter, number, argument) run(filter, sizeof(filter) / sizeof(*(filter)), number, argument)

static void numbers_and_arguments_are_told_apart(void **state)
{
	static const struct sock_filter filter[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RAW_AUDIT_ARCH, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 0, 1),
		RETURN(SECCOMP_RET_ALLOW),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_kill, 0, 3),
		LOAD(args[1]),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(REFUSE(EPERM)),
	};

	(void)state;
	assert_int_equal(RUN(filter, SYS_read, 5), SECCOMP_RET_ALLOW);
	assert_int_equal(RUN(filter, SYS_kill, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(RUN(filter, SYS_kill, 9), REFUSE(EPERM));
	assert_int_equal(RUN(filter, SYS_write, 0), REFUSE(EPERM));
}

static void what_is_no_program_allows_as_the_kernel_would_not_take_it(void **state)
{
	static const struct sock_filter outside[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), RETURN(0)};
	static const struct sock_filter beyond[] = {BPF_STMT(BPF_ST, BPF_MEMWORDS), RETURN(0)};
	static const struct sock_filter endless[] = {LOAD(nr)};
	struct sock_fprog nowhere = {.len = 10, .filter = (struct sock_filter *)16};
	struct seccomp_data call = {.nr = 0};
	struct peek peek;

	(void)state;
	assert_int_equal(RUN(outside, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(RUN(beyond, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(RUN(endless, 0, 0), SECCOMP_RET_ALLOW);
	peek_begin(&peek, getpid());
	assert_int_equal(filter_program_run(&peek, &nowhere, &call), SECCOMP_RET_ALLOW);
}

static void answers_that_kill_or_trap_are_fatal(void **state)
{
	(void)state;
	assert_true(filter_answer_is_fatal(SECCOMP_RET_KILL_PROCESS));
	assert_true(filter_answer_is_fatal(SECCOMP_RET_KILL_THREAD));
	assert_true(filter_answer_is_fatal(SECCOMP_RET_TRAP | 7));
	assert_false(filter_answer_is_fatal(REFUSE(EPERM)));
	assert_false(filter_answer_is_fatal(SECCOMP_RET_ALLOW));
	assert_false(filter_answer_is_fatal(SECCOMP_RET_TRACE));
}

static uint64_t seed = NOISE_SEED;

static uint32_t noise(void)
{
	return (uint32_t)(noise_next(&seed) >> 16);
}

/* An instruction that the kernel takes, with what it does left to chance. */
static struct sock_filter any_instruction(uint32_t left)
{
	static const uint16_t arithmetic[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_AND, BPF_OR,
					      BPF_XOR, BPF_LSH, BPF_RSH, BPF_NEG, BPF_DIV};
	static const uint16_t jumps[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
	uint16_t source = noise() % 2 ? BPF_X : BPF_K, op;

	switch (noise() % 8) {
	case 0:
		return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(args) + noise() % 12 * 4);
	case 1:
		return (struct sock_filter)BPF_STMT(noise() % 2 ? BPF_LD | BPF_IMM : BPF_LDX | BPF_IMM,
						    noise() % 4 ? noise() % 40 : noise());
	case 2:
		return (struct sock_filter)BPF_STMT(noise() % 2 ? BPF_ST : BPF_STX, noise() % BPF_MEMWORDS);
	case 3:
		return (struct sock_filter)BPF_STMT(noise() % 2 ? BPF_MISC | BPF_TAX : BPF_MISC | BPF_TXA, 0);
	case 4:
	case 5:
		op = arithmetic[noise() % 10];
		return (struct sock_filter)BPF_STMT(BPF_ALU | op | (op == BPF_NEG ? BPF_K : source),
						    op == BPF_LSH || op == BPF_RSH ? noise() % 32
										   : noise() % 64 + 1);
	default:
		return (struct sock_filter)BPF_JUMP(BPF_JMP | jumps[noise() % 4] | source, noise() % 64,
						    (uint8_t)(noise() % (left < 250 ? left : 250)),
						    (uint8_t)(noise() % (left < 250 ? left : 250)));
	}
}

enum { KILLED = 253 };

/* What the kernel answers in a child: an errno of 0 to 127, that the filter left in its accumulator. */
static int ask_kernel(struct sock_filter *filter, size_t count, long number, uint64_t argument)
{
	struct sock_fprog program = {.len = (unsigned short)count, .filter = filter};
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, 2, &program))
			_exit(255);
		_exit((int)-raw_syscall3(number, argument, argument, argument));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status) == SIGSYS ? KILLED : 254;
}

static void random_programs_get_the_kernels_answer(void **state)
{
	enum { BODY = 24, HEAD = 4, TAIL = 8, ROUNDS = 400 };
	int asked = 0;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		/* Only getppid() is asked about; memory is set first, as the kernel demands. */
		struct sock_filter filter[HEAD + BPF_MEMWORDS + BODY + TAIL] = {
			LOAD(nr),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0),
			RETURN(SECCOMP_RET_ALLOW),
			LOAD(args[0]),
		};
		size_t n = HEAD;
		int answer;

		for (uint32_t i = 0; i < BPF_MEMWORDS; i++)
			filter[n++] = (struct sock_filter)BPF_STMT(BPF_ST, i);
		for (uint32_t i = 0; i < BODY; i++)
			filter[n++] = any_instruction(BODY - i);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x7f);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
		seed += round;
		answer = ask_kernel(filter, n, SYS_getppid, seed & 0xffff);
		if (answer == 255) /* the kernel did not take it */
			continue;
		asked++;
		if (answer == KILLED) { /* divided by zero */
			assert_true(filter_answer_is_fatal(run(filter, n, SYS_getppid, seed & 0xffff)));
			continue;
		}
		assert_int_equal(run(filter, n, SYS_getppid, seed & 0xffff), REFUSE((uint32_t)answer));
	}
	assert_true(asked > ROUNDS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_arguments_are_told_apart),
		cmocka_unit_test(what_is_no_program_allows_as_the_kernel_would_not_take_it),
		cmocka_unit_test(answers_that_kill_or_trap_are_fatal),
		cmocka_unit_test(random_programs_get_the_kernels_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
