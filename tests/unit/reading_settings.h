/*
 * reading_settings.h - reads variables as a program's start does, and says what became of them.
 *
 * Owns:    nothing.
 * Called:  tests/unit/test_config*.c.
 * Context: one thread.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TEST_READING_SETTINGS_H
#define RL_TEST_READING_SETTINGS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/config.h"

/* Reads an environment of up to three entries that must be good. */
static inline struct config read_good(const char *first, const char *second, const char *third,
				      int expected_count)
{
	char *environment[] = {(char *)first, (char *)second, (char *)third, NULL};
	struct config config;
	char reason[512] = "";
	struct fmt why = FMT_INIT(reason);
	int count;

	config_defaults(&config);
	count = config_read_environ(&config, environment, &why);
	if (count < 0)
		fail_msg("refused: %s", reason);
	assert_int_equal(count, expected_count);
	return config;
}

/* Checks that an entry is refused, and with exactly these words. */
static inline void expect_refusal(const char *entry, const char *message)
{
	char *environment[] = {(char *)"PATH=/bin", (char *)entry, NULL};
	struct config config;
	char reason[512] = "";
	struct fmt why = FMT_INIT(reason);

	config_defaults(&config);
	if (config_read_environ(&config, environment, &why) != -EINVAL)
		fail_msg("'%s' was accepted", entry);
	assert_string_equal(reason, message);
	assert_false(why.truncated);
}

#endif
