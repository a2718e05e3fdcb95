/*
 * test_plugin_example.c - the plug-in of conf/plugins that the manual shows.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TICK "TICK=10ms"

/* The example in conf/plugins, as the manual shows it. */
static void the_example_counts_files_beyond_those_at_the_start(void **state)
{
	char directory[300], setting[700];
	struct run *r;

	(void)state;
	snprintf(directory, sizeof(directory), "%s/files", scratch_dir());
	mkdir(directory, 0700);
	snprintf(setting, sizeof(setting), "PLUGIN=%s/tests/plugins/leftover_files.so:%s,10", getenv("BUILD"),
		 directory);
	r = guarded(SET(setting, TICK), ARGV("make_files", directory, "10", "600"));
	expect_exit(r, 0);
	expect_verdict(r, "ok");
	expect(r, record_int(r, "plugin.checks") >= 2);
	run_free(r);
	/* Those ten were there before. */
	r = guarded(SET(setting, TICK), ARGV("make_files", directory, "10", "600"));
	expect_exit(r, 0);
	run_free(r);
	r = guarded(SET(setting, TICK), ARGV("make_files", directory, "11", "10000"));
	expect_ended_by(r, SIGTERM, "custom:leftover_files");
	run_free(r);
	snprintf(setting, sizeof(setting), "PLUGIN=%s/tests/plugins/leftover_files.so:/nowhere,1",
		 getenv("BUILD"));
	r = guarded(SET(setting), ARGV("run_for_ever", "sleep"));
	expect_exit(r, EXIT_REFUSED_TO_START);
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_counts_files_beyond_those_at_the_start),
	};

	return cmocka_run_group_tests_name("plugin_example", tests, NULL, NULL);
}
