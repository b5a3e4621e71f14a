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
    """The file does not name the marketplace of orders that are not known, so a person must choose."""

    def __init__(
        self, path: Path, choices: Sequence[str] = tuple(MARKETPLACES), *, proposed: str | None = None
    ) -> None:
        super().__init__(f"{path}: it has no sales-channel, so say which marketplace its new orders are of")
        self.path = path
        self.choices = tuple(choices)
        """Marketplace codes that fit, the likeliest first."""
        self.proposed = proposed
        """The one that order ids and currency speak for, if any."""


class InspectionStopped(Exception):
    """`inspect` was stopped before the end of the file. No UserError: the caller asked for it."""
