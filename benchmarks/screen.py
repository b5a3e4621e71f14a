"""The order table beside visidata, Textual's DataTable and textual-fastdatatable: the same orders, real terminals, one
run.

    python benchmarks/screen.py --install                # once: the peers, into .venv-bench
    python benchmarks/screen.py --orders 100000
    python benchmarks/screen.py --engine postgresql --only ordertui    # over a server, by the copy of this machine
    python benchmarks/screen.py --orders 1000000 --goals # ordertui alone, held against its goals; exit 1: one is missed

Printed, as a Markdown table: seconds until the first order is shown and until all are known; milliseconds from a key to
the last byte of its first frame, median and 95th percentile; kilobytes a key costs with all that follows it (ordertui's
detail pane comes after the cursor rested); the peak memory of the process tree. The orders are those of a practice
store; the peers read them as a TSV file with the ten columns of the table. A peer that is not installed, or takes
longer than `--limit`, is said so.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from first_paint import EMPTY
from terminal import Answer, Program

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from ordertui.operations.config import Config
from ordertui.operations.demo import build_practice
from ordertui.operations.query.export import record
from ordertui.operations.session import Session
from ordertui.operations.store_move import move_store
from ordertui.orders.clock import SystemClock
from support.server import DURABLE, Server
from support.shops import clone_store

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
PEERS = ROOT / ".venv-bench"
COLUMNS = ("order_id", "marketplace", "placed", "ship_by", "items", "total", "currency", "status", "may", "title")
"""Of the file that the peers read; what the table shows."""
FIRST = re.compile(r"\d{3}-\d{7}-\d{7}")
KNOWN = re.compile(r"([\d,]{3,}) of \1\b")
"""What ordertui writes when it knows all orders of the view: those of FBA are out of the way, so fewer than asked."""
GOAL_CURSOR, GOAL_PAGE, GOAL_MEMORY = 16.0, 10.0, 3.0
"""Milliseconds of the 99th percentile of a cursor key with the pane that follows, and of the median of a page key;
private memory as a multiple of that of an empty Textual app."""
GAP, QUIET, LONGEST = 0.04, 0.35, 20.0
"""Seconds of silence that end a frame and an answer; seconds after which a key was not answered."""
CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Contender:
    """A program. `ready` is what it writes when it knows all rows; `keys` are down, page down, last and first."""

    name: str
    command: list[str]
    ready: str
    keys: tuple[str, str, str, str]
    needs: str = ""
    """The package without which it cannot run."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured, or `why` not."""

    name: str
    first: float | None = None
    ready: float | None = None
    answers: Mapping[str, list[Answer]] = field(default_factory=dict)
    memory: float = 0.0
    why: str = ""


def contenders(store: Path | str, tsv: Path, orders: int, python: Path) -> list[Contender]:
    """Return the programs to compare, over the same orders."""
    control = ("\x1b[B", "\x1b[6~", "\x1b[1;5F", "\x1b[1;5H")
    rows = rf"{orders:,} rows"
    return [
        Contender(
            "ordertui", [sys.executable, "-m", "ordertui", "--store", str(store)], KNOWN.pattern,
            ("\x1b[B", "\x1b[6~", "\x1b[F", "\x1b[H"),
        ),
        Contender(
            "visidata", [str(python.with_name("vd")), "--config=/dev/null", "--visidata-dir=.", "-f", "tsv", str(tsv)],
            rf"({orders:,}|{orders}) +rows", ("\x1b[B", "\x1b[6~", "\x1b[F", "\x1b[H"), "visidata",
        ),
        Contender(
            "textual-fastdatatable", [str(python), str(HERE / "peers" / "fastdatatable.py"), str(tsv)], rows, control,
            "textual-fastdatatable",
        ),
        Contender("Textual DataTable", [str(python), str(HERE / "peers" / "datatable.py"), str(tsv)], rows, control,
            "textual"),
    ]  # fmt: skip


def measure(one: Contender, asked: argparse.Namespace, folder: Path) -> Result:
    """Start it, wait until it knows all rows, press each key often, and end it."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    program = Program(one.command, columns=asked.columns, lines=asked.lines, env=env)
    try:
        first = program.wait(FIRST, asked.limit)
        if first is None:
            ended = "it ended" if program.ended else f"no order within {asked.limit:g} s"
            return Result(one.name, memory=program.memory, why=ended)
        ready = program.wait(re.compile(one.ready), asked.limit)
        program.quiet(1.0, 30)
        down, page, last, home = one.keys
        answers: dict[str, list[Answer]] = {"down": [], "page": [], "end": [], "home": []}
        rounds = [[("down", down)], [("page", page)], [("end", last), ("home", home)]]
        for keys in rounds:
            for _ in range(asked.keys):
                for name, key in keys:
                    answer = program.press(key, gap=GAP, quiet=QUIET, longest=LONGEST)
                    answers[name] += [] if answer is None else [answer]
        return Result(one.name, first, ready, answers, program.memory)
    finally:
        program.close()


def private_mb(pid: int) -> float:
    """Return the private memory of a process now, in MB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_")) / 1024


def check_goals(asked: argparse.Namespace, store: Path | str, folder: Path) -> bool:
    """Press the keys of ordertui, print each goal with what was measured, and return whether all are met."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    empty = Program([sys.executable, "-c", EMPTY], columns=asked.columns, lines=asked.lines, env=env)
    try:
        empty.wait(re.compile("empty-app-ready"), asked.limit)
        empty.quiet(1.0, 10)
        base = private_mb(empty.pid)
    finally:
        empty.close()
    command = [sys.executable, "-m", "ordertui", "--store", str(store)]
    program = Program(command, columns=asked.columns, lines=asked.lines, env=env)
    try:
        if program.wait(KNOWN, asked.limit) is None:
            sys.exit("the screen never said that it knows all orders: nothing was measured")
        program.quiet(1.0, 30)
        times: dict[str, list[float]] = {}
        for name, key, count in (("down", "\x1b[B", 5 * asked.keys), ("page", "\x1b[6~", asked.keys)):
            answers = [program.press(key, gap=GAP, quiet=QUIET, longest=LONGEST) for _ in range(count)]
            times[name] = [answer.frame * 1000 for answer in answers if answer is not None]
        memory = private_mb(program.pid)
    finally:
        program.close()
    found = (
        ("cursor key, p99, ms", statistics.quantiles(times["down"], n=100)[-1], GOAL_CURSOR),
        ("page key, median, ms", statistics.median(times["page"]), GOAL_PAGE),
        (f"private memory, {memory:.0f} MB, of {base:.0f} MB of an empty app", memory / base, GOAL_MEMORY),
    )
    for what, value, goal in found:
        print(f"{'met   ' if value < goal else 'MISSED'} {what}: {value:.1f} (goal {goal:g})")
    return all(value < goal for _, value, goal in found)


def write_tsv(store: Path, tsv: Path) -> None:
    """Return the orders as the table shows them, newest first."""
    with Session.open(store, clock=SystemClock(), config=Config()) as session, tsv.open("w", encoding="utf-8") as file:
        file.write("\t".join(COLUMNS) + "\n")
        ids = session.orders.find(sort="placed", reverse=True)
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            rows = session.orders.rows(chunk)
            for row in (rows[row_id] for row_id in chunk):
                values = record(row, session.eligibility.allowed_action(row))
                file.write("\t".join("" if values[name] is None else str(values[name]) for name in COLUMNS) + "\n")


def missing(one: Contender, python: Path) -> str:
    """Why a peer cannot run; empty when it can."""
    if not one.needs:
        return ""
    if not python.exists():
        return f"not installed: {python.parent.parent} is not there; --install makes it"
    found = subprocess.run([python, "-m", "pip", "show", "--quiet", one.needs], capture_output=True, check=False)
    return "" if found.returncode == 0 else f"not installed: {one.needs}"


def install(python: Path) -> None:
    """Install the peers in a virtual environment of their own."""
    subprocess.run([sys.executable, "-m", "venv", python.parent.parent], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", ROOT / "requirements" / "bench.txt"], check=True)


@contextmanager
def served(store: Path, engine: str, home: Path) -> Iterator[Path | str]:
    """Give the store, or where a server has the same orders."""
    if engine == "sqlite":
        yield store
        return
    moved = home / "moved.db"  # a store that was moved changes nothing any more
    clone_store(store, moved)
    server = Server(options=DURABLE)
    try:
        place = server.address("screen")
        move_store(moved, place, clock=SystemClock(), config=Config())
        yield place
    finally:
        server.close()


def lines_of(results: list[Result]) -> Iterator[str]:
    """Yield the lines of the Markdown table."""
    yield "| program | first order | all known | down | page | end | home | KB: down, page | memory |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for one in results:
        if one.why:
            yield f"| {one.name} | {one.why} | | | | | | | {one.memory:,.0f} MB |"
            continue
        ready = "-" if one.ready is None else f"{one.ready:.2f} s"
        times = [times_of(one.answers[name]) for name in ("down", "page", "end", "home")]
        sizes = [size_of(one.answers[name]) for name in ("down", "page")]
        key_times, key_sizes = " | ".join(times), ", ".join(sizes)
        yield f"| {one.name} | {one.first:.2f} s | {ready} | {key_times} | {key_sizes} | {one.memory:,.0f} MB |"


def times_of(answers: list[Answer]) -> str:
    """Median / 95th percentile of the first frame, in milliseconds."""
    if len(answers) < 2:
        return "no answer"
    frames = sorted(answer.frame * 1000 for answer in answers)
    return f"{statistics.median(frames):.0f} / {statistics.quantiles(frames, n=20)[-1]:.0f}"


def size_of(answers: list[Answer]) -> str:
    """Median kilobytes of all that follows a key."""
    return f"{statistics.median(answer.all_bytes for answer in answers) / 1000:.1f}" if answers else "-"


def main() -> None:
    """Measure each program, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite", help="where ordertui reads")
    parser.add_argument("--keys", type=int, default=40, help="how often each key is pressed")
    parser.add_argument(
        "--limit", type=float, default=300.0, help="seconds until a program that shows nothing is given up"
    )
    parser.add_argument("--columns", type=int, default=160)
    parser.add_argument("--lines", type=int, default=50)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the store and the file there, for later runs")
    parser.add_argument("--peers", type=Path, default=PEERS, metavar="VENV")
    parser.add_argument("--install", action="store_true", help="install the peers, and end")
    parser.add_argument("--only", default="", help="measure only programs whose name holds this")
    parser.add_argument("--goals", action="store_true", help="measure ordertui alone against its goals")
    asked = parser.parse_args()
    python = asked.peers / "bin" / "python"
    if asked.install:
        install(python)
        return
    with tempfile.TemporaryDirectory() as folder:
        where = asked.keep or Path(folder) / "practice"
        store, tsv = where / "practice.db", where / "orders.tsv"
        if not store.exists():
            build_practice(where, orders=asked.orders, now=int(time.time()))
        if asked.goals:
            before = os.getloadavg()[0]
            with served(store, asked.engine, Path(folder)) as place:
                is_met = check_goals(asked, place, Path(folder))
            print(f"{asked.orders:,} orders; load {before:.1f} to {os.getloadavg()[0]:.1f}: trust it below 1")
            sys.exit(not is_met)
        if not tsv.exists():
            write_tsv(store, tsv)
        before, results = os.getloadavg()[0], []
        with served(store, asked.engine, Path(folder)) as place:
            for one in contenders(place, tsv, asked.orders, python):
                if asked.only in one.name:
                    why = missing(one, python)
                    results.append(Result(one.name, why=why) if why else measure(one, asked, Path(folder)))
                    print(f"{one.name}: done", file=sys.stderr)
        version = ".".join(map(str, sys.version_info[:3]))
        print(
            f"{asked.orders:,} orders, {asked.columns} x {asked.lines}, {asked.keys} presses of each key;"
            f" {time.strftime('%Y-%m-%d')},"
        )
        print(
            f"Python {version}, Textual {importlib.metadata.version('textual')}, load {before:.1f} to"
            f" {os.getloadavg()[0]:.1f}",
            end="\n\n",
        )
        print("\n".join(lines_of(results)))


if __name__ == "__main__":
    main()
