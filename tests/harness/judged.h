/*
 * judged.h - what is expected of a run, and what it looked like when that does not hold.
 *
 * Owns:    nothing.
 * Called:  tests/preload/test_*.c, by way of guarded.h.
 * Context: one thread.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TEST_JUDGED_H
#define RL_TEST_JUDGED_H

struct run;

/* Status and texts, among the test's messages. */
void run_show(const struct run *run);

/* The first integer after `key=` in the output. Fails the test if there is none. */
int64_t out_number(const struct run *run, const char *key);

/* Fields of the record by path, "denied.mem"; the test fails when they are absent. */
int64_t record_int(const struct run *run, const char *path);
bool record_bool(const struct run *run, const char *path);
const char *record_str(const struct run *run, const char *path);
json_t *record_find(const struct run *run, const char *path); /* NULL if absent */

/* The n-th step of the record: whether it is that one, and was taken or passed over; when it came, or 0. */
bool step_is(const struct run *run, size_t n, const char *name);
bool step_is_skipped(const struct run *run, size_t n, const char *name);
int64_t step_ns(const struct run *run, size_t n);

/* The processor time of the program and of those that it waited for. */
int64_t run_cpu_ns(const struct run *run);

/* How many lines a text has; an unfinished last one counts. */
int count_lines(const char *text);
char *read_text(const char *path); /* whole file, to be freed; NULL if there is none */

/* Each shows what the program wrote when it does not hold. */
#define expect_exit(run, code)		   expect_exit_at(run, code, __FILE__, __LINE__)
#define expect_signal(run, sig)		   expect_signal_at(run, sig, __FILE__, __LINE__)
#define expect_out(run, text)		   expect_out_at(run, text, __FILE__, __LINE__)
#define expect_ended_by(run, sig, verdict) expect_ended_by_at(run, sig, verdict, __FILE__, __LINE__)
#define expect_verdict(run, verdict)	   expect_verdict_at(run, verdict, __FILE__, __LINE__)
#define expect_record(run)		   expect_record_at(run, __FILE__, __LINE__)
#define expect_no_start(run, text)	   expect_no_start_at(run, text, __FILE__, __LINE__)
#define expect_due(run, due_ns)		   expect_due_at(run, due_ns, __FILE__, __LINE__)
#define expect(run, condition)		   expect_at(run, condition, #condition, __FILE__, __LINE__)
void expect_exit_at(const struct run *run, int code, const char *file, int line);
void expect_signal_at(const struct run *run, int sig, const char *file, int line);
/* The limit of that name ended it, by that signal, and the record is certain of it. */
void expect_ended_by_at(const struct run *run, int sig, const char *verdict, const char *file, int line);
void expect_out_at(const struct run *run, const char *text, const char *file, int line);
void expect_verdict_at(const struct run *run, const char *verdict, const char *file, int line);
void expect_record_at(const struct run *run, const char *file, int line); /* one line, valid, <= 4096 bytes */
/* The shim refused to let it start, with one line that holds the text. */
void expect_no_start_at(const struct run *run, const char *text, const char *file, int line);
/* The program ended at that time and no sooner, and nobody of the tree was left a moment later. */
void expect_due_at(const struct run *run, int64_t due_ns, const char *file, int line);
void expect_at(const struct run *run, bool condition, const char *text, const char *file, int line);

/* Such settings are refused, with a line that holds the text. */
void expect_complaint(const char *const set[], const char *text);

#endif
