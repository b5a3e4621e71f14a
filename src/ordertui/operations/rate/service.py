"""The cancellation rate: its figures, the orders behind them, how it moves, and Amazon's own report beside it."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ordertui.operations.eligibility import Eligibility
from ordertui.orders.clock import Clock
from ordertui.store import Store
from ordertui.store.rate_reports import RateReport

from .calculator import RateCalculator
from .comparison import RateComparison, Reconciliation
from .lists import RateLists
from .outlook import RateOutlook
from .related_metrics import RelatedMetrics
from .trend import RateTrend

AT_RISK = (
    "channel:merchant marketplace:{}"
    " (auto-cancel<{}h or (verge:cancellation (status:unshipped or status:partially_shipped)))"
)
"""The filter of orders that Amazon is about to cancel by itself."""


class FindsOrders(Protocol):
    """What the rate asks of `query.orders.OrderQueries`, which stands above it."""

    def find(self, filter_text: str = "", sort: str = "placed", reverse: bool = True) -> array[int]:
        """Return the ids of the orders that fit."""
        ...

    def count(self, filter_text: str = "") -> int:
        """Return how many orders fit."""
        ...


class RateService:
    """Answers about rates. `reader` is called for the connection of the calling thread."""

    def __init__(
        self,
        reader: Callable[[], Store],
        eligibility: Eligibility,
        clock: Clock,
        orders: FindsOrders,
        writer: Callable[[], Store],
    ) -> None:
        self._orders = orders
        self._reader = reader
        self._writer = writer
        self.calculator = RateCalculator(reader, eligibility, clock)
        self.lists = RateLists(reader, eligibility, self.calculator, clock)
        self.outlook = RateOutlook(eligibility, self.calculator, clock)
        self.related_metrics = RelatedMetrics(reader, eligibility, self.calculator, clock)
        self.trend = RateTrend(reader, eligibility, self.calculator, clock)
        self._comparison = RateComparison(reader, eligibility, self.calculator, self.lists, clock)

    def compare(self, path: Path, marketplace: str | None = None) -> list[Reconciliation]:
        """Compare with Amazon's own report; see `comparison.RateComparison.compare`. Changes nothing."""
        return self._comparison.compare(path, marketplace)

    def reports(self) -> list[RateReport]:
        """Return Amazon's Cancellation Rate reports that were imported, newest first, with what each one decided."""
        return self._reader().rate_reports.find()

    def undo_report(self, ident: int) -> RateReport:
        """Take back what a Cancellation Rate report decided. Raises StoreError, ReadOnly."""
        return self._writer().rate_reports.undo(ident)

    def count_at_risk(self, marketplace: str, hours: int = 24) -> int:
        """Return how many orders Amazon is about to cancel by itself."""
        return self._orders.count(AT_RISK.format(marketplace, hours))

    def find_at_risk(self, marketplace: str, hours: int = 24) -> array[int]:
        """Return the ids of these orders, the one that has waited longest first."""
        return self._orders.find(AT_RISK.format(marketplace, hours), "ship_by", False)
