#!/bin/sh
# supervisor_terminal.sh - job control: a shell on a terminal of its own, with reslimit run as its job.
#
# SPDX-License-Identifier: MIT
BUILD=$(realpath "${BUILD:-build}") || exit 1
[ -x "$BUILD/reslimit" ] || exit 77
exec timeout 600 python3 - "$BUILD/reslimit" <<'EOF'
import os, pty, re, select, signal, struct, subprocess, sys, termios, fcntl, time

tool = sys.argv[1]
failed = False

class Shell:
    """An interactive bash on a terminal; words come in, what it shows comes out."""
    def __init__(self):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            for name in list(os.environ):
                if name.startswith("RESLIMIT_") or name == "LD_PRELOAD":
                    del os.environ[name]
            os.environ.update(PS1="$ ", TERM="dumb", HISTFILE="/dev/null")
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        self.seen = ""
        self.say("stty -echo; bind 'set enable-bracketed-paste off' 2>/dev/null; PS1=; echo rea''dy")
        self.wait("ready")

    def say(self, text):
        os.write(self.fd, (text + "\n").encode())

    def key(self, character):
        os.write(self.fd, character)

    def wait(self, pattern, seconds=30):
        """Waits until the pattern was shown, and forgets what came before it."""
        until = time.monotonic() + seconds
        while not re.search(pattern, self.seen):
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError("no %r in %r" % (pattern, self.seen[-600:]))
            self.seen += os.read(self.fd, 4096).decode(errors="replace")
        match = re.search(pattern, self.seen)
        self.seen = self.seen[match.end():]
        return match

    def close(self):
        os.kill(self.pid, signal.SIGHUP)
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)

COUNTER = ("perl -e '$|=1; $SIG{INT} = sub { $n++ }; $SIG{WINCH} = sub { print \"wi\", \"nch\\n\" }; print \"sta\", \"rted\\n\"; "
           "$t = time + 60; while (time < $t) { select undef, undef, undef, 0.3; print \"got $n\\n\" if $n } '")

def ctrl_c_comes_once(s):
    s.say(tool + " run -- " + COUNTER)
    s.wait("started")
    s.key(b"\x03")
    for _ in range(3):  # of a second one, told by now, it would say "got 2"
        s.wait("got 1\r")
    s.key(b"\x1c")  # Ctrl-\ ends it
    s.say("echo status=$?")
    s.wait("status=131")

def ctrl_c_ends_program_and_status_is_130(s):
    s.say(tool + " run -- perl -e '$|=1; print \"sta\", \"rted\\n\"; sleep 60'")
    s.wait("started")
    s.key(b"\x03")
    s.say("echo status=$?")
    s.wait("status=130")

READER = "perl -e '$|=1; print \"sta\", \"rted\\n\"; $l = <STDIN>; print \"read $l\"; exit 9'"

def go_on_with(shell, words):
    """Lets the job go on and types: once the shell has named it, who reads is no longer the shell."""
    shell.say("echo on''ward; fg")
    shell.wait(r"onward\s+[^\n]*reslimit run")
    time.sleep(0.3)
    shell.say(words)

def stop_and_go_on(shell):
    shell.wait("started")
    shell.key(b"\x1a")
    shell.wait("Stopped")
    time.sleep(3.2)  # longer than the limit: time that stands still does not count
    go_on_with(shell, "words")
    shell.wait("read words")
    shell.say("echo status=$?")
    shell.wait("status=9")

def ctrl_z_stops_and_fg_goes_on(s):
    s.say(tool + " run --wall 3s -- " + READER)
    stop_and_go_on(s)

def ctrl_z_stops_the_clock_of_a_budget_below(s):
    s.say(tool + " run --root '*perl' --wall 3s -- sh -c '\"$@\"; exit $?' sh " + READER)
    stop_and_go_on(s)

def a_background_reader_is_stopped_until_fg(s):
    s.say(tool + " run -- perl -e '$l = <STDIN>; print \"read $l\"' &")
    # The shell is told of the stop; it says so before its next prompt.
    s.say("until jobs | grep Stopped; do sleep 0.1; done")
    s.wait("Stopped")
    go_on_with(s, "words")
    s.wait("read words")

def a_background_job_runs_and_ends(s):
    s.say(tool + " run -- sh -c 'echo run''ning; exit 4' & wait $!; echo status=$?")
    s.wait("running")
    s.wait("status=4")

def a_new_window_size_reaches_the_program(s):
    s.say(tool + " run -- " + COUNTER)
    s.wait("started")
    fcntl.ioctl(s.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 90, 0, 0))
    s.wait("winch")
    s.key(b"\x1c")

def a_pipeline_keeps_its_terminal(s):
    s.say("echo one | " + tool + " run -- cat | cat; " + tool + " run -- cat </dev/null; read x; echo got=$x")
    s.wait("one")
    s.say("line")
    s.wait("got=line")

def a_killed_supervisor_gives_the_line_of_the_gauges_back(s):
    fcntl.ioctl(s.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 90, 0, 0))
    s.say("TERM=xterm " + tool + " run --progress --name caretaker-%d -- sleep 60" % os.getpid())
    s.wait(r"\x1b\[1;19r")
    s.wait("wall ")
    os.kill(int(open("/proc/%d/task/%d/children" % (s.pid, s.pid)).read().split()[0]), signal.SIGKILL)
    s.wait(r"\x1b\[r\x1b\[20;1H")
    s.say("echo status=$?; while pgrep -f 'name[ ]caretaker-%d' >/dev/null; do sleep 0.1; done; echo go''ne" % os.getpid())
    s.wait("status=137")
    s.wait("gone")

for test in [f for f in list(globals().values()) if callable(f) and getattr(f, "__code__", None)
             and f.__code__.co_varnames[:1] == ("s",)]:
    shell = Shell()
    try:
        test(shell)
        print("ok", test.__name__)
    except (AssertionError, OSError) as error:
        failed = True
        print("not ok", test.__name__)
        print("#", error)
    finally:
        shell.close()
sys.exit(failed)
EOF
