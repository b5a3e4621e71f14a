"""Metrics beside the cancellation rate that Amazon watches too, as far as order reports say anything of them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import msgspec

from ordertui.rules.rate import RateStatus, exact_text

from .calculator import RateCalculator
from .sources import RateSources

NO_CONFIRM_TIME = (
    "unknown: no report says when a shipment was confirmed; these waited past their ship-by time and are late already"
)
NO_TRACKING = "unknown: no order report carries tracking numbers or whether they were valid"
NO_DELIVERY = "unknown: no order report says when a parcel was delivered; Amazon counts tracked units"
NO_PREMIUM_TARGET = (
    "unknown: a source says that Premium Shipping has a target of its own here, and no page that was read names it;"
    " look at Account Health before cancelling such an order"
)
NO_PREMIUM_ORDERS = "unknown: no order report says which orders are Premium Shipping"
PRIME_UNITS = "in orders; Amazon counts units, and all that the seller cancelled, also what the buyer asked for"


class _UnreportedRate(NamedTuple):
    """A rate that no order report tells: its target's setting, on which side of it good is, and why it is unknown."""

    name: str
    setting: str
    sign: str
    because: str


LATE = _UnreportedRate("late shipment rate", "late_shipment_target", "<", NO_CONFIRM_TIME)
TRACKING = _UnreportedRate("valid tracking rate", "valid_tracking_target", ">", NO_TRACKING)
DELIVERY = _UnreportedRate("on-time delivery rate", "on_time_delivery_target", ">=", NO_DELIVERY)


class Metric(msgspec.Struct, frozen=True):
    """A neighbour of the cancellation rate; most of them no report carries: unknown, and why."""

    name: str
    days: int
    target: str
    sign: str
    """`<`: must stay under the target; `<=`: at most it; `>`: above; `>=`: at least it."""
    orders: int
    at_least: int
    """Orders that are defects already, whatever comes."""
    because: str
    source: str
    status: str = RateStatus.UNKNOWN
    share: Fraction | None = None
    """The rate, of those that reports can tell."""


class RelatedMetrics:
    """Reads one store."""

    def __init__(self, sources: RateSources, calculator: RateCalculator) -> None:
        self._sources = sources
        self._calculator = calculator

    def of_marketplace(self, marketplace: str) -> list[Metric]:
        """Return the neighbours of the cancellation rate, for every window that the policy names."""
        values = self._sources.policy(marketplace).values
        return [
            *(self._late_shipment(marketplace, days) for days in values.late_shipment_days),
            *(self._unreported(marketplace, days, TRACKING) for days in values.valid_tracking_days),
            *(self._unreported(marketplace, days, DELIVERY) for days in values.on_time_delivery_days),
            *self._primes(marketplace),
            *self._premium(marketplace),
        ]

    def _unreported(self, marketplace: str, days: int, rate: _UnreportedRate, at_least: int = 0) -> Metric:
        """Return a rate that order reports do not tell; of its orders `at_least` are defects already."""
        target = getattr(self._sources.policy(marketplace).values, rate.setting)
        shown = exact_text(target) if isinstance(target, Fraction) else target
        orders, source = self._calculator.window_counts(marketplace, days)[0], self._source(marketplace, rate.setting)
        return Metric(rate.name, days, shown, rate.sign, orders, at_least, rate.because, source)

    def _late_shipment(self, marketplace: str, days: int) -> Metric:
        late = self._sources.store().rates.count_late(marketplace, *self._sources.window(marketplace, days))
        return self._unreported(marketplace, days, LATE, late)

    def _premium(self, marketplace: str) -> Iterator[Metric]:
        """Yield the rate of Premium Shipping where a source says that it differs."""
        values = self._sources.policy(marketplace).values
        if values.premium_cancel_target == "same":
            return
        because = NO_PREMIUM_ORDERS if isinstance(values.premium_cancel_target, Fraction) else NO_PREMIUM_TARGET
        rate = _UnreportedRate("Premium Shipping cancellation rate", "premium_cancel_target", "<", because)
        for days in values.rate_days:
            yield self._unreported(marketplace, days, rate)

    def _primes(self, marketplace: str) -> Iterator[Metric]:
        source = self._source(marketplace, "prime_cancel_target")
        for now, _ in self._calculator.prime.figures(marketplace):
            because = now.reason or PRIME_UNITS
            if not now.reason and now.at_least < now.cancelled:
                because = f"{now.at_least:,} to {now.cancelled:,} of {now.orders:,} {because}"
            yield Metric(
                "Seller Fulfilled Prime cancellation rate", now.days, exact_text(now.target), "<=", now.orders,
                now.at_least, because, source, now.status, now.share,
            )  # fmt: skip

    def _source(self, marketplace: str, setting: str) -> str:
        return next(one.source for one in self._sources.policy(marketplace).settings() if one.name == setting)
