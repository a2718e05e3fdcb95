"""stops.py - how exactly time limits stop a program, and programs that a second thread breaks.

SPDX-License-Identifier: MIT
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import tables
from measure import CannotRun, median, percentile, run

def stop(bench):
    wall(bench, "sleep", 1000, bench.count(40, 10), True)
    wall(bench, "spin", 300, bench.count(40, 3), False)
    wall_of_trees(bench)
    cpu(bench)
    refusing(bench)
    wakeups(bench)


def timed_stops(bench, commands, rounds, stagger_ms):
    """For each command its runs: wall since main, CPU since main, CPU before main, wait status, wall until
    nobody was left."""
    words = [bench.program("time_stops"), str(rounds), str(stagger_ms)]
    for i, command in enumerate(commands):
        words += (["--"] if i else []) + command
    runs = [[] for _ in commands]
    for line in run(words, bench.bare.env(), timeout=300).splitlines():
        command, *numbers = map(int, line.split())
        runs[command].append(numbers)
    return runs


def figures(name, late_ns):
    late = [value / 1e6 for value in late_ns]
    return [name, "%.2f" % median(late), "%.2f" % percentile(late, 95), "%.2f" % max(late), str(len(late))]


def row(name, late_ns, statuses):
    return figures(name, late_ns) + [" ".join(sorted({ending(status) for status in statuses}))]


def ending(status):
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return "exit %d" % os.WEXITSTATUS(status)


def itself(bench, clock, limit_ns, signal_number):
    """The floor: a program that ends itself at the limit, by its own clock. No stop from outside can be earlier."""
    return [bench.program("end_itself"), clock, str(int(limit_ns)), str(int(signal_number))]


def floor_of(late_ns):
    return "ends itself %.2f ms" % (percentile(late_ns, 95) / 1e6)


def wall(bench, kind, limit_ms, rounds, at_once):
    """Counted from main; the guard's clock starts a little before it, the peer's in its own process."""
    program = [bench.program("run_until_stopped"), kind]
    names = ["guarded", "ends itself"]
    limit_ns = limit_ms * 1000000
    commands = [bench.guarded.changed(WALL="%dms" % limit_ms).words() + program,
                itself(bench, kind, limit_ns, signal.SIGTERM)]
    if shutil.which("timeout"):
        names.append("timeout")
        commands.append(["timeout", "%g" % (limit_ms / 1000)] + program)
    runs = timed_stops(bench, commands, rounds, 800 // (rounds * len(commands)) if at_once else 0)
    rows = []
    late = [[result[0] - limit_ns for result in results] for results in runs]
    for name, results, values in zip(names, runs, late):
        rows.append(row("%s, %s" % (name, kind), values, [result[3] for result in results]))
    worst = percentile(late[0], 95) / 1e6
    bench.bar("wall stop, 1 program, %s" % kind, "p95 <= 0.5, max <= 2 ms",
              "%.2f, %.2f ms" % (worst, max(late[0]) / 1e6),
              worst <= 0.5 and max(late[0]) <= 2e6 and min(late[0]) > -50e6, floor_of(late[1]))
    tables.show("Wall limit of %d ms: ms from the limit, counted from main, to the return of wait" % limit_ms,
                ["limit", "median", "p95", "max", "runs", "ended by"], rows)


def wall_of_trees(bench):
    """When the step was taken, as the records tell, and when parents saw the ends; to die takes each a while."""
    rows = []
    for kind in "sleep", "spin":
        for processes in 1, 64:
            with tempfile.TemporaryDirectory() as directory:
                path = os.path.join(directory, "records")
                guard = bench.guarded.changed(WALL="300ms", STATUS_FILE=path).words()
                command = guard + [bench.program("run_until_stopped"), kind, "1", str(processes)]
                results = timed_stops(bench, [command], bench.count(20, 4), 0)[0]
                with open(path, encoding="ascii") as records:
                    taken = [json.loads(line)["steps"][0]["at_ns"] - 300e6 for line in records]
            name = "%d %sing" % (processes, {"sleep": "sleep", "spin": "spinn"}[kind])
            rows.append(figures(name + ", step taken", taken))
            rows.append(figures(name + ", first process's end", [r[0] - 300e6 for r in results]))
            if processes > 1:
                rows.append(figures(name + ", nobody left", [r[4] - 300e6 for r in results]))
            late = [value / 1e6 for value in taken]
            bench.bar("wall step, %s" % name, "p95 <= 0.5, max <= 2 ms",
                      "%.2f, %.2f ms" % (percentile(late, 95), max(late)),
                      percentile(late, 95) <= 0.5 and max(late) <= 2 and min(late) >= 0)
    tables.show("Wall limit of 300 ms over 1 and 64 processes: ms from the limit",
                ["processes", "median", "p95", "max", "runs"], rows)


def cpu(bench):
    """CPU used between main and death beyond the limit, as wait4 tells; loading comes before main.

    The last 0.2 to 0.3 ms of that are the kernel's own work on the process's end: whoever ends itself shows them.
    """
    program = bench.program("run_until_stopped")
    rows = []
    for limit, rounds in ("50ms", bench.count(60, 4)), ("250ms", bench.count(40, 4)), ("1s", bench.count(20, 2)):
        limit_ns = {"50ms": 50e6, "250ms": 250e6, "1s": 1e9}[limit]
        guard = bench.guarded.changed(WALL=None, CPU=limit).words()
        plan = [("1 process", 1, guard + [program, "spin"]), ("8 threads", 8, guard + [program, "spin", "8"]),
                ("8 processes", 8, guard + [program, "spin", "1", "8"])]
        plan.append(("1 process, ends itself", 0, itself(bench, "cpu", limit_ns, signal.SIGXCPU)))
        if limit == "250ms":
            both = bench.guarded.changed(CPU=limit).words()
            plan.append(("1 process, wall limit too", 1, both + [program, "spin"]))
        runs = timed_stops(bench, [command for _, _, command in plan], rounds, 0)
        over = [[result[1] - limit_ns for result in results] for results in runs]
        floor = over[[threads for _, threads, _ in plan].index(0)]
        for (name, threads, _), results, values in zip(plan, runs, over):
            rows.append(row("%s, %s" % (limit, name), values, [result[3] for result in results]))
            if threads:
                worst = percentile(values, 95) / 1e6 / threads
                bench.bar("CPU stop at %s, %s" % (limit, name), "p95 <= 0.5 ms a thread", "%.2f ms" % worst,
                          worst <= 0.5 and min(values) > -50e6, floor_of(floor) if threads == 1 else "-")
    if shutil.which("prlimit"):
        results = timed_stops(bench, [["prlimit", "--cpu=1", program, "spin"]], bench.count(6, 1), 0)[0]
        rows.append(row("prlimit --cpu=1", [result[1] - 1e9 for result in results],
                        [result[3] for result in results]))
    tables.show("CPU limits: ms of CPU used beyond them, counted from main, over all processes",
                ["limit", "median", "p95", "max", "runs", "ended by"], rows)


def refusing(bench):
    """Ignores and blocks every signal, alone and with three children: gone at 200 ms and 100 ms of grace."""
    rows = []
    guard = bench.guarded.changed(WALL="200ms", GRACE="100ms").words()
    for processes in 1, 4:
        program = [bench.program("run_until_stopped"), "refuse", "1", str(processes)]
        name = "%d that refuse every signal" % processes
        commands = [guard + program]
        if shutil.which("timeout"):
            commands.append(["timeout", "-s", "KILL", "0.3"] + program)
        runs = timed_stops(bench, commands, bench.count(15, 3), 0)
        late = [[result[4] - 300e6 for result in results] for results in runs]
        for who, results, values in zip(("", ", timeout -s KILL"), runs, late):
            rows.append(row(name + who, values, [result[3] for result in results]))
        worst = percentile(late[0], 95)
        floor = "timeout -s KILL %.2f ms" % (percentile(late[1], 95) / 1e6) if late[1:] else "-"
        bench.bar("%d refusing every signal: nobody left" % processes, "p95 <= 5 ms", "%.2f ms" % (worst / 1e6),
                  worst <= 5e6, floor)
    tables.show("After limit and grace: ms until nobody was left",
                ["processes", "median", "p95", "max", "runs", "ended by"], rows)


def wakeups(bench):
    """How often the timer's thread of a sleeping program left the processor, while we watch."""
    seconds = bench.count(4, 1)
    env = bench.guarded.changed(WALL="1h", IDLE="1h", CPU="1h").env()
    with subprocess.Popen(["sleep", "30"], env=env) as process:
        time.sleep(0.5 + seconds)
        counts = []
        for task in os.listdir("/proc/%d/task" % process.pid):
            if int(task) != process.pid:
                with open("/proc/%d/task/%s/status" % (process.pid, task), encoding="ascii") as status:
                    counts += [int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt")]
        process.kill()
    print("Timer thread of a sleeping program, limits of 1 h: left the processor %s times in %.1f s" % (
        counts, 0.5 + seconds))
    bench.bar("wake-ups of a sleeping program, 1 h", "<= 2", str(counts), len(counts) == 1 and counts[0] <= 2)


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
        ["node -e 1, MEM=200M", starts(bench, ["node", "-e", "1"]), "-"],
        ["java -version, MEM=200M", starts(bench, ["java", "-version"]), "-"],
    ]
    for what, does, keeps in rows:
        met = does == "yes" and keeps in ("yes", "-")
        if "not here" not in does:
            bench.bar(what, "works, keeps limits" if keeps != "-" else "works",
                      does if keeps == "-" else "%s, %s" % (does, keeps), met)
    tables.show("Programs that timer threads break", ["program", "works", "keeps its limit"], rows)


def starts(bench, command):
    """They reserve far more than they use."""
    return completes(bench, command, bench.guarded.changed(MEM="200M"))


def completes(bench, command, guard=None):
    """Whether it ends with status 0, if it does so unguarded."""
    try:
        run(command, bench.bare.env(), timeout=20)
    except (CannotRun, OSError):
        return "not here"
    try:
        run(command, (guard or bench.guarded).env(), timeout=20)
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
