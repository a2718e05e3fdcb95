"""stops.py - how exactly time limits stop a program, and programs that a second thread breaks.

SPDX-License-Identifier: MIT
"""
import os
import shutil
import signal
import subprocess
import sys
import time

import tables
from measure import CannotRun, median, percentile, run

WALL_NS = 1000000000
CPU_NS = 250000000


def stop(bench):
    sleeping = bench.count(20, 10)
    wall(bench, "sleeping", ["sleep"], sleeping, 400 // sleeping)
    wall(bench, "spinning", ["spin"], bench.count(15, 3), 0)
    cpu(bench)
    wakeups(bench)


def wakeups(bench):
    """How often the guard's thread wakes while the program sleeps under a limit of an hour."""
    seconds = bench.count(20, 3)
    rows = []
    for limits in [{"WALL": "1h"}, {"WALL": None, "CPU": "1h"}, {"WALL": "1h", "CPU": "1h"}]:
        guard = bench.guarded.changed(**limits)
        child = subprocess.Popen(["sleep", "600"], env=guard.env())
        try:
            time.sleep(0.5)
            before = watchdog_sleeps(child.pid)
            time.sleep(seconds)
            after = watchdog_sleeps(child.pid)
        finally:
            child.kill()
            child.wait()
        name = " ".join("%s=%s" % item for item in limits.items() if item[1])
        if before is None or after is None:
            bench.fail("wake-ups, " + name, "there is no thread of the guard's")
            continue
        hourly = (after - before) * 3600 / seconds
        rows.append([name, str(after - 1), "%d in %d s" % (after - before, seconds), "%.0f" % hourly])
        bench.bar("wake-ups of a sleeping program, " + name, "<= 2 an hour", "%.0f" % hourly,
                  after - 1 + hourly <= 2)
    tables.show("Wake-ups of the guard's thread while the program sleeps",
                ["limit", "since the start", "then", "an hour"], rows)


def watchdog_sleeps(pid):
    """How often the guard's thread has gone to sleep; None if there is no such thread."""
    folder = "/proc/%d/task" % pid
    for tid in os.listdir(folder):
        with open("%s/%s/status" % (folder, tid), encoding="ascii", errors="replace") as status:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
        if fields.get("Name") == "reslimit-timer":
            return int(fields["voluntary_ctxt_switches"])
    return None


def timed_stops(bench, commands, rounds, stagger_ms):
    """For each command its runs: wall since main, CPU since main, CPU before main, wait status."""
    words = [bench.program("time_stops"), str(rounds), str(stagger_ms)]
    for i, command in enumerate(commands):
        words += (["--"] if i else []) + command
    runs = [[] for _ in commands]
    for line in run(words, bench.bare.env(), timeout=300).splitlines():
        command, *numbers = map(int, line.split())
        runs[command].append(numbers)
    return runs


def row(name, late_ns, statuses):
    late = [value / 1e6 for value in late_ns]
    ends = sorted({ending(status) for status in statuses})
    return [name, "%.2f" % median(late), "%.2f" % percentile(late, 95), "%.2f" % max(late),
            str(len(late)), " ".join(ends)]


def ending(status):
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return "exit %d" % os.WEXITSTATUS(status)


def wall(bench, kind, arguments, rounds, stagger_ms):
    """1 s, counted from main; the peer's clock starts before it, in its own process."""
    program = [bench.program("run_until_stopped")] + arguments
    names, commands = ["guarded"], [bench.guarded.changed(WALL="1s").words() + program]
    if shutil.which("timeout"):
        names.append("timeout")
        commands.append(["timeout", "1"] + program)
    runs = timed_stops(bench, commands, rounds, stagger_ms)
    rows = []
    for name, results in zip(names, runs):
        late = [result[0] - WALL_NS for result in results]
        rows.append(row("%s, %s" % (name, kind), late, [result[3] for result in results]))
        if name == "guarded":
            worst = percentile(late, 95) / 1e6
            bench.bar("wall stop, %s program" % kind, "p95 <= 1 ms", "%.2f ms" % worst,
                      worst <= 1 and min(late) > -50e6)
    tables.show("Wall limit of 1 s: ms from the limit, counted from main, to the return of wait",
                ["limit", "median", "p95", "max", "runs", "ended by"], rows)


def cpu(bench):
    """CPU used between main and death beyond the limit, as wait4 tells; loading comes before main."""
    program = bench.program("run_until_stopped")
    guard = bench.guarded.changed(WALL=None, CPU="250ms").words()
    both = bench.guarded.changed(CPU="250ms").words()
    plan = [("guarded, 1 thread", guard + [program, "spin"], CPU_NS),
            ("guarded, wall limit too", both + [program, "spin"], CPU_NS),
            ("guarded, 4 threads", guard + [program, "spin", "4"], CPU_NS)]
    runs = timed_stops(bench, [command for _, command, _ in plan], bench.count(20, 4), 0)
    if shutil.which("prlimit"):
        plan.append(("prlimit --cpu=1", ["prlimit", "--cpu=1", program, "spin"], WALL_NS))
        runs += timed_stops(bench, [plan[-1][1]], bench.count(6, 1), 0)
    rows = []
    for (name, _, limit), results in zip(plan, runs):
        over = [result[1] - limit for result in results]
        whole = [result[1] + result[2] - limit for result in results]
        rows.append(row(name, over, [result[3] for result in results])
                    + ["%.2f" % median([value / 1e6 for value in whole])])
        if name.startswith("guarded"):
            worst = percentile(over, 95) / 1e6
            bench.bar("CPU stop, " + name.split(", ")[1], "p95 <= 1 ms", "%.2f ms" % worst,
                      worst <= 1 and min(over) > -50e6)
    tables.show("CPU limit of 250 ms (prlimit: 1 s): ms of CPU used beyond it, counted from main",
                ["limit", "median", "p95", "max", "runs", "ended by", "median of whole process"], rows)


def works(bench):
    """Programs that break under a timer thread that libc or the kernel's checks know of."""
    leave = bench.program("leave_main_thread")
    python = sys.executable
    hold = "import subprocess; subprocess.run(['sleep', '5'], close_fds=True)"
    greedy = ("import subprocess, sys; subprocess.run([sys.executable, '-c', "
              "'try: bytearray(100 << 20)\\nexcept MemoryError: print(\"refused\")'], close_fds=True)")
    rows = [
        ["main calls pthread_exit", completes(bench, [leave]), stopped(bench, [leave, "stay"])],
        ["unshare -Ur", completes(bench, ["unshare", "-Ur", "true"]),
         stopped(bench, ["unshare", "-Ur", "sleep", "5"])],
        ["python subprocess, close_fds", completes(bench, [python, "-c", hold.replace("5", "0.01")]),
         stopped(bench, [python, "-c", hold])],
        ["the same, MEM=64M in the child", refused(bench, [python, "-c", greedy]), "-"],
    ]
    for what, does, keeps in rows:
        met = does == "yes" and keeps in ("yes", "-")
        if "not here" not in does:
            bench.bar(what, "works, keeps limits", "%s, %s" % (does, keeps), met)
    tables.show("Programs that timer threads break", ["program", "works", "keeps its limit"], rows)


def completes(bench, command):
    """Whether it ends with status 0, if it does so unguarded."""
    try:
        run(command, bench.bare.env(), timeout=20)
    except (CannotRun, OSError):
        return "not here"
    try:
        run(command, bench.guarded.env(), timeout=20)
    except CannotRun as why:
        return "no: %s" % why
    return "yes"


def stopped(bench, command):
    """Whether 300 ms of wall time end it and all it started, whoever holds its standard output."""
    began = time.monotonic()
    try:
        run(command, bench.guarded.changed(WALL="300ms").env(), timeout=4, check=False)
    except (CannotRun, OSError) as why:
        return "no: %s" % why
    took = time.monotonic() - began
    return "yes" if 0.25 < took < 1.2 else "no: ended after %.2f s" % took


def refused(bench, command):
    env = bench.guarded.changed(MEM="64M").env()
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=20, check=False)
    return "yes" if done.stdout == "refused\n" else "no: %r" % (done.stdout + done.stderr)[-60:]
