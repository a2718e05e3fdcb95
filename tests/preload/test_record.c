/*
 * test_record.c - what the record says, whichever way the program ends.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void every_way_to_exit_leaves_a_record(void **state)
{
	static const char *const ways[] = {"return", "exit", "_exit", "_Exit", "quick_exit"};
	static const char *const codes[] = {"0", "1", "42", "255"};

	(void)state;
	for (int i = 0; i < 5; i++) {
		for (int c = 0; c < 4; c++) {
			struct run *r = guarded(SET("MEM=64M"), ARGV("end_by", ways[i], codes[c]));

			print_message("# %s %s\n", ways[i], codes[c]);
			expect_exit(r, atoi(codes[c]));
			expect_verdict(r, c ? "exit" : "ok");
			expect(r, record_int(r, "exit_code") == atoi(codes[c]));
			expect(r, record_int(r, "signal") == 0);
			run_free(r);
		}
	}
}

static void the_record_says_who_and_how_much(void **state)
{
	struct run *r = guarded(SET("MEM=64M", "NAME=t1", "THREADS=3"), ARGV("allocate_once", "3000000"));

	(void)state;
	expect_verdict(r, "ok");
	expect(r, record_bool(r, "certain"));
	expect(r, !strcmp(record_str(r, "name"), "t1"));
	expect(r, !strcmp(record_str(r, "exe"), subject_path("allocate_once")));
	expect(r, record_int(r, "pid") == r->pid);
	expect(r, record_int(r, "wall_ns") > 0 && record_int(r, "wall_ns") <= r->elapsed_ns);
	expect(r, record_int(r, "user_ns") >= 0);
	expect(r, record_int(r, "sys_ns") >= 0);
	expect(r, record_int(r, "mem_peak_bytes") >= 3000000);
	expect(r, record_int(r, "mem_end_bytes") >= 3000000);
	expect(r, record_int(r, "rss_peak_bytes") > 0);
	expect(r, record_int(r, "limits.mem_bytes") == 64 * MIB);
	expect(r, record_int(r, "limits.threads") == 3);
	expect(r, record_str(r, "coverage.heap") != NULL);
	run_free(r);
}

static void a_failure_after_a_refusal_is_blamed_on_the_limit_without_certainty(void **state)
{
	static const char *const ends[] = {"1", "abort", "segv"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct run *r = guarded(SET("MEM=1M"), ARGV("fail_after_refusal", "5000000", "2", ends[i]));

		print_message("# %s\n", ends[i]);
		expect_verdict(r, "mem");
		expect(r, !record_bool(r, "certain"));
		expect(r, record_int(r, "denied.mem") == 2);
		expect(r, record_int(r, "first_denial.bytes") == 5000000);
		expect(r, !strcmp(record_str(r, "first_denial.call"), "malloc"));
		expect(r, strstr(record_str(r, "first_denial.site"), "fail_after_refusal+0x") != NULL);
		run_free(r);
	}
}

static void a_program_that_copes_with_refusals_is_ok(void **state)
{
	struct run *r = guarded(SET("MEM=1M"), ARGV("fail_after_refusal", "5000000", "7", "0", "realloc"));

	(void)state;
	expect_exit(r, 0);
	expect_verdict(r, "ok");
	expect(r, record_int(r, "denied.mem") == 7);
	expect(r, !strcmp(record_str(r, "first_denial.call"), "realloc"));
	run_free(r);
}

static void a_failure_without_refusals_is_the_programs_own(void **state)
{
	struct run *r =
		guarded(SET("MEM=1M", "WALL=1h", "PROCS=1", "THREADS=1"), ARGV("end_by", "exit", "9"));

	(void)state;
	expect_verdict(r, "exit");
	expect(r, record_bool(r, "certain"));
	run_free(r);
}

static void exotic_names_make_valid_json(void **state)
{
	static const char *const names[] = {
		"new\nline",	     "quo\"te",	 "back\\slash", "tab\tand\001\037", "\377\376\300\257",
		"\303\251t\303\251", "half\303", "</script>",	"%s%n%p",	    "\355\240\200"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char setting[64];
		struct run *r;

		snprintf(setting, sizeof(setting), "NAME=%s", names[i]);
		r = guarded(SET("MEM=64M", setting), ARGV("end_by", "return", "0"));
		expect_verdict(r, "ok");
		expect(r, record_str(r, "name") != NULL);
		if (i < 4 || i == 5 || i > 6)
			expect(r, i == 9 || !strcmp(record_str(r, "name"), names[i]));
		run_free(r);
	}
}

static void exotic_program_files_make_valid_json(void **state)
{
	static const char *const names[] = {"new\nline\"quote\\", "\377\376 bytes", "\303\251t\303\251"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char path[4096];
		struct run *r;

		snprintf(path, sizeof(path), "%s/%s", scratch_dir(), names[i]);
		if (link(subject_path("end_by"), path)) { /* another file system */
			const char *const copy[] = {"/bin/cp", subject_path("end_by"), path, NULL};

			r = bare(copy);
			expect_exit(r, 0);
			run_free(r);
		}
		r = guarded(SET("MEM=64M"), ARGV(path, "return", "0"));
		expect_exit(r, 0);
		expect_verdict(r, "ok");
		expect(r, record_str(r, "exe") != NULL);
		run_free(r);
	}
}

static void the_longest_names_and_lists_still_fit(void **state)
{
	char name[200] = "NAME=", dir[4096], path[4096];
	struct run *r;

	(void)state;
	memset(name + 5, '\001', 127); /* six bytes each in JSON */
	snprintf(dir, sizeof(dir), "%s/", scratch_dir());
	for (int i = 0; i < 8; i++) {
		size_t len = strlen(dir);

		memset(dir + len, '\002' + i, 200);
		strcpy(dir + len + 200, "/");
		mkdir(dir, 0700);
	}
	snprintf(path, sizeof(path), "%send_by", dir);
	r = bare(ARGV("/bin/cp", subject_path("end_by"), path));
	expect_exit(r, 0);
	run_free(r);
	r = guarded(SET("MEM=64M", "WALL=1h", "CPU=1h", "THREADS=9", "PROCS=9", name,
			"WALL_ACTION=HUP:1s,INT:1s,QUIT:1s,USR1:1s,USR2:1s,ALRM:1s,TERM:1s,KILL"),
		    ARGV(path, "return", "0"));
	expect_exit(r, 0);
	expect_verdict(r, "ok");
	run_free(r);
}

static void a_guarded_program_inside_another_has_a_record_of_its_own(void **state)
{
	char inner[4200], path[4096 - 64], *text;
	struct run *r;

	(void)state;
	snprintf(path, sizeof(path), "%s/inner", scratch_dir());
	snprintf(inner, sizeof(inner), "RESLIMIT_STATUS_FILE=%s", path);
	r = guarded(SET("MEM=64M"), ARGV("/usr/bin/env", inner, "RESLIMIT_MEM=8M", "RESLIMIT_NAME=inner",
					 subject_path("allocate_until_refused"), "10000"));
	expect_exit(r, 0);
	expect(r, out_number(r, "bytes0") <= 8 * MIB);
	expect(r, out_number(r, "bytes0") > 7 * MIB);
	text = read_text(path);
	expect(r, text && strstr(text, "\"inner\"") != NULL);
	free(text);
	run_free(r);
}

static void an_inner_budget_takes_no_more_than_the_outer_has(void **state)
{
	struct run *r = guarded(SET("MEM=8M"), ARGV("/usr/bin/env", "RESLIMIT_MEM=64M",
						    subject_path("allocate_until_refused"), "10000"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "bytes0") <= 8 * MIB);
	run_free(r);
}

static void a_log_has_a_line_per_event(void **state)
{
	char setting[4200], path[4096 - 64], *text;
	struct run *r;

	(void)state;
	snprintf(path, sizeof(path), "%s/log", scratch_dir());
	snprintf(setting, sizeof(setting), "LOG=%s", path);
	r = guarded(SET("MEM=1M", "WALL=1h", setting), ARGV("fail_after_refusal", "5000000", "1", "0"));
	expect_exit(r, 0);
	text = read_text(path);
	expect(r, text != NULL);
	expect(r, count_lines(text) >= 1);
	expect(r, strstr(text, "refused malloc 5000000\n") != NULL);
	free(text);
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_to_exit_leaves_a_record),
		cmocka_unit_test(the_record_says_who_and_how_much),
		cmocka_unit_test(a_failure_after_a_refusal_is_blamed_on_the_limit_without_certainty),
		cmocka_unit_test(a_program_that_copes_with_refusals_is_ok),
		cmocka_unit_test(a_failure_without_refusals_is_the_programs_own),
		cmocka_unit_test(exotic_names_make_valid_json),
		cmocka_unit_test(exotic_program_files_make_valid_json),
		cmocka_unit_test(the_longest_names_and_lists_still_fit),
		cmocka_unit_test(a_guarded_program_inside_another_has_a_record_of_its_own),
		cmocka_unit_test(an_inner_budget_takes_no_more_than_the_outer_has),
		cmocka_unit_test(a_log_has_a_line_per_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
