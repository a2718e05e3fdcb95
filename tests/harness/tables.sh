# tables.sh - what the tables of limits and settings name; sourced by shell tests, after cases.sh.
# shellcheck shell=sh
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # cases.sh sets top

# The variables (LATER or NOW) that the tables name.
variables() {
	sed -n "s/^RL_[A-Z]*(\([A-Z_]*\),.* $1, \".*/\1/p" "$top/shim/contract/limits.def" "$top/shim/contract/settings.def"
}

option_of() {
	printf -- '--%s' "$1" | tr 'A-Z_' 'a-z-'
}
