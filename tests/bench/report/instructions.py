"""instructions.py - instructions executed, bare and guarded: exact where time is noise.

SPDX-License-Identifier: MIT
"""
import re
import shutil
import subprocess

import tables
from heap import BARS
from measure import CannotRun
from programs import workloads

# Fixed, so that two runs of an interpreter do the same.
STEADY = {"PYTHONHASHSEED": "0", "PERL_HASH_SEED": "0"}
TURNS = (20000, 60000)


def executed(command, env):
    """Instructions of the first process of a command."""
    valgrind = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    try:
        done = subprocess.run(valgrind + command, env=env, capture_output=True, text=True, errors="replace",
                              timeout=180, check=False)
    except subprocess.TimeoutExpired:
        raise CannotRun("no end under valgrind") from None
    match = re.search(r"I +refs: +([\d,]+)", done.stderr)
    if done.returncode != 0 or not match:
        raise CannotRun("valgrind: status %d" % done.returncode)
    return int(match.group(1).replace(",", ""))


def per_turn(bench, program, env):
    """From two runs of different length, so that start-up falls out; a twentieth more turns warm up."""
    few, many = (executed([bench.program(program), "1", str(turns)], env) for turns in TURNS)
    return (many - few) / ((TURNS[1] - TURNS[0]) * 1.05)


def both(bench, what, count):
    """count(env) for bare and guarded, or None when valgrind cannot run one of them."""
    found = []
    for variant in (bench.bare, bench.guarded.changed(WALL=None)):
        try:
            found.append(count({**variant.env(), **STEADY}))
        except CannotRun as why:
            if variant.ours:
                bench.fail("instructions of " + what, why)
            return None
    return found


def instructions(bench):
    if not shutil.which("valgrind"):
        print("\nInstructions: needs valgrind, left out")
        return
    rows = []
    for program in bench.count(list(BARS), ["heap_tight", "heap_realloc"]):
        what, _ = BARS[program]
        found = both(bench, what, lambda env, program=program: per_turn(bench, program, env))
        if found:
            bare, ours = found
            rows.append([what, "%.1f" % bare, "%.1f" % ours, "%+.1f" % (ours - bare), "%.3f" % (ours / bare)])
    tables.show("Instructions per turn, one thread", ["turn", "bare", "guarded", "added", "ratio"], rows)
    if not bench.quick:
        whole_programs(bench)


def whole_programs(bench):
    rows = []
    for name, command, settings in workloads(bench):
        if name in ("python", "node", "redis"):
            continue  # mostly its own allocator; compiles at run time; forks
        found = both(bench, name, lambda env, c=command, s=settings: executed(c, {**env, **s}))
        if found:
            rows.append([name] + ["%.1f" % (count / 1e6) for count in found]
                        + ["%.3f" % (found[1] / found[0])])
    tables.show("Instructions of whole programs, millions", ["program", "bare", "guarded", "ratio"], rows)
