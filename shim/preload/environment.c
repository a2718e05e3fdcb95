/*
 * environment.c - how a program's children find us; see environment.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "environment.h"

#include <alloca.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/config.h"
#include "core/preload_list.h"
#include "core/rawsys.h"
#include "core/text.h"

enum { ON_STACK_MAX = 32 << 10 };

/* Not constants, which lie where a forked child that executes has mapped nothing yet. */
static char PRELOAD[] = "LD_PRELOAD=";
static char LEDGER[] = CONFIG_LEDGER_VARIABLE "=";

static char ledger_entry[sizeof(LEDGER) + CONFIG_PATH_MAX];
static char our_path[CONFIG_PATH_MAX + 1]; /* "" when the loader found us in another way */

/* Room for a common environment: a mapping takes two system calls and a page. */
enum { PUBLISHED_MAX = 1280 };
static char published[PUBLISHED_MAX] __attribute__((aligned(8)));

static const char *value_of(char *const *environment, const char *prefix)
{
	for (; environment && *environment; environment++)
		if (text_starts_with(*environment, prefix))
			return *environment + strlen(prefix);
	return NULL;
}

const char *environment_ledger(char *const *environment)
{
	const char *value = value_of(environment, LEDGER);

	return value && *value ? value : NULL;
}

/* Copies the entry of LD_PRELOAD that is ours; it may hold $LIB. */
static bool find_our_entry(const char *list, struct fmt *copy)
{
	const char *entry;
	size_t len;

	while ((len = preload_next(&list, &entry)) > 0) {
		if (preload_is_library(entry, len)) {
			fmt_strn(copy, entry, len);
			return true;
		}
	}
	return false;
}

static void make_absolute(const char *entry, struct fmt *path)
{
	char directory[CONFIG_PATH_MAX];

	if (entry[0] != '/' && strchr(entry, '/') &&
	    raw_syscall2(SYS_getcwd, directory, sizeof(directory)) > 0) {
		fmt_str(path, directory);
		fmt_char(path, '/');
	}
	fmt_str(path, entry);
}

static void find_our_path(void)
{
	const char *list = value_of(environ, PRELOAD);
	char entry[CONFIG_PATH_MAX];
	struct fmt entry_text = FMT_INIT(entry);
	struct fmt path = FMT_INIT(our_path);

	if (list && find_our_entry(list, &entry_text))
		make_absolute(entry, &path);
}

int environment_publish(const char *ledger_path)
{
	struct fmt entry = FMT_INIT(ledger_entry);
	struct environment_size size;
	size_t bytes;
	long block;

	find_our_path();
	fmt_str(&entry, LEDGER);
	fmt_str(&entry, ledger_path);
	if (environment_is_complete(environ))
		return 0;
	size = environment_measure(environ);
	bytes = size.pointers * sizeof(char *) + size.characters;
	/* Not malloc: the program's heap must look as it would without us. Never freed, as setenv's is not.
	 */
	block = bytes <= sizeof(published)
			? (long)published
			: raw_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (raw_is_error(block))
		return (int)block;
	environment_complete(environ, (char **)block, (char *)block + size.pointers * sizeof(char *));
	environ = (char **)block;
	return 0;
}

static bool lists_us(const char *list)
{
	size_t our_len = strlen(our_path), len;
	const char *entry;

	while (list && (len = preload_next(&list, &entry)) > 0)
		if (len == our_len && !memcmp(entry, our_path, len))
			return true;
	return false;
}

bool environment_is_complete(char *const *environment)
{
	const char *ledger = value_of(environment, LEDGER);

	if (!ledger || strcmp(ledger, ledger_entry + strlen(LEDGER)) != 0)
		return false;
	return !our_path[0] || lists_us(value_of(environment, PRELOAD));
}

struct environment_size environment_measure(char *const *environment)
{
	const char *list = value_of(environment, PRELOAD);
	struct environment_size size = {.pointers = 3};

	for (; environment && *environment; environment++)
		size.pointers++;
	size.characters = sizeof(PRELOAD) + strlen(our_path) + 1 + (list ? strlen(list) : 0) + 1;
	return size;
}

/* Our entry, then the user's, without a relative one of ours. */
static void write_preload(const char *list, char *text, size_t size)
{
	struct fmt f = {.buf = text, .size = size};
	const char *entry;
	size_t len;

	fmt_str(&f, PRELOAD);
	/* Whoever put another library before us had a reason: sanitizers must come first. */
	if (lists_us(list)) {
		fmt_str(&f, list);
		return;
	}
	fmt_str(&f, our_path);
	while (list && (len = preload_next(&list, &entry)) > 0) {
		if (preload_is_library(entry, len))
			continue;
		fmt_char(&f, ':');
		fmt_strn(&f, entry, len);
	}
}

void environment_complete(char *const *environment, char **pointers, char *characters)
{
	const char *list = value_of(environment, PRELOAD);
	size_t n = 0;

	for (; environment && *environment; environment++)
		if (!text_starts_with(*environment, LEDGER) &&
		    !(our_path[0] && text_starts_with(*environment, PRELOAD)))
			pointers[n++] = *environment;
	pointers[n++] = ledger_entry;
	if (our_path[0]) {
		write_preload(list, characters,
			      sizeof(PRELOAD) + strlen(our_path) + 1 + (list ? strlen(list) : 0) + 1);
		pointers[n++] = characters;
	}
	pointers[n] = NULL;
}

int environment_call(char *const *environment, int (*use)(const void *context, char *const *complete),
		     const void *context)
{
	struct environment_size size;
	size_t pointer_bytes, bytes;
	char *block;
	long mapping = 0;
	int result;

	if (environment_is_complete(environment))
		return use(context, environment);
	size = environment_measure(environment);
	pointer_bytes = size.pointers * sizeof(char *);
	bytes = pointer_bytes + size.characters;
	if (bytes > ON_STACK_MAX)
		mapping = raw_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (raw_is_error(mapping))
		return -ENOMEM;
	block = mapping ? (char *)mapping : alloca(bytes);
	environment_complete(environment, (char **)(void *)block, block + pointer_bytes);
	result = use(context, (char *const *)(void *)block);
	if (mapping)
		raw_munmap(block, bytes);
	return result;
}
