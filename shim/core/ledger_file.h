/*
 * ledger_file.h - where the ledger lives: made, found again, removed.
 *
 * Owns:    the file's name, its creation, its removal.
 * Called:  startup, lifecycle at the end; hooks of what could keep a program
 *          from finding it again; cells, slots and accounts to grow; the tools.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    the mapping is shared with the child.
 *
 * The file is DIRECTORY/reslimit-<uid>-<pid>-<time>, mode 0600, made with
 * O_EXCL; who opens it checks type, owner, mode, size, magic and version. The
 * directory is the first of /dev/shm and /tmp where that works.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_LEDGER_FILE_H
#define RL_CORE_LEDGER_FILE_H

#include <sys/stat.h>

#include "../contract/ledger_layout.h"
#include "fmt.h"

/*
 * Makes an empty ledger, and removes those of this user in the same directory
 * that nobody uses any more (leftovers.h). Return: 0 or -errno of the last directory tried.
 */
int ledger_create(struct ledger **ledger);

/* One line, with its remedy, of why there could be none. */
void ledger_explain(int error, struct fmt *why);

/* Maps the ledger at `path`. Return: 0 or -errno; -EPERM for a file that is not a ledger of this user. */
int ledger_open(const char *path, struct ledger **ledger);

/* The same to look on only: a store would be a fault. */
int ledger_open_to_read(const char *path, const struct ledger **ledger);

/* Where ledgers may lie; NULL ends the list. */
extern const char *const LEDGER_DIRECTORIES[];

/* A path for a new file there, which the next start sweeps if its maker was killed. */
void ledger_make_path(struct fmt *path, const char *directory);

/* Whether a file of this name would be a ledger of this user. */
bool ledger_name_is_ours(const char *name);

/*
 * A process that changes its user, its root or its mounts, or may open files for
 * reading only, can no longer open the file by name, nor can the program that it
 * executes. ledger_keep_fd() opens it while that is still possible;
 * ledger_pass_fd() lets that descriptor survive an exec or not; and
 * ledger_open_passed() finds it in the new program, which passes it on to each
 * that it starts. Return: 0 or -errno.
 */
int ledger_keep_fd(const struct ledger *ledger);
void ledger_pass_fd(const struct ledger *ledger, bool pass);
int ledger_open_passed(const char *path, struct ledger **ledger);

/*
 * Keeps it for a process whose mounts may change, and those of what it executes, or which a filter keeps
 * from opening: from here on it survives every exec, one by posix_spawn() too.
 */
void ledger_pass_always(const struct ledger *ledger);

/* Whether a file can be a ledger of this user, and whether what is in it is one. */
bool ledger_file_is_ours(int fd, const struct stat *st);
bool ledger_is_whole(const struct ledger *ledger);

void ledger_unmap(const struct ledger *ledger);

/* Removes the name; the mappings stay. */
void ledger_unlink(struct ledger *ledger);

/*
 * Makes sure that a part of the table has memory behind it, so that a full
 * file system is an error here and not a SIGBUS in the guarded program.
 * Return: 0 or -errno.
 */
int ledger_page_in(const void *start, size_t len);

/* The same for the next entry of a table, upwards or downwards: only the first of a page asks. */
int ledger_grow(const void *entry, size_t len);

#endif
