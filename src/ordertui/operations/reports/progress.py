"""Values that an import reports while it runs and when it is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ordertui.orders.text import pluralize

if TYPE_CHECKING:
    from ordertui.amazon.reports import RejectedRow  # the screen imports this module before it needs any reader


class ImportProgress(msgspec.Struct, frozen=True):
    """How far the import of one file is. Reading is a part of the work, merging the rest."""

    path: Path
    rows: int
    """Rows worked off so far: of one that is only read, the part that reading takes."""
    bytes_done: int
    """The part of `bytes_total` that the work done so far stands for."""
    bytes_total: int
    """0 while the file is looked at before its first row is read: how much a packed one holds is not known."""


class ImportSummary(msgspec.Struct, frozen=True):
    """The outcome of one file's import. `new`, `changed` and `unchanged` count orders, `rows` lines of the file."""

    path: Path
    kind: str = ""
    encoding: str = ""
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    """Rows left out."""
    unread: int = 0
    """Values that could not be read and are unknown, of rows that were taken."""
    rejects: tuple[RejectedRow, ...] = ()
    """The first of both; `rejects_file` has all."""
    rejects_file: Path | None = None
    notes: tuple[str, ...] = ()
    stopped: bool = False
    number: int | None = None
    """The import's number, by which it can be undone; None: nothing was recorded."""
    is_period_open: bool = False
    """Whether it would say more, if the days of order that it was asked for were named."""
    hides_requests: bool = False
    """Whether the file lacks the column of buyers' requests, which Amazon can add to this kind of report."""

    @property
    def rejects_text(self) -> str:
        """How many rows were left out and how many values were not taken, and where all of them are listed."""
        parts = [f"{pluralize(self.rejected, 'row')} left out"] if self.rejected else []
        parts += [f"{pluralize(self.unread, 'value')} not taken, the rest of the row was"] if self.unread else []
        return f"{', '.join(parts)}; all of them: {self.rejects_file}" if parts else ""


Progress = Callable[[ImportProgress], None]
"""Called after each block that is read, and after each slice that is merged."""
Stop = Callable[[], bool]
"""Asked often; True ends the import, and the slices that were merged are kept."""
