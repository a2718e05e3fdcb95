/*
 * top_rows.c - guarded trees as rows; see top_rows.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "top_rows.h"

#include <stdatomic.h>
#include <string.h>

#include "core/attrs.h"
#include "core/fmt_json.h"
#include "core/rawsys.h"
#include "tables.h"
#include "usage.h"

static const struct tables *scols;

enum column {
	COL_NAME,
	COL_PID,
	COL_MEM,
	COL_LIMIT,
	COL_PEAK,
	COL_THREADS,
	COL_PROCS,
	COL_WALL,
	COL_CPU,
	COL_STATE
};

static const struct {
	const char *name;
	double width_hint;
	int flags;
} COLUMNS[] = {
	[COL_NAME] = {"NAME", 0.3, SCOLS_FL_TREE | SCOLS_FL_TRUNC},
	[COL_PID] = {"PID", 5, SCOLS_FL_RIGHT},
	[COL_MEM] = {"MEM", 5, SCOLS_FL_RIGHT},
	[COL_LIMIT] = {"LIMIT", 5, SCOLS_FL_RIGHT},
	[COL_PEAK] = {"PEAK", 5, SCOLS_FL_RIGHT},
	[COL_THREADS] = {"THREADS", 3, SCOLS_FL_RIGHT},
	[COL_PROCS] = {"PROCS", 3, SCOLS_FL_RIGHT},
	[COL_WALL] = {"WALL", 5, SCOLS_FL_RIGHT},
	[COL_CPU] = {"CPU", 5, SCOLS_FL_RIGHT},
	[COL_STATE] = {"STATE", 7, 0},
};

/* An account that has begun; others are about to, or gone. */
static bool is_shown(const struct ledger *l, uint32_t account)
{
	const struct account *a = &l->account[account];

	return atomic_load_explicit(&a->in_use, memory_order_relaxed) && a->start_ns;
}

static uint32_t accounts_end(const struct ledger *l)
{
	return atomic_load_explicit(&l->accounts_end, memory_order_relaxed);
}

static void set_gauge(struct libscols_line *line, enum column column, const struct usage_gauge *g,
		      usage_text *show)
{
	char used[USAGE_TEXT], limit[USAGE_TEXT], both[2 * USAGE_TEXT + 1];

	snprintf(both, sizeof(both), g->limit == RL_UNLIMITED ? "%s" : "%s/%s", show(g->used, used),
		 g->limit == RL_UNLIMITED ? "" : show(g->limit, limit));
	scols->line_set_data(line, column, both);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void fill_line(struct libscols_line *line, const struct usage *u)
{
	char text[USAGE_TEXT], shown[64];
	struct fmt name = FMT_INIT(shown), pid = FMT_INIT(text);
	char state[64];

	fmt_printable(&name, *u->name ? u->name : *u->exe ? base_name(u->exe) : "-", sizeof(shown));
	scols->line_set_data(line, COL_NAME, shown);
	fmt_int(&pid, u->pid);
	scols->line_set_data(line, COL_PID, text);
	scols->line_set_data(line, COL_MEM, usage_size_text(u->bytes.used, text));
	scols->line_set_data(line, COL_LIMIT,
			     u->bytes.limit == RL_UNLIMITED ? "-" : usage_size_text(u->bytes.limit, text));
	scols->line_set_data(line, COL_PEAK, usage_size_text(u->bytes.peak, text));
	set_gauge(line, COL_THREADS, &u->threads, usage_count_text);
	set_gauge(line, COL_PROCS, &u->procs, usage_count_text);
	set_gauge(line, COL_WALL, &u->wall_ns, usage_time_text);
	set_gauge(line, COL_CPU, &u->cpu_ns, usage_time_text);
	snprintf(state, sizeof(state), u->cause ? "%s:%s" : "%s", usage_state_name(u->state), u->cause);
	scols->line_set_data(line, COL_STATE, state);
}

/* Puts the accounts below `parent` under its line. */
static void add_accounts(struct libscols_table *table, struct libscols_line *above, const struct ledger *l,
			 uint32_t parent, int64_t now_ns)
{
	for (uint32_t i = 0; i < accounts_end(l); i++) {
		struct libscols_line *line;
		struct usage usage;

		/* One that is its own parent is being made or is damaged. */
		if (!is_shown(l, i) || l->account[i].parent != parent || i == parent)
			continue;
		line = scols->table_new_line(table, above);
		if (!line)
			return;
		usage_read(l, i, now_ns, &usage);
		fill_line(line, &usage);
		if (parent == LEDGER_NONE || i > parent) /* made later, so there is no circle */
			add_accounts(table, line, l, i, now_ns);
	}
}

char *top_rows_table(const struct ledgers *ledgers, int width)
{
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	struct libscols_table *table;
	char *text = NULL;

	scols = tables_load();
	table = scols ? scols->new_table() : NULL;
	if (!table)
		return NULL;
	for (size_t i = 0; i < RL_ARRAY_LEN(COLUMNS); i++)
		if (!scols->table_new_column(table, COLUMNS[i].name, COLUMNS[i].width_hint, COLUMNS[i].flags))
			goto out;
	if (width) {
		scols->table_set_termforce(table, SCOLS_TERMFORCE_ALWAYS);
		scols->table_set_termwidth(table, (size_t)width);
	}
	for (size_t i = 0; i < ledgers->count; i++)
		add_accounts(table, NULL, ledgers->ledger[i], LEDGER_NONE, now_ns);
	if (scols->table_is_empty(table))
		text = strdup("");
	else if (scols->print_table_to_string(table, &text))
		text = NULL;
out:
	scols->unref_table(table);
	return text;
}

static void put_number(struct fmt *f, const char *name, const char *part, const char *unit, int64_t value)
{
	char key[32];

	snprintf(key, sizeof(key), "%s%s%s", name, part, unit);
	fmt_json_number(f, key, value);
}

static void put_gauge(struct fmt *f, const char *name, const char *unit, const struct usage_gauge *g)
{
	put_number(f, name, "", unit, g->used);
	if (g->peak >= 0)
		put_number(f, name, "_peak", unit, g->peak);
	if (g->limit != RL_UNLIMITED)
		put_number(f, name, "_limit", unit, g->limit);
}

static void print_object(const struct ledger *l, const struct usage *u, FILE *to)
{
	static char line[4 * PATH_MAX];
	struct usage_gauge wall_ns = u->wall_ns;
	struct fmt f = FMT_INIT(line);

	fmt_char(&f, '{');
	fmt_json_text(&f, "ledger", l->path, LEDGER_PATH);
	fmt_json_number(&f, "account", u->account);
	if (u->parent != LEDGER_NONE)
		fmt_json_number(&f, "parent", u->parent);
	fmt_json_number(&f, "pid", u->pid);
	if (*u->name)
		fmt_json_text(&f, "name", u->name, PATH_MAX);
	if (*u->exe)
		fmt_json_text(&f, "exe", u->exe, PATH_MAX);
	put_gauge(&f, "mem", "_bytes", &u->bytes);
	put_gauge(&f, "threads", "", &u->threads);
	put_gauge(&f, "procs", "", &u->procs);
	/* Apart, as in the record. */
	wall_ns.used += u->stopped_ns;
	put_gauge(&f, "wall", "_ns", &wall_ns);
	fmt_json_number(&f, "wall_stopped_ns", u->stopped_ns);
	put_gauge(&f, "cpu", "_ns", &u->cpu_ns);
	fmt_json_text(&f, "state", usage_state_name(u->state), PATH_MAX);
	if (u->cause)
		fmt_json_text(&f, "limit", u->cause, PATH_MAX);
	fmt_str(&f, "}\n");
	fputs(line, to);
}

void top_rows_json(const struct ledgers *ledgers, FILE *to)
{
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);

	for (size_t i = 0; i < ledgers->count; i++) {
		const struct ledger *l = ledgers->ledger[i];

		for (uint32_t account = 0; account < accounts_end(l); account++) {
			struct usage usage;

			if (!is_shown(l, account))
				continue;
			usage_read(l, account, now_ns, &usage);
			print_object(l, &usage, to);
		}
	}
}
