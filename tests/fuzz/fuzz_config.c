/*
 * fuzz_config.c - throws texts at the parsers and checks what they promise.
 *
 * With clang -fsanitize=fuzzer this is a libFuzzer target. Otherwise main()
 * below makes inputs by itself: fuzz_config [RUNS [SEED]], or runs the files
 * it is given: fuzz_config -- FILE...
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/limits.h"
#include "core/actions.h"
#include "core/attrs.h"
#include "core/conditions.h"
#include "core/config.h"
#include "core/fmt.h"
#include "core/glob.h"
#include "core/units.h"

enum { ENTRIES_MAX = 16, INPUT_MAX = 2048 };

#define CHECK(condition)                                                                                     \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                      \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy that ends where the text ends, so that a sanitizer sees one byte too many being read. */
static char *copy(const void *data, size_t size, bool with_nul)
{
	char *text = malloc(size + (with_nul ? 1 : !size));

	CHECK(text);
	memcpy(text, data, size);
	if (with_nul)
		text[size] = '\0';
	return text;
}

static void check_reason(const struct fmt *why)
{
	CHECK(why->len > 0);
	CHECK(!why->truncated);
	CHECK(strlen(why->buf) == why->len);
	for (size_t i = 0; i < why->len; i++)
		CHECK((unsigned char)why->buf[i] >= 0x20 && why->buf[i] != 0x7f);
}

static void check_action(const struct action *action, bool deniable)
{
	CHECK(action->count >= 1 && action->count <= RL_STEPS_MAX);
	for (uint32_t i = 0; i < action->count; i++) {
		const struct action_step *step = &action->step[i];
		bool last = i + 1 == action->count;

		CHECK(action_step_name(step->signal));
		CHECK(step->signal != RL_STEP_DENY || (deniable && i == 0));
		CHECK(step->signal != SIGKILL || last);
		CHECK(step->delay_ns >= 0 && step->delay_ns <= RL_LIMIT_MAX);
		CHECK(!last || step->delay_ns == 0);
	}
}

static void check_conditions(const struct conditions *conditions)
{
	CHECK(conditions->count <= RL_CONDITIONS_MAX);
	for (uint32_t i = 0; i < conditions->count; i++) {
		const struct condition *c = &conditions->condition[i];
		size_t len = strnlen(c->text, sizeof(c->text));

		CHECK(len < sizeof(c->text) && c->field_len > 0 && c->field_len < len);
		CHECK(condition_is_about(c, c->text, c->field_len));
		CHECK(c->value >= 0 && c->value <= RL_LIMIT_MAX);
		CHECK(condition_holds(c, c->value) ==
		      (c->comparison == RL_AT_MOST || c->comparison == RL_AT_LEAST ||
		       c->comparison == RL_EQUAL));
		for (size_t at = 0; at < len; at++)
			CHECK(c->text[at] > ' ' && c->text[at] < 0x7f && c->text[at] != ';');
	}
}

static void check_config(struct config *config)
{
	struct config twin = *config;

	config_finish(config);
	config_finish(&twin);
	CHECK(config->hash == twin.hash);
	for (int i = 0; i < RL_LIMIT_COUNT; i++) {
		CHECK(config->limit[i] == RL_UNLIMITED ||
		      (config->limit[i] >= 0 && config->limit[i] <= RL_LIMIT_MAX));
		check_action(&config->action[i], limit_is_deniable((enum limit_id)i));
	}
	if (config->limit[RL_WATCH] != RL_UNLIMITED) {
		CHECK(config->limit[RL_WATCH] == config->watch.count && config->watch.count > 0);
		check_conditions(&config->watch);
	}
	CHECK((config->limit[RL_PLUGIN] == RL_UNLIMITED) == !config->plugin);
	CHECK(!config->plugin || (*config->plugin && *config->plugin != ':'));
	CHECK(config->tick_ns >= 0 && config->tick_ns <= RL_LIMIT_MAX);
	CHECK(config->grace_ns >= 0 && config->grace_ns <= RL_LIMIT_MAX);
	CHECK(config->scope == RL_SCOPE_TREE || config->scope == RL_SCOPE_PROCESS);
	CHECK(config->status_fd >= -1 && config->status_fd <= INT32_MAX);
	CHECK(!config->status_file ||
	      (*config->status_file && strlen(config->status_file) <= CONFIG_PATH_MAX));
	CHECK(!config->name || (*config->name && strlen(config->name) <= CONFIG_NAME_MAX));
	CHECK(!config->root || (*config->root && strlen(config->root) <= CONFIG_NAME_MAX));
	/* Beyond the text is nothing that a pattern may read. */
	if (config->root)
		glob_matches(config->root, "test_name");
	CHECK(!config->log || (*config->log && strlen(config->log) <= CONFIG_NAME_MAX));
}

/* The input's parts between NULs are the entries of an environment. */
static void try_environment(const uint8_t *data, size_t size)
{
	char *environment[ENTRIES_MAX + 1] = {NULL};
	size_t count = 0;
	struct config config;
	char reason[512];
	struct fmt why = FMT_INIT(reason);

	while (size && count < ENTRIES_MAX) {
		const uint8_t *end = memchr(data, 0, size);
		size_t len = end ? (size_t)(end - data) : size;

		environment[count++] = copy(data, len, true);
		data += len + (end != NULL);
		size -= len + (end != NULL);
	}
	config_defaults(&config);
	if (config_read_environ(&config, environment, &why) < 0)
		check_reason(&why);
	else
		check_config(&config);
	while (count)
		free(environment[--count]);
}

static void try_value(int read(const char *, size_t, int64_t *), const char *text, size_t size)
{
	int64_t value = -1;

	if (!read(text, size, &value))
		CHECK(value >= 0 && value <= RL_LIMIT_MAX);
	else
		CHECK(value == -1);
}

static void try_parts(const uint8_t *data, size_t size)
{
	char *text = copy(data, size, false);
	struct action action;
	struct conditions conditions, again;
	char reason[2 * INPUT_MAX];
	struct fmt why = FMT_INIT(reason);

	try_value(units_size, text, size);
	try_value(units_time, text, size);
	try_value(units_count, text, size);
	if (action_parse(&action, text, size, true, &why)) {
		CHECK(why.len > 0);
	} else {
		action_apply_grace(&action, 1);
		check_action(&action, true);
	}
	why.len = 0;
	if (conditions_parse(&conditions, text, size, &why)) {
		CHECK(why.len > 0);
	} else {
		check_conditions(&conditions);
		/* What was kept of a condition reads as the same condition. */
		CHECK(!conditions_parse(&again, conditions.condition[0].text,
					strlen(conditions.condition[0].text), &why));
		CHECK(!memcmp(&again.condition[0], &conditions.condition[0], sizeof(again.condition[0])));
	}
	free(text);
}

/* How long the JSON character at s is; 0 if no string may hold it. */
static size_t json_character(const unsigned char *s, size_t n)
{
	if (s[0] == '\\')
		return n > 1 && strchr("\"\\nt", s[1]) && s[1] ? 2 : n > 5 && !memcmp(s, "\\u00", 4) ? 6 : 0;
	if (s[0] < 0x20 || s[0] == '"' || s[0] == 0x7f)
		return 0;
	if (s[0] < 0x80)
		return 1;
	for (size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2, i = 1; i < len; i++)
		if (i >= n || (s[i] & 0xc0) != 0x80)
			return 0;
	return s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
}

static void check_json(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;

	CHECK(len >= 2 && s[0] == '"' && s[len - 1] == '"');
	for (size_t i = 1, step; i < len - 1; i += step) {
		step = json_character(s + i, len - 1 - i);
		CHECK(step);
	}
}

static void try_json(const uint8_t *data, size_t size)
{
	char *text = copy(data, size, false);
	size_t room = size ? data[0] : 0;
	char *small = malloc(room + 1);
	char *large = malloc(6 * size + 3);
	struct fmt tight = {.buf = small, .size = room};
	struct fmt wide = {.buf = large, .size = 6 * size + 3};

	CHECK(small && large);
	small[room] = 'x';
	fmt_json_str(&tight, text, size);
	fmt_json_str(&wide, text, size);
	CHECK(!wide.truncated && strlen(large) == wide.len);
	CHECK(small[room] == 'x');
	CHECK(room == 0 || strlen(small) == tight.len);
	CHECK(tight.truncated == (wide.len >= room));
	check_json(large, wide.len);
	free(large);
	free(small);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > INPUT_MAX)
		return 0;
	try_environment(data, size);
	try_parts(data, size);
	try_json(data, size);
	return 0;
}

/* What inputs are made of when no fuzzer does it. */
static const char *const PIECES[] = {
	"RESLIMIT_",
	"MEM",
	"THREADS",
	"PROCS",
	"WALL",
	"CPU",
	"RSS",
	"_ACTION",
	"GRACE",
	"SCOPE",
	"STATUS_FD",
	"NAME",
	"LOG",
	"LEDGER",
	"=",
	"deny",
	"TERM",
	"KILL",
	"SIG",
	"XCPU",
	"call",
	":",
	",",
	"5s",
	"1.5",
	"ms",
	"ns",
	"h",
	"K",
	"MiB",
	"T",
	"GB",
	"0",
	"1",
	"-1",
	"64M",
	".",
	"tree",
	"process",
	"9223372036854775807",
	"2305843009213693951",
	"2147483648",
	"\n",
	"\033[",
	"\xe2\x82\xac",
	"\xed\xa0\x80",
	"\xff",
	"%p",
	"\"\\",
	"\0",
	" ",
	"RESLIMIT_MEM=",
	"RESLIMIT_WATCH=",
	"RESLIMIT_PLUGIN=",
	"/",
	"fds<=64",
	"VmSwap",
	";",
	"<=",
	">=",
	"<",
	">",
	"!",
	"RESLIMIT_WALL_ACTION=",
};

/* xorshift64*, so that a seed gives the same inputs everywhere. */
static uint32_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)((*state * 0x2545f4914f6cdd1dULL) >> 32);
}

static size_t make_input(uint8_t *input, uint64_t *state)
{
	size_t size = 0;
	uint32_t pieces = 1 + next_random(state) % 24;

	for (uint32_t i = 0; i < pieces; i++) {
		const char *piece = PIECES[next_random(state) % RL_ARRAY_LEN(PIECES)];
		size_t len = *piece ? strlen(piece) : 1;

		if (size + len > INPUT_MAX)
			break;
		memcpy(input + size, piece, len);
		size += len;
	}
	for (uint32_t changes = next_random(state) % 8; changes > 4; changes--)
		input[next_random(state) % size] = (uint8_t)next_random(state);
	return size;
}

static int run_files(char **paths)
{
	uint8_t input[INPUT_MAX];

	for (; *paths; paths++) {
		FILE *file = fopen(*paths, "rb");

		if (!file) {
			perror(*paths);
			return 1;
		}
		LLVMFuzzerTestOneInput(input, fread(input, 1, sizeof(input), file));
		fclose(file);
	}
	return 0;
}

/* Weak, because libFuzzer brings its own. */
__attribute__((weak)) int main(int argc, char **argv)
{
	uint64_t runs = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	uint64_t state = seed ? seed : 1;
	uint8_t input[INPUT_MAX];

	if (argc > 1 && !strcmp(argv[1], "--"))
		return run_files(argv + 2);
	for (uint64_t i = 0; i < runs; i++)
		LLVMFuzzerTestOneInput(input, make_input(input, &state));
	printf("%" PRIu64 " inputs from seed %" PRIu64 "\n", runs, seed);
	return 0;
}
