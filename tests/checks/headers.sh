#!/bin/bash
# headers.sh - each file says what it is, under which licence, and what it owns.
#
# SPDX-License-Identifier: MIT
# shellcheck source=tests/harness/rules.sh
. "$(dirname "$0")/../harness/rules.sh"

# Sources whose first lines lack a pattern.
lacking() {
	local pattern=$1 file
	shift
	for file in "$@"; do
		head -n 30 "$file" | grep -qE -- "$pattern" || echo "$file"
	done
}

mapfile -t sources < <(find shim tools tests/harness tests/preload tests/subjects tests/collisions -name '*.[chS]' -o -name '*.cc' -o -name '*.def')
rule "every_source_names_its_licence" "$(lacking 'SPDX-License-Identifier: MIT' "${sources[@]}")"

named=
for source in "${sources[@]}"; do
	head -n 3 "$source" | grep -qF -- "$(basename "$source") - " || named+="$source"$'\n'
done
rule "every_source_begins_with_its_name_and_duty" "${named%$'\n'}"

# A module's keys stand in its header; a header of macros and inline functions has them too.
mapfile -t headers < <(find shim/core shim/preload -name '*.h' ! -name attrs.h ! -name undeclared.h)
for key in Owns Called Context Fork; do
	rule "every_module_has_the_key_$key" "$(lacking "^ \* $key: " "${headers[@]}")"
done
exit "$failed"
