#!/bin/bash
# exports.sh - the library exports exactly the rows of interpose.def and the interface, and needs libc only.
#
# SPDX-License-Identifier: MIT
# shellcheck source=tests/harness/rules.sh
. "$(dirname "$0")/../harness/rules.sh"
library=$build/libreslimit_preload.so
[ -e "$library" ] || { echo "no $library"; exit 1; }

wanted=$(sed -n 's/^RL_[A-Z]*HOOK(\([A-Za-z0-9_]*\).*/\1/p' shim/preload/interpose.def | sort)
exported=$(nm -D --defined-only "$library" | awk '{ print $NF }' | sort)
plain=$(grep -v '^reslimit_' <<<"$exported")

rule "every_hook_is_exported" "$(comm -23 <(echo "$wanted") <(echo "$plain"))"
rule "nothing_else_is_exported" "$(comm -13 <(echo "$wanted") <(echo "$plain") | grep -v '^$')"
rule "exports_carry_no_version" "$(grep '@' <<<"$exported")"
rule "no_hook_was_renamed_by_a_header" "$(grep -E '64$|^__(isoc|sysv_signal$)' <<<"$plain" | grep -vxF "$wanted")"
rule "libc_alone_is_needed" \
	"$(readelf -d "$library" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -vE '^(libc\.so\.6|ld-linux[^/]*)$')"
rule "thread_local_words_are_in_the_static_block" "$(readelf -d "$library" | grep -q STATIC_TLS || readelf -lW "$library" |
	grep -q ' TLS ' && ! readelf -d "$library" | grep -q STATIC_TLS && echo "no STATIC_TLS flag")"
rule "no_thread_local_variable_is_looked_up_by_a_call" "$(nm -D --undefined-only "$library" | grep -w __tls_get_addr)"
rule "the_stack_is_not_executable" "$(readelf -lW "$library" | grep GNU_STACK | grep -w 'RWE')"
rule "all_is_bound_at_the_start" "$(readelf -d "$library" | grep -qE 'BIND_NOW|NOW' || echo "lazy binding")"
exit "$failed"
