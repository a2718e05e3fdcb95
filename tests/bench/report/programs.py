"""programs.py - real programs: CPU time to bare, whole runs in adjacent pairs.

SPDX-License-Identifier: MIT
"""
import os
import shutil
import subprocess
import sys
import tempfile

import tables
from measure import best_to_best, median, quartiles, ratios, time_pairs

PYTHON = """
import json
words = [str(i * 7919 % 10007) for i in range(40000)]
count = {}
for word in words:
    count.setdefault(word, []).append(len(word))
text = json.dumps(count)
print(len(json.loads(text)), len(sorted(text.split(','))))
"""
PERL = """my %count; for my $i (1 .. 60000) { push @{$count{$i * 7919 % 10007}}, "word $i"; }
my $text = join ',', map { "$_:" . scalar @{$count{$_}} } sort keys %count; print length $text;"""
SQL = """create table t(a integer primary key, b text, c integer);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 25000)
insert into t select i, 'text ' || (i * 7919 % 10007), i % 97 from n;
create index tb on t(b, c);
select c, count(*), group_concat(substr(b, 6, 2)) from t group by c order by 2;
select count(*) from t x join t y on x.b = y.b and x.c = y.c;
"""
NODE = """const m = new Map(); for (let i = 0; i < 50000; i++) {
const k = 'k' + i * 7919 % 10007; if (!m.has(k)) m.set(k, []); m.get(k).push({ i }); }
console.log(JSON.stringify([...m]).length);"""
REDIS = """redis-server --port 0 --unixsocket "$1" --save '' --appendonly no >/dev/null & server=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
redis-cli -s "$1" ping >/dev/null 2>&1 && break; sleep 0.05; done
redis-cli -s "$1" eval "for i = 1, 25000 do
redis.call('set', 'key' .. i % 5000, string.rep('x', i % 300)) end" 0
redis-cli -s "$1" shutdown nosave; wait $server"""


def big_c_source():
    """Functions that keep the compiler's allocator busy."""
    lines = ["unsigned long strlen(const char *);"]
    for i in range(40):
        lines.append("struct s%d { int a[%d]; double b; struct s%d *next; };" % (i, i % 13 + 1, i))
        lines.append("static int f%d(struct s%d *s, int n) { int sum = 0; for (int i = 0; i < n; i++) {"
                     % (i, i))
        lines.append(" s->a[i %% %d] += n * %d; switch (s->a[0] & 7) { case 1: sum += s->a[0]; break;"
                     % (i % 13 + 1, i))
        lines.append(" case 3: s = s->next ? s->next : s; break; default: s->b *= 1.5; sum ^= i; } }")
        lines.append(" return sum + (int)s->b; }")
        lines.append("int g%d(void *p, int n) { return f%d(p, n) + (int)strlen(\"%s\"); }" % (i, i, "x" * i))
    return "\n".join(lines) + "\n"


def written(bench, name, text):
    path = os.path.join(bench.build, "bench", name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


def compiler():
    """gcc's own compiler: a child of gcc would run without those preloads that clean the environment."""
    found = subprocess.run(["gcc", "-print-prog-name=cc1"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "cc1"


def workloads(bench):
    source = written(bench, "big_source.c", big_c_source())
    sql = written(bench, "workload.sql", SQL)
    # Not in the build directory: a socket's path must be short.
    socket = os.path.join(tempfile.gettempdir(), "reslimit-bench-%d.sock" % os.getpid())
    every = [("gcc -O1", [compiler(), "-quiet", "-O1", "-o", "/dev/null", source], {}),
             ("python", [sys.executable, "-c", PYTHON], {}),
             ("python, no pymalloc", [sys.executable, "-c", PYTHON], {"PYTHONMALLOC": "malloc"}),
             ("sqlite", ["sqlite3", ":memory:", ".read " + sql], {}),
             ("perl", ["perl", "-e", PERL], {}),
             ("node", ["node", "-e", NODE], {}),
             ("redis", ["sh", "-c", REDIS, "sh", socket], {})]
    if bench.quick:
        every = every[:5]
    needs = {"redis": "redis-server"}
    return [load for load in every if shutil.which(needs.get(load[0], load[1][0]))]


def real(bench):
    """A row per program, a column per variant."""
    variants = [bench.bare2, bench.guarded] + bench.count(bench.peers, [])
    counts = [bench.count(7, 2), bench.count(15, 5)] + [2] * len(bench.peers)
    rows = []
    for name, command, settings in workloads(bench):
        words = ["%s=%s" % item for item in settings.items()]
        bare = words + command
        timings = [time_pairs(bench, bare, [words + variant.words() + command], count)[0]
                   for variant, count in zip(variants, counts)]
        if not timings[0]:
            print("  %s fails bare, left out" % name)
            continue
        if not timings[1]:
            bench.fail("real " + name, "fails under the guard")
        rows.append(row(name, timings))
    tables.show("Real programs: CPU time to bare",
                ["program", "bare, ms"] + [variant.name for variant in variants]
                + ["guarded, quartiles", "best to best"],
                rows)


def row(name, timings):
    cpu = [[(first[1], second[1]) for first, second in pairs if first[1]] for pairs in timings]
    cells = [tables.ratio(median(ratios(pairs))) if pairs else "fails" for pairs in cpu]
    bare = median([first for first, _ in cpu[0]]) / 1e6
    ours = cpu[1]
    if not ours:
        return [name, "%.0f" % bare] + cells + ["-", "-"]
    return [name, "%.0f" % bare] + cells + [tables.spread(*quartiles(ratios(ours))),
                                            tables.ratio(best_to_best(ours))]
