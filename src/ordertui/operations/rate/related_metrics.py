"""Metrics beside the cancellation rate that Amazon watches too, as far as order reports say anything of them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ordertui.operations.eligibility import Eligibility
from ordertui.orders.clock import Clock
from ordertui.rules.rate import RateStatus, exact_text, window
from ordertui.store import Store

from .calculator import RateCalculator

NO_CONFIRM_TIME = (
    "unknown: no report says when a shipment was confirmed; these waited past their ship-by time and are late already"
)
NO_TRACKING = "unknown: no order report carries tracking numbers or whether they were valid"


class Metric(msgspec.Struct, frozen=True):
    """A neighbour of the cancellation rate that reports do not carry: unknown, and why."""

    name: str
    days: int
    target: str
    sign: str
    """`<`: must stay under the target; `>`: above."""
    orders: int
    at_least: int
    """Orders that are defects already, whatever comes."""
    because: str
    source: str
    status: str = RateStatus.UNKNOWN


class RelatedMetrics:
    """Reads one store. `store` returns the reader of the calling thread."""

    def __init__(
        self, store: Callable[[], Store], eligibility: Eligibility, calculator: RateCalculator, clock: Clock
    ) -> None:
        self._store = store
        self._eligibility = eligibility
        self._calculator = calculator
        self._clock = clock

    def of_marketplace(self, marketplace: str) -> list[Metric]:
        """Return the late shipment rate and the valid tracking rate of every window that the policy names."""
        values = self._eligibility.policy(marketplace).values
        late = [self._late_shipment(marketplace, days) for days in values.late_shipment_days]
        return late + [self._valid_tracking(marketplace, days) for days in values.valid_tracking_days]

    def _late_shipment(self, marketplace: str, days: int) -> Metric:
        policy, now = self._eligibility.policy(marketplace), self._clock.now()
        start, _ = window(now, days, policy.zone)
        return Metric(
            "late shipment rate",
            days,
            exact_text(policy.values.late_shipment_target),
            "<",
            self._calculator.window_counts(marketplace, days)[0],
            self._store().rates.count_late(marketplace, start, now),
            NO_CONFIRM_TIME,
            self._source(marketplace, "late_shipment_target"),
        )

    def _valid_tracking(self, marketplace: str, days: int) -> Metric:
        target = self._eligibility.policy(marketplace).values.valid_tracking_target
        return Metric(
            "valid tracking rate",
            days,
            exact_text(target),
            ">",
            self._calculator.window_counts(marketplace, days)[0],
            0,
            NO_TRACKING,
            self._source(marketplace, "valid_tracking_target"),
        )

    def _source(self, marketplace: str, setting: str) -> str:
        return next(one.source for one in self._eligibility.policy(marketplace).settings() if one.name == setting)
