/*
 * cmd_top.c - reslimit top: the guarded trees of this user, and what they use.
 *
 * Owns:    the terminal's mode and its second screen, while it shows there.
 * Called:  reslimit.c.
 * Context: one thread, may allocate.
 * Fork:    nothing, because it never forks.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"
#include "commands.h"
#include "core/rawsys.h"
#include "core/units.h"
#include "ledgers.h"
#include "tables.h"
#include "top_rows.h"

enum { FLAG_ONCE, FLAG_JSON, FLAG_INTERVAL, FLAG_HELP };

static const struct cli_flag FLAGS[] = {
	[FLAG_ONCE] = {"once", NULL, "print the table once, also on a terminal"},
	[FLAG_JSON] = {"json", NULL, "print one JSON object per line, once"},
	[FLAG_INTERVAL] = {"interval", "TIME", "time between two looks on a terminal (1s)"},
	[FLAG_HELP] = {"help", NULL, "print this text"},
};

enum { SECOND_NS = 1000000000, INTERVAL_MIN_NS = 50000000 };

/* What is to be shown, and how. */
struct view {
	bool once, json, help;
	int64_t interval_ns;
};

static int print_help(void)
{
	puts("Usage: reslimit top [OPTION]...\n"
	     "\n"
	     "Lists your guarded programs that run now, and what they use of their budgets.\n"
	     "On a terminal the list is kept up to date until q is pressed.\n"
	     "\n"
	     "Options:");
	cli_help_flags(FLAGS, RL_ARRAY_LEN(FLAGS));
	return cli_finish_output();
}

static int read_interval(struct view *view, const char *text)
{
	if (!units_time(text, strlen(text), &view->interval_ns) && view->interval_ns >= INTERVAL_MIN_NS)
		return 0;
	cli_complain("--interval " CLI_SHOWN ": not an interval; give 50ms or more, as in 0.5s", text);
	return -1;
}

static int note_option(struct view *view, const struct cli_option *option)
{
	if (!option->flag) {
		cli_complain("limits are not set here; reslimit help top lists the options");
		return -1;
	}
	if (option->flag == &FLAGS[FLAG_INTERVAL])
		return read_interval(view, option->value);
	view->once |= option->flag == &FLAGS[FLAG_ONCE];
	view->json |= option->flag == &FLAGS[FLAG_JSON];
	view->help |= option->flag == &FLAGS[FLAG_HELP];
	return 0;
}

static int read_options(struct view *view, char **words)
{
	struct cli_option option;
	int got = 1;

	while (!view->help && got > 0) {
		got = cli_read_option(&words, FLAGS, RL_ARRAY_LEN(FLAGS), &option);
		if (got > 0 && note_option(view, &option))
			return -1;
	}
	if (got < 0)
		return -1;
	if (!view->help && *words) {
		cli_complain(CLI_SHOWN ": top takes no arguments; leave it out", *words);
		return -1;
	}
	return 0;
}

/* The table as it is now, or NULL after a complaint. */
static char *make_table(int width)
{
	struct ledgers ledgers;
	char *text = NULL;

	if (!tables_load())
		return NULL;
	if (!ledgers_find(&ledgers)) {
		text = top_rows_table(&ledgers, width);
		ledgers_free(&ledgers);
	}
	if (!text)
		cli_complain("out of memory");
	return text;
}

static int print_table(void)
{
	char *text = make_table(0);

	if (!text)
		return CLI_FAILED;
	/* The library ends its text without a newline. */
	if (*text)
		puts(text);
	free(text);
	return cli_finish_output();
}

static int print_json(void)
{
	struct ledgers ledgers;

	if (ledgers_find(&ledgers))
		return cli_complain("out of memory");
	top_rows_json(&ledgers, stdout);
	ledgers_free(&ledgers);
	return cli_finish_output();
}

static volatile sig_atomic_t ending_signal;

static void note_signal(int signal_number)
{
	if (signal_number != SIGWINCH)
		ending_signal = signal_number;
}

/* As many lines as there is room for; each clears what stood behind it. */
static int show(const char *text, const struct winsize *size)
{
	int rows = size->ws_row > 1 ? size->ws_row - 1 : 24;

	fputs("\033[H", stdout);
	if (!*text)
		fputs("no guarded program runs\033[K\n", stdout);
	for (; *text && rows > 0; rows--) {
		size_t len = strcspn(text, "\n");

		printf("%.*s\033[K\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
	fputs("\033[J", stdout);
	return fflush(stdout) ? -1 : 0;
}

/* Shows the table until q, a signal, or an end of the terminal. Return: an exit status. */
static int keep_showing(const struct view *view, const sigset_t *while_waiting)
{
	struct pollfd key = {.fd = STDIN_FILENO, .events = POLLIN};
	struct timespec interval = {.tv_sec = view->interval_ns / SECOND_NS,
				    .tv_nsec = view->interval_ns % SECOND_NS};

	while (!ending_signal) {
		struct winsize size = {.ws_col = 80};
		char *text, pressed;
		int ready, failed;

		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
		text = make_table(size.ws_col);
		if (!text)
			return CLI_FAILED;
		failed = show(text, &size);
		free(text);
		if (failed)
			return CLI_FAILED;
		ready = ppoll(&key, 1, &interval, while_waiting);
		if (ready > 0 && (read(STDIN_FILENO, &pressed, 1) <= 0 || pressed == 'q' || pressed == 'Q'))
			return CLI_OK;
	}
	return CLI_OK;
}

static void catch_signals(sigset_t *caught, sigset_t *before)
{
	static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGWINCH};
	struct sigaction action = {.sa_handler = note_signal};

	sigemptyset(caught);
	for (size_t i = 0; i < RL_ARRAY_LEN(SIGNALS); i++)
		sigaddset(caught, SIGNALS[i]);
	/* Only the wait lets them in, so that none comes between the look at the flag and the wait. */
	sigprocmask(SIG_BLOCK, caught, before);
	for (size_t i = 0; i < RL_ARRAY_LEN(SIGNALS); i++)
		sigaction(SIGNALS[i], &action, NULL);
}

static int show_on_terminal(const struct view *view)
{
	struct termios was, keys;
	sigset_t caught, before;
	int status;

	if (tcgetattr(STDIN_FILENO, &was))
		return print_table();
	catch_signals(&caught, &before);
	keys = was;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &keys);
	fputs("\033[?1049h\033[?25l", stdout);
	status = keep_showing(view, &before);
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &was);
	if (ending_signal) {
		signal(ending_signal, SIG_DFL);
		raise(ending_signal);
		sigprocmask(SIG_SETMASK, &before, NULL);
	}
	return status;
}

int cmd_top(char **argv)
{
	struct view view = {.interval_ns = SECOND_NS};

	if (read_options(&view, argv + 1))
		return CLI_FAILED;
	if (view.help)
		return print_help();
	if (view.json)
		return print_json();
	if (view.once || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return print_table();
	return show_on_terminal(&view);
}
