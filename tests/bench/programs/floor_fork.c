/*
 * floor_fork.c - the floor of processes and threads: a library with an idle thread that libc does not know
 * of, which passes on the calls that make a process or thread, and those that wait for one.
 *
 * vfork() is not among them, as its caller's frame must not be left by a return; its child's execve() is.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>

#include "floor_thread.h"
#include "next.h"

DEFINE_NEXT(pid_t, fork, (void), ())
DEFINE_NEXT(int, execve, (const char *path, char *const argv[], char *const env[]), (path, argv, env))
DEFINE_NEXT(int, posix_spawn,
	    (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
	     const posix_spawnattr_t *attr, char *const argv[], char *const env[]),
	    (pid, path, actions, attr, argv, env))
DEFINE_NEXT(pid_t, waitpid, (pid_t pid, int *status, int options), (pid, status, options))
DEFINE_NEXT(int, pthread_create,
	    (pthread_t * thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg),
	    (thread, attr, start, arg))

pid_t fork(void)
{
	return next_fork();
}

int execve(const char *path, char *const argv[], char *const env[])
{
	return next_execve(path, argv, env);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		const posix_spawnattr_t *attr, char *const argv[], char *const env[])
{
	return next_posix_spawn(pid, path, actions, attr, argv, env);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	return next_waitpid(pid, status, options);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	return next_pthread_create(thread, attr, start, arg);
}

__attribute__((constructor)) static void begin(void)
{
	FIND_NEXT(execve);
	start_sleeping_thread();
}
