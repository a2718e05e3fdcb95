/*
 * ledgers.c - the guarded trees of this user that are alive; see ledgers.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ledgers.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/ledger_file.h"
#include "core/slots.h"

static int take(struct ledgers *all, const char *path)
{
	const struct ledger *l, **grown;

	if (ledger_open_to_read(path, &l))
		return 0;
	/* What a killed tree left is for the next start to sweep. */
	if (slots_is_last(l, LEDGER_NONE)) {
		ledger_unmap(l);
		return 0;
	}
	grown = realloc(all->ledger, (all->count + 1) * sizeof(*grown));
	if (!grown) {
		ledger_unmap(l);
		return -ENOMEM;
	}
	grown[all->count++] = l;
	all->ledger = grown;
	return 0;
}

static int search(struct ledgers *all, const char *directory)
{
	DIR *d = opendir(directory);
	const struct dirent *e;
	char path[LEDGER_PATH];
	int error = 0;

	if (!d)
		return 0;
	while (!error && (e = readdir(d)))
		if (ledger_name_is_ours(e->d_name) &&
		    snprintf(path, sizeof(path), "%s/%s", directory, e->d_name) < (int)sizeof(path))
			error = take(all, path);
	closedir(d);
	return error;
}

/* Oldest first, so that lines keep their places. */
static int compare(const void *a, const void *b)
{
	const struct ledger *one = *(const struct ledger *const *)a;
	const struct ledger *other = *(const struct ledger *const *)b;

	return (one->account[0].start_ns > other->account[0].start_ns) -
	       (one->account[0].start_ns < other->account[0].start_ns);
}

int ledgers_find(struct ledgers *all)
{
	int error = 0;

	*all = (struct ledgers){NULL, 0};
	for (size_t i = 0; !error && LEDGER_DIRECTORIES[i]; i++)
		error = search(all, LEDGER_DIRECTORIES[i]);
	if (error)
		ledgers_free(all);
	else if (all->count)
		qsort(all->ledger, all->count, sizeof(const struct ledger *), compare);
	return error;
}

void ledgers_free(struct ledgers *all)
{
	for (size_t i = 0; i < all->count; i++)
		ledger_unmap(all->ledger[i]);
	free(all->ledger);
	*all = (struct ledgers){NULL, 0};
}
