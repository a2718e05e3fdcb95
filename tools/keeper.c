/*
 * keeper.c - the head and the tail of a stream; see keeper.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "keeper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int keeper_open(struct keeper *k, int fd, int64_t limit)
{
	*k = (struct keeper){.fd = fd, .head_left = limit, .last = '\n'};
	if (limit == INT64_MAX)
		return 0;
	k->tail_size = (size_t)(limit / 2 < KEEPER_TAIL_MAX ? limit / 2 : KEEPER_TAIL_MAX);
	k->head_left = limit - (int64_t)k->tail_size;
	if (!k->tail_size)
		return 0;
	/* Mapped, so that a short stream pays for the pages that it touches only. */
	k->tail = mmap(NULL, k->tail_size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (k->tail == MAP_FAILED)
		return -errno;
	return 0;
}

void keeper_fail(struct keeper *k, int error)
{
	if (!k->error)
		k->error = error;
}

/* Return: how many of the bytes were written. */
static size_t write_out(struct keeper *k, const char *bytes, size_t len)
{
	size_t done = 0;

	while (done < len && !k->error) {
		ssize_t written = write(k->fd, bytes + done, len - done);

		if (written > 0)
			done += (size_t)written;
		else if (written == 0)
			keeper_fail(k, EIO);
		else if (errno != EINTR)
			keeper_fail(k, errno);
	}
	return done;
}

static void write_stream(struct keeper *k, const char *bytes, size_t len)
{
	size_t done = write_out(k, bytes, len);

	k->kept += (int64_t)done;
	k->lost += (int64_t)(len - done);
}

static void put_into_ring(struct keeper *k, const char *bytes, size_t len)
{
	k->past_head += (int64_t)len;
	if (len > k->tail_size) {
		bytes += len - k->tail_size;
		len = k->tail_size;
	}
	while (len) {
		size_t at = (size_t)((k->past_head - (int64_t)len) % (int64_t)k->tail_size);
		size_t part = len < k->tail_size - at ? len : k->tail_size - at;

		memcpy(k->tail + at, bytes, part);
		bytes += part;
		len -= part;
	}
}

void keeper_put(struct keeper *k, const char *bytes, size_t len)
{
	size_t head = (int64_t)len < k->head_left ? len : (size_t)k->head_left;

	if (head) {
		write_stream(k, bytes, head);
		k->last = bytes[head - 1];
		if (k->head_left != INT64_MAX)
			k->head_left -= (int64_t)head;
	}
	if (len > head)
		put_into_ring(k, bytes + head, len - head);
}

static void write_mark(struct keeper *k, int64_t cut)
{
	char line[80];
	int len = snprintf(line, sizeof(line), "%s[reslimit: %lld bytes left out]\n",
			   k->last == '\n' ? "" : "\n", (long long)cut);

	write_out(k, line, (size_t)len);
}

int64_t keeper_finish(struct keeper *k)
{
	int64_t held = k->past_head < (int64_t)k->tail_size ? k->past_head : (int64_t)k->tail_size;
	int64_t cut = k->past_head - held;
	size_t at = held ? (size_t)(cut % (int64_t)k->tail_size) : 0;
	size_t first = (size_t)held < k->tail_size - at ? (size_t)held : k->tail_size - at;

	if (cut)
		write_mark(k, cut);
	write_stream(k, k->tail + at, first);
	write_stream(k, k->tail, (size_t)held - first);
	if (k->tail_size)
		munmap(k->tail, k->tail_size);
	k->tail_size = 0;
	k->past_head = 0;
	return cut;
}
