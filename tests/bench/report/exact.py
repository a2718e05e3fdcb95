"""exact.py - what no machine makes slower or faster: bars that are met to the byte, or missed.

The programs are those of the tests, for as long as the bars ask.

SPDX-License-Identifier: MIT
"""
import os
import re
import subprocess
import time

import tables
from measure import CannotRun, run

BUDGET = 64 << 20


def exact(bench):
    rows = []
    for what, bar, check in (
            ("8 threads x 4 processes at 99 %", "0 over, 0 false refusals", churn),
            ("kill -9 at random points", "every byte comes back", kills),
            ("200 children under PROCS=10, root", "10, 190 EAGAIN, 10 again", ten_of_two_hundred),
            ("200 children under PROCS=10, another user", "10, 190 EAGAIN, 10 again", as_another_user),
            ("rows of SEEDS.md", "a named test each", seeds)):
        began = time.monotonic()
        try:
            met, measured = check(bench)
        except CannotRun as why:
            bench.fail(what, why)
            continue
        bench.bar(what, bar, measured, met)
        rows.append([what, measured, "%.0f" % (time.monotonic() - began)])
    tables.show("Exact or not", ["what", "found", "s"], rows)


def built(bench, *parts):
    path = os.path.join(bench.build, "tests", *parts)
    if not os.path.exists(path):
        raise CannotRun("no %s: make tests" % path)
    return path


def churn(bench):
    """Counted by the program itself, and by somebody else who reads the ledger."""
    seconds = bench.count(60, 3)
    subject = [built(bench, "subjects", "churn_at_budget"), "4", "8", str(seconds), str(BUDGET), "99"]
    with subprocess.Popen(subject, env=bench.guarded.changed(MEM=str(BUDGET)).env(), text=True,
                          stdout=subprocess.PIPE, start_new_session=True) as child:
        looks, above, _ = map(int, run([bench.program("observe_ledger"), str(child.pid)], bench.bare.env()).split())
        found = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", child.communicate(timeout=60)[0])}
    met = found["over"] == 0 and found["refused"] == 0 and above == 0 and looks > 0 and found["grants"] > 0
    return met, "%d over, %d refused of %.1f million in %d s; an observer: %d over in %d looks" % (
        found["over"], found["refused"], found["grants"] / 1e6, seconds, above, looks)


def tested(bench, name, case, long=False):
    """Runs one case of a test. Return: whether it passed, and what it printed."""
    env = {**bench.bare.env(), "BUILD": bench.build, "RL_LONG": "1" if long else ""}
    done = subprocess.run([built(bench, "preload", name), case], env=env, capture_output=True, text=True,
                          timeout=900, check=False)
    text = done.stdout + done.stderr
    if "] 0 test(s) run" in text:
        raise CannotRun("no case %s" % case)
    return done.returncode == 0, text


def kills(bench):
    passed, text = tested(bench, "test_crash", "kills_at_any_instant*", long=not bench.quick)
    numbers = re.search(r"# (\d+ kills, \d+ quiet points)", text)
    return passed, "%s: %s" % (numbers.group(1) if numbers else "?", "exact each time" if passed else "not exact")


def ten_of_two_hundred(bench, case="exactly_ten_of_two_hundred_and_again*"):
    passed, text = tested(bench, "test_spawn", case)
    if "SKIPPED" in text:
        raise CannotRun("not to be had here")
    ways = len(re.findall(r"^# ", text, re.M))
    return passed, "%d ways, 3 times each" % ways


def as_another_user(bench):
    return ten_of_two_hundred(bench, "exactly_ten_of_two_hundred_as*")


def seeds(bench):
    script = os.path.join(os.path.dirname(__file__), "..", "..", "checks", "seeds.sh")
    done = subprocess.run([script], env={**bench.bare.env(), "BUILD": bench.build}, capture_output=True, text=True,
                          check=False)
    return done.returncode == 0, "all" if done.returncode == 0 else "not all"
