#!/bin/bash
# python3.sh - threads, subprocesses, multiprocessing and exceptions under limits.
#
# SPDX-License-Identifier: MIT
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/real/common.sh
. tests/real/common.sh
need python3
python=$(system python3)

same python_computes_the_same "$python" -c 'import hashlib, json
d = {str(i): [i] * 10 for i in range(20000)}
print(hashlib.sha256(json.dumps(d).encode()).hexdigest())'
same python_threads_work "$python" -c 'import threading
total = []
def work(n): total.append(sum(range(n)))
ts = [threading.Thread(target=work, args=(1000 * i,)) for i in range(50)]
[t.start() for t in ts]; [t.join() for t in ts]
print(sum(total))'
same python_subprocesses_work "$python" -c 'import subprocess
for i in range(20):
    print(subprocess.run(["/bin/echo", str(i)], close_fds=True, stdout=subprocess.PIPE).stdout)
print(subprocess.getoutput("echo shell; exit 3"))
print(subprocess.run(["/bin/sh", "-c", "kill -SEGV $$"], env={}, cwd="/").returncode)'
same python_multiprocessing_works "$python" -c 'import multiprocessing as m
if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        with m.get_context(method).Pool(4) as p: print(method, p.map(abs, range(-100, 0)))'
same python_exit_paths_are_the_same "$python" -c 'import os, atexit
atexit.register(print, "at exit"); os.write(1, b"direct\n"); raise SystemExit(9)'
same python_kills_itself_the_same "$python" -c 'import os, signal; os.kill(os.getpid(), signal.SIGTERM)'
same python_signal_handlers_work "$python" -c 'import signal, os
signal.signal(signal.SIGTERM, lambda s, f: print("handled", s))
os.kill(os.getpid(), signal.SIGTERM); print(signal.getsignal(signal.SIGSEGV), signal.getsignal(signal.SIGINT))'
stops python_gets_memory_error 1 mem MemoryError --mem 64M -- "$python" -c 'x = []
while True: x.append(bytearray(100000))'
stops python_catches_memory_error_and_goes_on 0 ok 'went on' --mem 64M -- "$python" -c 'try:
    x = bytearray(100 << 20)
except MemoryError: print("went on")'
stops python_cannot_start_threads 1 threads "can.t start new thread" --threads 3 -- "$python" -c 'import threading, time
for i in range(9): threading.Thread(target=time.sleep, args=(2,)).start()'
stops python_cannot_fork 1 procs 'BlockingIOError' --procs 2 -- "$python" -c 'import os, time
for i in range(9):
    if os.fork() == 0: time.sleep(20); os._exit(0)'
stops python_is_stopped_in_time 124 wall '' --wall 300ms -- "$python" -c 'import time; time.sleep(30)'
stops python_uses_up_its_processor_time 123 cpu '' --cpu 300ms -- "$python" -c 'while True: pass'
stops python_catches_the_term_of_a_wall_limit 124 wall 'cleaned up' --wall 2s -- "$python" -c 'import signal, sys, time
def end(s, f): print("cleaned up"); sys.exit(4)
signal.signal(signal.SIGTERM, end); time.sleep(30)'
if long; then
	same python_runs_its_own_tests "$python" -c 'import unittest, sys, io
r = unittest.TextTestRunner(stream=io.StringIO()).run(unittest.defaultTestLoader.loadTestsFromName("test.test_json"))
print(r.testsRun, len(r.failures))'
fi
exit "$failed"
