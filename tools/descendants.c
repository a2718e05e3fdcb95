/*
 * descendants.c - the processes below one; see descendants.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "descendants.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/procread.h"

enum { TEXT_MAX = 512 };

/* State and parent out of /proc/PID/stat; the name in it may hold anything. Return: whether it is there. */
static bool read_stat(pid_t pid, char *state, pid_t *parent)
{
	char text[TEXT_MAX];
	const char *end;

	if (procread_text(pid, "stat", text, sizeof(text)) <= 0)
		return false;
	end = strrchr(text, ')');
	return end && sscanf(end + 1, " %c %d", state, parent) == 2;
}

static bool is_alive(char state)
{
	return state != 'Z' && state != 'X';
}

static void append(struct descendants *list, pid_t pid, pid_t parent)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 16;
		struct descendant *more = realloc(list->process, room * sizeof(*more));

		/* Those that are listed are ended first; the next round finds the others. */
		if (!more)
			return;
		list->process = more;
		list->room = room;
	}
	list->process[list->count++] = (struct descendant){.pid = pid, .parent = parent};
}

/* The children that one thread made, or took over. */
static void append_children(struct descendants *list, pid_t pid, const char *thread)
{
	char path[TEXT_MAX];
	FILE *file;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children", (int)pid, thread);
	file = fopen(path, "re");
	while (file && fscanf(file, "%d", &child) == 1)
		append(list, child, pid);
	if (file)
		fclose(file);
}

static void append_all_children(struct descendants *list, pid_t pid)
{
	char path[64];
	const struct dirent *entry;
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	threads = opendir(path);
	while (threads && (entry = readdir(threads)))
		if (entry->d_name[0] != '.')
			append_children(list, pid, entry->d_name);
	if (threads)
		closedir(threads);
}

/* Zombies hold no one up: their children have been taken over, they themselves wait for their parents. */
static void drop_dead(struct descendants *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		char state = 'Z';
		pid_t parent;

		if (read_stat(list->process[i].pid, &state, &parent) && is_alive(state))
			list->process[kept++] = list->process[i];
	}
	list->count = kept;
}

static bool is_listed(const struct descendants *list, pid_t pid)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->process[i].pid == pid)
			return true;
	return false;
}

static void drop_others(struct descendants *list, const struct descendants *others)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (!is_listed(others, list->process[i].pid))
			list->process[kept++] = list->process[i];
	list->count = kept;
}

void descendants_note_children(struct descendants *list, pid_t parent)
{
	list->count = 0;
	append_all_children(list, parent);
}

void descendants_find(struct descendants *list, pid_t top, const struct descendants *others)
{
	list->count = 0;
	append_all_children(list, top);
	drop_others(list, others);
	for (size_t i = 0; i < list->count; i++)
		append_all_children(list, list->process[i].pid);
	drop_dead(list);
}

bool descendants_signal(const struct descendant *process, int signal)
{
	int fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	pid_t parent = 0;
	bool is_sent = false;
	char state;

	/* A kernel before 5.3 has no such descriptors; what we look at next was true a moment ago. */
	if (read_stat(process->pid, &state, &parent) && is_alive(state) &&
	    (parent == process->parent || parent == getpid()))
		is_sent = !(fd >= 0 ? syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0)
				    : kill(process->pid, signal));
	if (fd >= 0)
		close(fd);
	return is_sent;
}

bool descendants_comm(pid_t pid, char *comm, size_t size)
{
	long len = procread_text(pid, "comm", comm, size);

	comm[len > 0 ? len - 1 : 0] = '\0'; /* behind the name is a newline */
	return len > 0;
}

void descendants_free(struct descendants *list)
{
	free(list->process);
}
