#!/bin/bash
# model.sh - spin finds nothing wrong in the model of the credit protocol, and finds each mutation of it.
#
#   RL_LONG    also the scenes with more rounds, which take minutes and 3 GB
#
# SPDX-License-Identifier: MIT
set -u
cd "$(dirname "$0")/../.." || exit 1
command -v spin >/dev/null || { echo "skip: spin is not installed"; exit 77; }
model=$PWD/tests/model/credit.pml
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
optimise=-O2 # a whole search is worth the compiler's time; a mutation is found before it would be

# Searches every state of the model under some -D flags and prints what spin's verifier says.
search() {
	local dir
	dir=$(mktemp -d "$scratch/XXXXXX")
	(
		cd "$dir" && spin "$@" -a "$model" && "${CC:-cc}" "$optimise" -w -DSAFETY -DNOFAIR -DCOLLAPSE -DMEMLIM=4000 \
			-o pan pan.c && ./pan -m100000 -w24 -n
	) >"$dir/log" 2>&1
	cat "$dir/log"
	rm -rf "$dir"
}

# Says what was searched, so that a search that was cut short is not taken for a proof.
holds() {
	local name=$1 log
	shift
	log=$(search "$@")
	if grep -q 'errors: 0' <<<"$log" && ! grep -qE 'Search not completed|out of memory|max search depth' <<<"$log"; then
		echo "ok $name"
	else
		echo "not ok $name"
		grep -E 'error|violated|completed|memory' <<<"$log" | cut -c1-200 | sed 's/^/# /'
		failed=1
	fi
}

fails() {
	local name=$1 log
	shift
	log=$(search "$@")
	if grep -q 'errors: 1' <<<"$log"; then
		echo "ok $name"
	else
		echo "not ok $name"
		grep -E 'error|completed|memory' <<<"$log" | cut -c1-200 | sed 's/^/# /'
		failed=1
	fi
}

holds "three_threads_are_never_over_and_never_falsely_refused" -DSCENE=1 -DROUNDS=2 -DLAST_ROUNDS=1
holds "a_thread_killed_at_any_step_loses_nothing" -DSCENE=2 -DROUNDS=1
holds "a_process_without_membarrier_is_never_over" -DSCENE=3 -DROUNDS=2 -DLAST_ROUNDS=0
if [ -n "${RL_LONG:-}" ]; then
	holds "three_threads_of_two_rounds_are_never_over_and_never_falsely_refused" -DSCENE=1 -DROUNDS=2
	holds "a_thread_killed_at_any_step_of_two_rounds_loses_nothing" -DSCENE=2 -DROUNDS=2 -DLAST_ROUNDS=1
	holds "a_process_without_membarrier_beside_two_is_never_over" -DSCENE=3 -DROUNDS=2 -DLAST_ROUNDS=1
fi
optimise=-O0
while read -r mutation scene what; do
	rounds=2 last=2
	[ "$scene" != 2 ] || rounds=1 last=1
	[ "$scene" != 3 ] || last=0
	fails "the_model_fails_$what" -DSCENE="$scene" -DROUNDS="$rounds" -DLAST_ROUNDS="$last" -D"MUT_$mutation"
done <<'EOF'
NO_FENCE 1 without_the_fence
NO_FREEZE 1 without_the_freeze
NO_LOOK 1 when_owners_do_not_look_at_the_freeze
NO_SETTLE 1 without_settling_what_was_taken
NO_NOTE 1 when_the_owner_is_not_told_what_was_taken
NO_UNDO 1 when_a_refused_charge_is_not_undone
UNDO 1 when_a_frozen_charge_is_undone_and_tried_again
SUBTRACT_FIRST 1 when_an_uncovered_charge_is_subtracted_first
GIVE_TWICE 1 when_credit_given_back_is_kept_too
NO_SWEEP 2 when_the_dead_are_not_swept
NO_REPAIR 2 when_a_dead_owner_s_lock_is_not_repaired
NO_TAKEOVER 2 when_a_dead_owner_keeps_the_lock
RETIRE_ORDER 2 when_a_leaving_thread_gives_its_lease_back_first
TRUST_FENCED 3 when_one_without_membarrier_takes_from_those_with_it
EOF
exit "$failed"
