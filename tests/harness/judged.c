/*
 * judged.c - what is expected of a run; see judged.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

void run_show(const struct run *run)
{
	print_message("# status 0x%x (exit %d, signal %d), %lld ms\n", (unsigned int)run->status,
		      WIFEXITED(run->status) ? WEXITSTATUS(run->status) : -1,
		      WIFSIGNALED(run->status) ? WTERMSIG(run->status) : 0,
		      (long long)(run->elapsed_ns / MS));
	print_message("# stdout: %.600s\n# stderr: %.600s\n# record: %.1200s\n", run->out, run->err,
		      run->record);
}

int64_t out_number(const struct run *run, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = run->out; (at = strstr(at, key)); at += len)
		if (at[len] == '=' && (at == run->out || strchr(" \n", at[-1])))
			return strtoll(at + len + 1, NULL, 10);
	run_show(run);
	fail_msg("no %s= in the output", key);
	return -1;
}

json_t *record_find(const struct run *run, const char *path)
{
	json_t *value = run->json;

	while (value && *path) {
		size_t len = strcspn(path, ".");
		char key[64];

		snprintf(key, sizeof(key), "%.*s", (int)len, path);
		value = json_object_get(value, key);
		path += len + (path[len] == '.');
	}
	return value;
}

static json_t *record_need(const struct run *run, const char *path)
{
	json_t *value = record_find(run, path);

	if (!value) {
		run_show(run);
		fail_msg("no field %s in the record", path);
	}
	return value;
}

int64_t record_int(const struct run *run, const char *path)
{
	json_t *value = record_need(run, path);

	if (!json_is_integer(value))
		fail_msg("%s is not an integer in %s", path, run->record);
	return json_integer_value(value);
}

bool record_bool(const struct run *run, const char *path)
{
	json_t *value = record_need(run, path);

	if (!json_is_boolean(value))
		fail_msg("%s is neither true nor false in %s", path, run->record);
	return json_is_true(value);
}

const char *record_str(const struct run *run, const char *path)
{
	json_t *value = record_need(run, path);

	if (!json_is_string(value))
		fail_msg("%s is not a string in %s", path, run->record);
	return json_string_value(value);
}

static json_t *step_at(const struct run *run, size_t n, const char *key)
{
	return json_object_get(json_array_get(record_find(run, "steps"), n), key);
}

static bool has_step(const struct run *run, size_t n, const char *name, bool is_skipped)
{
	const char *found = json_string_value(step_at(run, n, "step"));

	return found && !strcmp(found, name) && json_is_true(step_at(run, n, "skipped")) == is_skipped;
}

bool step_is(const struct run *run, size_t n, const char *name)
{
	return has_step(run, n, name, false);
}

bool step_is_skipped(const struct run *run, size_t n, const char *name)
{
	return has_step(run, n, name, true);
}

int64_t step_ns(const struct run *run, size_t n)
{
	return json_integer_value(step_at(run, n, "at_ns"));
}

static int64_t time_ns(const struct timeval *time)
{
	return time->tv_sec * SEC + time->tv_usec * 1000LL;
}

int64_t run_cpu_ns(const struct run *run)
{
	return time_ns(&run->usage.ru_utime) + time_ns(&run->usage.ru_stime);
}

int count_lines(const char *text)
{
	int lines = 0;

	for (; *text; text++)
		lines += *text == '\n' || !text[1];
	return lines;
}

char *read_text(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, 1 << 20);
	size_t got;

	if (!f || !text) {
		free(text);
		return NULL;
	}
	got = fread(text, 1, (1 << 20) - 1, f);
	text[got] = 0;
	fclose(f);
	return text;
}

void expect_at(const struct run *run, bool condition, const char *text, const char *file, int line)
{
	if (condition)
		return;
	run_show(run);
	print_message("# not so: %s\n", text);
	_fail(file, line);
}

void expect_exit_at(const struct run *run, int code, const char *file, int line)
{
	char text[64];

	snprintf(text, sizeof(text), "it exits with %d", code);
	expect_at(run, WIFEXITED(run->status) && WEXITSTATUS(run->status) == code, text, file, line);
}

void expect_signal_at(const struct run *run, int sig, const char *file, int line)
{
	char text[64];

	snprintf(text, sizeof(text), "signal %d ends it", sig);
	expect_at(run, WIFSIGNALED(run->status) && WTERMSIG(run->status) == sig, text, file, line);
}

void expect_out_at(const struct run *run, const char *text, const char *file, int line)
{
	char what[256];

	snprintf(what, sizeof(what), "it prints \"%.200s\"", text);
	expect_at(run, strstr(run->out, text) != NULL, what, file, line);
}

void expect_record_at(const struct run *run, const char *file, int line)
{
	expect_at(run, run->json != NULL, "the record is valid JSON", file, line);
	expect_at(run, count_lines(run->record) == 1, "the record is one line", file, line);
	expect_at(run, run->record_len <= 4096, "the record has at most 4096 bytes", file, line);
	expect_at(run, record_int(run, "reslimit") == 1, "the record's format is 1", file, line);
}

void expect_verdict_at(const struct run *run, const char *verdict, const char *file, int line)
{
	char text[64];

	expect_record_at(run, file, line);
	snprintf(text, sizeof(text), "the verdict is %s", verdict);
	expect_at(run, !strcmp(record_str(run, "verdict"), verdict), text, file, line);
}

void expect_ended_by_at(const struct run *run, int sig, const char *verdict, const char *file, int line)
{
	expect_signal_at(run, sig, file, line);
	expect_verdict_at(run, verdict, file, line);
	expect_at(run, record_bool(run, "certain"), "the record is certain", file, line);
}

void expect_no_start_at(const struct run *run, const char *text, const char *file, int line)
{
	char what[256];

	expect_exit_at(run, EXIT_REFUSED_TO_START, file, line);
	expect_at(run, count_lines(run->err) == 1 && run->err[run->err_len - 1] == '\n', "it says one line",
		  file, line);
	expect_at(run, run->out_len == 0, "the program never ran", file, line);
	snprintf(what, sizeof(what), "the line holds \"%.200s\"", text);
	expect_at(run, strstr(run->err, text) != NULL, what, file, line);
}

void expect_due_at(const struct run *run, int64_t due_ns, const char *file, int line)
{
	char text[64];

	snprintf(text, sizeof(text), "it ends after %lld ms", (long long)(due_ns / MS));
	expect_at(run, run->elapsed_ns >= due_ns, text, file, line);
	snprintf(text, sizeof(text), "all are gone after %lld ms", (long long)((due_ns + LATE) / MS));
	expect_at(run, run->tree_ns < due_ns + LATE, text, file, line);
}

void expect_complaint(const char *const set[], const char *text)
{
	struct run *run = guarded(set, ARGV("run_for_ever", "sleep"));

	print_message("# %s\n", set[0]);
	expect_no_start(run, text);
	run_free(run);
}
