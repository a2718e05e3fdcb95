#!/bin/bash
# layers.sh - each file includes only from lower rows, and each duty has one owner.
#
#   contract < core < preload | api | tools
#
# Prints "ok NAME" or "not ok NAME" for each rule.
#
# SPDX-License-Identifier: MIT
# shellcheck source=tests/harness/rules.sh
. "$(dirname "$0")/../harness/rules.sh"

# Includes of the files of $1, as "FILE -> INCLUDED" with the included path from the top.
includes() {
	local file included
	while read -r file; do
		sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\([^"]*\)".*/\1/p' "$file" | while read -r included; do
			if [ -e "${file%/*}/$included" ]; then
				included=${file%/*}/$included
				while [[ $included =~ ^(.*/)?[^/]+/\.\./(.*)$ ]]; do
					included=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
				done
			elif [ -e "shim/$included" ]; then
				included=shim/$included
			fi
			echo "$file -> $included"
		done
	done < <(find "$1" -name '*.[chS]' -o -name '*.def')
}

# Lines of code, without comments, of files below $1 that match $2; but not in the files named after.
uses() {
	local where pattern=$2 file
	read -ra where <<<"$1"
	shift 2
	while read -r file; do
		case " $* " in *" $file "*) continue ;; esac
		sed -e 's://.*::' -e 's:/\*.*\*/::' -e '/^[ \t]*\/\*/,/\*\//d' -e '/^[ \t]*\*/d' -e 's/"[^"]*"//g' "$file" |
			grep -nE "$pattern" | sed "s:^:$file\::"
	done < <(find "${where[@]}" -name '*.[ch]')
}

# Variables by the names that code and its texts give them, without the prefix.
variables_named() {
	grep -rhoE '(\<RESLIMIT_|CONFIG_PREFIX ")[A-Z][A-Z_]*' shim/core shim/preload tools --include='*.[ch]' |
		sed 's/.*"//; s/^RESLIMIT_//' | sort -u
}

# Those of the tables, the one that the processes of a tree use among themselves, and the interface's constants.
variables_known() {
	{
		sed -nE 's/^RL_LIMIT\(([A-Z_]+),.*/\1\n\1_ACTION/p' shim/contract/limits.def
		sed -nE 's/^RL_SETTING\(([A-Z_]+),.*/\1/p' shim/contract/settings.def
		echo LEDGER
		grep -oE '\<RESLIMIT_[A-Z_]+' shim/api/reslimit.h | sed 's/^RESLIMIT_//'
	} | sort -u
}

lower() { # FOLDER PREFIX...: includes of FOLDER that are below none of the PREFIXes
	local folder=$1 pattern
	shift
	pattern=$(printf -- '|-> %s/' "$@")
	includes "$folder" | grep -vE -- "${pattern#|}"
}

rule "contract_includes_contract_only" "$(lower shim/contract shim/contract)"
rule "core_includes_contract_and_core_only" "$(lower shim/core shim/contract shim/core)"
rule "preload_includes_nothing_of_the_tools" "$(lower shim/preload shim/contract shim/core shim/preload shim/api)"
rule "the_interface_includes_no_tools" "$([ ! -d shim/api ] || lower shim/api shim/contract shim/core shim/preload shim/api)"
rule "tools_include_nothing_of_the_preload" "$(lower tools shim/contract shim/core shim/api tools)"
rule "only_real_and_tables_call_dlsym" "$(uses 'shim tools' '\<dlv?sym *\(' shim/preload/real.c tools/tables.c)"
rule "only_config_spells_the_prefix_of_variables" "$(grep -rnE '"RESLIMIT_' shim tools --include='*.[chS]' | grep -vE '^shim/core/config\.h:|^[^:]*:[0-9]+:( \*|/\*)')"
rule "every_variable_that_is_named_is_in_the_tables" "$(comm -23 <(variables_named) <(variables_known))"
rule "nobody_reads_variables_by_getenv" "$(uses shim '\<(secure_)?getenv *\(')"
# Whoever may set the clock would move a deadline; progress.c compares files' dates.
rule "no_deadline_asks_for_the_date" \
	"$(uses 'shim tools' 'CLOCK_(REALTIME|TAI)|SYS_(time|gettimeofday)\>|\<(time|gettimeofday|ftime|timespec_get) *\(|\<(pthread_(cond|mutex)|sem|mq)_timed[a-z]* *\(' shim/core/progress.c)"
rule "only_processor_and_registers_know_the_processor" \
	"$(uses shim '^[ \t]*#[ \t]*(el)?if.*__(x86_64|aarch64|i386|arm)' shim/core/processor.h shim/core/registers.h)"
rule "only_rawsys_makes_raw_system_calls" "$(uses shim '\<syscall *\(' shim/core/rawsys.h)"
rule "nothing_in_the_shim_exits_or_prints" \
	"$(uses shim '(^|[^_.>a-z])(exit|abort|f?printf|puts|perror|assert) *\(' |
		grep -vE '(real|next)\.|RL_EXPORT|^shim/api/')"
# stacks_process ends what it made itself.
rule "only_steps_fatal_and_the_ties_to_a_supervisor_send_signals" \
	"$(uses shim '\<raw_(tg)?kill *\(' shim/core/rawsys.h shim/core/step_signals.c shim/core/stacks_process.c shim/core/tree.c shim/core/leash.c shim/preload/fatal.c | grep -v ', 0)')"
rule "files_are_at_most_400_lines_long" \
	"$(find shim tools -name '*.[chS]' -exec awk 'END { if (FNR > 400) print FILENAME ": " FNR " lines" }' {} \;)"
rule "functions_are_at_most_70_lines_long" \
	"$(find shim tools -name '*.c' -exec awk '
		/^{/ { start = FNR }
		/^}/ { if (start && FNR - start > 70) print FILENAME ":" start ": " FNR - start " lines"; start = 0 }' {} \;)"
rule "nothing_is_left_to_do_later" "$(grep -rnE '\<(TODO|FIXME|XXX)\>' shim tools Makefile | head -5)"
exit "$failed"
