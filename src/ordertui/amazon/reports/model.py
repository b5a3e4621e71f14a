"""What the readers hand out."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ordertui.orders.report_row import ReportRow

from .report_kind import ReportKind


class ReportInfo(msgspec.Struct, frozen=True):
    """A report file after a first look at all of it."""

    path: Path
    kind: ReportKind
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    size_bytes: int
    sha256: str
    as_of: int | None
    """Newest date in it, epoch seconds."""
    marketplace: str | None
    """The code that was given for rows that name none."""
    has_request_column: bool
    missing: tuple[str, ...]
    """Wanted columns that are not there."""


class RejectedRow(msgspec.Struct, frozen=True):
    """A row that cannot be taken in. `text` keeps only columns that are read; buyers' columns are left out."""

    file: str
    line: int
    reason: str
    text: str


class RowBatch(msgspec.Struct, frozen=True):
    """Some rows, in file order."""

    rows: list[ReportRow]
    rejects: list[RejectedRow]
    ignored: int
    """Rows of channels outside Amazon."""
    bytes_done: int
    odd_words: tuple[str, ...] = ()
    """What this part of the file says in words that are not known here; each is told once."""


RateRow = tuple[int, str, int | None, bool]
"""Line, order id, order date (epoch seconds or None), whether it impacts account health."""
