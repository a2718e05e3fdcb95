/*
 * kept.h - the block that a thread got last and has just freed, at hand for its next request.
 *
 * Owns:    thread_self.latest, thread_self.kept.
 * Called:  interpose_heap, from threads that charge by themselves; interpose_thread at a thread's end.
 * Context: as malloc: any thread, no lock. As in libc's own cache of a thread's blocks, a handler that
 *          allocates where it interrupts an allocation is on its own.
 * Fork:    nothing, because the child's only thread keeps what it kept. A vfork child uses its parent's
 *          words, who waits for it; of tasks that share them and run side by side none gets here, as they
 *          have no fast cell (member_share_words()).
 *
 * Our calls around libc's cost a loop of malloc and free up to 40 % of its time, however little they do.
 * Where a thread frees what it got last, as with all that is made for a moment, libc need not be asked: that
 * costs half of what it costs bare. The bytes are charged and returned as ever. It is one block, for the very
 * next request, and of a size that libc does not join with its neighbours when it is freed, so that no memory
 * stays with the process that would not without us.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_KEPT_H
#define RL_PRELOAD_KEPT_H

#include "heap.h"

/* glibc's chunks: multiples of 16 bytes, 32 at least; up to 128 they go to its fast bins. */
enum { CHUNK_ALIGNMENT = 16, CHUNK_LEAST = 32, KEPT_MOST = 128 };

/* The largest chunk that is kept; 0 until kept_learn(). */
extern size_t kept_most RL_HIDDEN;

/* What libc writes into the second word of blocks in its own cache, to know them if they are freed again. */
extern size_t kept_libc_mark RL_HIDDEN;

/* Asks libc for its mark. Where it has no cache, because the user wished so, nothing is kept either. */
void kept_learn(void);

/* The size of the chunk that libc would serve a request of n bytes from. */
RL_INLINE size_t kept_chunk_for(size_t n)
{
	size_t chunk = (n + CHUNK_OVERHEAD + CHUNK_ALIGNMENT - 1) & ~(size_t)(CHUNK_ALIGNMENT - 1);

	return chunk < CHUNK_LEAST ? CHUNK_LEAST : chunk;
}

/* The kept block goes to libc, if there is one. */
void kept_give_back(void);

/* The block is freed that is kept: twice, that is. Return: as kept_takes(). */
bool kept_freed_twice(void *block) RL_COLD;

/*
 * Whether a block that its thread frees, and whose chunk has that size, is kept: then libc is not to free it.
 * One that libc has already is left to it: it ends programs that free twice.
 */
RL_INLINE bool kept_takes(void *block, size_t chunk)
{
	if (RL_LIKELY(block != thread_self.latest) || chunk > kept_most ||
	    RL_UNLIKELY(((const size_t *)block)[1] == kept_libc_mark))
		return false;
	if (RL_UNLIKELY(thread_self.kept))
		return kept_freed_twice(block);
	thread_self.kept = chunk;
	return true;
}

#endif
