/*
 * charged.h - what the ledger says is charged to this process, read from its file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TEST_CHARGED_H
#define RL_TEST_CHARGED_H

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "contract/ledger_layout.h"
#include "subject.h"

/* The ledger, mapped by system calls that no hook sees; NULL without a guard. */
static inline const struct ledger *ledger_map(void)
{
	static const struct ledger *ledger;
	const char *path = getenv("RESLIMIT_LEDGER");
	int fd;

	if (ledger || !path)
		return ledger;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		_exit(97);
	ledger = (void *)syscall(SYS_mmap, NULL, sizeof(*ledger), PROT_READ, MAP_SHARED, fd, 0L);
	close(fd);
	return ledger;
}

/* Bytes charged to this process: see ledger_layout.h. Exact while no other thread of it runs. */
static inline long charged(void)
{
	const struct ledger *l = ledger_map();
	uint32_t slot = 0;
	long sum;

	if (!l)
		return 0;
	while (slot < LEDGER_SLOTS && !(l->slot[slot].state == SLOT_LIVE && l->slot[slot].pid == getpid()))
		slot++;
	if (slot == LEDGER_SLOTS)
		_exit(96);
	sum = l->slot[slot].leased - l->slot[slot].taken - l->slot[slot].surplus;
	for (uint32_t i = 0; i < l->cells_end; i++)
		if (ledger_cell(l, i)->slot == slot + 1)
			sum -= ledger_cell(l, i)->credit - ledger_cell(l, i)->taken;
	return sum;
}

#endif
