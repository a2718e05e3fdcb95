#!/bin/sh
# tools_fuzz.sh - a short run of the parsers' fuzz driver, with sanitizers; RL_LONG makes it long.
#
# Prints one line "ok ..." or "not ok ..."; exits 0, 1, or 77 where the
# compiler has no sanitizers.
#
# SPDX-License-Identifier: MIT

top=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
runs=100000
[ -z "$RL_LONG" ] || runs=3000000

cd "$top" || exit 1
echo 'int main(void) { return 0; }' >"$tmp/probe.c"
${CC:-gcc} -fsanitize=address,undefined -o "$tmp/probe" "$tmp/probe.c" 2>/dev/null && "$tmp/probe" || exit 77
if ${CC:-gcc} -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -D_GNU_SOURCE -Ishim \
	-o "$tmp/fuzz_config" tests/fuzz/fuzz_config.c shim/core/fmt.c shim/core/units.c shim/core/actions.c \
	shim/core/config.c shim/core/glob.c shim/core/conditions.c shim/core/setting_list.c && timeout 1700 "$tmp/fuzz_config" "$runs"; then
	echo 'ok parsers_keep_their_promises_for_random_texts'
else
	echo 'not ok parsers_keep_their_promises_for_random_texts'
	exit 1
fi
