"""Lists to stdout as table, json, csv or tsv; messages to stderr. Nothing that a terminal or spreadsheet would run gets out."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import click

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
    """A value as table text: None is empty, booleans are yes and no."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(str(value))


def safe_cell(value: Any) -> str:
    """As `cell`, with an apostrophe before what a spreadsheet would take for a formula; plain numbers stay."""
    text = cell(value)
    if text.lstrip().startswith(_FORMULA) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def render(records: Sequence[Record], columns: Sequence[str], form: str) -> str:
    """The list as text that ends in a newline; `form` is one of FORMATS."""
    if form == "json":
        return json_text(records)
    if form in ("csv", "tsv"):
        out = io.StringIO()
        writer = csv.writer(out, delimiter="," if form == "csv" else "\t", lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([safe_cell(r.get(c)) for c in columns] for r in records)
        return out.getvalue()
    rows = [[c.upper().replace("_", " ") for c in columns], *([cell(r.get(c)) for c in columns] for r in records)]
    widths = [max(_width(row[i]) for row in rows) for i in range(len(columns))]
    lines = ("  ".join(t + " " * (w - _width(t)) for t, w in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines) + "\n"


def json_text(value: Any) -> str:
    """Indented JSON with a final newline; enums as their value, frozen values as objects."""
    import msgspec

    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=2) + "\n"


def emit(records: Sequence[Record], columns: Sequence[str], form: str) -> None:
    """Print a list to stdout."""
    click.echo(render(records, columns, form), nl=False)


def say(text: str) -> None:
    """A message to stderr."""
    click.echo("\n".join(clean(line) for line in text.splitlines()), err=True)
