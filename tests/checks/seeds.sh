#!/bin/bash
# seeds.sh - SEEDS.md has every row, and every test that it names exists.
#
# SPDX-License-Identifier: MIT
# shellcheck source=tests/harness/rules.sh
. "$(dirname "$0")/../harness/rules.sh"
table=tests/SEEDS.md

wanted=$(printf '%s\n' A{1..21} A15a A15b B{1..23} C{1..30} D{1..30} | sort)
rows=$(sed -nE 's/^\| ([A-D][0-9]+[ab]?) \|.*/\1/p' "$table" | sort)
rule "every_row_is_there_once" "$(diff <(echo "$wanted") <(echo "$rows") | grep '^[<>]')"

# A test's case is a function or a word of its file.
missing=
while read -r name; do
	file=tests/${name%%:*} case=${name#*:}
	{ [ -e "$file.c" ] && grep -qw "$case" "$file.c"; } || { [ -e "$file.sh" ] && grep -qw "$case" "$file.sh"; } ||
		missing+="$name"$'\n'
done < <(grep -E '^\| [A-D][0-9]' "$table" | grep -oE '(unit|preload|checks|real)/[a-z0-9_]+:[a-zA-Z0-9_]+' | sort -u)
rule "every_test_that_is_named_exists" "${missing%$'\n'}"

# The last column, which alone says what shows a row.
rule "every_row_names_a_test_or_does_not_apply" "$(grep -E '^\| [A-D][0-9]' "$table" |
	grep -vE '\| [^|]*(unit|preload|checks|real)/[a-z0-9_]+:[a-zA-Z0-9_]+[^|]* \|$' | grep -v 'does not apply')"
rule "nothing_is_left_to_fill_in" "$(grep -n 'TODO' "$table" | cut -c1-60)"
exit "$failed"
