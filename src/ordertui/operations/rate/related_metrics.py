"""Metrics beside the cancellation rate that Amazon watches too, as far as order reports say anything of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

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
NO_DELIVERY = "unknown: no order report says when a parcel was delivered; Amazon counts tracked units"
NO_PREMIUM_TARGET = (
    "unknown: a source says that Premium Shipping has a target of its own here, and no page that was read names it;"
    " look at Account Health before cancelling such an order"
)
NO_PREMIUM_ORDERS = "unknown: no order report says which orders are Premium Shipping"
PRIME_UNITS = "in orders; Amazon counts units, and all that the seller cancelled, also what the buyer asked for"


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
    """Reads one store. `store` returns the reader of the calling thread."""

    def __init__(
        self, store: Callable[[], Store], eligibility: Eligibility, calculator: RateCalculator, clock: Clock
    ) -> None:
        self._store = store
        self._eligibility = eligibility
        self._calculator = calculator
        self._clock = clock

    def of_marketplace(self, marketplace: str) -> list[Metric]:
        """Return the neighbours of the cancellation rate, for every window that the policy names."""
        values = self._eligibility.policy(marketplace).values
        return [
            *(self._late_shipment(marketplace, days) for days in values.late_shipment_days),
            *(
                self._untold(marketplace, days, "valid tracking rate", ("valid_tracking_target", ">", NO_TRACKING))
                for days in values.valid_tracking_days
            ),
            *(
                self._untold(marketplace, days, "on-time delivery rate", ("on_time_delivery_target", ">=", NO_DELIVERY))
                for days in values.on_time_delivery_days
            ),
            *self._primes(marketplace),
            *self._premium(marketplace),
        ]

    def _premium(self, marketplace: str) -> Iterator[Metric]:
        """Yield the rate of Premium Shipping where a source says that it differs."""
        values = self._eligibility.policy(marketplace).values
        target = values.premium_cancel_target
        if target == "same":
            return
        because = NO_PREMIUM_ORDERS if isinstance(target, Fraction) else NO_PREMIUM_TARGET
        for days in values.rate_days:
            yield Metric(
                "Premium Shipping cancellation rate",
                days,
                exact_text(target) if isinstance(target, Fraction) else target,
                "<",
                self._calculator.window_counts(marketplace, days)[0],
                0,
                because,
                self._source(marketplace, "premium_cancel_target"),
            )

    def _primes(self, marketplace: str) -> Iterator[Metric]:
        for now, _ in self._calculator.prime.figures(marketplace):
            because = now.reason or PRIME_UNITS
            if not now.reason and now.at_least < now.cancelled:
                because = f"{now.at_least:,} to {now.cancelled:,} of {now.orders:,} {because}"
            yield Metric(
                "Seller Fulfilled Prime cancellation rate",
                now.days,
                exact_text(now.target),
                "<=",
                now.orders,
                now.at_least,
                because,
                self._source(marketplace, "prime_cancel_target"),
                now.status,
                now.share,
            )

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

    def _untold(self, marketplace: str, days: int, name: str, told: tuple[str, str, str]) -> Metric:
        """Return a rate of which order reports say nothing. `told`: its setting, its sign, and why it is unknown."""
        setting, sign, because = told
        target = getattr(self._eligibility.policy(marketplace).values, setting)
        orders = self._calculator.window_counts(marketplace, days)[0]
        return Metric(name, days, exact_text(target), sign, orders, 0, because, self._source(marketplace, setting))

    def _source(self, marketplace: str, setting: str) -> str:
        return next(one.source for one in self._eligibility.policy(marketplace).settings() if one.name == setting)
