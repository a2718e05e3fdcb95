#!/bin/bash
# static.sh - formatting and linters; run by `make static` and in CI.
#
# SPDX-License-Identifier: MIT
set -u
cd "$(dirname "$0")/../.." || exit 1
failed=0
skipped=0

have() {
	command -v "$1" >/dev/null 2>&1 && return 0
	echo "# skip: $1 is not installed"
	skipped=1
	return 1
}

report() { # NAME COMMAND...
	local name=$1
	shift
	if "$@" >/tmp/reslimit-static.$$ 2>&1; then
		echo "ok $name"
	else
		echo "not ok $name"
		head -n 60 /tmp/reslimit-static.$$ | sed 's/^/# /'
		failed=1
	fi
	rm -f /tmp/reslimit-static.$$
}

mapfile -t sources < <(git ls-files '*.c' '*.h' '*.cc' 2>/dev/null)
[ ${#sources[@]} -gt 0 ] || mapfile -t sources < <(find shim tools tests -name '*.[ch]' -o -name '*.cc')
mapfile -t code < <(printf '%s\n' "${sources[@]}" | grep -E '^(shim|tools)/.*\.c$')
mapfile -t scripts < <(grep -lE '^#!.*\b(ba)?sh\b' -r tests tools .ci --include='*' 2>/dev/null | sort)

flags=(-std=gnu11 -D_GNU_SOURCE -DRL_VERSION='"0"' '-DRL_LIBDIR="/usr/lib"' -Ishim)

tidy() {
	# shellcheck disable=SC2016 # the inner shell expands it
	printf '%s\0' "${code[@]}" | xargs -0 -n 8 -P 2 sh -c '
		clang-tidy --quiet --warnings-as-errors="*" "$@" -- -std=gnu11 -D_GNU_SOURCE -DRL_VERSION="\"0\"" \
			-DRL_LIBDIR="\"/usr/lib\"" -Ishim -I"${BUILD:-build}/generated"' tidy
}

have clang-format && report clang_format clang-format --dry-run -Werror "${sources[@]}"
have shellcheck && report shellcheck shellcheck -x "${scripts[@]}"
# Neither analyser sees what a system call or struct fmt's writers put into a buffer, so not what is unset.
have cppcheck && report cppcheck cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 \
	--enable=warning,portability --suppress=missingIncludeSystem --suppress=preprocessorErrorDirective \
	--suppress=uninitvar -j 2 "${flags[@]:1}" shim tools
have clang-tidy && report clang_tidy tidy
[ "$failed" -eq 0 ] || exit 1
[ "$skipped" -eq 0 ] || exit 77
