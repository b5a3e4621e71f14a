"""The part of the shop that deals with the cancellation rate."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ordertui.orders.clock import Clock
from ordertui.store import Store

from .values import Dated, Impact

if TYPE_CHECKING:
    from .eligibility import Eligibility
    from .planning.plan import RateEffect
    from .rate.comparison import Reconciliation
    from .rate.trend import RateTrend

AT_RISK = "channel:merchant marketplace:{} auto-cancel<{}h"
"""The filter of orders that Amazon is about to cancel by itself."""


class RatePart:
    """Mixed into the shop."""

    clock: Clock

    def _reader(self) -> Store:
        raise NotImplementedError

    @cached_property
    def _judge(self) -> Eligibility:
        raise NotImplementedError

    @cached_property
    def _rates(self) -> RateTrend:
        raise NotImplementedError

    def count(self, filter_text: str = "", queue: str = "all") -> int:
        """How many orders fit. Raises FilterError."""
        raise NotImplementedError

    def view(self, filter_text: str = "", sort: str = "placed", reverse: bool = True) -> array[int]:
        """Ids of the orders that fit. Raises FilterError."""
        raise NotImplementedError

    @property
    def rates(self) -> RateTrend:
        """What stands behind the rates: their course day by day, lists, outlook, forecast, neighbours."""
        return self._rates

    def rate(self, marketplace: str, extra_ids: Iterable[int] = (), dated: Dated = Dated.ORDER) -> list[RateEffect]:
        """The rate now, and after cancelling `extra_ids`, per window of the policy."""
        return self._rates.effects(marketplace, extra_ids, dated=dated)

    def reconcile_rate(self, path: Path, marketplace: str | None = None) -> list[Reconciliation]:
        """Compare with Amazon's own report; see `rate_reconciling.RateComparison.compare`. Changes nothing."""
        from .rate.comparison import RateComparison

        return RateComparison(self._reader, self._judge, self._rates, self.clock.now).compare(path, marketplace)

    def rate_days(self, marketplace: str, days: int = 14) -> list[tuple[date, int, int]]:
        """Day, orders, counted cancellations; oldest first."""
        return self._rates.days(marketplace, days)

    def rolls_off_tonight(self, marketplace: str) -> int:
        """Counted cancellations that leave the window at midnight."""
        return self._rates.rolls_off_tonight(marketplace)

    def auto_cancel_risk(self, marketplace: str, hours: int = 24) -> int:
        """Orders that Amazon is about to cancel by itself."""
        return self.count(AT_RISK.format(marketplace, hours))

    def at_risk(self, marketplace: str, hours: int = 24) -> array[int]:
        """These orders, the one that has waited longest first."""
        return self.view(AT_RISK.format(marketplace, hours), "ship_by", False)

    def impact(self, ids: Iterable[int]) -> Impact:
        """What cancelling this set would mean, for the status line."""
        return self._rates.impact(ids)
