#!/usr/bin/env python3
"""on_terminal.py - runs a command on a terminal of its own and tells what appeared there.

  on_terminal.py [--size ROWSxCOLS] [--at SECONDS TEXT | --signal SECONDS NAME]... -- COMMAND [ARGUMENT]...

TEXT is typed, or the command signalled, that many seconds after the start; /PATTERN/ in the place of
SECONDS waits until the terminal was sent a text like that. Each waits for the one before. Standard output
has what the terminal was sent. The exit status is the command's, 128+n for a signal, 99 when it ran for more than 60 s.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time


def parse(words):
    rows, cols, events = 20, 80, []
    while words and words[0] != "--":
        option = words.pop(0)
        if option == "--size":
            rows, cols = map(int, words.pop(0).split("x"))
        elif option in ("--at", "--signal"):
            events.append((words.pop(0), option, words.pop(0)))
    return rows, cols, events, words[1:]


def is_due(when, elapsed, seen):
    if when.startswith("/"):
        return re.search(when[1:-1].encode(), seen, re.S)
    return elapsed >= float(when)


def act(fd, pid, kind, what):
    if kind == "--at":
        os.write(fd, what.encode())
    else:
        os.kill(pid, getattr(signal, "SIG" + what))


def read_some(fd):
    if not select.select([fd], [], [], 0.02)[0]:
        return b""
    try:
        return os.read(fd, 65536) or None
    except OSError:  # the last process has closed its side
        return None


def main():
    rows, cols, events, command = parse(sys.argv[1:])
    ready_read, ready_write = os.pipe()
    pid, fd = pty.fork()
    if pid == 0:
        os.close(ready_write)
        os.read(ready_read, 1)  # the size is set
        os.close(ready_read)
        os.execvp(command[0], command)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
    os.close(ready_write)
    begun, seen = time.monotonic(), b""
    while True:
        elapsed = time.monotonic() - begun
        while events and is_due(events[0][0], elapsed, seen):
            act(fd, pid, *events.pop(0)[1:])
        some = read_some(fd)
        if some is None:
            break
        sys.stdout.buffer.write(some)
        seen += some
        if elapsed > 60:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            sys.exit(99)
    status = os.waitpid(pid, 0)[1]
    sys.stdout.flush()
    sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


main()
