"""bench.py - the command line of the bench report: which groups run, and the table of bars at the end.

SPDX-License-Identifier: MIT
"""
import argparse
import os
import platform
import subprocess
import sys
import time

import budgets
import calls
import exact
import heap
import instructions
import programs
import spikes
import stops
import tables
import variants
from measure import CannotRun

GROUPS = {
    "heap": heap.heap,
    "instructions": instructions.instructions,
    "threads": heap.threads,
    "start": calls.start,
    "stop": stops.stop,
    "works": stops.works,
    "spikes": spikes.spikes,
    "budget": budgets.budget,
    "contention": budgets.contention,
    "exact": exact.exact,
    "stdio": calls.stdio,
    "fork": calls.fork,
    "mappings": calls.mappings,
    "scale": calls.scale,
    "footprint": budgets.footprint,
    "real": programs.real,
}


class Bench:
    """What the groups share: where things are, how long to measure, and what they found."""

    def __init__(self, build, library, quick):
        self.build = build
        self.quick = quick
        self.run_ns = 40e6 if quick else 120e6
        self.bare = variants.Variant("bare")
        self.bare2 = variants.Variant("bare2")
        self.empty = self.floor("empty library", "empty_library")
        self.guarded = variants.guarded(library)
        self.peers = [variant for _, variant in variants.peers() if variant]
        self.missing = [name for name, variant in variants.peers() if not variant]
        self.bars = []
        self.failures = []

    def program(self, name):
        return os.path.join(self.build, "bench", name)

    def floor(self, name, library):
        """A library that does the least: what the machine takes of what ours costs."""
        return variants.Variant(name, {"LD_PRELOAD": self.program(library)}, ours=True)

    def count(self, full, quick):
        return quick if self.quick else full

    def bar(self, what, bar, measured, met, floor="-"):
        """A line of the last table; floor is the same figure of who does the least, which no bar is judged by."""
        self.bars.append([what, bar, measured, floor, "met" if met else "MISSED"])

    def fail(self, what, why):
        """Something of ours that could not be measured: the report's exit status says so."""
        self.failures.append("%s: %s" % (what, why))
        print("  %s could not be run: %s" % (what, why), flush=True)


def show_machine(bench):
    load = "%.1f %.1f %.1f" % os.getloadavg()
    libc = " ".join(platform.libc_ver())
    print("reslimit bench: %s, %d cores, %s, load %s%s" % (
        platform.machine(), os.cpu_count(), libc, load, ", quick" if bench.quick else ""))
    limits = " ".join("%s=%s" % item for item in variants.GUARD.items())
    print("guarded: LD_PRELOAD=%s %s" % (os.path.basename(bench.guarded.settings["LD_PRELOAD"]), limits))
    print("Figures are medians of pairs run one right after the other; bare2 is bare again: the noise.")
    if bench.missing:
        print("Not installed, so left out: " + ", ".join(bench.missing))


def library_loads(bench):
    """An unguarded bench would praise a shim that does not load; the loader only warns."""
    check = subprocess.run([bench.program("heap_tight"), "1", "1000"], env=bench.guarded.env(),
                           capture_output=True, text=True, check=False)
    if check.returncode == 0 and "ld.so" not in check.stderr:
        return True
    print("bench: the guard does not work: status %d %s" % (check.returncode, check.stderr.strip()),
          file=sys.stderr)
    return False


def parse(argv):
    parser = argparse.ArgumentParser(prog="tests/bench/run")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs: under a minute")
    parser.add_argument("--library", metavar="FILE", help="the shim, or a stand-in to compare with")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    options = parser.parse_args(argv)
    for group in options.groups:
        if group not in GROUPS:
            parser.error("no group %s; there are %s" % (group, ", ".join(GROUPS)))
    return options


def main(argv):
    options = parse(argv)
    build = os.path.abspath(os.environ.get("BUILD", "build"))
    library = os.path.abspath(options.library or os.path.join(build, "libreslimit_preload.so"))
    bench = Bench(build, library, options.quick)
    if not os.path.exists(library):
        print("bench: no %s: build it first" % library, file=sys.stderr)
        return 1
    if not library_loads(bench):
        return 1
    show_machine(bench)
    started = time.monotonic()
    for name in options.groups or GROUPS:
        began = time.monotonic()
        try:
            GROUPS[name](bench)
        except CannotRun as why:
            bench.fail(name, why)
        print("  (%s: %.0f s)" % (name, time.monotonic() - began), flush=True)
    if bench.bars:
        tables.show("Bars", ["what", "bar", "measured", "floor", "verdict"], bench.bars,
                    note="floor: what the machine takes of that from a library, or a program, that does the least.")
    print("%.0f s" % (time.monotonic() - started))
    for failure in bench.failures:
        print("bench: could not run " + failure, file=sys.stderr)
    return 1 if bench.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
