/*
 * peek.h - reads memory that may not be there.
 *
 * Owns:    nothing; struct peek is the caller's, its small cache included.
 * Called:  modules, unwind and cfi; filter_program and seccomp for what the
 *          program points to; resume_call for code.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * By process_vm_readv(2), which fails where a load would fault: what is read
 * may be unmapped at any time.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_PEEK_H
#define RL_CORE_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PEEK_CHUNK = 256 };

struct peek {
	pid_t pid; /* whose memory */
	uint64_t chunk;
	bool chunk_valid;
	unsigned char bytes[PEEK_CHUNK];
};

void peek_begin(struct peek *peek, pid_t pid);

/* Return: whether all `len` bytes were there. */
bool peek_read(struct peek *peek, uint64_t address, void *to, size_t len);

/* The same for memory that changes: nothing of it is remembered. */
bool peek_read_fresh(struct peek *peek, uint64_t address, void *to, size_t len);

/* Reads what lies there one after the other; `bad` is set once and for all. */
struct peek_cursor {
	struct peek *peek;
	uint64_t at, end;
	bool bad;
};

uint8_t peek_u8(struct peek_cursor *c);
uint16_t peek_u16(struct peek_cursor *c);
uint32_t peek_u32(struct peek_cursor *c);
uint64_t peek_u64(struct peek_cursor *c);
uint64_t peek_uleb(struct peek_cursor *c);
int64_t peek_sleb(struct peek_cursor *c);

/* A pointer in one of the encodings of .eh_frame; `data` is what "relative to data" means. */
uint64_t peek_encoded(struct peek_cursor *c, uint8_t encoding, uint64_t data);

#endif
