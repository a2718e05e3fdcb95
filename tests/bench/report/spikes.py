"""spikes.py - spikes above MEM with a grace: which are let go, which are ended and how late.

SPDX-License-Identifier: MIT
"""
import json
import subprocess

import tables
from measure import median, percentile, run

GRACE_NS = 500000000
LIMITS = {"MEM": "2M", "MEM_HARD": "8M", "MEM_GRACE": "500ms", "MEM_ACTION": "TERM,KILL"}
BYTES = str(3 << 20)
AT_ONCE = 20


def records(bench, count, arguments):
    """Runs the program so many times, some at once; the records of all."""
    guard = bench.guarded.changed(**LIMITS, STATUS_FD="2")
    found = []
    for first in range(0, count, AT_ONCE):
        children = [subprocess.Popen([bench.program("make_spikes")] + arguments, env=guard.env(),
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.PIPE, text=True)
                    for _ in range(min(AT_ONCE, count - first))]
        found += [json.loads(child.communicate(timeout=60)[1]) for child in children]
    return found


def spikes(bench):
    runs = bench.count(AT_ONCE, 10)
    each = bench.count(50, 10)
    short = records(bench, runs, [str(each), BYTES, "100000"])
    long = records(bench, bench.count(1000, 40), ["1", BYTES, "600000"])
    seen = sum(record["mem_spikes"] for record in short)
    interrupted = sum(record["verdict"] != "ok" for record in short)
    ended = [record for record in long if record["verdict"] == "mem" and record["signal"] == 15]
    late = [(record["mem_spike_longest_ns"] - GRACE_NS) / 1e6 for record in ended]
    tables.show("Spikes above MEM=2M with MEM_GRACE=500ms, %d programs at once" % AT_ONCE,
                ["spikes", "seen", "interrupted", "ms late: median", "p95", "max"],
                [["of 100 ms", seen, interrupted, "-", "-", "-"],
                 ["of 600 ms", sum(record["mem_spikes"] for record in long), len(ended),
                  "%.2f" % median(late), "%.2f" % percentile(late, 95) if late else "-",
                  "%.2f" % max(late, default=float("nan"))]])
    bench.bar("spikes of 100 ms, grace 500 ms", "0 interrupted of %d" % (runs * each),
              "%d of %d" % (interrupted, seen), interrupted == 0 and seen >= runs * each)
    bench.bar("spikes of 600 ms, grace 500 ms", "all interrupted", "%d of %d" % (len(ended), len(long)),
              len(ended) == len(long))
    pair_costs(bench)


def pair_costs(bench):
    """Above MEM each call takes the lock; below, the grace costs nothing."""
    rows = []
    for name, settings in [("below MEM, no grace", {"MEM": "1G"}),
                           ("below MEM, with a grace", {**LIMITS, "MEM": "1G", "MEM_HARD": "2G"}),
                           ("above MEM", {**LIMITS, "MEM_GRACE": "1h"})]:
        env = bench.guarded.changed(**settings).env()
        costs = [float(run([bench.program("make_spikes"), "0", BYTES], env)) for _ in range(5)]
        rows.append([name, "%.1f" % median(costs), "%.1f" % min(costs)])
    tables.show("A malloc and its free of 100 bytes", ["where", "ns, median", "least"], rows)
