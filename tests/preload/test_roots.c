/*
 * test_roots.c - RESLIMIT_ROOT: each program of a certain name has a budget and a record of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A shell as the runner; %s in `format` is the directory of the subjects. */
static struct run *run_shell(const char *const set[], const char *format)
{
	static char script[8 * PATH_MAX];
	char directory[PATH_MAX], *at = script;

	snprintf(directory, sizeof(directory), "%s", subject_path(""));
	for (const char *s = format; *s && at < script + sizeof(script) - PATH_MAX; s++)
		if (s[0] == '%' && s[1] == 's') {
			at = stpcpy(at, directory);
			s++;
		} else {
			*at++ = *s;
		}
	*at = '\0';
	return guarded(set, ARGV("/bin/sh", "-c", script));
}

/* The n-th record, to be decref'ed; NULL if there are not so many. */
static json_t *nth_record(const char *text, int n)
{
	for (; text && n; n--) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return text && *text ? json_loads(text, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
}

/* Whether the n-th record has this name and verdict and this number of refusals for want of bytes. */
static void expect_nth(const struct run *r, const char *text, int n, const char *name, const char *verdict,
		       int64_t denied)
{
	json_t *record = nth_record(text, n);

	expect(r, record);
	print_message("# %s: %s\n", json_string_value(json_object_get(record, "name")),
		      json_string_value(json_object_get(record, "verdict")));
	expect(r, !strcmp(json_string_value(json_object_get(record, "name")), name));
	expect(r, !strcmp(json_string_value(json_object_get(record, "verdict")), verdict));
	expect(r, json_integer_value(json_object_get(json_object_get(record, "denied"), "mem")) == denied);
	json_decref(record);
}

static void each_named_program_has_a_budget_and_a_record_of_its_own(void **state)
{
	/* More than the budget together, and less each; the third is beyond it, the fourth not named. */
	struct run *r = run_shell(SET("ROOT=allocate_*", "MEM=8M"),
				  "%sallocate_once 6000000 & %sallocate_once 6000000; wait;"
				  "%sallocate_once 9000000; %sinsist_on_allocating 1");

	(void)state;
	expect_exit(r, 1); /* insist_on_allocating got what it asked for */
	expect(r, count_lines(r->record) == 3);
	expect_nth(r, r->record, 0, "allocate_once", "ok", 0);
	expect_nth(r, r->record, 1, "allocate_once", "ok", 0);
	expect_nth(r, r->record, 2, "allocate_once", "mem", 1);
	run_free(r);
}

static void make_passes_the_limits_on_and_has_none(void **state)
{
	const char *makefile = "all:\n\t-@%s 9000000\n\t@x=`head -c 12000000 /dev/zero | tr '\\0' x`; "
			       "echo kept=$${#x}\n\t@%s 1000\n";
	struct run *r;
	FILE *f;
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s/Makefile", scratch_dir());
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, makefile, subject_path("allocate_once"), subject_path("allocate_once"));
	fclose(f);
	r = guarded(SET("ROOT=allocate_*", "MEM=8M"), ARGV("/usr/bin/make", "-f", path));
	expect_exit(r, 0);
	expect_out(r, "refused errno=12\n");
	expect_out(r, "kept=12000000\n");
	expect_out(r, "granted\n");
	expect(r, count_lines(r->record) == 2);
	expect_nth(r, r->record, 0, "allocate_once", "mem", 1);
	expect_nth(r, r->record, 1, "allocate_once", "ok", 0);
	run_free(r);
}

static void a_runner_that_closes_descriptors_gets_its_records_in_a_file(void **state)
{
	char script[2 * PATH_MAX], file[PATH_MAX + 32], *text;
	struct run *r;

	(void)state;
	snprintf(script, sizeof(script),
		 "import subprocess, os\nos.chdir('/')\nkept = 'x' * 20000000\n"
		 "print([subprocess.run(['%s', n]).returncode for n in ('9000000', '1000')])",
		 subject_path("allocate_once"));
	snprintf(file, sizeof(file), "STATUS_FILE=%s/of-%%n", scratch_dir());
	r = run_guarded(&(struct spec){.argv = ARGV("/usr/bin/python3", "-c", script),
				       .set = SET("ROOT=allocate_*", "MEM=8M", file),
				       .no_record = true});
	expect_exit(r, 0);
	expect_out(r, "[1, 0]\n");
	snprintf(file, sizeof(file), "%s/of-allocate_once", scratch_dir());
	text = read_text(file);
	expect(r, text && count_lines(text) == 2);
	expect_nth(r, text, 0, "allocate_once", "mem", 1);
	expect_nth(r, text, 1, "allocate_once", "ok", 0);
	free(text);
	run_free(r);
}

/* A script of that name in the scratch directory. */
static const char *write_script(const char *name, const char *line)
{
	static char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", scratch_dir(), name);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", line);
	fclose(f);
	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

static void what_a_root_starts_belongs_to_it(void **state)
{
	char line[PATH_MAX + 32];
	struct run *r;

	(void)state;
	snprintf(line, sizeof(line), "%s 3; exit 3", subject_path("insist_on_allocating"));
	r = guarded(SET("ROOT=test_*", "MEM=8M"), ARGV("/bin/sh", "-c", write_script("test_script", line)));
	expect_exit(r, 3);
	expect(r, count_lines(r->record) == 1);
	expect_nth(r, r->record, 0, "test_script", "mem", 3);
	expect(r, record_int(r, "procs_total") >= 2);
	run_free(r);
}

static void a_root_within_a_root_takes_no_more_than_the_outer_one_has_left(void **state)
{
	char line[3 * PATH_MAX];
	struct run *r;

	(void)state;
	snprintf(line, sizeof(line),
		 "x=`head -c 2500000 /dev/zero | tr '\\0' x`; %s 6000000; %s 1000000; exit 0",
		 subject_path("allocate_once"), subject_path("allocate_once"));
	r = guarded(SET("ROOT=[at]*_*", "MEM=8M"), ARGV("/bin/sh", "-c", write_script("test_outer", line)));
	expect_exit(r, 0);
	expect(r, count_lines(r->record) == 3);
	/* Both hear of what the outer one had no room for. */
	expect_nth(r, r->record, 0, "allocate_once", "mem", 1);
	expect_nth(r, r->record, 1, "allocate_once", "ok", 0);
	expect_nth(r, r->record, 2, "test_outer", "ok", 1);
	run_free(r);
}

static void a_refusal_by_the_inner_root_is_not_the_outer_ones(void **state)
{
	char line[2 * PATH_MAX];
	struct run *r;

	(void)state;
	snprintf(line, sizeof(line), "%s 9000000; exit 0", subject_path("allocate_once"));
	r = guarded(SET("ROOT=[at]*_*", "MEM=8M"), ARGV("/bin/sh", "-c", write_script("test_outer", line)));
	expect_exit(r, 0);
	expect_nth(r, r->record, 0, "allocate_once", "mem", 1);
	expect_nth(r, r->record, 1, "test_outer", "ok", 0);
	run_free(r);
}

static void a_root_keeps_its_budget_over_exec(void **state)
{
	struct run *r = run_shell(SET("ROOT=exec_*", "MEM=8M"), "%sexec_again 5; exit $?");

	(void)state;
	expect_exit(r, 0);
	expect(r, count_lines(r->record) == 1);
	expect_nth(r, r->record, 0, "exec_again", "ok", 0);
	run_free(r);
}

static void a_deadline_ends_one_root_and_the_runner_goes_on(void **state)
{
	struct run *r = run_shell(SET("ROOT=run_*", "WALL=200ms"),
				  "%srun_for_ever sleep; echo one=$?; sleep 0.3; echo still; exit 5");

	(void)state;
	expect_exit(r, 5);
	expect_out(r, "one=143\n");
	expect_out(r, "still\n");
	expect(r, count_lines(r->record) == 1);
	expect_nth(r, r->record, 0, "run_for_ever", "wall", 0);
	run_free(r);
}

static void places_for_processes_are_a_roots_own(void **state)
{
	struct run *r = run_shell(
		SET("ROOT=fork_*", "PROCS=3"),
		"for i in 1 2 3 4; do sleep 9 & p=\"$p $!\"; done; %sfork_children fork 9; kill $p");

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "made0=3 errno=11\nmade1=3 errno=11\nmade2=3 errno=11\n");
	run_free(r);
}

static void under_scope_process_each_root_has_accounts_of_its_own(void **state)
{
	struct run *r = run_shell(SET("ROOT=allocate_*", "SCOPE=process", "MEM=8M"),
				  "%sallocate_in_children 3 1000000; %sallocate_once 9000000; exit 0");

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "total=24084096 least=8028032\n");
	expect(r, count_lines(r->record) == 2);
	expect_nth(r, r->record, 1, "allocate_once", "mem", 1);
	run_free(r);
}

static void a_pattern_with_a_slash_is_about_the_path(void **state)
{
	struct run *r = run_shell(SET("ROOT=*/subjects/allocate_*", "MEM=8M"), "%sallocate_once 9000000");

	(void)state;
	expect_exit(r, 1);
	expect(r, count_lines(r->record) == 1);
	run_free(r);
	r = run_shell(SET("ROOT=*/elsewhere/allocate_*", "MEM=8M"), "%sallocate_once 9000000");
	expect_exit(r, 0);
	expect(r, r->record_len == 0);
	run_free(r);
	r = run_shell(SET("ROOT=*/subjects/allocate_*", "MEM=8M"), "cd %s && ./allocate_once 9000000");
	expect_exit(r, 1);
	run_free(r);
}

static void the_files_of_a_root_lie_where_the_runner_began(void **state)
{
	char set[4096 + 32], script[4096 + 128];
	struct run *r;

	(void)state;
	/* The trace's name is relative, and the runner goes elsewhere before it starts the program. */
	snprintf(set, sizeof(set), "cd '%s' && exec ", scratch_dir());
	snprintf(script, sizeof(script),
		 "%senv RESLIMIT_TRACE=trace sh -c 'mkdir -p away && cd away && %%sallocate_once 1000'", set);
	r = run_shell(SET("ROOT=allocate_*", "MEM=8M"), script);
	expect_exit(r, 0);
	snprintf(script, sizeof(script), "%s/trace", scratch_dir());
	expect(r, access(script, F_OK) == 0);
	snprintf(script, sizeof(script), "%s/away/trace", scratch_dir());
	expect(r, access(script, F_OK) != 0);
	run_free(r);
}

static void the_first_program_may_be_a_root_itself(void **state)
{
	struct run *r =
		guarded(SET("ROOT=allocate_*", "MEM=8M", "NAME=mine"), ARGV("allocate_once", "9000000"));

	(void)state;
	expect_exit(r, 1);
	expect(r, count_lines(r->record) == 1);
	expect_nth(r, r->record, 0, "mine", "mem", 1);
	run_free(r);
}

static void what_is_not_a_pattern_is_refused(void **state)
{
	struct run *r = guarded(SET("ROOT=test_[a"), ARGV("allocate_once", "1"));

	(void)state;
	expect_exit(r, EXIT_REFUSED_TO_START);
	expect(r, count_lines(r->err) == 1 && strstr(r->err, "RESLIMIT_ROOT=test_[a"));
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_named_program_has_a_budget_and_a_record_of_its_own),
		cmocka_unit_test(make_passes_the_limits_on_and_has_none),
		cmocka_unit_test(a_runner_that_closes_descriptors_gets_its_records_in_a_file),
		cmocka_unit_test(what_a_root_starts_belongs_to_it),
		cmocka_unit_test(a_root_within_a_root_takes_no_more_than_the_outer_one_has_left),
		cmocka_unit_test(a_refusal_by_the_inner_root_is_not_the_outer_ones),
		cmocka_unit_test(a_root_keeps_its_budget_over_exec),
		cmocka_unit_test(a_deadline_ends_one_root_and_the_runner_goes_on),
		cmocka_unit_test(places_for_processes_are_a_roots_own),
		cmocka_unit_test(under_scope_process_each_root_has_accounts_of_its_own),
		cmocka_unit_test(a_pattern_with_a_slash_is_about_the_path),
		cmocka_unit_test(the_files_of_a_root_lie_where_the_runner_began),
		cmocka_unit_test(the_first_program_may_be_a_root_itself),
		cmocka_unit_test(what_is_not_a_pattern_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
