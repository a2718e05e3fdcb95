/*
 * test_ledger_file.c - the ledger's file: found again, checked before use, swept when nobody has it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "own_shm.h"
#include "tree_of_one.h"

#include <sys/ptrace.h>

static void expect_refused(const char *path, int error)
{
	struct ledger *other = NULL;

	assert_int_equal(ledger_open(path, &other), error);
}

static void ledger_is_found_again_by_its_path(void **state)
{
	struct ledger *again;
	struct stat st;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	assert_int_equal(stat(ledger->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(ledger_open(ledger->path, &again), 0);
	assert_int_equal(again->account[0].limit[RL_MEM], MIB);
	ledger_unmap(again);
}

static void file_that_others_could_change_is_refused(void **state)
{
	char link_path[LEDGER_PATH + 8];

	(void)state;
	begin(MIB, RL_UNLIMITED);
	assert_int_equal(chmod(ledger->path, 0660), 0);
	expect_refused(ledger->path, -EPERM);
	assert_int_equal(chmod(ledger->path, 0600), 0);
	snprintf(link_path, sizeof(link_path), "%s.link", ledger->path);
	assert_int_equal(symlink(ledger->path, link_path), 0);
	expect_refused(link_path, -ELOOP);
	unlink(link_path);
	if (geteuid() == 0) {
		assert_int_equal(chown(ledger->path, 65534, 65534), 0);
		expect_refused(ledger->path, -EPERM);
		assert_int_equal(chown(ledger->path, 0, 0), 0);
	}
	expect_refused("/dev/null", -EPERM);
	expect_refused("/nonexistent/ledger", -ENOENT);
}

static void file_of_another_shape_is_refused(void **state)
{
	char path[LEDGER_PATH];
	uint32_t end_of_slots;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	strcpy(path, ledger->path);
	ledger->magic++;
	expect_refused(path, -EPERM);
	ledger->magic--;
	ledger->version++;
	expect_refused(path, -EPERM);
	ledger->version--;
	ledger->size--;
	expect_refused(path, -EPERM);
	ledger->size++;
	/* Garbage behind a good header must not lead outside the tables. */
	end_of_slots = ledger->slots_end;
	ledger->slots_end = UINT32_MAX;
	expect_refused(path, -EPERM);
	ledger->slots_end = end_of_slots;
	ledger->cells_end = LEDGER_CELLS + 1;
	expect_refused(path, -EPERM);
	ledger->cells_end = 0;
	ledger_unmap(ledger);
	ledger = NULL;
	assert_int_equal(truncate(path, 4096), 0);
	expect_refused(path, -EPERM);
	unlink(path);
}

static void leave_a_ledger(char *path)
{
	struct config config = limits(MIB, RL_UNLIMITED);
	struct ledger *l;
	uint32_t slot;

	if (ledger_create(&l))
		_exit(1);
	slot = slots_open(l, LEDGER_NONE);
	slots_bind(l, slot, getpid());
	l->slot[slot].account = accounts_open(l, LEDGER_NONE, slot, &config, ACCOUNT_WHOLE);
	memcpy(path, l->path, LEDGER_PATH);
	kill(getpid(), SIGKILL);
}

static void next_start_sweeps_what_a_killed_tree_left(void **state)
{
	char *path = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		leave_a_ledger(path);
	assert_int_equal(reap(pid), SIGKILL);
	assert_int_equal(access(path, F_OK), 0);
	begin(MIB, RL_UNLIMITED);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(ledger->path, F_OK), 0);
	munmap(path, 4096);
}

/* A ledger whose maker is gone; `member` stands in it, alive or not. */
static void leave_a_ledger_of(pid_t member, char *path)
{
	struct ledger *l;
	pid_t pid = fork();

	if (pid == 0) {
		if (ledger_create(&l))
			_exit(1);
		slots_bind(l, slots_open(l, LEDGER_NONE), member);
		memcpy(path, l->path, LEDGER_PATH);
		_exit(0);
	}
	assert_int_equal(reap(pid), 0);
}

static bool is_left_by_the_next_start(const char *path)
{
	begin(MIB, RL_UNLIMITED);
	end(NULL);
	return access(path, F_OK) == 0;
}

static void ledger_is_no_leftover_while_a_member_executes(void **state)
{
	char *path = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct ledger *l;

	(void)state;
	leave_a_ledger_of(999999999, path);
	assert_int_equal(ledger_open(path, &l), 0);
	assert_true(is_left_by_the_next_start(path));
	l->slot[0].exec_ns = raw_clock_ns(CLOCK_BOOTTIME);
	ledger_unmap(l);
	assert_true(is_left_by_the_next_start(path));
	assert_int_equal(ledger_open(path, &l), 0);
	l->slot[0].exec_ns -= INT64_C(3000000000);
	ledger_unmap(l);
	assert_false(is_left_by_the_next_start(path));
	munmap(path, 4096);
}

static void ledger_is_no_leftover_while_an_unguarded_program_can_pass_it_on(void **state)
{
	char *path = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char variable[LEDGER_PATH + 32];
	char *const environment[] = {variable, NULL}, *const argv[] = {"sleep", "20", NULL};
	int told[2], status;
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (pid == 0) {
		close(told[1]);
		if (read(told[0], &c, 1) != 1)
			_exit(1);
		snprintf(variable, sizeof(variable), "RESLIMIT_LEDGER=%s", path);
		fcntl(told[0], F_SETFD, FD_CLOEXEC);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execve("/bin/sleep", argv, environment);
		_exit(1);
	}
	leave_a_ledger_of(pid, path);
	assert_int_equal(write(told[1], "x", 1), 1);
	/* Stopped behind its exec. */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	assert_true(is_left_by_the_next_start(path));
	kill(pid, SIGKILL);
	reap(pid);
	assert_false(is_left_by_the_next_start(path));
	close(told[0]);
	close(told[1]);
	munmap(path, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(ledger_is_found_again_by_its_path),
		LEDGER_TEST(file_that_others_could_change_is_refused),
		LEDGER_TEST(file_of_another_shape_is_refused),
		LEDGER_TEST(next_start_sweeps_what_a_killed_tree_left),
		LEDGER_TEST(ledger_is_no_leftover_while_a_member_executes),
		LEDGER_TEST(ledger_is_no_leftover_while_an_unguarded_program_can_pass_it_on),
	};

	return cmocka_run_group_tests(tests, enter_own_shm, NULL);
}
