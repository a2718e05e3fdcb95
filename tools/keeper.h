/*
 * keeper.h - writes a stream to a file, of a long one the head and the tail.
 *
 * Owns:    the tail that is held in memory; the file is the caller's.
 * Called:  capture.
 * Context: one thread, may allocate.
 * Fork:    nothing, because the supervisor does not fork while it keeps.
 *
 * Of at most `limit` bytes the tail is the half, rounded down, and no more
 * than KEEPER_TAIL_MAX, because it is held in memory; the head is the rest.
 * The cut is between bytes, not lines. In its place stands one line,
 *
 *   [reslimit: 123456 bytes left out]
 *
 * with a newline before it if the head does not end in one. These do not
 * count. A stream of `limit` bytes or less is kept whole.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_KEEPER_H
#define RL_TOOLS_KEEPER_H

#include <stddef.h>
#include <stdint.h>

enum { KEEPER_TAIL_MAX = 64 << 20 };

struct keeper {
	int fd;
	int64_t head_left; /* bytes that still go straight to the file; INT64_MAX: no limit */
	char *tail;	   /* a ring */
	size_t tail_size;
	int64_t past_head; /* bytes that came behind the head; the ring holds the last of them */
	int64_t kept;	   /* bytes of the stream that are in the file */
	int64_t lost;	   /* bytes that should be there and could not be written */
	int error;	   /* errno of the first write that failed; nothing is written after it */
	char last;	   /* byte of the head */
};

/* `limit` is INT64_MAX for none. Return: 0 or -errno. */
int keeper_open(struct keeper *keeper, int fd, int64_t limit);

/* Takes the next bytes of the stream. */
void keeper_put(struct keeper *keeper, const char *bytes, size_t len);

/* Notes a write that failed: what comes from now on is lost. */
void keeper_fail(struct keeper *keeper, int error);

/* Writes what is still held. Return: how many bytes of the stream were left out. */
int64_t keeper_finish(struct keeper *keeper);

#endif
