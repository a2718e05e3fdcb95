/*
 * libplugin.c - a plug-in that does what its argument says: WORD[=VALUE][+WORD[=VALUE]...].
 *
 * threads=N, procs=N, mem=N, grown=N: a violation when there are more; always=N: a violation with code N.
 * keep=N, abort, signal=N, junk: what it decides then; keep: the first N times.
 * hang, spin, crash, exit, at the first check; hang-init, crash-init, fail-init=N; hang-asked, crash-asked.
 * note=FILE: appends what it is told; spawn: starts a program at each check.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/reslimit.h"

static struct {
	char argument[400];
	int64_t base;
	int checks, kept;
} self;

/* The text behind WORD=, "" for WORD alone, or NULL. */
static const char *option(const char *word)
{
	size_t len = strlen(word);

	for (const char *s = self.argument; s; s = strchr(s, '+') ? strchr(s, '+') + 1 : NULL)
		if (!strncmp(s, word, len) && (s[len] == '=' || s[len] == '+' || !s[len]))
			return s[len] == '=' ? s + len + 1 : s + len;
	return NULL;
}

static long value(const char *word)
{
	return option(word) ? atol(option(word)) : 0;
}

static void hang(void)
{
	for (;;)
		pause();
}

static void crash(void)
{
	raise(SIGSEGV);
}

static void note(const char *line)
{
	char path[300];
	FILE *file;

	if (!option("note"))
		return;
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(option("note"), "+"), option("note"));
	file = fopen(path, "a");
	if (file) {
		fputs(line, file);
		fclose(file);
	}
}

static int count_entries(const char *path)
{
	DIR *directory = opendir(path);
	int count = 0;

	while (directory && readdir(directory))
		count++;
	if (directory)
		closedir(directory);
	return count;
}

int reslimit_init(const char *arg, void **state)
{
	char line[200];

	snprintf(self.argument, sizeof(self.argument), "%s", arg);
	if (option("hang-init"))
		hang();
	if (option("crash-init"))
		crash();
	*state = &self;
	/* Itself, the directory that is read, and /dev/null three times. */
	snprintf(line, sizeof(line), "init descriptors=%d preload=%s ledger=%s session=%d\n",
		 count_entries("/proc/self/fd") - 3, getenv("LD_PRELOAD") ? "yes" : "no",
		 getenv("RESLIMIT_LEDGER") ? "yes" : "no", getsid(0) == getpid());
	note(line);
	return (int)value("fail-init");
}

static int judge(const struct reslimit_sample *s)
{
	if (option("threads") && s->threads > value("threads"))
		return 1;
	if (option("procs") && s->procs > value("procs"))
		return 2;
	if (option("mem") && s->mem_bytes > value("mem"))
		return 3;
	if (option("grown") && s->rss_bytes - self.base > value("grown"))
		return 4;
	return (int)value("always");
}

int reslimit_check(const struct reslimit_sample *s, void *state)
{
	char line[512];

	if (state != &self || s->size < sizeof(*s))
		return 99;
	if (!self.checks++)
		self.base = s->rss_bytes;
	if (option("hang"))
		hang();
	while (option("spin"))
		;
	if (option("crash"))
		crash();
	if (option("exit"))
		_exit(0);
	if (option("spawn") && system("exit 0"))
		return 98;
	snprintf(line, sizeof(line),
		 "check mem=%lld mem_peak=%lld mem_limit=%lld rss=%lld threads=%lld procs=%lld wall=%lld "
		 "wall_limit=%lld cpu=%lld cpu_limit=%lld pid=%d tick=%lld\n",
		 (long long)s->mem_bytes, (long long)s->mem_peak_bytes, (long long)s->mem_limit_bytes,
		 (long long)s->rss_bytes, (long long)s->threads, (long long)s->procs, (long long)s->wall_ns,
		 (long long)s->wall_limit_ns, (long long)s->cpu_ns, (long long)s->cpu_limit_ns, (int)s->pid,
		 (long long)s->tick_ns);
	note(line);
	return judge(s);
}

int reslimit_on_violation(const struct reslimit_violation *v, void *state)
{
	if (state != &self || strcmp(v->name, "libplugin") != 0 || !v->code || !v->sample)
		return RESLIMIT_ABORT;
	if (option("hang-asked"))
		hang();
	if (option("crash-asked"))
		crash();
	if (option("keep") && self.kept++ < value("keep"))
		return RESLIMIT_KEEP;
	if (option("abort"))
		return RESLIMIT_ABORT;
	if (option("junk"))
		return 12345;
	return option("signal") ? (int)value("signal") : RESLIMIT_DEFAULT;
}
