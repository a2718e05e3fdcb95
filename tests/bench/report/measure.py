"""measure.py - runs bench programs in adjacent pairs and takes medians.

A pair is the bare program and a variant of it, one right after the other, the
variant first in every second pair. What is reported is the median of the
pairs' ratios: a disturbance that lasts longer than a pair falls out of it.

SPDX-License-Identifier: MIT
"""
import os
import signal
import statistics
import subprocess


class CannotRun(Exception):
    """A program under measurement did not do its work; the text says how."""


def median(values):
    return statistics.median(values) if values else float("nan")


def percentile(values, percent):
    """The smallest value that at least this many per cent do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def quartiles(values):
    return percentile(values, 25), percentile(values, 75)


def run(command, env, timeout=120, check=True):
    """Standard output of a command as text; its whole group is ended if it takes too long."""
    child = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, errors="replace",
                             start_new_session=True)
    try:
        output, errors = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        raise CannotRun("no end after %d s" % timeout) from None
    if check and child.returncode != 0:
        last = errors.strip().splitlines()[-1:] or [""]
        raise CannotRun(("status %d: %s" % (child.returncode, last[0])).strip(": "))
    return output


def ratios(pairs):
    return [variant / bare for bare, variant in pairs]


def best_to_best(pairs):
    """The undisturbed runs against each other: where the machine's own speed jumps, the steadier figure."""
    return min(variant for _, variant in pairs) / min(bare for bare, _ in pairs)


class Loop:
    """A bench program that prints what a turn of its loop costs, in nanoseconds.

    arguments(turns) makes its command line. Every run takes about run_ns of
    CPU time, whatever a turn costs in the variant at hand.
    """

    def __init__(self, bench, arguments, workers=1, first_turns=20000, column=0):
        self.bench = bench
        self.arguments = arguments
        self.workers = workers
        self.first_turns = first_turns
        self.column = column
        self.bare_ns = []

    def cost_ns(self, env, turns):
        words = run(self.arguments(int(turns)), env).split()
        if len(words) <= self.column:
            raise CannotRun("printed nothing")
        return float(words[self.column])

    def calibrated_turns(self, env):
        # Column 0 is CPU time whatever is asked for, and so what a run takes.
        words = run(self.arguments(self.first_turns), env).split()
        return max(2000, self.bench.run_ns / (max(float(words[0]), 0.5) * self.workers))

    def pairs(self, variant, count):
        """count pairs of (bare, variant) costs."""
        return self.in_turns([(variant, count)])[0]

    def in_turns(self, plan):
        """For each (variant, count) so many pairs. They take turns: what disturbs one disturbs its neighbours.

        A peer that cannot run this has none.
        """
        bare_env = self.bench.bare.env()
        bare_turns = self.calibrated_turns(bare_env)
        turns = [self.turns_of(variant) if count else None for variant, count in plan]
        most = max(count for _, count in plan)
        result = [[] for _ in plan]
        for i in range(most):
            for number, (variant, count) in enumerate(plan):
                # Spread evenly over all rounds.
                if not turns[number] or i * count // most == (i + 1) * count // most:
                    continue
                pairs = result[number]
                try:
                    pairs.append(self.pair(bare_env, bare_turns, variant.env(), turns[number], len(pairs) % 2))
                except CannotRun:
                    if variant.ours:
                        raise
                    turns[number] = None
                    pairs.clear()
        return result

    def turns_of(self, variant):
        """How many turns take as long as they should, or None if the variant cannot run them."""
        try:
            return self.calibrated_turns(variant.env())
        except CannotRun:
            if variant.ours:
                raise
            return None

    def pair(self, bare_env, bare_turns, env, turns, variant_first):
        if variant_first:
            second = self.cost_ns(env, turns)
            first = self.cost_ns(bare_env, bare_turns)
        else:
            first = self.cost_ns(bare_env, bare_turns)
            second = self.cost_ns(env, turns)
        self.bare_ns.append(first)
        return first, second


def time_pairs(bench, bare, variants, rounds):
    """Pairs of whole commands: for each variant a list of (bare, variant) with wall_ns, cpu_ns."""
    command = [bench.program("time_pairs"), str(rounds)] + list(bare)
    for variant in variants:
        command += ["--"] + list(variant)
    timings = [[] for _ in variants]
    for line in run(command, bench.bare.env(), timeout=600).splitlines():
        number, bare_wall, bare_cpu, wall, cpu, status = map(int, line.split())
        if status == 0:
            timings[number - 1].append(((bare_wall, bare_cpu), (wall, cpu)))
    return timings
