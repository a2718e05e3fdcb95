"""variants.py - what is compared: bare, bare again, guarded, and the peers that are installed.

SPDX-License-Identifier: MIT
"""
import glob
import os

GUARD = {"RESLIMIT_MEM": "8G", "RESLIMIT_THREADS": "1000", "RESLIMIT_PROCS": "1000",
         "RESLIMIT_WALL": "1h"}


class Variant:
    """A name and the settings that make the variant of a bare command."""

    def __init__(self, name, settings=None, ours=False):
        self.name = name
        self.settings = settings or {}
        self.ours = ours

    def env(self):
        """The whole environment, without whatever limits or preloads the caller had."""
        env = {name: value for name, value in os.environ.items()
               if not name.startswith("RESLIMIT_") and name != "LD_PRELOAD"}
        env.update(self.settings)
        return env

    def words(self):
        return ["%s=%s" % item for item in self.settings.items()]

    def changed(self, **settings):
        """The same variant with other limits; None takes one away."""
        merged = {**self.settings, **{"RESLIMIT_" + name: value for name, value in settings.items()}}
        return Variant(self.name, {n: v for n, v in merged.items() if v is not None}, self.ours)


def first_file(*patterns):
    """A pattern's file for this machine's own ABI: library directories of others come later."""
    for pattern in patterns:
        for path in sorted(glob.glob(pattern)):
            return path
    return None


def guarded(library):
    return Variant("guarded", {"LD_PRELOAD": library, **GUARD}, ours=True)


def peers():
    """(name, Variant or None when it is not installed) of each preload that counts heap calls."""
    machine = os.uname().machine
    memusage = first_file("/usr/lib/%s-*/libmemusage.so" % machine, "/usr/lib64/libmemusage.so",
                          "/usr/lib/libmemusage.so")
    heaptrack = first_file("/usr/lib/heaptrack/libheaptrack_preload.so",
                           "/usr/lib/*/heaptrack/libheaptrack_preload.so")
    fiu_run = first_file("/usr/lib/fiu/fiu_run_preload.so", "/usr/lib/*/fiu/fiu_run_preload.so")
    fiu_posix = first_file("/usr/lib/fiu/fiu_posix_preload.so", "/usr/lib/*/fiu/fiu_posix_preload.so")
    found = {
        "memusage": memusage and {"LD_PRELOAD": memusage},
        "fiu-run -x": fiu_run and fiu_posix and {"LD_PRELOAD": fiu_run + " " + fiu_posix},
        "heaptrack": heaptrack and {"LD_PRELOAD": heaptrack, "DUMP_HEAPTRACK_OUTPUT": "/dev/null"},
    }
    return [(name, Variant(name, settings) if settings else None) for name, settings in found.items()]
