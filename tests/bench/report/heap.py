"""heap.py - what heap calls cost: ratios of CPU time per turn.

SPDX-License-Identifier: MIT
"""
import tables
from measure import CannotRun, Loop, best_to_best, median, quartiles, ratios

NS = "bare, ns"
BARS = {"heap_tight": ("malloc(64)+free", 1.30), "heap_random": ("random sizes, 10,000 live", 1.05),
        "heap_realloc": ("realloc growth", 1.30), "heap_calloc": ("calloc(64)+free", 1.30)}


def heap_loop(bench, program, threads, processes=1):
    def arguments(turns):
        return [bench.program(program), str(threads), str(turns), str(processes)]

    return Loop(bench, arguments, workers=threads * processes)


def measured_pairs(loop, variant, count):
    """The pairs, or none when a peer cannot run this program; ours raises."""
    try:
        return loop.pairs(variant, count)
    except CannotRun:
        if variant.ours:
            raise
        return []


def add_bar(bench, program, threads, pairs, noise):
    what, bar = BARS[program]
    what += ", %d thread%s" % (threads, "s" if threads > 1 else "")
    ours = median(ratios(pairs))
    measured = "%s (best to best %s, noise %s)" % (
        tables.ratio(ours), tables.ratio(best_to_best(pairs)), tables.ratio(median(ratios(noise))))
    bench.bar(what, "<= %.2fx" % bar, measured, round(ours, 2) <= bar)


def heap(bench):
    """Columns are programs with their thread counts, rows are variants."""
    columns = [(program, threads) for program in ("heap_tight", "heap_random")
               for threads in bench.count((1, 2, 8), (1, 8))]
    columns += [("heap_realloc", 1), ("heap_calloc", 1)]
    if not bench.quick:
        columns += [("heap_realloc", 8), ("heap_calloc", 8)]
    plan = [(bench.bare2, bench.count(11, 4)), (bench.empty, bench.count(5, 0)),
            (bench.guarded, bench.count(25, 7))]
    plan += [(peer, bench.count(3, 1)) for peer in bench.peers]
    cells = {variant.name: [] for variant, pairs in plan if pairs}
    cells = {NS: [], **cells, "guarded, quartiles": [], "guarded, best to best": []}
    for program, threads in columns:
        loop = heap_loop(bench, program, threads)
        found = {variant.name: measured_pairs(loop, variant, pairs) for variant, pairs in plan if pairs}
        for name, pairs in found.items():
            cells[name].append(tables.ratio(median(ratios(pairs))) if pairs else "fails")
        ours = found["guarded"]
        cells[NS].append("%.1f" % median(loop.bare_ns))
        cells["guarded, quartiles"].append(tables.spread(*quartiles(ratios(ours))))
        cells["guarded, best to best"].append(tables.ratio(best_to_best(ours)))
        add_bar(bench, program, threads, ours, found["bare2"])
    header = ["preload"] + ["%s %d" % (p.replace("heap_", ""), t) for p, t in columns]
    tables.show("Heap calls: CPU time to bare, by threads", header,
                [[name] + row for name, row in cells.items()])


def threads(bench):
    """Whether the price grows with the number of threads and of processes."""
    steps = bench.count([(1, 1), (2, 1), (4, 1), (8, 1), (16, 1), (32, 1), (64, 1),
                         (1, 4), (1, 16), (1, 64), (1, 256)], [(1, 1), (64, 1), (1, 256)])
    rows = []
    for many, processes in steps:
        loop = heap_loop(bench, "heap_tight", many, processes)
        loop.first_turns = 5000
        noise = ratios(loop.pairs(bench.bare2, bench.count(5, 2)))
        ours = ratios(loop.pairs(bench.guarded, bench.count(9, 4)))
        rows.append(["%d" % many, "%d" % processes, "%.1f" % median(loop.bare_ns),
                     tables.ratio(median(noise)), tables.ratio(median(ours)),
                     tables.spread(*quartiles(ours))])
    tables.show("malloc(64)+free by number of threads and processes: CPU time to bare",
                ["threads", "processes", NS, "bare2", "guarded", "quartiles"], rows)
