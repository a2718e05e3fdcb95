/*
 * cfi_find.c - the description of a function in .eh_frame; see cfi_find.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cfi_find.h"

#include <string.h>

#include "registers.h"

enum { RECORD_BYTES_MAX = 1 << 20 };

/* Binary search in .eh_frame_hdr. Return: the address of the FDE that may hold pc, or 0. */
static uint64_t find_fde(const struct module *module, struct peek *peek, uint64_t pc)
{
	enum { TABLE_OF_PAIRS = 0x3b, COUNT_4 = 0x03, POINTER_4 = 0x1b };
	struct peek_cursor c = {.peek = peek, .at = module->index, .end = UINT64_MAX};
	int32_t wanted = (int32_t)(pc - module->index), pair[2] = {0, 0};
	uint32_t low = 0, high;
	uint64_t table;

	/* Version and three encodings; every linker writes these. */
	if (peek_u32(&c) != (1U | POINTER_4 << 8 | COUNT_4 << 16 | (uint32_t)TABLE_OF_PAIRS << 24))
		return 0;
	peek_u32(&c);
	high = peek_u32(&c);
	table = c.at;
	if (c.bad || !high)
		return 0;
	while (low + 1 < high) {
		uint32_t middle = low + (high - low) / 2;

		if (!peek_read(peek, table + middle * sizeof(pair), pair, sizeof(pair)))
			return 0;
		if (pair[0] <= wanted)
			low = middle;
		else
			high = middle;
	}
	if (!peek_read(peek, table + low * sizeof(pair), pair, sizeof(pair)) || pair[0] > wanted)
		return 0;
	return module->index + (uint64_t)(int64_t)pair[1];
}

/* The length word and what follows it. */
static struct peek_cursor open_record(struct peek *peek, uint64_t at)
{
	struct peek_cursor c = {.peek = peek, .at = at, .end = UINT64_MAX};
	uint32_t length = peek_u32(&c);

	if (!length || length > RECORD_BYTES_MAX)
		c.bad = true;
	c.end = c.at + length;
	return c;
}

static bool read_cie(struct peek *peek, uint64_t at, struct description *d)
{
	struct peek_cursor c = open_record(peek, at);
	char augmentation[8];
	uint64_t data_end = 0;
	uint8_t version;
	int n = 0;

	if (peek_u32(&c) != 0)
		return false;
	version = peek_u8(&c);
	while (n < (int)sizeof(augmentation) && (augmentation[n] = (char)peek_u8(&c)))
		n++;
	if (n == (int)sizeof(augmentation) || (version != 1 && version != 3))
		return false;
	d->code_align = peek_uleb(&c);
	d->data_align = peek_sleb(&c);
	d->return_register = version == 1 ? peek_u8(&c) : peek_uleb(&c);
	for (int i = 0; i < n; i++) {
		if (augmentation[i] == 'z' && !i) {
			d->has_data = true;
			data_end = peek_uleb(&c);
			data_end += c.at;
		} else if (augmentation[i] == 'R') {
			d->encoding = peek_u8(&c);
		} else if (augmentation[i] == 'L') {
			peek_u8(&c);
		} else if (augmentation[i] == 'P') {
			uint8_t encoding = peek_u8(&c);

			peek_encoded(&c, encoding & 0x7f, 0);
		} else if (augmentation[i] == 'S') {
			d->is_signal_frame = true;
		} else if (augmentation[i] != 'B') {
			return false;
		}
	}
	d->first = d->has_data ? data_end : c.at;
	d->first_end = c.end;
	return !c.bad && d->return_register < REG_COUNT;
}

static bool read_fde(struct peek *peek, uint64_t at, struct description *d)
{
	struct peek_cursor c = open_record(peek, at);
	uint64_t here = c.at;
	uint32_t back = peek_u32(&c);

	memset(d, 0, sizeof(*d));
	if (c.bad || !back || !read_cie(peek, here - back, d))
		return false;
	d->begin = peek_encoded(&c, d->encoding, 0);
	d->end = d->begin + peek_encoded(&c, d->encoding & 0x0f, 0);
	if (d->has_data) {
		uint64_t skip = peek_uleb(&c);

		c.at += skip;
	}
	d->own = c.at;
	d->own_end = c.end;
	return !c.bad;
}

bool cfi_find(const struct module *module, struct peek *peek, uint64_t pc, struct description *description)
{
	uint64_t fde = module->index ? find_fde(module, peek, pc) : 0;

	return fde && read_fde(peek, fde, description) && pc >= description->begin && pc < description->end;
}
