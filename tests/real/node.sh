#!/bin/bash
# node.sh - a runtime that reserves far more than it uses and starts threads of its own.
#
# SPDX-License-Identifier: MIT
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/real/common.sh
. tests/real/common.sh
if ! command -v node >/dev/null; then
	echo "ok node_is_not_installed_here" # optional: too large for every test machine
	exit 0
fi
node=$(system node)

same node_computes_the_same "$node" -e 'const a = []; for (let i = 0; i < 1e5; i++) a.push({ i }); console.log(a.reduce((s, x) => s + x.i, 0))'
same node_subprocesses_work "$node" -e 'const c = require("child_process"); console.log(c.execSync("echo sub").toString()); process.exitCode = 7'
stops node_is_stopped_in_time 124 wall '' --wall 1s -- "$node" -e 'setInterval(() => {}, 1000)'
stops node_uses_up_its_processor_time 123 cpu '' --cpu 500ms -- "$node" -e 'for (;;);'
stops node_dies_of_what_memory_it_lacks any mem '' --mem 150M -- "$node" -e 'const a = []; for (;;) a.push(Buffer.alloc(1e6, 1))'
stops node_cannot_start_workers 5 threads 'ERR_WORKER_INIT_FAILED' --threads 12 -- "$node" -e 'const { Worker } = require("worker_threads");
try { for (let i = 0; i < 20; i++) new Worker("setInterval(() => {}, 1000)", { eval: true }); } catch (e) { console.log(e.code); process.exit(5); }'
exit "$failed"
