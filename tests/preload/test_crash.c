/*
 * test_crash.c - kill -9 at any instant, and the budget at its limit, seen by an observer of the ledger.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../subjects/churn.h"
#include "contract/ledger_layout.h"
#include "core/vacancy.h"

enum { PATIENCE_MS = 20000 };

static struct churn *churn;
static const struct ledger *ledger;

/* What the observer found; told by the test's main thread. */
static char complaint[512];
static int kills_done, quiet_points;
static int64_t base[CHURN_PROCS]; /* charged beside the blocks that threads know of; by process */
static int base_pid[CHURN_PROCS];

static bool is_long(void)
{
	return getenv("RL_LONG") && *getenv("RL_LONG");
}

#define complain(...)                                                                                        \
	do {                                                                                                 \
		if (!*complaint)                                                                             \
			snprintf(complaint, sizeof(complaint), __VA_ARGS__);                                 \
	} while (0)

static bool wait_until(bool (*holds)(void))
{
	for (int i = 0; i < PATIENCE_MS * 2; i++) {
		if (holds())
			return true;
		usleep(500);
	}
	return false;
}

static bool has_started(void)
{
	return atomic_load(&churn->first) && churn->ledger[0];
}

static bool all_have_arrived(void)
{
	long pause_number = atomic_load(&churn->pause);

	for (int p = 0; p < CHURN_PROCS; p++) {
		int pid = atomic_load(&churn->process[p].pid);

		if (!pid || kill(pid, 0))
			return false;
		for (int t = 0; t < CHURN_THREADS; t++)
			if (atomic_load(&churn->process[p].arrived[t]) != pause_number)
				return false;
	}
	return true;
}

static bool has_swept(void)
{
	return atomic_load(&churn->swept) == atomic_load(&churn->sweep);
}

static int count_slots(void)
{
	int count = 0;

	for (uint32_t i = 0; i < ledger->slots_end; i++)
		count += ledger->slot[i].state != SLOT_FREE;
	return count;
}

/* Children of the killed end on their own; a sweep then finds them dead. */
static bool only_survivors_have_slots(void)
{
	if (count_slots() == CHURN_PROCS + 1)
		return true;
	if (has_swept())
		atomic_fetch_add(&churn->sweep, 1);
	return false;
}

static int64_t charged_to(uint32_t slot)
{
	int64_t charged = ledger->slot[slot].leased - ledger->slot[slot].taken - ledger->slot[slot].surplus;

	for (uint32_t i = 0; i < ledger->cells_end; i++)
		if (ledger_cell(ledger, i)->slot == slot + 1)
			charged -= ledger_cell(ledger, i)->credit - ledger_cell(ledger, i)->taken;
	return charged;
}

static void check_process(int p)
{
	int pid = atomic_load(&churn->process[p].pid), found = 0;
	int64_t held = 0;

	for (int t = 0; t < CHURN_THREADS; t++)
		held += atomic_load(&churn->process[p].held[t]);
	for (uint32_t i = 0; i < ledger->slots_end; i++) {
		int64_t beside;

		if (ledger->slot[i].state == SLOT_FREE || ledger->slot[i].pid != pid)
			continue;
		found++;
		beside = charged_to(i) - held;
		if (base_pid[p] == pid && base[p] != beside)
			complain("process %d: %ld bytes beside its blocks, before %ld", pid, (long)beside,
				 (long)base[p]);
		if (beside < 0 || beside > 8192)
			complain("process %d holds %ld and is charged %ld more", pid, (long)held,
				 (long)beside);
		base[p] = beside;
		base_pid[p] = pid;
	}
	if (found != 1)
		complain("process %d has %d slots", pid, found);
}

static void check_sums(void)
{
	const struct account *a = &ledger->account[0];
	int64_t leased = 0, threads = 0, counted = 0;

	for (uint32_t i = 0; i < ledger->slots_end; i++) {
		const struct slot *s = &ledger->slot[i];

		if (s->state == SLOT_FREE)
			continue;
		leased += s->leased - s->taken;
		threads += s->threads - (s->vacant != 0);
		counted += s->threads - ((s->vacant & VACANCY_OF_CELL) != 0);
	}
	if (a->leased != leased)
		complain("account has leased %ld, its processes hold %ld", (long)a->leased, (long)leased);
	if (a->leased > a->limit[RL_MEM])
		complain("account has leased %ld of %ld", (long)a->leased, (long)a->limit[RL_MEM]);
	if (a->procs != CHURN_PROCS + 1)
		complain("account counts %ld processes", (long)a->procs);
	if (a->threads != counted || threads != CHURN_PROCS * (CHURN_THREADS - 1))
		complain("account counts %ld threads, its processes %ld and have %ld", (long)a->threads,
			 (long)counted, (long)threads);
}

static void complain_of_slots(void)
{
	char text[400];
	int len = 0;

	for (uint32_t i = 0; i < ledger->slots_end && len < 300; i++)
		if (ledger->slot[i].state != SLOT_FREE)
			len += snprintf(text + len, sizeof(text) - (size_t)len,
					" %u:state %u pid %d maker %d", i, ledger->slot[i].state,
					ledger->slot[i].pid, ledger->slot[i].creator);
	complain("after %d kills too many slots are in use (lock %x):%s", kills_done, ledger->lock, text);
}

/* Everybody stands still, the dead are swept: now the sums must be right to the byte. */
static void look_at_a_quiet_point(void)
{
	atomic_fetch_add(&churn->pause, 1);
	if (!wait_until(all_have_arrived)) {
		complain("after %d kills a process waits for ever (lock %x)", kills_done, ledger->lock);
		return;
	}
	atomic_fetch_add(&churn->sweep, 1);
	if (!wait_until(has_swept) || !wait_until(only_survivors_have_slots) || !wait_until(has_swept)) {
		complain_of_slots();
		return;
	}
	check_sums();
	for (int p = 0; p < CHURN_PROCS; p++)
		check_process(p);
	quiet_points++;
	atomic_fetch_add(&churn->pause, 1);
}

static bool map_ledger(void)
{
	int fd;

	if (!wait_until(has_started))
		return false;
	fd = open(churn->ledger, O_RDONLY | O_CLOEXEC);
	ledger = mmap(NULL, sizeof(*ledger), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return ledger != MAP_FAILED;
}

static void *observe(void *arg)
{
	int kills = *(int *)arg;
	unsigned seed = (unsigned)time(NULL);

	if (!map_ledger())
		complain("no ledger to look at");
	while (!*complaint && kills_done < kills) {
		int pid = atomic_load(&churn->process[rand_r(&seed) % CHURN_PROCS].pid);

		usleep((unsigned)rand_r(&seed) % 4000);
		if (pid && !kill(pid, SIGKILL))
			kills_done++;
		look_at_a_quiet_point();
	}
	atomic_store(&churn->stop, 1);
	return NULL;
}

static void kills_at_any_instant_lose_not_a_byte_and_block_nobody(void **state)
{
	int kills = is_long() ? 1000 : 100, fd;
	pthread_t observer;
	char path[256];
	struct run *r;

	(void)state;
	snprintf(path, sizeof(path), "%s/churn", scratch_dir());
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, sizeof(*churn)), 0);
	churn = mmap(NULL, sizeof(*churn), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_int_equal(pthread_create(&observer, NULL, observe, &kills), 0);
	r = run_guarded(&(struct spec){.set = SET("MEM=24M"),
				       .argv = ARGV("churn_under_kills", path),
				       .timeout_s = is_long() ? 900 : 300});
	pthread_join(observer, NULL);
	print_message("# %d kills, %d quiet points, %u repairs, %u reclaims, %ld grants, %ld refusals, %ld "
		      "children\n",
		      kills_done, quiet_points, ledger->repairs, ledger->reclaims,
		      atomic_load(&churn->grants), atomic_load(&churn->refused),
		      atomic_load(&churn->children));
	assert_string_equal(complaint, "");
	expect_exit(r, 0);
	assert_int_equal(kills_done, kills);
	assert_true(quiet_points >= kills - 1);
	assert_true(atomic_load(&churn->refused) > 0);
	assert_int_equal(access(churn->ledger, F_OK), -1);
	run_free(r);
	close(fd);
}

static struct run *churn_at(const char *percent)
{
	const char *seconds = is_long() ? "60" : "3";

	return run_guarded(
		&(struct spec){.set = SET("MEM=67108864"),
			       .argv = ARGV("churn_at_budget", "4", "8", seconds, "67108864", percent),
			       .timeout_s = 300});
}

static void threads_that_want_more_than_there_is_are_never_over(void **state)
{
	struct run *r = churn_at("300");

	(void)state;
	expect_exit(r, 0);
	print_message("# %s", r->out);
	expect(r, out_number(r, "over") == 0);
	expect(r, out_number(r, "refused") > 0);
	expect(r, out_number(r, "left") == 0);
	expect(r, out_number(r, "most") > 67108864 / 100 * 99);
	run_free(r);
}

static void at_99_percent_nothing_is_over_and_nothing_is_refused(void **state)
{
	struct run *r = churn_at("99");

	(void)state;
	expect_exit(r, 0);
	print_message("# %s", r->out);
	expect(r, out_number(r, "over") == 0);
	expect(r, out_number(r, "refused") == 0);
	expect(r, out_number(r, "left") == 0);
	expect(r, out_number(r, "most") > 67108864 / 100 * 98);
	expect(r, record_int(r, "mem_peak_bytes") <= 67108864);
	run_free(r);
}

/* A deadline that comes while the watchdog waits for the lock: that is no time in which it was stopped. */
static void a_wait_for_the_lock_does_not_put_off_the_deadline(void **state)
{
	static const char *const walls[] = {"WALL=20ms", "WALL=40ms", "WALL=60ms", "WALL=100ms",
					    "WALL=150ms"};

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct run *r = run_guarded(&(struct spec){
			.set = SET("MEM=1G", walls[i], "CPU=1h", "WALL_ACTION=TERM:100ms,KILL"),
			.argv = ARGV("stop_in_lock"),
			.timeout_s = 20});

		print_message("# %s\n", walls[i]);
		expect(r, WIFSIGNALED(r->status));
		expect_verdict(r, "wall");
		expect(r, record_int(r, "wall_stopped_ns") == 0);
		run_free(r);
	}
}

/* Both wait for the lock, with all signals blocked; only a watchdog that does not can end them. */
static void a_stopped_owner_of_the_lock_does_not_put_off_the_end(void **state)
{
	struct run *r = guarded(SET("MEM=1G", "WALL=200ms", "CPU=1h", "WALL_ACTION=TERM:100ms,KILL"),
				ARGV("stop_in_lock"));

	(void)state;
	expect_ended_by(r, SIGKILL, "wall");
	expect_out(r, "stopped=1\n");
	expect(r, json_array_size(record_find(r, "steps")) == 2);
	expect(r, r->elapsed_ns < 3 * SEC);
	run_free(r);
}

/* Within a tick of the clock that tells when a process began. */
static void a_number_that_is_given_again_at_once_is_another_process(void **state)
{
	struct run *r = guarded(SET("MEM=60M"), ARGV("reuse_number", "41943040", "20"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "refused") == 0);
	if (!geteuid())
		expect(r, out_number(r, "reused") > 0);
	run_free(r);
}

/* Nobody has looked for them before: what they leave behind must not count as taken. */
static void tables_that_the_dead_fill_have_room_for_the_living(void **state)
{
	struct run *r = run_guarded(
		&(struct spec){.set = SET("SCOPE=process", "MEM=10M"),
			       .argv = ARGV("use_up_tables", "accounts", "4200", "/bin/echo", "started"),
			       .timeout_s = 120});

	(void)state;
	expect_out(r, "refused=0\nstarted\n");
	expect_exit(r, 0);
	run_free(r);
	r = run_guarded(&(struct spec){.set = SET("MEM=200M"),
				       .argv = ARGV("use_up_tables", "cells", "100", "660"),
				       .timeout_s = 120});
	expect_out(r, "refused=0\n");
	expect_exit(r, 0);
	run_free(r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kills_at_any_instant_lose_not_a_byte_and_block_nobody),
		cmocka_unit_test(threads_that_want_more_than_there_is_are_never_over),
		cmocka_unit_test(at_99_percent_nothing_is_over_and_nothing_is_refused),
		cmocka_unit_test(a_number_that_is_given_again_at_once_is_another_process),
		cmocka_unit_test(tables_that_the_dead_fill_have_room_for_the_living),
		cmocka_unit_test(a_wait_for_the_lock_does_not_put_off_the_deadline),
		cmocka_unit_test(a_stopped_owner_of_the_lock_does_not_put_off_the_end),
	};

	/* The bench asks for one. */
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
