"""The cancellation rate of Seller Fulfilled Prime, as far as reports say which orders are Prime; an estimate.

Amazon divides the units that the seller cancelled before confirming a shipment, for whatever reason, by the units
ordered, of the trailing 7 days (help 202072550, read 2026-11-27). Here orders are counted: reports give a cancelled
line zero units. A cancellation that the buyer asked for is carried out by the seller, so it counts here; which of the
cancellations by a buyer were such is not known, so those that the buyer asked for may count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

import msgspec

from ordertui.orders.enums import BuyerRequest, CancelledBy, OrderStatus, YesNo
from ordertui.orders.text import pluralize
from ordertui.rules.rate import RateStatus, percent, target_percent
from ordertui.rules.situation import situation_from_number
from ordertui.store.repositories.rates import Cancelled, Pending, RateFacts

from .sources import RateSources

_BY = {CancelledBy.SELLER: YesNo.YES, CancelledBy.AMAZON: YesNo.NO}


class PrimeFigure(msgspec.Struct, frozen=True):
    """The rate of one window. The range is `at_least`..`cancelled`."""

    days: int
    orders: int
    cancelled: int
    at_least: int
    target: Fraction
    """At most this share."""
    reason: str = ""
    """Why the rate is not known; empty when it is."""

    @property
    def share(self) -> Fraction | None:
        """The careful rate; None without orders, and when it is not known."""
        return Fraction(self.cancelled, self.orders) if self.orders and not self.reason else None

    @property
    def status(self) -> RateStatus:
        """Where it stands; a rate that is just the target is good."""
        if self.reason:
            return RateStatus.UNKNOWN
        if self.share is None:
            return RateStatus.NO_ORDERS
        return RateStatus.OVER if self.share > self.target else RateStatus.OK

    def __str__(self) -> str:
        """Return `1 of 40 (2.50 %, at most 0.5 %)`."""
        if self.share is None:
            return f"{self.cancelled:,} of {self.orders:,}"
        share = percent(self.share, target=self.target, at_most=True)
        return f"{self.cancelled:,} of {self.orders:,} ({share}, at most {target_percent(self.target)})"


class PrimeRate:
    """Calculates the rate of one store. `unknown_reason` says why a rate is not known."""

    def __init__(self, sources: RateSources, unknown_reason: Callable[[str, int], str]) -> None:
        self._sources = sources
        self._unknown_reason = unknown_reason

    def figures(self, marketplace: str, cancelling: Iterable[int] = ()) -> list[tuple[PrimeFigure, PrimeFigure]]:
        """Return the rate now and after cancelling orders, for each window of the policy."""
        policy, wanted = self._sources.policy(marketplace), frozenset(cancelling)
        return [self._figure(marketplace, days, wanted) for days in policy.values.prime_cancel_days]

    def _figure(self, marketplace: str, days: int, cancelling: frozenset[int]) -> tuple[PrimeFigure, PrimeFigure]:
        policy = self._sources.policy(marketplace)
        start, end = self._sources.window(marketplace, days)
        orders, undecided = self._sources.store().rates.prime_orders(marketplace, start, end)
        reason = self._unknown_reason(marketplace, days) if orders or undecided else ""
        if undecided:
            reason = undecided_reason(undecided)
        now = {row_id: _standing(facts, is_guessed=is_guessed) for row_id, facts, is_guessed in orders}
        after = now | dict.fromkeys(cancelling & now.keys(), YesNo.YES)
        target = policy.values.prime_cancel_target
        before, then = (
            PrimeFigure(
                days,
                len(counts),
                sum(one is not YesNo.NO for one in counts.values()),
                sum(one is YesNo.YES for one in counts.values()),
                target,
                reason,
            )
            for counts in (now, after)
        )
        return before, then


def undecided_reason(orders: int) -> str:
    """Return why the rate is not known while of this many orders no report says whether they are Prime."""
    return (
        f"of {pluralize(orders)} no report says whether they are Prime: add the column is-prime to the Unshipped and"
        " New orders reports, or use the API"
    )


def _standing(facts: RateFacts, *, is_guessed: bool) -> YesNo:
    """Return whether the seller cancelled the order, wholly or in part.

    The Cancellation Rate report settles the general rate alone. That it does not count an order does not tell who
    cancelled it: the seller may have, because the buyer asked (`is_guessed`).
    """
    situation = situation_from_number(facts.situation)
    if facts.cancelled is not Cancelled.YES:
        if facts.pending is not Pending.NOTHING:  # a report that shows it shipped is newer, as in `is_pending`
            return YesNo.NO if facts.pending.is_whole and situation.status is OrderStatus.SHIPPED else YesNo.YES
        return YesNo.UNKNOWN if facts.cancelled is Cancelled.SOME_ITEM else YesNo.NO
    if situation.cancelled_by is CancelledBy.BUYER:
        return YesNo.UNKNOWN if is_guessed or situation.buyer_request is BuyerRequest.OFFICIAL else YesNo.NO
    return _BY.get(situation.cancelled_by, YesNo.UNKNOWN)
