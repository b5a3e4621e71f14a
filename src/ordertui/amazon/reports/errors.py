"""Why a report file cannot be read as it is, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ordertui.orders.errors import UserError
from ordertui.orders.marketplace import MARKETPLACES


class ReportError(UserError, ValueError):
    """A report file cannot be used."""


class UnknownReport(ReportError):
    """No report that this program knows has such a header."""


class ProcessingReportGiven(UnknownReport):
    """The file is a processing report, which answers a batch."""


class AmbiguousEncoding(ReportError):
    """The bytes make sense in several encodings; a person must look."""

    def __init__(self, path: Path, candidates: Sequence[tuple[str, str]]) -> None:
        super().__init__(f"{path}: its characters could be in {' or '.join(name for name, _ in candidates)}")
        self.path = path
        self.candidates = tuple(candidates)
        """(encoding, how one line of the file reads in it)."""


class MarketplaceNeeded(ReportError):
    """The file names no marketplace."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: it has no sales-channel, so say which marketplace it is of")
        self.path = path
        self.choices = tuple(MARKETPLACES)
