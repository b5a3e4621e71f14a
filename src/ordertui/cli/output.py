"""Write lists to stdout. `operations.query.export` formats what is not a table."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence

import click

from ordertui.operations.query.export import FORMATS, Record, cell, json_text
from ordertui.operations.query.export import render as render_file
from ordertui.orders.text import strip_control_characters

from .context import say
from .table_layout import lay_out

__all__ = ["FORMAT", "FORMATS", "Record", "cell", "emit", "json_text", "render", "say", "strip_control_characters"]

FORMAT = click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)


def render(records: Sequence[Mapping[str, object]], columns: Sequence[str], form: str) -> str:
    """Return the whole list as text that ends in a newline; `form` is one of FORMATS."""
    return _table(records, columns, None, ())[0] if form == "table" else render_file(records, columns, form)


def _table(
    records: Sequence[Mapping[str, object]], columns: Sequence[str], width: int | None, spare: Sequence[str]
) -> tuple[str, list[str]]:
    head = [_heading(column) for column in columns]
    rows = [[cell(record.get(column)) for column in columns] for record in records]
    return lay_out(head, rows, width, [_heading(column) for column in spare])


def _heading(column: str) -> str:
    return column.upper().replace("_", " ")


def emit(records: Sequence[Mapping[str, object]], columns: Sequence[str], form: str, spare: Sequence[str] = ()) -> None:
    """Print a list to stdout.

    A table is fitted to the width of a terminal; `spare` columns are left out for that, the first one first.
    """
    if form != "table" or not (sys.stdout and sys.stdout.isatty()):  # None: started with stdout closed
        click.echo(render(records, columns, form), nl=False)
        return
    text, left_out = _table(records, columns, shutil.get_terminal_size().columns, spare)
    click.echo(text, nl=False)
    if left_out:
        say(f"not shown, for want of room: {', '.join(left_out).lower()} (--format tsv has all)")
