"""calls.py - start-up, ways to start processes and threads, mappings, stdio: bare against guarded.

SPDX-License-Identifier: MIT
"""
import os
import shutil

import tables
from measure import Loop, best_to_best, median, quartiles, ratios, time_pairs

TRUE = "/bin/true"


def start(bench):
    """posix_spawn and wait of /bin/true, in microseconds."""
    kinds = [(variant.name, variant.words() + [TRUE])
             for variant in [bench.bare2, bench.empty, bench.guarded] + bench.peers]
    kinds.insert(3, ("guarded, no timed limit", bench.guarded.changed(WALL=None).words() + [TRUE]))
    for name, command in (("timeout", ["timeout", "1h", TRUE]), ("prlimit", ["prlimit", "--cpu=1000", TRUE])):
        if shutil.which(name):
            kinds.append((name, command))
    timings = time_pairs(bench, [TRUE], [command for _, command in kinds], bench.count(300, 80))
    rows = []
    for (name, _), pairs in zip(kinds, timings):
        if not pairs:
            rows.append([name, "fails", "", ""])
            continue
        bare = median([first[0] for first, _ in pairs]) / 1e3
        added = [(second[0] - first[0]) / 1e3 for first, second in pairs]
        cpu = median([second[1] - first[1] for first, second in pairs]) / 1e3
        rows.append([name, "%.0f" % bare, "%+.0f" % median(added), "%+.0f..%+.0f" % quartiles(added),
                     "%+.0f" % cpu])
        if name == "guarded":
            bench.bar("start-up added to %s" % TRUE, "<= 150 us", "%.0f us" % median(added),
                      median(added) <= 150)
    tables.show("Start-up of %s: posix_spawn and wait, us" % TRUE,
                ["preload or wrapper", "bare", "added", "quartiles", "CPU added"], rows)


def stdio(bench):
    """A timer that libc knew of would show here: its streams would begin to lock."""
    rows = []
    for call in ("putc", "getc"):
        def plain(turns, call=call):
            return [bench.program("stdio_chars"), call, str(turns)]

        def threaded(turns, call=call):
            return plain(turns, call) + ["pthread"]

        loop = Loop(bench, plain, first_turns=200000)
        noise = ratios(loop.pairs(bench.bare2, bench.count(11, 4)))
        pairs = loop.pairs(bench.guarded, bench.count(25, 7))
        ours = ratios(pairs)
        pthread = Loop(bench, threaded, first_turns=200000)
        pthread.pairs(bench.bare, bench.count(3, 2))
        cost = median(pthread.bare_ns) / median(loop.bare_ns)
        rows.append([call, "%.2f" % median(loop.bare_ns), tables.ratio(median(noise)),
                     tables.ratio(median(ours)), tables.spread(*quartiles(ours)), tables.ratio(cost)])
        bench.bar("%s with a wall limit set" % call, "1.0x", "%s (best to best %s, noise %s)" % (
            tables.ratio(median(ours)), tables.ratio(best_to_best(pairs)), tables.ratio(median(noise))),
            round(median(ours), 1) <= 1.0)
    tables.show("putc and getc with a wall limit set: CPU time to bare",
                ["call", "bare, ns", "bare2", "guarded", "quartiles", "after a pthread"], rows)


def fork(bench):
    """Median time of a call inside one program, bare and guarded."""
    nothing = bench.program("do_nothing")
    plan = [("fork, wait", ["fork"], None, 100),
            ("fork, exec %s, wait" % TRUE, ["fork_exec", TRUE], 1.05, 60),
            ("fork, exec a static program, wait", ["fork_exec", nothing], None, 60),
            ("vfork, exec a static program, wait", ["vfork_exec", nothing], None, 60),
            ("posix_spawn %s, wait" % TRUE, ["posix_spawn", TRUE], 1.05, 60),
            ("posix_spawn a static program, wait", ["posix_spawn", nothing], None, 60),
            ("pthread_create, join", ["pthread"], 1.10, 150),
            ("mmap, munmap of 1 MiB", ["mmap", "10"], 1.10, 100),
            ("the same beside 50,000 mappings", ["mmap", "50000"], 1.10, 100)]
    rows = []
    for what, (call, *argument), bar, rounds in plan:
        bare, ours, noise = call_ratios(bench, call, argument, bench.count(rounds, rounds // 3))
        rows.append([what, "%.1f" % (bare / 1e3), tables.ratio(median(noise)), tables.ratio(median(ours)),
                     tables.spread(*quartiles(ours)), "%+.1f" % (bare * (median(ours) - 1) / 1e3)])
        if bar:
            bench.bar(what, "<= %.2fx" % bar, "%s (noise %s)" % (
                tables.ratio(median(ours)), tables.ratio(median(noise))), round(median(ours), 2) <= bar,
                goal=True)
    tables.show("Processes, threads, mappings: wall time to bare",
                ["calls", "bare, us", "bare2", "guarded", "quartiles", "added, us"], rows,
                note="%s is guarded too and pays its own start-up; the static program shows the call alone."
                % os.path.basename(TRUE))


def call_ratios(bench, call, argument, rounds):
    loop = Loop(bench, lambda _: [bench.program("call_cost"), call, str(rounds)] + argument)
    noise = ratios(loop.pairs(bench.bare2, bench.count(5, 2)))
    ours = ratios(loop.pairs(bench.guarded, bench.count(9, 3)))
    return median(loop.bare_ns), ours, noise
