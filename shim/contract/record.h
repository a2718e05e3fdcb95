/*
 * record.h - the words of the status record.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CONTRACT_RECORD_H
#define RL_CONTRACT_RECORD_H

/* One write of at most this is atomic on a pipe. */
enum { RECORD_MAX = 4096 };

/* The record's version, the value of its key "reslimit". */
enum { RECORD_VERSION = 1 };

/* Verdicts that are not the name of a limit. */
#define RECORD_VERDICT_OK     "ok"     /* exit code 0 */
#define RECORD_VERDICT_EXIT   "exit"   /* another exit code, no limit involved */
#define RECORD_VERDICT_SIGNAL "signal" /* died by a signal that was not ours */

/* What the name of a condition or plug-in follows. */
#define RECORD_VERDICT_CUSTOM "custom:"

#endif
