"""Lists to stdout as table, json, csv or tsv; messages to stderr. Nothing that a terminal or spreadsheet would run gets out."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any

import click

from .table import lay_out

FORMATS = ("table", "json", "csv", "tsv")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Record = dict[str, Any]


def clean(text: str) -> str:
    """The text without control, format-override or line-break characters."""
    return "".join(
        c
        for c in text
        if unicodedata.category(c) not in ("Cc", "Cs")
        and c not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


def cell(value: Any) -> str:
    """A value as table text: None is empty, booleans are yes and no, numbers have no exponent."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:f}".rstrip("0").rstrip(".")
    return clean(str(value))


def safe_cell(value: Any) -> str:
    """As `cell`, with an apostrophe before what a spreadsheet would take for a formula; plain numbers stay."""
    text = cell(value)
    if text.lstrip().startswith(_FORMULA) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def render(records: Sequence[Record], columns: Sequence[str], form: str) -> str:
    """The list as text that ends in a newline, in full; `form` is one of FORMATS."""
    if form == "json":
        return json_text(records)
    if form in ("csv", "tsv"):
        out = io.StringIO()
        writer = csv.writer(out, delimiter="," if form == "csv" else "\t", lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([safe_cell(r.get(c)) for c in columns] for r in records)
        return out.getvalue()
    return _table(records, columns, None, ())[0]


def _table(
    records: Sequence[Record], columns: Sequence[str], width: int | None, spare: Sequence[str]
) -> tuple[str, list[str]]:
    head = [_heading(column) for column in columns]
    rows = [[cell(record.get(column)) for column in columns] for record in records]
    return lay_out(head, rows, width, [_heading(column) for column in spare])


def _heading(column: str) -> str:
    return column.upper().replace("_", " ")


def json_text(value: Any) -> str:
    """Indented JSON with a final newline; enums as their value, frozen values as objects."""
    import msgspec

    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=2) + "\n"


def emit(records: Sequence[Record], columns: Sequence[str], form: str, spare: Sequence[str] = ()) -> None:
    """Print a list to stdout. On a terminal a table is fitted to its width; `spare` columns may go, first to go first."""
    if form != "table" or not sys.stdout.isatty():
        click.echo(render(records, columns, form), nl=False)
        return
    text, left_out = _table(records, columns, shutil.get_terminal_size().columns, spare)
    click.echo(text, nl=False)
    if left_out:
        say(f"not shown, for want of room: {', '.join(left_out).lower()} (--format tsv has all)")


def say(text: str) -> None:
    """A message to stderr."""
    click.echo("\n".join(clean(line) for line in text.splitlines()), err=True)
