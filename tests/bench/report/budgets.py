"""budgets.py - is a byte budget exact, what does it cost near the limit, and what the guard itself takes.

SPDX-License-Identifier: MIT
"""
import collections
import os
import re
import shutil

import tables
from measure import CannotRun, Loop, median, ratios, run

MIB = 1 << 20
BUDGET = 64 * MIB
REQUEST = 4096
THREADS = 8


def budget(bench):
    """What 8 threads are granted of 64 MiB before each is refused once."""
    rows = []
    kinds = [("RESLIMIT_MEM=64M", [], bench.guarded.changed(MEM="64M"))]
    if shutil.which("prlimit"):
        kinds += [("RLIMIT_AS", ["prlimit", "--as=%d" % BUDGET], bench.bare),
                  ("RLIMIT_DATA", ["prlimit", "--data=%d" % BUDGET], bench.bare)]
    for name, wrapper, variant in kinds:
        for threads in (1, THREADS):
            command = wrapper + [bench.program("fill_budget"), str(threads), str(REQUEST)]
            results = fills(command, variant, bench.count(10, 4))
            if results is None:
                rows.append([name, str(threads), "fails", "", "", ""])
                continue
            granted = [result[1] for result in results]
            rows.append([name, str(threads), str(min(result[0] for result in results)),
                         "%d" % (min(granted) - BUDGET), "%d" % (max(granted) - BUDGET), str(len(results))])
            if variant is not bench.bare:
                least = BUDGET - threads * REQUEST
                bench.bar("64 MiB, %d thread%s until refused" % (threads, "s"[threads == 1:]),
                          "never over, >= 64 MiB - 1 request each",
                          "%d to %d bytes of the budget" % (min(granted) - BUDGET, max(granted) - BUDGET),
                          max(granted) <= BUDGET and min(granted) >= least)
    over_demand(bench)
    tables.show("A budget of 64 MiB, requests of %d bytes: usable bytes granted, from the budget" % REQUEST,
                ["limit", "threads", "made", "least", "most", "runs"], rows)


def fills(command, variant, runs):
    try:
        return [list(map(int, run(command, variant.env()).split())) for _ in range(runs)]
    except CannotRun:
        if variant.ours:
            raise
        return None


def churn(bench, threads, processes, percent):
    def arguments(turns):
        return [bench.program("churn_at_limit"), str(threads), str(turns), str(processes), str(BUDGET),
                str(percent)]

    return arguments


def over_demand(bench):
    """Threads that want 120 % of the budget: what they hold together, counted by themselves."""
    command = churn(bench, THREADS, 1, 120)(bench.count(100000, 20000))
    peaks = []
    refusals = 0
    for _ in range(bench.count(5, 2)):
        words = run(command, bench.guarded.changed(MEM="64M").env()).split()
        refusals += int(words[2])
        peaks.append(int(words[3]))
    bench.bar("64 MiB, 8 threads churning at 120 %", "never over",
              "at most %d bytes of the budget, %d refusals" % (max(peaks) - BUDGET, refusals),
              max(peaks) <= BUDGET and refusals > 0)


def contention(bench):
    """Churning at 99 % of the budget: every request fits, so a refusal is a false one."""
    rows = []
    near = bench.guarded.changed(MEM="64M")
    for threads, processes in bench.count([(1, 1), (8, 1), (2, 4), (8, 4)], [(8, 1), (2, 4)]):
        arguments = churn(bench, threads, processes, 99)
        cells = []
        for variant, pairs in ((bench.bare2, 3), (bench.guarded, 3), (near, 5)):
            loop = Loop(bench, arguments, threads * processes, first_turns=5000)
            cpu = ratios(loop.pairs(variant, bench.count(pairs, 2)))
            cells.append(tables.ratio(median(cpu)))
        wall = Loop(bench, arguments, threads * processes, first_turns=5000, column=1)
        wall_ratio = median(ratios(wall.pairs(near, bench.count(5, 2))))
        refusals, turns = false_refusals(arguments, near, bench.count(100000, 20000), bench.count(5, 2))
        rows.append([str(threads), str(processes), "%.0f" % median(loop.bare_ns)] + cells
                    + [tables.ratio(wall_ratio), str(refusals)])
        bench.bar("churn at 99 %%, threads x processes %d x %d" % (threads, processes), "0 false refusals",
                  "%d in %.1f million" % (refusals, turns * threads * processes / 1e6), refusals == 0)
    tables.show("Replacing blocks at 99 % of a budget of 64 MiB: CPU time of a turn to bare",
                ["threads", "processes", "bare, ns", "bare2", "guarded, 8G", "guarded, 64M",
                 "64M, wall", "false refusals"], rows)


def false_refusals(arguments, variant, turns, runs):
    total = 0
    for _ in range(runs):
        total += int(run(arguments(turns), variant.env()).split()[2])
    return total, turns * runs


PARTS = ("library", "ledger", "other")


def footprint(bench):
    """Resident memory of the guard: its file's pages, the ledger's, and private pages dirtied elsewhere."""
    rows = []
    many = 256
    untimed = bench.guarded.changed(WALL=None)
    least = bench.floor("the least", "start_least")
    for name, variant in ((bench.empty.name, bench.empty), (least.name, least), ("guarded, no timer", untimed),
                          ("guarded", bench.guarded)):
        process = added_memory(bench, variant, 0)
        base, more = added_memory(bench, variant, 8), added_memory(bench, variant, 8 + many)
        thread = sum(more[part] - base[part] for part in PARTS[1:]) * 1024 / many
        total = sum(process.values())
        rows.append([name] + ["%+.0f" % process[part] for part in PARTS]
                    + ["%+.0f" % total, "%+.0f" % thread])
    tables.show("Resident memory added by the preload: KiB a process, bytes a further thread",
                ["preload", "its file", "ledger", "other, dirty", "process", "thread"], rows)
    bench.bar("the shim's own memory, a process", "<= 256 KiB", "%.0f KiB" % total, total <= 256)
    bench.bar("the shim's own memory, a thread", "<= 128 bytes", "%.0f bytes" % thread, thread <= 128)


def added_memory(bench, variant, threads):
    """Medians, in KiB, of what the variant has more than bare."""
    command = [bench.program("show_footprint"), str(threads)]
    library = os.path.basename(variant.settings["LD_PRELOAD"])
    added = {part: [] for part in PARTS}
    for _ in range(bench.count(5, 3)):
        bare, ours = (resident(run(command, v.env()), library) for v in (bench.bare, variant))
        for part in PARTS:
            added[part].append(ours[part] - bare[part])
    return {part: median(values) for part, values in added.items()}


def resident(smaps, library):
    """KiB by part: of other files only dirty pages, as how many clean ones are mapped is chance."""
    sizes = collections.Counter()
    part = "other"
    for line in smaps.splitlines():
        mapping = re.match(r"[0-9a-f]+-[0-9a-f]+ (\S+) \S+ \S+ \d+ *(.*)", line)
        if mapping:
            permissions, path = mapping.groups()
            part = "ledger" if permissions.startswith("rw-s") else \
                "library" if path.endswith(library) else "other"
        value = re.match(r"(\w+): +(\d+) kB", line)
        if value and value.group(1) == ("Private_Dirty" if part == "other" else "Rss"):
            sizes[part] += int(value.group(2))
    return sizes
