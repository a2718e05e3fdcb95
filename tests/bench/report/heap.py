"""heap.py - what heap calls cost: ratios of CPU time per turn.

SPDX-License-Identifier: MIT
"""
import tables
from measure import Loop, best_to_best, median, quartiles, ratios

NS = "bare, ns"
BARS = {"heap_tight": ("malloc(64)+free", [1.30, 1.15]), "heap_random": ("random sizes, 10,000 live", [1.05]),
        "heap_realloc": ("realloc growth", [1.30]), "heap_calloc": ("calloc(64)+free", [1.30])}
FLOORS = {"passed on": "heap_passed", "counted": "heap_counted", "asked": "heap_asked"}
NOTE = ("passed on: hooks that do nothing else; counted: and add a block's size, from the word before it, to a count "
        "of the thread's own;\nasked: the same by malloc_usable_size().")


def heap_loop(bench, program, threads, processes=1):
    def arguments(turns):
        return [bench.program(program), str(threads), str(turns), str(processes)]

    return Loop(bench, arguments, workers=threads * processes)


def add_bars(bench, program, threads, found):
    what, bars = BARS[program]
    what += ", %d thread%s" % (threads, "s" if threads > 1 else "")
    ours = found["guarded"]
    figure = median(ratios(ours))
    measured = "%s (best to best %s, noise %s)" % (
        tables.ratio(figure), tables.ratio(best_to_best(ours)), tables.ratio(median(ratios(found["bare2"]))))
    floor = " ".join("%s %s" % (name, tables.ratio(median(ratios(found[name])))) for name in FLOORS)
    for bar in bars:
        bench.bar(what, "<= %.2fx" % bar, measured, round(figure, 2) <= bar, floor)


def variants_of(bench):
    """Each variant with its number of pairs."""
    floors = [(bench.floor(name, library), bench.count(9, 4)) for name, library in FLOORS.items()]
    plan = [(bench.bare2, bench.count(9, 4)), (bench.empty, bench.count(3, 0))] + floors
    return plan + [(bench.guarded, bench.count(21, 7))] + [(peer, bench.count(3, 1)) for peer in bench.peers]


def heap(bench):
    """Columns are programs with their thread counts, rows are variants."""
    many = bench.count((1, 2, 8), (1, 8))
    columns = [(program, threads) for program in ("heap_tight", "heap_random", "heap_realloc", "heap_calloc")
               for threads in (many if program in ("heap_tight", "heap_random") else bench.count((1, 8), (1,)))]
    plan = [(variant, count) for variant, count in variants_of(bench) if count]
    cells = {NS: []}
    for program, threads in columns:
        loop = heap_loop(bench, program, threads)
        found = {variant.name: pairs for (variant, _), pairs in zip(plan, loop.in_turns(plan))}
        cells[NS].append("%.1f" % median(loop.bare_ns))
        for variant, _ in plan:
            pairs = found[variant.name]
            add_cell(cells, variant.name, tables.ratio(median(ratios(pairs))) if pairs else "fails")
        for name in [*FLOORS, "guarded"]:
            add_cell(cells, name + ", quartiles", tables.spread(*quartiles(ratios(found[name]))))
            add_cell(cells, name + ", best to best", tables.ratio(best_to_best(found[name])))
        add_bars(bench, program, threads, found)
    header = ["preload"] + ["%s %d" % (p.replace("heap_", ""), t) for p, t in columns]
    tables.show("Heap calls: CPU time to bare, by threads", header,
                [[name] + row for name, row in cells.items()], note=NOTE)


def add_cell(cells, name, text):
    cells.setdefault(name, []).append(text)


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
