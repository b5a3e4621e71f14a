"""Errors of reading a report file. Each message names the file and what the operator can do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ordertui.orders.errors import UserError
from ordertui.orders.marketplace import MARKETPLACES


class ReportError(UserError, ValueError):
    """A report file cannot be read as it is."""


class UnknownReport(ReportError):
    """The file is none of the reports that this program reads."""


class AmbiguousEncoding(ReportError):
    """The bytes are valid in several encodings, so a person must choose."""

    def __init__(self, path: Path, candidates: Sequence[tuple[str, str]]) -> None:
        super().__init__(f"{path}: its characters could be in {' or '.join(name for name, _ in candidates)}")
        self.path = path
        self.candidates = tuple(candidates)
        """Pairs of encoding and a sample of the file decoded with it."""


class MarketplaceNeeded(ReportError):
    """The file does not name its marketplace, so a person must choose."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: it has no sales-channel, so say which marketplace it is of")
        self.path = path
        self.choices = tuple(MARKETPLACES)
        """Marketplace codes."""


class InspectionStopped(Exception):
    """`inspect` was stopped before the end of the file. No UserError: the caller asked for it."""
