/*
 * peek.c - reads memory that may not be there; see peek.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "peek.h"

#include <string.h>
#include <sys/uio.h>

#include "rawsys.h"

void peek_begin(struct peek *peek, pid_t pid)
{
	peek->pid = pid;
	peek->chunk_valid = false;
}

bool peek_read_fresh(struct peek *peek, uint64_t address, void *to, size_t len)
{
	struct iovec here = {.iov_base = to, .iov_len = len};
	struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = len};

	return raw_syscall6(SYS_process_vm_readv, peek->pid, (long)&here, 1, (long)&there, 1, 0) == (long)len;
}

bool peek_read(struct peek *peek, uint64_t address, void *to, size_t len)
{
	uint64_t chunk = address & ~(uint64_t)(PEEK_CHUNK - 1);

	if (address - chunk + len > PEEK_CHUNK)
		return peek_read_fresh(peek, address, to, len);
	if (!peek->chunk_valid || peek->chunk != chunk) {
		peek->chunk = chunk;
		peek->chunk_valid = peek_read_fresh(peek, chunk, peek->bytes, PEEK_CHUNK);
	}
	if (peek->chunk_valid)
		memcpy(to, peek->bytes + (address - chunk), len);
	return peek->chunk_valid;
}

/* A number of up to 8 bytes, the lowest first as on all processors that this is made for; 0 once it is bad.
 */
static uint64_t take(struct peek_cursor *c, size_t len)
{
	uint64_t v = 0;

	c->bad = c->bad || c->at > c->end || len > c->end - c->at || !peek_read(c->peek, c->at, &v, len);
	if (c->bad)
		return 0;
	c->at += len;
	return v;
}

uint8_t peek_u8(struct peek_cursor *c)
{
	return (uint8_t)take(c, sizeof(uint8_t));
}

uint16_t peek_u16(struct peek_cursor *c)
{
	return (uint16_t)take(c, sizeof(uint16_t));
}

uint32_t peek_u32(struct peek_cursor *c)
{
	return (uint32_t)take(c, sizeof(uint32_t));
}

uint64_t peek_u64(struct peek_cursor *c)
{
	return take(c, sizeof(uint64_t));
}

uint64_t peek_uleb(struct peek_cursor *c)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint8_t byte = peek_u8(c);

		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return v;
	}
	c->bad = true;
	return 0;
}

int64_t peek_sleb(struct peek_cursor *c)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 64;) {
		uint8_t byte = peek_u8(c);

		v |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (byte & 0x80)
			continue;
		if ((byte & 0x40) && shift < 64)
			v |= ~0ULL << shift;
		return (int64_t)v;
	}
	c->bad = true;
	return 0;
}

/* DW_EH_PE_*: the low half is the form, the high half what it is relative to. */
enum { FORM = 0x0f, RELATIVE = 0x70, TO_HERE = 0x10, TO_DATA = 0x30, INDIRECT = 0x80, OMITTED = 0xff };

static uint64_t read_form(struct peek_cursor *c, uint8_t form)
{
	switch (form) {
	case 0x00:
	case 0x04:
	case 0x0c:
		return peek_u64(c);
	case 0x01:
		return peek_uleb(c);
	case 0x02:
		return peek_u16(c);
	case 0x03:
		return peek_u32(c);
	case 0x09:
		return (uint64_t)peek_sleb(c);
	case 0x0a:
		return (uint64_t)(int64_t)(int16_t)peek_u16(c);
	case 0x0b:
		return (uint64_t)(int64_t)(int32_t)peek_u32(c);
	default:
		c->bad = true;
		return 0;
	}
}

uint64_t peek_encoded(struct peek_cursor *c, uint8_t encoding, uint64_t data)
{
	uint64_t here = c->at, v;

	if (encoding == OMITTED)
		return 0;
	v = read_form(c, encoding & FORM);
	switch (encoding & RELATIVE) {
	case 0:
		break;
	case TO_HERE:
		v += here;
		break;
	case TO_DATA:
		v += data;
		break;
	default:
		c->bad = true;
	}
	if ((encoding & INDIRECT) && !peek_read(c->peek, v, &v, sizeof(v)))
		c->bad = true;
	return v;
}
