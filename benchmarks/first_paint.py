"""Time from the command to the first order on the screen, beside an empty Textual app, in real pseudo-terminals.

python benchmarks/first_paint.py --orders 100000 --rounds 7

Both are started in turn, so that the machine's mood is the same for both. Printed: the median of each, the ratio, and
how many bytes each wrote until then. The store is a practice store of that many orders; `--keep FOLDER` keeps it for
later runs.
"""

from __future__ import annotations

import argparse
import os
import pty
import re
import select
import statistics
import sys
import tempfile
import termios
import time
from dataclasses import dataclass
from pathlib import Path

from ordertui.operations.demo import build_practice

EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    ENABLE_COMMAND_PALETTE = False
    def compose(self):
        yield Static("empty-app-ready")
Empty().run()
"""
COLUMNS, LINES = 120, 40
LONGEST = 60.0
"""Seconds after which a start has failed."""


@dataclass(frozen=True, slots=True)
class Start:
    """One start: seconds and bytes until the mark was written."""

    seconds: float
    size: int


def start(command: list[str], mark: re.Pattern[bytes]) -> Start:
    """Run a command on a new terminal until it wrote something that fits `mark`; then end it."""
    began = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else every start would compile every module
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", COLUMNS=str(COLUMNS), LINES=str(LINES))
        os.execv(command[0], command)
    termios.tcsetwinsize(terminal, (LINES, COLUMNS))
    seen = b""
    try:
        while not mark.search(seen):
            if time.perf_counter() - began > LONGEST:
                raise SystemExit(f"{command}: nothing that fits {mark.pattern!r} within {LONGEST:g} s")
            if select.select([terminal], [], [], 0.5)[0]:
                seen += os.read(terminal, 65_536)
        return Start(time.perf_counter() - began, len(seen))
    finally:
        os.write(terminal, b"\x11")  # ctrl+q
        _drain(terminal)
        os.waitpid(pid, 0)
        os.close(terminal)


def _drain(terminal: int) -> None:
    """Read what is still written, until the other side is gone."""
    while True:
        try:
            if not os.read(terminal, 65_536):
                return
        except OSError:
            return


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        where = asked.keep or Path(folder) / "practice"
        store = where / "practice.db"
        if not store.exists():
            build_practice(where, orders=asked.orders, now=int(time.time()))
        ours = [sys.executable, "-m", "ordertui", "--store", str(store)]
        cases = {
            "empty Textual app": ([sys.executable, "-c", EMPTY], re.compile(rb"empty-app-ready")),
            f"ordertui, {asked.orders:,} orders": (ours, re.compile(rb"\d{3}-\d{7}-\d{7}")),
        }
        found: dict[str, list[Start]] = {name: [] for name in cases}
        for round_ in range(asked.rounds + 1):
            for name, (command, mark) in cases.items():
                one = start(command, mark)
                if round_:  # the first fills the caches
                    found[name].append(one)
    medians = {name: statistics.median(one.seconds for one in starts) for name, starts in found.items()}
    for name, starts in found.items():
        spread = f"{min(s.seconds for s in starts):.2f} to {max(s.seconds for s in starts):.2f}"
        print(f"{name:<28} {medians[name]:.2f} s ({spread}), {starts[-1].size:,} bytes until then")
    base, own = medians.values()
    print(f"ratio {own / base:.2f}")


if __name__ == "__main__":
    main()
