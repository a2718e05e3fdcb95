/*
 * undeclared.h - functions that libc has, or may have, without declaring them
 * under the features we compile with.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_UNDECLARED_H
#define RL_PRELOAD_UNDECLARED_H

#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

int __libc_start_main(int (*program)(int, char **, char **), int argc, char **argv, void (*init)(void),
		      void (*fini)(void), void (*loader_fini)(void), void *stack_end);
void cfree(void *block);
void free_sized(void *block, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size);
pid_t __fork(void);
pid_t __vfork(void);
pid_t _Fork(void);
/* Of glibc 2.39 and later. */
int pidfd_spawn(int *pidfd, const char *path, const posix_spawn_file_actions_t *actions,
		const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]);
int pidfd_spawnp(int *pidfd, const char *file, const posix_spawn_file_actions_t *actions,
		 const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]);
FILE *_IO_popen(const char *command, const char *type);
/* Declared by libcap, exported by libc. */
int capset(void *header, const void *data);
int __clone(int (*function)(void *), void *stack, int flags, void *argument, ...);
int __sigaction(int signal, const struct sigaction *new_action, struct sigaction *old_action);
__sighandler_t bsd_signal(int signal, __sighandler_t handler);
__sighandler_t __sysv_signal(int signal, __sighandler_t handler);
/* Of the interface of AddressSanitizer's runtime. */
const char *__asan_default_options(void);

#endif
