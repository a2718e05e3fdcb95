/*
 * test_symbols.c - what is read from symbol tables against what dlsym says.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The part of the shim that is tested; it needs nothing else of it. */
#include "core/rawsys.h"
#include "preload/symbols.c"

#define NAME(name) #name,
static const char *const NAMES[] = {
#define RL_BOOTHOOK NAME
#define RL_HOOK	    NAME
#define RL_OWNHOOK  NAME
#define RL_REAL	    NAME
#define RL_LAZYHOOK NAME
#define RL_LATEHOOK NAME
#define RL_LATEREAL NAME
#include "preload/interpose.def"
};

static struct symbols behind;

static int begin(void **state)
{
	(void)state;
	symbols_begin(&behind, SYMBOLS_BEHIND_US);
	return behind.count ? 0 : -1;
}

static void each_hook_is_found_where_dlsym_finds_it(void **state)
{
	int found = 0;

	(void)state;
	for (size_t i = 0; i < RL_ARRAY_LEN(NAMES); i++) {
		void *ours = symbols_find(&behind, NAMES[i]);

		/* Where it does not dare to judge the caller asks dlsym. */
		if (ours)
			assert_ptr_equal(ours, dlsym(RTLD_NEXT, NAMES[i]));
		found += ours != NULL;
	}
	assert_true(found > 60);
}

static void a_name_with_two_versions_gives_the_default_one(void **state)
{
	void *old = dlvsym(RTLD_NEXT, "posix_spawn", "GLIBC_2.2.5");

	(void)state;
	/* Only the oldest ports of libc have two. */
	if (!old)
		skip();
	assert_ptr_equal(symbols_find(&behind, "posix_spawn"),
			 dlvsym(RTLD_NEXT, "posix_spawn", "GLIBC_2.15"));
	assert_ptr_not_equal(symbols_find(&behind, "posix_spawn"), old);
}

static void an_unknown_name_is_not_found(void **state)
{
	(void)state;
	assert_null(symbols_find(&behind, "no_such_function_anywhere"));
	assert_null(symbols_find(&behind, ""));
}

static void an_indirect_function_is_left_to_dlsym(void **state)
{
	(void)state;
	assert_non_null(dlsym(RTLD_NEXT, "memcpy"));
	assert_null(symbols_find(&behind, "memcpy"));
	assert_null(symbols_find(&behind, "strchr"));
}

static void data_is_not_a_function(void **state)
{
	(void)state;
	assert_non_null(dlsym(RTLD_NEXT, "stdout"));
	assert_null(symbols_find(&behind, "stdout"));
}

static void all_objects_include_those_behind_us(void **state)
{
	struct symbols all;

	(void)state;
	symbols_begin(&all, SYMBOLS_ALL);
	assert_true(all.count > behind.count);
	assert_ptr_equal(symbols_find(&all, "malloc"), dlsym(RTLD_DEFAULT, "malloc"));
}

static void the_kernel_s_clock_agrees_with_its_system_call(void **state)
{
	struct symbols kernel;
	int64_t before, at, after;

	(void)state;
	symbols_begin(&kernel, SYMBOLS_KERNEL);
	before = raw_clock_ns(CLOCK_BOOTTIME);
	raw_clock = (raw_clock_function *)symbols_find(&kernel, RAW_CLOCK_SYMBOL);
	assert_non_null(raw_clock);
	at = raw_clock_ns(CLOCK_BOOTTIME);
	raw_clock = NULL;
	after = raw_clock_ns(CLOCK_BOOTTIME);
	assert_in_range(at, before, after);
	assert_null(symbols_find(&kernel, "malloc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_hook_is_found_where_dlsym_finds_it),
		cmocka_unit_test(a_name_with_two_versions_gives_the_default_one),
		cmocka_unit_test(an_unknown_name_is_not_found),
		cmocka_unit_test(an_indirect_function_is_left_to_dlsym),
		cmocka_unit_test(data_is_not_a_function),
		cmocka_unit_test(all_objects_include_those_behind_us),
		cmocka_unit_test(the_kernel_s_clock_agrees_with_its_system_call),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
