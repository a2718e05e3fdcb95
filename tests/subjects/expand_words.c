/*
 * expand_words.c - prints what wordexp() makes of each WORDS.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <wordexp.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		wordexp_t result;
		int error;

		errno = 99;
		error = wordexp(argv[i], &result, 0);
		say("error=%d errno=%d:", error, error ? errno : 0);
		for (size_t k = 0; !error && k < result.we_wordc; k++)
			say(" %s", result.we_wordv[k]);
		say("\n");
	}
	return 0;
}
