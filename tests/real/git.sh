#!/bin/bash
# git.sh - a repository made, packed and searched under limits.
#
# SPDX-License-Identifier: MIT
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/real/common.sh
. tests/real/common.sh
need git

export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000' GIT_CONFIG_NOSYSTEM=1 HOME=$scratch
cat >"$scratch/work" <<'WORK'
set -e
dir=$(mktemp -d)
cd "$dir"
git init -q -b main .
for i in $(seq "$1"); do
	seq "$i" $((i * 50)) >"file$((i % 7))"
	git add .
	git commit -q -m "change $i"
done
git gc -q
git fsck 2>/dev/null
git log --format='%H %s' | tail -n 3
git grep -c 12 | sort
cd /
rm -rf "$dir"
WORK
count=8
if long; then count=200; fi
same git_makes_the_same_commits sh "$scratch/work" "$count"
git init -q --bare "$scratch/bare.git" 2>/dev/null
seq 100000 >"$scratch/one"
seq 2 100001 >"$scratch/two"
stops git_reports_what_memory_it_lacks 128 mem '[Oo]ut of memory' --mem 2M -- git diff --no-index "$scratch/one" "$scratch/two"
stops git_is_stopped_in_time 124 wall '' --wall 300ms -- git -c 'alias.wait=!sleep 30' wait
stops git_cannot_fork any procs '' --procs 0 -- git -C "$scratch" clone -q "$scratch/bare.git" copy
exit "$failed"
