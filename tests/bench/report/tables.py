"""tables.py - plain text tables.

SPDX-License-Identifier: MIT
"""
import sys


def ratio(value):
    return "%.1f" % value if value >= 10 else "%.2f" % value


def spread(low, high):
    return "%s-%s" % (ratio(low), ratio(high))


def show(title, header, rows, note=""):
    """Prints a title, a note and the columns; the first column is left-aligned."""
    widths = [max(len(str(row[i])) for row in [header] + rows) for i in range(len(header))]
    print("\n" + title)
    if note:
        print(note)
    for row in [header, ["-" * width for width in widths]] + rows:
        cells = [str(row[0]).ljust(widths[0])]
        cells += [str(cell).rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  " + "  ".join(cells).rstrip())
    sys.stdout.flush()
