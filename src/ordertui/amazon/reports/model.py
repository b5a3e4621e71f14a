"""Values that the report readers return."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import msgspec

from ordertui.orders.clock import LATEST
from ordertui.orders.enums import ReportKind
from ordertui.orders.report_row import ReportRow

from .report_kind import REPORT_FORMATS, ReportFormat


class ReportInfo(msgspec.Struct, frozen=True):
    """Facts of a report file, from one pass over all of its bytes."""

    path: Path
    kind: ReportKind
    encoding: str
    """Name of the Python codec that reads its text; UTF-16 comes to readers as UTF-8."""
    delimiter: str
    header: tuple[str, ...]
    """Normalized column names."""
    size_bytes: int
    """Bytes of the text that is read: unpacked, and as UTF-8 when the file is UTF-16."""
    sha256: str
    as_of: int | None
    """Newest date in the file, epoch seconds; None when it has no date."""
    marketplace: str | None
    """Marketplace code that the caller gave for rows that name none."""
    has_request_column: bool
    missing: tuple[str, ...]
    """Expected columns that the header lacks."""
    usual_width: int = 0
    """How many cells most rows at the beginning have: in some old reports fewer than the header. 0: that is not known.
    """
    latest: int = LATEST
    """A purchase or an update after this moment (epoch seconds) is a mistake: a day after the report was inspected."""

    is_utf16: bool = False
    """Whether the file itself is UTF-16."""

    @property
    def file_encoding(self) -> str:
        """Name of the file's encoding."""
        return "utf-16" if self.is_utf16 else self.encoding

    @property
    def hides_requests(self) -> bool:
        """Whether it lacks the column of buyers' requests, which Amazon can add to this kind of report."""
        return self.format.may_show_buyer_requests and not self.has_request_column

    @property
    def format(self) -> ReportFormat:
        """The description of this kind of report."""
        return REPORT_FORMATS[self.kind]


class RejectedRow(msgspec.Struct, frozen=True):
    """A row, or a cell of it, that could not be read. `text` holds only cells of columns that are read: no buyer's."""

    file: str
    line: int
    """Line number from 1, the header's; for the API the number of the page."""
    reason: str
    text: str
    is_taken: bool = False
    """Whether only a cell could not be read: that value is unknown, and the row's other values are taken."""
    order_ids: tuple[str, ...] = ()
    """Orders that it is about; several where a line end is missing. Empty: not known, whatever ids its cells have."""
    placed: int | None = None
    """When its order was placed (epoch seconds), where the row has as many cells as the header and says so."""
    marketplace: str | None = None
    """Its marketplace, on the same condition; OUTSIDE_AMAZON for a channel outside Amazon."""


class RowBatch(msgspec.Struct, frozen=True):
    """Consecutive rows of one report, in file order."""

    rows: list[ReportRow]
    rejects: list[RejectedRow]
    ignored: int
    """Number of rows left out because they are of sales channels outside Amazon."""
    bytes_done: int
    """Bytes of the file read so far."""
    unknown_words: tuple[str, ...] = ()
    """Notes on words that this program does not know and reads as unknown; each is told once."""


RateRow: TypeAlias = tuple[int, str, int | None, bool]
"""Line number, order id, order date (epoch seconds; None when unreadable), whether it impacts account health."""
