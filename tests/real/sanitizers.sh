#!/bin/bash
# sanitizers.sh - programs built with AddressSanitizer find what they find without limits, and are limited.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # code of other programs
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/real/common.sh
. tests/real/common.sh
need gcc

cat >"$scratch/find.c" <<'END'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static __attribute__((noinline)) void leak(int i)
{
	char *volatile p = malloc(10 + i);
	p[0] = 1;
}
static void *work(void *unused)
{
	free(malloc(1000));
	return unused;
}
int main(int argc, char **argv)
{
	const char *fault = argv[argc - 1];
	char *volatile p;
	pthread_t thread;
	if (pthread_create(&thread, NULL, work, NULL) || pthread_join(thread, NULL))
		return 2;
	for (int i = 0; i < 20 && !strcmp(fault, "leak"); i++)
		leak(i);
	p = malloc(strcmp(fault, "memory") ? 100 : 100000000);
	if (!p)
		return puts("refused"), 3;
	free(p);
	return strcmp(fault, "use") ? 0 : p[1];
}
END
if ! gcc -w -g -pthread -fsanitize=address -o "$scratch/find" "$scratch/find.c" 2>/dev/null || ! "$scratch/find" fine >/dev/null 2>&1; then
	echo "ok gcc_has_no_sanitizer_that_works_here"
	exit 0
fi
found='"$0" "$1" 2>&1 | grep -oE "ERROR: [A-Za-z]*Sanitizer: [a-z-]*|SUMMARY.*leaked.*"; exit "${PIPESTATUS[0]}"'
same a_sanitized_program_runs "$scratch/find" fine
same a_use_after_free_is_found bash -c "$found" "$scratch/find" use
same leaks_are_found bash -c "$found" "$scratch/find" leak
same a_child_of_a_guarded_shell_is_sanitized env -i bash -c "$found" "$scratch/find" use
stops a_sanitized_program_is_refused_what_is_too_much 3 mem refused --mem 50M -- "$scratch/find" memory
exit "$failed"
