#!/bin/bash
# install.sh - building again does only what is due, and what is installed works and goes away again.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # the tests are called by the names found in this file
# shellcheck source=tests/harness/cases.sh
. "$(dirname "$0")/../harness/cases.sh"

# A tree with the sources of ours and a build of its own, as new as they are.
make_tree() {
	mkdir -p tree/build
	ln -s "$top"/{Makefile,VERSION,shim,tools,tests,conf} tree
	cp -a "$BUILD"/{flags,libdir,generated,exports.map,shim,tools,reslimit,reslimit-env,libreslimit_preload.so} tree/build
	build all >first || fail "$(tail -n 20 first)"
}

build() {
	MAKEFLAGS='' make --no-print-directory -C tree B=build "$@" 2>err
}

# Tests:

a_second_make_does_nothing() {
	make_tree
	build all >again || fail "$(cat err)"
	! grep -v 'Nothing to be done' again || fail "all this was done again"
}

another_prefix_builds_only_what_names_it() {
	make_tree
	build prefix="$tmp/elsewhere" all >again || fail "$(cat err)"
	grep -o '[^ ]*\.c$' again >compiled
	[ "$(cat compiled)" = tools/library.c ] || fail "compiled:" "$(cat compiled)"
	mkdir alone
	cp tree/build/reslimit alone
	alone/reslimit exec true 2>said && fail "a library was found"
	grep -qF "$tmp/elsewhere/lib/libreslimit_preload.so" said || fail "$(cat said)"
}

what_is_installed_works_and_goes_away_again() {
	make_tree
	build DESTDIR="$tmp/root" prefix=/usr install >installed || fail "$(cat err)"
	for file in bin/reslimit bin/reslimit-env lib/libreslimit_preload.so include/reslimit.h \
		share/man/man1/reslimit.1 share/man/man7/reslimit.7; do
		[ -s "root/usr/$file" ] || fail "$file is not there"
	done
	root/usr/bin/reslimit-env --mem 64M --status-file record -- true || fail "status $?"
	grep -qF '"verdict":"ok"' record || fail "$(cat record)"
	build DESTDIR="$tmp/root" prefix=/usr uninstall >removed || fail "$(cat err)"
	[ -z "$(find root -type f)" ] || fail "left:" "$(find root -type f)"
}

run_cases "$@"
