"""The cancellation rate: its figures, the orders behind them, how it moves, and Amazon's own report beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ordertui.operations.eligibility import Eligibility
from ordertui.orders.clock import DAY, Clock
from ordertui.store import Store
from ordertui.store.repositories.rate_reports import RateReport

from .budget import RateBudgets
from .calculator import RateCalculator
from .comparison import RateComparison, Reconciliation
from .lists import RateLists
from .outlook import RateOutlook
from .related_metrics import RelatedMetrics
from .trend import RateTrend

AT_RISK = DAY
"""Seconds before Amazon cancels an order by itself from which it is at risk, as in the queue Auto-cancel < 24 h."""


class RateService:
    """Answers about rates. `reader` is called for the connection of the calling thread."""

    def __init__(
        self,
        reader: Callable[[], Store],
        eligibility: Eligibility,
        clock: Clock,
        writer: Callable[[], Store],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self.calculator = RateCalculator(reader, eligibility, clock)
        self.budgets = RateBudgets(reader, eligibility, clock)
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

    def count_at_risk(self, marketplace: str) -> int:
        """Return how many orders Amazon is about to cancel by itself, within a day."""
        return len(self.find_at_risk(marketplace))

    def find_at_risk(self, marketplace: str) -> list[int]:
        """Return the ids of these orders, the one that is due first at the head."""
        found = self._reader().rates.auto_cancellations(marketplace, self._clock.now() + AT_RISK)
        return [one.id for one in found]
