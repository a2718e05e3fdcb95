#!/bin/bash
# redis.sh - a server with an allocator of its own, over a local socket.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # code of other programs
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/real/common.sh
. tests/real/common.sh
need redis-server redis-cli

cat >"$scratch/work" <<'WORK'
set -e
dir=$(mktemp -d)
redis-server --port 0 --unixsocket "$dir/s" --save '' --dir "$dir" --daemonize no >"$dir/log" 2>&1 &
server=$!
cli() { redis-cli -s "$dir/s" "$@"; }
until cli ping >/dev/null 2>&1; do kill -0 $server; done
cli set answer 42
cli incr answer
cli debug jmap >/dev/null 2>&1 || true
for i in 1 2 3 4 5; do cli lpush list "$(seq "$i" 1000 | tr '\n' ' ')" ; done
cli lrange list 0 -1 | md5sum
cli --raw eval 'local s = 0 for i = 1, 10000 do s = s + i end return s' 0
cli shutdown nosave || true
wait $server || true
tail -n 1 "$dir/log" | sed 's/.*[*#] //'
rm -rf "$dir"
WORK
same redis_answers_the_same bash "$scratch/work"
stops redis_dies_of_what_memory_it_lacks any mem '' --mem 1M -- redis-server --port 0 --save '' --dir "$scratch"
stops redis_cannot_start_its_threads any threads '' --threads 0 -- redis-server --port 0 --unixsocket "$scratch/s" --save '' --dir "$scratch"
stops redis_is_stopped_in_time 124 wall '' --wall 700ms -- redis-server --port 0 --unixsocket "$scratch/s" --save '' --dir "$scratch"
stops redis_uses_up_its_processor_time any cpu '' --cpu 300ms -- bash -c '
	redis-server --port 0 --unixsocket "$0/t" --save "" --dir "$0" --lua-time-limit 0 &
	until redis-cli -s "$0/t" ping >/dev/null 2>&1; do :; done
	redis-cli -s "$0/t" eval "while true do end" 0' "$scratch"
exit "$failed"
