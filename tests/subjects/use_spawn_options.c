/*
 * use_spawn_options.c - file actions and attributes arrive: descriptor, directory, group, mask, default
 * signal.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>
#include <spawn.h>

int main(void)
{
	char *const argv[] = {(char *)"sh", (char *)"-c",
			      (char *)"pwd; read s </proc/self/stat; set -- $s; [ $5 = $$ ] && echo leader;"
				      "grep -E 'SigBlk|SigIgn' /proc/self/status",
			      NULL};
	char *const none[] = {(char *)"PATH=/usr/bin:/bin", NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t set;
	pid_t pid;
	int error, to = dup(1);

	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	close(1);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, to, 1);
	posix_spawn_file_actions_addclose(&actions, to);
	posix_spawn_file_actions_addchdir_np(&actions, "/usr");
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes,
				 POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attributes, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	posix_spawnattr_setsigmask(&attributes, &set);
	posix_spawnattr_setsigdefault(&attributes, &set);
	error = posix_spawnp(&pid, "sh", &actions, &attributes, argv, none);
	dup2(to, 1);
	say("error=%d status=%d\n", error, error ? -1 : reap(pid));
	return 0;
}
