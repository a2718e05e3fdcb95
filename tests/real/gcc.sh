#!/bin/bash
# gcc.sh - the compiler on a large generated file: same object, and an error when memory ends.
#
# SPDX-License-Identifier: MIT
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/real/common.sh
. tests/real/common.sh
need gcc

functions=400
if long; then functions=3000; fi
awk -v n="$functions" 'BEGIN {
	for (i = 0; i < n; i++)
		printf "int f%d(int *a, int n) { int s = %d; for (int i = 0; i < n; i++) s += a[i] * %d ^ (s >> %d); return s; }\n",
			i, i, i * 3 + 1, i % 13 + 1
}' >"$scratch/large.c"

# Assembler text to stdout is compared.
same gcc_makes_the_same_code gcc -O2 -S -o - "$scratch/large.c"
printf "int main(void) { return 0; }\n" >"$scratch/small.c"
same gcc_links_a_program gcc -o "$scratch/small" "$scratch/small.c"
stops gcc_reports_what_memory_it_lacks any mem 'memory' --mem 3M -- gcc -O2 -c -o "$scratch/large.o" "$scratch/large.c"
stops gcc_is_stopped_in_time 124 wall '' --wall 30ms -- gcc -O3 -c -o "$scratch/large.o" "$scratch/large.c"
exit "$failed"
