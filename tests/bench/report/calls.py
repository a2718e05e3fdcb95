"""calls.py - start-up, ways to start processes and threads, mappings, stdio: bare against guarded.

SPDX-License-Identifier: MIT
"""
import os
import shutil

import tables
from measure import Loop, best_to_best, median, percentile, quartiles, ratios, time_pairs

TRUE = "/bin/true"


STARTS = {"one hook": "start_hooked", "and a shared file": "start_file", "and a sleeping thread": "start_thread",
          "and both: the least": "start_least"}


def start(bench):
    """posix_spawn and wait of /bin/true, in microseconds."""
    floors = [bench.floor(name, library) for name, library in STARTS.items()]
    untimed = bench.guarded.changed(WALL=None)
    untimed.name = "guarded, no timed limit"
    kinds = [(variant.name, variant.words() + [TRUE])
             for variant in [bench.bare2, bench.empty, *floors, untimed, bench.guarded] + bench.peers]
    for name, command in (("timeout", ["timeout", "1h", TRUE]), ("prlimit", ["prlimit", "--cpu=1000", TRUE])):
        if shutil.which(name):
            kinds.append((name, command))
    timings = time_pairs(bench, [TRUE], [command for _, command in kinds], bench.count(300, 80))
    rows = []
    added, best = {}, {}
    for (name, _), pairs in zip(kinds, timings):
        if not pairs:
            rows.append([name, "fails", "", "", "", ""])
            continue
        wall = [(first[0] / 1e3, second[0] / 1e3) for first, second in pairs]
        more = [second - first for first, second in wall]
        cpu = median([second[1] - first[1] for first, second in pairs]) / 1e3
        added[name], best[name] = median(more), best_difference(wall)
        rows.append([name, "%.0f" % median([first for first, _ in wall]), "%+.0f" % median(more),
                     "%+.0f..%+.0f" % quartiles(more), "%+.0f" % best[name], "%+.0f" % cpu])
    least = floors[-1].name
    bench.bar("start-up added to %s" % TRUE, "<= 150 us",
              "%.0f us (best to best %.0f, noise %.0f)" % (added["guarded"], best["guarded"], added["bare2"]),
              added["guarded"] <= 150, "empty library %.0f, the least %.0f us (best to best %.0f)" % (
                  added[bench.empty.name], added[least], best[least]))
    tables.show("Start-up of %s: posix_spawn and wait, us" % TRUE,
                ["preload or wrapper", "bare", "added", "quartiles", "best to best", "CPU added"], rows,
                note="the least: a library that hooks one function, makes a file of one page that others can find, and "
                "starts a thread that sleeps.")


def best_difference(pairs):
    """Of the quickest tenth each: the undisturbed runs."""
    return percentile([second for _, second in pairs], 10) - percentile([first for first, _ in pairs], 10)


def stdio(bench):
    """A timer that libc knew of would show here: its streams would begin to lock."""
    rows = []
    for call in ("putc", "getc"):
        def plain(turns, call=call):
            return [bench.program("stdio_chars"), call, str(turns)]

        def threaded(turns, call=call):
            return plain(turns, call) + ["pthread"]

        loop = Loop(bench, plain, first_turns=200000)
        noise, pairs = loop.in_turns([(bench.bare2, bench.count(11, 4)), (bench.guarded, bench.count(25, 7))])
        noise, ours = ratios(noise), ratios(pairs)
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
    passed = bench.floor("passed on", "fork_passed")
    # A static program is never entered: what is added is the calls' own price.
    plan = [("fork, wait", ["fork"], None, 100),
            ("fork, exec a static program, wait", ["fork_exec", nothing], 1.05, 60),
            ("vfork, exec a static program, wait", ["vfork_exec", nothing], 1.05, 60),
            ("posix_spawn a static program, wait", ["posix_spawn", nothing], 1.05, 60),
            ("pthread_create, join", ["pthread"], 1.10, 150)]
    rows = []
    for what, (call, *argument), bar, rounds in plan:
        loop = call_loop(bench, call, argument, bench.count(rounds, rounds // 3))
        noise, floor, untimed, ours = [ratios(pairs) for pairs in loop.in_turns([
            (bench.bare2, bench.count(7, 2)), (passed, bench.count(11, 3)),
            (bench.guarded.changed(WALL=None), bench.count(15, 5)), (bench.guarded, bench.count(15, 5))])]
        bare = median(loop.bare_ns)
        rows.append([what, "%.1f" % (bare / 1e3), tables.ratio(median(noise)), tables.ratio(median(floor)),
                     tables.ratio(median(untimed)), tables.ratio(median(ours)), tables.spread(*quartiles(ours)),
                     "%+.1f" % (bare * (median(ours) - 1) / 1e3)])
        if bar:
            least = "%s %s" % (passed.name, tables.ratio(median(floor)))
            call_bar(bench, what, bar, untimed, noise, least)
            call_bar(bench, what + "; WALL too", bar, ours, noise, least)
    tables.show("Processes and threads, the calls alone: wall time to bare",
                ["calls", "bare, us", "bare2", passed.name, "no timed limit", "guarded", "quartiles", "added, us"],
                rows, note="passed on: hooks that do nothing else, beside a thread that sleeps.")
    dynamic(bench)


def call_bar(bench, what, bar, ours, noise, floor):
    bench.bar(what, "<= %.2fx" % bar, "%s (noise %s)" % (tables.ratio(median(ours)), tables.ratio(median(noise))),
              round(median(ours), 2) <= bar, floor)


def dynamic(bench):
    """The same with a program that is guarded in turn: no preload can be cheaper than an empty one."""
    rows = []
    for what, call in (("fork, exec", "fork_exec"), ("posix_spawn", "posix_spawn")):
        what = "%s %s, wait" % (what, TRUE)
        loop = call_loop(bench, call, [TRUE], bench.count(60, 20))
        noise, empty, ours = [ratios(pairs) for pairs in loop.in_turns([
            (bench.bare2, bench.count(5, 2)), (bench.empty, bench.count(9, 3)), (bench.guarded, bench.count(9, 3))])]
        over = median(ours) / median(empty)
        rows.append([what, "%.1f" % (median(loop.bare_ns) / 1e3), tables.ratio(median(noise)),
                     tables.ratio(median(empty)), tables.ratio(median(ours)), tables.ratio(over)])
        call_bar(bench, what, 1.05, ours, noise, "%s %s" % (bench.empty.name, tables.ratio(median(empty))))
    tables.show("The same with a guarded program: wall time to bare",
                ["calls", "bare, us", "bare2", "empty library", "guarded", "guarded to empty"], rows,
                note="%s is guarded too and pays its own start; an empty library is the least that a preload can "
                "cost." % os.path.basename(TRUE))


def mappings(bench):
    """CPU time of mmap and munmap of 1 MiB beside few and many others."""
    rows = []
    passed, recorded = bench.floor("passed on", "maps_passed"), bench.floor("recorded", "maps_recorded")
    for live in (10, 100000):
        def cycle(turns, live=live):
            return [bench.program("map_cycle"), str(live), str(max(100, turns // 96))]

        loop = Loop(bench, cycle, first_turns=20000)
        pairs = loop.in_turns([(bench.bare2, bench.count(7, 2)), (passed, bench.count(7, 2)),
                               (recorded, bench.count(7, 2)), (bench.guarded, bench.count(13, 3))])
        noise, least, record, ours = [ratios(some) for some in pairs]
        rows.append(["%d" % live, "%.0f" % median(loop.bare_ns)]
                    + [tables.ratio(median(some)) for some in (noise, least, record, ours)]
                    + [tables.spread(*quartiles(ours)), tables.ratio(best_to_best(pairs[-1]))])
        call_bar(bench, "mmap, munmap of 1 MiB beside %d" % live, 1.10, ours, noise,
                 "%s %s, %s %s" % (passed.name, tables.ratio(median(least)),
                                   recorded.name, tables.ratio(median(record))))
    tables.show("mmap and munmap of 1 MiB: CPU time to bare",
                ["live mappings", "bare, ns", "bare2", passed.name, recorded.name, "guarded", "quartiles",
                 "best to best"], rows,
                note="passed on: hooks that do nothing else; recorded: and keep a bit for each page.\n"
                "The kernel keeps at most vm.max_map_count apart; beyond that it joins neighbours, and the guard must still "
                "know each page.")


def scale(bench):
    """What calls cost beside many threads or processes of the same tree."""
    rows = []
    plan = [("pthread_create, join", "pthread", "threads", bench.count((0, 3, 15, 63), (0, 63)), 100),
            ("fork, wait", "fork", "processes", bench.count((0, 15, 63, 255), (0, 255)), 60)]
    for what, call, beside, counts, rounds in plan:
        for live in counts:
            bare, ours, noise = call_ratios(bench, call, [str(live)], bench.count(rounds, rounds // 3))
            rows.append([what, "%d %s" % (live + 1, beside), "%.1f" % (bare / 1e3), tables.ratio(median(noise)),
                         tables.ratio(median(ours)), "%+.1f" % (bare * (median(ours) - 1) / 1e3)])
    for count in bench.count((1, 4, 16, 64), (1, 64)):
        rows.append(heap_row(bench, "malloc(64), free", count, 1, "%d threads" % count))
    for count in bench.count((1, 16, 64, 256), (1, 256)):
        rows.append(heap_row(bench, "malloc(64), free", 1, count, "%d processes" % count))
    tables.show("Against the number of threads and processes: time to bare",
                ["calls", "of", "bare, us", "bare2", "guarded", "added, us"], rows)


def heap_row(bench, what, threads, processes, of):
    def tight(turns):
        return [bench.program("heap_tight"), str(threads), str(turns), str(processes)]

    loop = Loop(bench, tight, threads * processes)
    noise = ratios(loop.pairs(bench.bare2, bench.count(3, 1)))
    ours = ratios(loop.pairs(bench.guarded, bench.count(7, 2)))
    bare = median(loop.bare_ns)
    return [what, of, "%.4f" % (bare / 1e3), tables.ratio(median(noise)), tables.ratio(median(ours)),
            "%+.4f" % (bare * (median(ours) - 1) / 1e3)]


def call_loop(bench, call, argument, rounds):
    return Loop(bench, lambda _: [bench.program("call_cost"), call, str(rounds)] + argument)


def call_ratios(bench, call, argument, rounds):
    loop = call_loop(bench, call, argument, rounds)
    noise, ours = [ratios(pairs) for pairs in loop.in_turns([(bench.bare2, bench.count(5, 2)),
                                                             (bench.guarded, bench.count(9, 3))])]
    return median(loop.bare_ns), ours, noise
