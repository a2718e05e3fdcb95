/*
 * churn_at_limit.c - threads and processes that replace blocks close to a shared byte limit:
 * churn_at_limit THREADS TURNS PROCESSES BUDGET PERCENT.
 *
 * Each worker keeps its blocks within a quota; the quotas add up to PERCENT of
 * BUDGET and move between workers all the time, so that room freed by one is
 * wanted by another. Below 100 percent every request fits into what is free,
 * and a refusal is a false one. Above, refusals are due, and what all hold
 * together is counted, after a block is taken and before it is freed: never
 * more than what is really held. Prints the cost of a turn (see workers.h),
 * then the refusals and the highest count of bytes held (0 below 100 percent).
 *
 * SPDX-License-Identifier: MIT
 */
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

#include "clocks.h"
#include "workers.h"

enum { SLOTS = 1024, EXCHANGE_EVERY = 64, WORKERS_MAX = 1024 };

/* Shared by all workers, whatever their process. */
static struct shared {
	atomic_size_t
		inbox[WORKERS_MAX]; /* quota handed to a worker; release: its giver has freed the blocks */
	atomic_size_t held;
	atomic_size_t held_peak;
	atomic_long refusals;
	atomic_long workers;
	long count;
	size_t first_quota;
	int counting;
} * shared;

/* Not mapped when a worker begins: with others above the budget already, that would be refused. */
static struct worker {
	long index;
	size_t quota;
	size_t held;
	void *block[SLOTS];
} workers[WORKERS_MAX];

static void count_taken(size_t bytes)
{
	size_t held = atomic_fetch_add_explicit(&shared->held, bytes, memory_order_relaxed) + bytes;
	size_t peak = atomic_load_explicit(&shared->held_peak, memory_order_relaxed);

	while (held > peak)
		if (atomic_compare_exchange_weak_explicit(&shared->held_peak, &peak, held,
							  memory_order_relaxed, memory_order_relaxed))
			break;
}

static void give_block_back(struct worker *me, size_t slot)
{
	size_t bytes = malloc_usable_size(me->block[slot]);

	if (shared->counting)
		atomic_fetch_sub_explicit(&shared->held, bytes, memory_order_relaxed);
	free(me->block[slot]);
	me->block[slot] = NULL;
	me->held -= bytes;
}

/* Sizes are 16 n + 8, which glibc serves without rounding, and mostly want more than the quota has left. */
static void take_block(struct worker *me, size_t slot, uint64_t random)
{
	size_t size = random % (me->quota / SLOTS * 5 / 2) / 16 * 16 + 24;
	size_t bytes;

	if (me->held + size > me->quota)
		size = me->held + 24 <= me->quota ? (me->quota - me->held - 8) / 16 * 16 + 8 : 0;
	if (size == 0)
		return;
	me->block[slot] = malloc(size);
	if (!me->block[slot]) {
		atomic_fetch_add_explicit(&shared->refusals, 1, memory_order_relaxed);
		return;
	}
	bytes = malloc_usable_size(me->block[slot]);
	me->held += bytes;
	if (shared->counting)
		count_taken(bytes);
}

static void exchange_quota(struct worker *me, uint64_t *seed)
{
	size_t part = random_next(seed) % (shared->first_quota / 8);

	me->quota += atomic_exchange_explicit(&shared->inbox[me->index], 0, memory_order_acquire);
	if (me->quota < part + shared->first_quota / 4)
		return;
	for (size_t slot = random_next(seed); me->held + part > me->quota; slot++)
		if (me->block[slot % SLOTS])
			give_block_back(me, slot % SLOTS);
	me->quota -= part;
	atomic_fetch_add_explicit(&shared->inbox[(me->index + 1) % shared->count], part,
				  memory_order_release);
}

static void turn(void *state, long turns, uint64_t *seed)
{
	struct worker *me = state;

	for (long i = 0; i < turns; i++) {
		uint64_t random = random_next(seed);
		size_t slot = random >> 32 & (SLOTS - 1);

		if (i % EXCHANGE_EVERY == 0)
			exchange_quota(me, seed);
		if (me->block[slot])
			give_block_back(me, slot);
		take_block(me, slot, random & UINT32_MAX);
	}
}

static void *prepare(uint64_t *seed)
{
	long index = atomic_fetch_add_explicit(&shared->workers, 1, memory_order_relaxed);
	struct worker *me = &workers[index];

	me->index = index;
	me->quota = shared->first_quota;
	for (size_t slot = 0; slot < SLOTS; slot++)
		take_block(me, slot, random_next(seed) & UINT32_MAX);
	return me;
}

int main(int argc, char **argv)
{
	size_t budget = (size_t)number_argument(argc, argv, 4, 64 << 20);
	size_t percent = (size_t)number_argument(argc, argv, 5, 99);
	int status;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 2;
	shared->count = number_argument(argc, argv, 1, 1) * number_argument(argc, argv, 3, 1);
	if (shared->count < 1 || shared->count > WORKERS_MAX)
		return 2;
	shared->first_quota = budget / 100 * percent / (size_t)shared->count;
	shared->counting = percent > 100;
	status = workers_main(argc, argv, &(struct worker_loop){prepare, turn});
	printf("%ld %zu\n", atomic_load_explicit(&shared->refusals, memory_order_relaxed),
	       atomic_load_explicit(&shared->held_peak, memory_order_relaxed));
	return status;
}
