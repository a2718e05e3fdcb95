/*
 * test_leftovers.c - files like ledgers that another version of the program left: which go, and which stay.
 *
 * SPDX-License-Identifier: MIT
 */
#include "own_shm.h"
#include "tree_of_one.h"

#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { OTHER_SIZE = 1 << 20 };

static char path[LEDGER_PATH];

/* As a ledger is called that `maker` made; `more` comes behind. */
static void name_it(pid_t maker, const char *more)
{
	snprintf(path, sizeof(path), "/dev/shm/reslimit-%d-%d-%d%s", (int)geteuid(), (int)maker, 123456789,
		 more);
}

static void leave_a_file(off_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static bool stays(void)
{
	begin(MIB, RL_UNLIMITED);
	end(NULL);
	return access(path, F_OK) == 0;
}

/* A process that is in the middle of an exec, anybody's, has no environment and may yet know the file. */
static bool goes(void)
{
	for (int tries = 0; tries < 2000; tries++)
		if (!stays())
			return true;
	return false;
}

static int clean_up(void **state)
{
	unlink(path);
	return end(state);
}

static void a_ledger_of_another_size_goes_with_its_tree(void **state)
{
	(void)state;
	name_it(dead_pid(), "");
	leave_a_file(OTHER_SIZE);
	assert_true(goes());
}

/* The path of a ledger whose maker is dead, with that version. */
static void leave_a_ledger(uint32_t version)
{
	char *made = mmap(NULL, LEDGER_PATH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct ledger *l;
	pid_t pid = fork();

	if (pid == 0) {
		if (ledger_create(&l))
			_exit(1);
		l->version = version;
		memcpy(made, l->path, LEDGER_PATH);
		_exit(0);
	}
	assert_int_equal(reap(pid), 0);
	memcpy(path, made, LEDGER_PATH);
	munmap(made, LEDGER_PATH);
}

static void a_ledger_of_another_version_goes_with_its_tree(void **state)
{
	(void)state;
	leave_a_ledger(LEDGER_VERSION + 1);
	assert_int_equal(access(path, F_OK), 0);
	assert_true(goes());
}

static void who_has_it_mapped_keeps_it(void **state)
{
	int fd;

	(void)state;
	name_it(dead_pid(), "");
	leave_a_file(OTHER_SIZE);
	fd = open(path, O_RDWR);
	assert_true(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
	close(fd);
	assert_true(stays());
}

/* posix_spawn() returns in the middle of the exec. */
static void await_program(pid_t pid, const char *name)
{
	char comm[64], text[32] = "";
	FILE *f;

	snprintf(comm, sizeof(comm), "/proc/%d/comm", (int)pid);
	while (strncmp(text, name, strlen(name)) != 0) {
		f = fopen(comm, "re");
		assert_non_null(f);
		assert_non_null(fgets(text, sizeof(text), f));
		fclose(f);
	}
}

static void who_can_pass_it_on_keeps_it(void **state)
{
	char variable[LEDGER_PATH + 32];
	char *const environment[] = {variable, NULL}, *const argv[] = {"sleep", "20", NULL};
	pid_t pid;

	(void)state;
	name_it(dead_pid(), "");
	leave_a_file(OTHER_SIZE);
	snprintf(variable, sizeof(variable), "RESLIMIT_LEDGER=%s", path);
	assert_int_equal(posix_spawn(&pid, "/bin/sleep", NULL, NULL, argv, environment), 0);
	await_program(pid, "sleep");
	assert_true(stays());
	kill(pid, SIGKILL);
	reap(pid);
	assert_true(goes());
}

static void a_living_maker_keeps_it(void **state)
{
	(void)state;
	name_it(getppid(), "");
	leave_a_file(OTHER_SIZE);
	assert_true(stays());
}

/* Tries from a process whose number is no multiple of a power of two. */
static int sweep_from_an_odd_number(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (getpid() % 2 == 0)
			_exit(sweep_from_an_odd_number());
		_exit(!goes());
	}
	return WEXITSTATUS(reap(pid));
}

/* As one of a pid namespace that is gone: the small numbers of those are somebody else's here. */
static void a_ledger_whose_makers_number_is_anothers_goes_whoever_starts(void **state)
{
	char made[LEDGER_PATH];

	(void)state;
	leave_a_ledger(LEDGER_VERSION);
	memcpy(made, path, sizeof(made));
	name_it(getpid(), "");
	assert_int_equal(rename(made, path), 0);
	assert_int_equal(sweep_from_an_odd_number(), 0);
}

static void what_only_resembles_one_stays(void **state)
{
	static const char *const more[] = {".txt", "-1", "a"};

	(void)state;
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++) {
		name_it(dead_pid(), more[i]);
		leave_a_file(OTHER_SIZE);
		assert_true(stays());
		unlink(path);
	}
	/* Behind a link there may be anything. */
	name_it(dead_pid(), "");
	assert_int_equal(symlink("/dev/null", path), 0);
	begin(MIB, RL_UNLIMITED);
	assert_int_equal(readlink(path, (char[16]){0}, 16), 9);
}

static void a_socket_that_lost_its_supervisor_goes(void **state)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	(void)state;
	name_it(dead_pid(), "");
	snprintf(name.sun_path, sizeof(name.sun_path), "%.100s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	close(fd);
	assert_true(goes());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_ledger_of_another_size_goes_with_its_tree, clean_up),
		cmocka_unit_test_teardown(a_ledger_of_another_version_goes_with_its_tree, clean_up),
		cmocka_unit_test_teardown(who_has_it_mapped_keeps_it, clean_up),
		cmocka_unit_test_teardown(who_can_pass_it_on_keeps_it, clean_up),
		cmocka_unit_test_teardown(a_living_maker_keeps_it, clean_up),
		cmocka_unit_test_teardown(a_ledger_whose_makers_number_is_anothers_goes_whoever_starts,
					  clean_up),
		cmocka_unit_test_teardown(what_only_resembles_one_stays, clean_up),
		cmocka_unit_test_teardown(a_socket_that_lost_its_supervisor_goes, clean_up),
	};

	return cmocka_run_group_tests(tests, enter_own_shm, NULL);
}
