"""Write lists to stdout. `operations.query.export` formats what is not a table."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

import click

from ordertui.operations.query.export import FORMATS, Record, cell, json_text, write_records
from ordertui.orders.text import strip_control_characters

from .context import say
from .table_layout import lay_out

__all__ = [
    "FORMAT",
    "FORMATS",
    "ONE_FORMAT",
    "Record",
    "cell",
    "emit",
    "json_text",
    "progress_line",
    "say",
    "strip_control_characters",
]

SHOWN_EVERY = 0.2
"""Seconds between two states of a progress line."""
TABLE_ROWS = 10_000
"""Records that are in memory to find how wide their columns are."""
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
        if sys.stderr is None or not sys.stderr.isatty() or not is_due:
            return
        shown, is_begun = now, done < total
        click.echo(f"\r{done * 100 // max(total, 1):>3} % {word}", nl=done >= total, err=True)

    return show


def emit(records: Iterable[Mapping[str, object]], columns: Sequence[str], form: str, spare: Sequence[str] = ()) -> None:
    """Print a list to stdout, as it comes.

    A table is fitted to the width of a terminal; `spare` columns are left out for that, the first one first. A table of
    more than TABLE_ROWS records is printed as several.
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
        say(f"not shown, for want of room: {', '.join(left_out).lower()} (--format tsv has all)")
