/*
 * test_keeper.c - which bytes of a stream are kept, which are left out, and what stands between them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/keeper.h"

enum { ROOM = 1 << 16 };

static char kept[ROOM];

/* Keeps `text` in pieces of `piece` bytes under `limit`; the file's content is then in `kept`. */
static int64_t keep(const char *text, int64_t limit, size_t piece)
{
	struct keeper k;
	int fd = memfd_create("kept", 0);
	size_t len = strlen(text);
	ssize_t got;
	int64_t cut;

	assert_true(fd >= 0);
	assert_int_equal(keeper_open(&k, fd, limit), 0);
	for (size_t at = 0; at < len; at += piece)
		keeper_put(&k, text + at, piece < len - at ? piece : len - at);
	cut = keeper_finish(&k);
	got = pread(fd, kept, ROOM - 1, 0);
	kept[got] = '\0';
	close(fd);
	assert_int_equal(k.lost, 0);
	assert_int_equal(k.kept + cut, len);
	return cut;
}

static void without_a_limit_all_is_kept(void **state)
{
	(void)state;
	assert_int_equal(keep("one\ntwo", INT64_MAX, 2), 0);
	assert_string_equal(kept, "one\ntwo");
}

static void a_stream_of_just_the_limit_is_kept_whole(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= 11; piece++) {
		assert_int_equal(keep("0123456789", 10, piece), 0);
		assert_string_equal(kept, "0123456789");
		assert_int_equal(keep("0123456", 7, piece), 0);
		assert_string_equal(kept, "0123456");
		assert_int_equal(keep("012", 10, piece), 0);
		assert_string_equal(kept, "012");
	}
}

static void one_byte_more_leaves_one_byte_out(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= 12; piece++) {
		assert_int_equal(keep("0123456789A", 10, piece), 1);
		assert_string_equal(kept, "01234\n[reslimit: 1 bytes left out]\n6789A");
	}
}

static void an_odd_byte_goes_to_the_head(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= 27; piece++) {
		assert_int_equal(keep("abcdefghijklmnopqrstuvwxyz", 5, piece), 21);
		assert_string_equal(kept, "abc\n[reslimit: 21 bytes left out]\nyz");
	}
}

static void a_head_that_ends_a_line_gets_no_second_newline(void **state)
{
	(void)state;
	assert_int_equal(keep("ab\ncdefghi\nj\n", 6, 4), 7);
	assert_string_equal(kept, "ab\n[reslimit: 7 bytes left out]\n\nj\n");
}

static void limits_of_zero_and_one_work(void **state)
{
	(void)state;
	assert_int_equal(keep("abc", 0, 2), 3);
	assert_string_equal(kept, "[reslimit: 3 bytes left out]\n");
	assert_int_equal(keep("", 0, 2), 0);
	assert_string_equal(kept, "");
	assert_int_equal(keep("abc", 1, 2), 2);
	assert_string_equal(kept, "a\n[reslimit: 2 bytes left out]\n");
}

/* Every length, limit and piece against what the rule says. */
static void any_length_limit_and_piece_keep_the_rule(void **state)
{
	static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char text[64], expected[256];

	(void)state;
	for (size_t len = 0; len <= 40; len++) {
		snprintf(text, sizeof(text), "%.*s", (int)len, LETTERS);
		for (size_t limit = 0; limit <= 42; limit++) {
			size_t tail = limit / 2, head = limit - tail;

			if (len <= limit)
				snprintf(expected, sizeof(expected), "%s", text);
			else
				snprintf(expected, sizeof(expected),
					 "%.*s%s[reslimit: %zu bytes left out]\n%s", (int)head, text,
					 head ? "\n" : "", len - limit, text + len - tail);
			for (size_t piece = 1; piece <= 41; piece += 3) {
				keep(text, (int64_t)limit, piece);
				if (strcmp(kept, expected) != 0)
					fail_msg("%zu bytes, limit %zu, pieces of %zu: '%s', not '%s'", len,
						 limit, piece, kept, expected);
			}
		}
	}
}

static void the_tail_never_takes_more_memory_than_its_maximum(void **state)
{
	struct keeper k;

	(void)state;
	assert_int_equal(keeper_open(&k, -1, INT64_C(1) << 40), 0);
	assert_int_equal(k.tail_size, KEEPER_TAIL_MAX);
	assert_true(k.head_left == (INT64_C(1) << 40) - KEEPER_TAIL_MAX);
	keeper_finish(&k);
}

static void what_cannot_be_written_is_lost_and_the_cause_kept(void **state)
{
	struct keeper k;
	int fd = open("/dev/full", O_WRONLY);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(keeper_open(&k, fd, 10), 0);
	keeper_put(&k, "0123456789ABC", 13);
	assert_int_equal(keeper_finish(&k), 3);
	assert_int_equal(k.kept, 0);
	assert_int_equal(k.lost, 10);
	assert_int_equal(k.error, ENOSPC);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_limit_all_is_kept),
		cmocka_unit_test(a_stream_of_just_the_limit_is_kept_whole),
		cmocka_unit_test(one_byte_more_leaves_one_byte_out),
		cmocka_unit_test(an_odd_byte_goes_to_the_head),
		cmocka_unit_test(a_head_that_ends_a_line_gets_no_second_newline),
		cmocka_unit_test(limits_of_zero_and_one_work),
		cmocka_unit_test(any_length_limit_and_piece_keep_the_rule),
		cmocka_unit_test(the_tail_never_takes_more_memory_than_its_maximum),
		cmocka_unit_test(what_cannot_be_written_is_lost_and_the_cause_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
