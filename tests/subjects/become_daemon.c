/*
 * become_daemon.c - a child calls daemon() and reports through a pipe; then its parent may still make MORE
 * children.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	long more = number(argv, argc - 1), made = 0;
	struct gate hold = gate_make();
	int end[2];
	char text[200] = "";
	pid_t pid;

	if (pipe(end))
		return 1;
	pid = fork();
	if (pid == 0) {
		pid_t before = getpid();
		int result = daemon(0, 0);
		int error = errno;
		char where[64], line[160];
		ssize_t to_null = readlink("/proc/self/fd/1", where, sizeof(where) - 1);

		where[to_null > 0 ? to_null : 0] = 0;
		snprintf(line, sizeof(line), "daemon=%d errno=%d moved=%d session=%d out=%s cwd=%s", result,
			 result ? error : 0, getpid() != before,
			 getsid(0) == before ? 0 : getsid(0) == getpid(), where, getcwd(text, sizeof(text)));
		write(end[1], line, strlen(line));
		close(end[1]);
		gate_wait(&hold);
		_exit(0);
	}
	close(end[1]);
	if (!pid || read(end[0], text, sizeof(text) - 1) <= 0)
		return 2;
	say("%s\n", text);
	while (made < more && (pid = fork()) >= 0) {
		if (pid == 0) {
			gate_wait(&hold);
			_exit(0);
		}
		made++;
	}
	say("more=%ld\n", made);
	gate_open(&hold);
	return 0;
}
