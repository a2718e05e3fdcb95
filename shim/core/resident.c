/*
 * resident.c - resident memory; see resident.h.
 *
 * Files are opened by path for each look: a descriptor that is kept would be
 * the program's to close or to hand on.
 *
 * SPDX-License-Identifier: MIT
 */
#include "resident.h"

#include <errno.h>
#include <string.h>

#include "accounts.h"
#include "fmt.h"
#include "rawsys.h"

enum { SMALLEST_PAGE = 4096, LARGEST_PAGE = 1 << 20 };

void resident_open(struct account *a, const struct config *config)
{
	a->rss_grace_ns = config->rss_grace_ns == CONFIG_UNSET ? 0 : config->rss_grace_ns;
	a->tick_ns = config->tick_ns;
	a->rss_base = -1;
	a->rss_sampler = LEDGER_NONE;
}

void resident_open_sibling(struct account *a, const struct account *model)
{
	a->rss_grace_ns = model->rss_grace_ns;
	a->tick_ns = model->tick_ns;
	a->rss_base = -1; /* the first sample after the fork */
	a->rss_sampler = LEDGER_NONE;
}

void resident_begin(struct account *a, int64_t bytes)
{
	a->rss_base = bytes;
	if (bytes > a->rss_peak)
		a->rss_peak = bytes;
	if (bytes > a->limit[RL_RSS])
		a->rss_base_exceeds = 1;
}

bool resident_is_limited(const struct ledger *ledger, uint32_t index)
{
	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	if (a->limit[RL_RSS] != RL_UNLIMITED || a->limit[RL_RSS_GROWTH] != RL_UNLIMITED)
		return true;
	return false;
}

/* The kernel refuses an address between two pages before it looks at anything else. */
static int64_t page_size(void)
{
	static int64_t known;

	for (int64_t size = SMALLEST_PAGE; !known && size <= LARGEST_PAGE; size *= 2)
		if (raw_syscall3(SYS_mincore, size, 0, NULL) != -EINVAL)
			known = size;
	return known ? known : SMALLEST_PAGE;
}

/* Reads the first bytes of /proc/<pid>/<name>; pid 0 is the caller. Return: how many, or -errno. */
static long read_file(pid_t pid, const char *name, char *text, size_t size)
{
	char path[48];
	struct fmt f = FMT_INIT(path);
	long len;
	int fd;

	fmt_str(&f, "/proc/");
	if (pid)
		fmt_int(&f, pid);
	else
		fmt_str(&f, "self");
	fmt_char(&f, '/');
	fmt_str(&f, name);
	fd = raw_open(path, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	len = raw_read(fd, text, size - 1);
	raw_close(fd);
	text[len > 0 ? len : 0] = '\0';
	return len;
}

static int64_t number_at(const char *s)
{
	int64_t v = 0;

	while (*s == ' ')
		s++;
	while (*s >= '0' && *s <= '9')
		v = v * 10 + (*s++ - '0');
	return v;
}

int64_t resident_of(pid_t pid)
{
	char text[128];
	long len = read_file(pid, "statm", text, sizeof(text));
	const char *second;

	if (len <= 0)
		return pid && raw_kill(pid, 0) == -ESRCH ? 0 : -1;
	second = strchr(text, ' ');
	return second ? number_at(second) * page_size() : -1;
}

int64_t resident_of_self(void)
{
	int64_t bytes = resident_of(0);

	return bytes > 0 ? bytes : 0;
}

int64_t resident_share_of(pid_t pid)
{
	char text[1024];
	long len = read_file(pid, "smaps_rollup", text, sizeof(text));

	for (const char *line = text; len > 0 && line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, "Pss:", 4))
			return number_at(line + 4) * 1024;
	}
	return -1;
}
