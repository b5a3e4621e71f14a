"""Write lists to stdout. `operations.query.export` formats what is not a table.

Fitting a table to a terminal never cuts a value: it leaves out the columns a command can spare, then wraps the last
column, and where even that is too wide it writes one short block for each record.
"""

from __future__ import annotations

import shutil
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

import click

from ordertui.operations.query.export import FORMATS, cell, write_records

from .context import say

GAP = 2
NARROWEST_LAST = 24
"""Cells below which the wrapped last column could not be read."""


def cells_of(text: str) -> int:
    """Return how many terminal cells the text takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def wrapped(text: str, width: int) -> list[str]:
    """Return the text in lines of at most `width` cells, broken at spaces where there are some; at least one line."""
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cells_of(joined) <= width:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        for char in word:
            if lines[-1] and cells_of(lines[-1] + char) > width:
                lines.append("")
            lines[-1] += char
    return lines


def lay_out(
    head: Sequence[str], rows: Sequence[Sequence[str]], width: int | None, spare: Sequence[str] = ()
) -> tuple[str, list[str]]:
    """Return the table as text that ends in a newline, and the names of columns left out.

    `spare` columns may be left out, the first one first. `width` None: no limit.
    """
    kept = list(range(len(head)))
    widths = [max(cells_of(row[i]) for row in (head, *rows)) for i in range(len(head))]
    left_out: list[str] = []
    for name in spare:
        if width is None or _total(kept, widths) <= width:
            break
        if name in head:
            kept.remove(head.index(name))
            left_out.append(name)
    if width is not None and _total(kept, widths) > width:
        before = _total(kept[:-1], widths) + GAP
        if width - before < NARROWEST_LAST:
            return _blocks(head, rows, width), []
        widths[kept[-1]] = width - before
    lines = []
    for row in (head, *rows):
        tail = wrapped(row[kept[-1]], widths[kept[-1]])
        front = "".join(row[i] + " " * (widths[i] - cells_of(row[i]) + GAP) for i in kept[:-1])
        lines.append((front + tail[0]).rstrip())
        lines += [(" " * cells_of(front) + more).rstrip() for more in tail[1:]]
    return "\n".join(lines) + "\n", left_out


def _total(kept: Sequence[int], widths: Sequence[int]) -> int:
    return sum(widths[i] for i in kept) + GAP * (len(kept) - 1)


def _blocks(head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """Return one block per record with one line per value, without empty values."""
    margin = max(map(cells_of, head)) + GAP
    room = max(width - margin, 8)
    blocks = []
    for row in rows:
        lines = []
        for name, value in zip(head, row, strict=True):
            if value:
                first, *more = wrapped(value, room)
                lines += [name.ljust(margin) + first, *(" " * margin + line for line in more)]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


SHOWN_EVERY = 0.2
"""Seconds between two states of a progress line."""
TABLE_ROWS = 10_000
"""Records that are in memory to find how wide their columns are."""
NO_ORDERS = "no orders yet; `ordertui import FILE...` reads reports"
FORMAT = click.option(
    "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="Form of the data."
)
ONE_FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(("table", "json")),
    default="table",
    show_default=True,
    help="Form of the data.",
)
"""Of what is one thing with parts, for which rows would say less."""


def _table(
    records: Sequence[Mapping[str, object]], columns: Sequence[str], width: int | None, spare: Sequence[str]
) -> tuple[str, list[str]]:
    head = [_heading(column) for column in columns]
    rows = [[cell(record.get(column)) for column in columns] for record in records]
    return lay_out(head, rows, width, [_heading(column) for column in spare])


def _heading(column: str) -> str:
    return column.upper().replace("_", " ")


def progress_line(word: str) -> Callable[[int, int], None]:
    """Return what shows on a terminal, a few times a second, how much is done of all; `word` says what is done."""
    shown, is_begun = time.monotonic(), False

    def show(done: int, total: int) -> None:
        nonlocal shown, is_begun
        now = time.monotonic()
        is_due = is_begun if done >= total else now - shown >= SHOWN_EVERY
        if not sys.stderr.isatty() or not is_due:
            return
        shown, is_begun = now, done < total
        click.echo(f"\r{done * 100 // max(total, 1):>3} % {word}", nl=done >= total, err=True)

    return show


def emit(
    records: Iterable[Mapping[str, object]],
    columns: Sequence[str],
    form: str,
    spare: Sequence[str] = (),
    whole: str = "tsv",
) -> None:
    """Print a list to stdout, as it comes.

    A table is fitted to the width of a terminal; `spare` columns are left out for that, the first one first, and
    `whole` is the format of the command that has them. A table of more than TABLE_ROWS records is printed as several.
    """
    if form != "table":
        write_records(sys.stdout, records, columns, form)
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    left_out: list[str] = []
    parts = iter(records)
    part = list(islice(parts, TABLE_ROWS))
    while True:
        text, left_out = _table(part, columns, width, spare)
        click.echo(text, nl=False)
        if not (part := list(islice(parts, TABLE_ROWS))):
            break
        click.echo()
    if left_out:
        say(f"not shown, for want of room: {', '.join(left_out).lower()} (--format {whole} has all)")
