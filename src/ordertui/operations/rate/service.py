"""The cancellation rate: its figures, the orders behind them, how it moves, and Amazon's own report beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ordertui.orders.clock import DAY
from ordertui.store import Store
from ordertui.store.repositories.rate_reports import RateReport

from .budget import RateBudgets
from .calculator import AutoCancels, RateCalculator
from .comparison import RateComparison, Reconciliation
from .lists import RateLists
from .marked_sum import MarkedSums
from .outlook import RateOutlook
from .related_metrics import RelatedMetrics
from .sources import RateSources
from .trend import RateTrend

AT_RISK = DAY
"""Seconds before Amazon cancels an order by itself from which it is at risk, as in the queue Auto-cancel < 24 h."""


class RateService:
    """Answers about rates. `writer` is called for the connection that changes the store."""

    def __init__(self, sources: RateSources, writer: Callable[[], Store]) -> None:
        self.sources = sources
        self._writer = writer
        self.calculator = RateCalculator(sources)
        self.budgets = RateBudgets(sources)
        self.lists = RateLists(sources, self.calculator)
        self.marked = MarkedSums(sources, self.calculator)
        self.outlook = RateOutlook(sources, self.calculator)
        self.related_metrics = RelatedMetrics(sources, self.calculator)
        self.trend = RateTrend(sources, self.calculator)
        self._comparison = RateComparison(sources, self.calculator, self.lists)

    def compare(self, path: Path, marketplace: str | None = None) -> list[Reconciliation]:
        """Compare with Amazon's own report; see `comparison.RateComparison.compare`. Changes nothing."""
        return self._comparison.compare(path, marketplace)

    def reports(self) -> list[RateReport]:
        """Return Amazon's Cancellation Rate reports that were imported, newest first, with what each one decided."""
        return self.sources.store().rate_reports.find()

    def undo_report(self, ident: int) -> RateReport:
        """Take back what a Cancellation Rate report decided. Raises StoreError, ReadOnly."""
        return self._writer().rate_reports.undo(ident)

    def at_risk(self, marketplace: str) -> AutoCancels:
        """Return the orders that Amazon is about to cancel by itself, within a day."""
        return self.calculator.auto_cancels(marketplace, self.sources.now() + AT_RISK)
