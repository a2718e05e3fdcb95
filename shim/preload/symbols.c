/*
 * symbols.c - reads the symbol tables of loaded objects; see symbols.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "symbols.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/attrs.h"

/* By names that every analyser can read. */
#if UINTPTR_MAX > UINT32_MAX
typedef Elf64_Sym elf_symbol;
typedef Elf64_Dyn elf_dynamic;
#else
typedef Elf32_Sym elf_symbol;
typedef Elf32_Dyn elf_dynamic;
#endif

/* The loader's list of objects, for debuggers; not every libc has it by this name. */
#pragma weak _r_debug
/* Our own dynamic section: what tells us from other objects. */
extern elf_dynamic _DYNAMIC[] RL_HIDDEN;

/* No file can have this name: the loader calls those by their paths. */
static const char KERNEL_OBJECT[] = "linux-vdso.so.1";

enum { VERSION_HIDDEN = 0x8000, VERSION_GLOBAL = 1, WORD_BITS = 8 * sizeof(uintptr_t) };

/* Some loaders add the base to these addresses in place, and never in the vdso. */
static const void *at(uintptr_t base, uintptr_t address)
{
	return (const void *)(address < base ? base + address : address);
}

/* Return: false for an object without a table of this kind. */
static bool read_object(const struct link_map *object, struct symbol_table *table)
{
	memset(table, 0, sizeof(*table));
	table->base = object->l_addr;
	for (const elf_dynamic *d = object->l_ld; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_GNU_HASH)
			table->hash = at(table->base, d->d_un.d_ptr);
		else if (d->d_tag == DT_HASH)
			table->old_hash = at(table->base, d->d_un.d_ptr);
		else if (d->d_tag == DT_SYMTAB)
			table->symbols = at(table->base, d->d_un.d_ptr);
		else if (d->d_tag == DT_STRTAB)
			table->names = at(table->base, d->d_un.d_ptr);
		else if (d->d_tag == DT_VERSYM)
			table->versions = at(table->base, d->d_un.d_ptr);
	}
	return (table->hash || table->old_hash) && table->symbols && table->names;
}

static const struct link_map *find_us(void)
{
	const struct link_map *object;

	/* In a namespace of dlmopen() we are on another list, and find nothing. */
	if (!&_r_debug || _r_debug.r_state != RT_CONSISTENT)
		return NULL;
	object = _r_debug.r_map;
	while (object && object->l_ld != _DYNAMIC)
		object = object->l_next;
	return object;
}

static void begin_kernel(struct symbols *symbols)
{
	const struct link_map *object = find_us() ? _r_debug.r_map : NULL;

	while (object && strcmp(object->l_name, KERNEL_OBJECT) != 0)
		object = object->l_next;
	symbols->count = object && read_object(object, &symbols->table[0]);
}

/* The objects behind us as they were found at start; NULL: not looked for, or none. */
static const struct link_map *first_behind, *last_behind;

static void find_behind(void)
{
	const struct link_map *object = find_us();

	first_behind = last_behind = object ? object->l_next : NULL;
	while (last_behind && last_behind->l_next)
		last_behind = last_behind->l_next;
}

void symbols_begin(struct symbols *symbols, enum symbols_from from)
{
	const struct link_map *object, *last = NULL;

	if (from == SYMBOLS_KERNEL) {
		begin_kernel(symbols);
		return;
	}
	if (from == SYMBOLS_BEHIND_US) {
		if (!first_behind)
			find_behind();
		object = first_behind;
		last = last_behind;
	} else {
		object = find_us() ? _r_debug.r_map : NULL;
	}
	symbols->count = 0;
	symbols->are_all = object != NULL;
	while (object) {
		if (symbols->count == SYMBOL_OBJECTS ||
		    !read_object(object, &symbols->table[symbols->count])) {
			symbols->are_all = false;
			return;
		}
		symbols->count++;
		object = object == last ? NULL : object->l_next;
	}
}

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

enum verdict { GO_ON, FOUND, ASK };

/* Whether the symbol is a function's definition in the default version. */
static enum verdict judge(const struct symbol_table *t, uint32_t index, const char *name)
{
	const elf_symbol *symbol = (const elf_symbol *)t->symbols + index;

	/* A program that takes a function's address may give it one of its own, which defines nothing. */
	if (symbol->st_shndx == SHN_UNDEF || !symbol->st_value ||
	    strcmp(t->names + symbol->st_name, name) != 0)
		return GO_ON;
	if (t->versions && (t->versions[index] & VERSION_HIDDEN || t->versions[index] < VERSION_GLOBAL))
		return GO_ON;
	/* An indirect function must be called to learn its address. */
	return ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_shndx != SHN_ABS ? FOUND : ASK;
}

/*
 * The table: four numbers, a Bloom filter in words, the buckets' first symbols,
 * and for each symbol its hash, whose lowest bit ends a bucket.
 */
static enum verdict find_in(const struct symbol_table *t, const char *name, uint32_t hash, void **address)
{
	uint32_t buckets = t->hash[0], first = t->hash[1], words = t->hash[2], shift = t->hash[3];
	const uintptr_t *bloom = (const void *)(t->hash + 4);
	const uint32_t *bucket = (const void *)(bloom + words);
	const uint32_t *chain = bucket + buckets;
	uintptr_t word = bloom[hash / WORD_BITS % words];
	uint32_t i;

	if (!(word >> hash % WORD_BITS & word >> (hash >> shift) % WORD_BITS & 1))
		return GO_ON;
	i = bucket[hash % buckets];
	if (i < first)
		return GO_ON;
	for (;; i++) {
		uint32_t other = chain[i - first];

		if ((other | 1) == (hash | 1)) {
			enum verdict verdict = judge(t, i, name);

			if (verdict == FOUND)
				*address = (void *)(t->base + ((const elf_symbol *)t->symbols)[i].st_value);
			if (verdict != GO_ON)
				return verdict;
		}
		if (other & 1)
			return GO_ON;
	}
}

/* The older table: two numbers, the buckets' first symbols, and for each symbol the next of its bucket. */
static enum verdict find_in_old(const struct symbol_table *t, const char *name, void **address)
{
	const uint32_t *bucket = t->old_hash + 2, *chain = bucket + t->old_hash[0];
	enum verdict verdict = GO_ON;
	uint32_t hash = 0, i = STN_UNDEF;

	for (const char *c = name; *c; c++) {
		hash = (hash << 4) + (unsigned char)*c;
		hash = (hash ^ (hash >> 24 & 0xf0)) & 0xfffffff;
	}
	if (t->old_hash[0])
		i = bucket[hash % t->old_hash[0]];
	for (; i != STN_UNDEF && verdict == GO_ON; i = chain[i]) {
		verdict = judge(t, i, name);
		if (verdict == FOUND)
			*address = (void *)(t->base + ((const elf_symbol *)t->symbols)[i].st_value);
	}
	return verdict;
}

void *symbols_find(const struct symbols *symbols, const char *name)
{
	uint32_t hash = hash_of(name);
	void *address = NULL;

	for (int i = 0; i < symbols->count; i++) {
		const struct symbol_table *t = &symbols->table[i];

		if ((t->hash ? find_in(t, name, hash, &address) : find_in_old(t, name, &address)) != GO_ON)
			break;
	}
	return address;
}
