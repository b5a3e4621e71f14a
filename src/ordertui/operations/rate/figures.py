"""Results of working out a rate, as frozen values."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction

import msgspec


class Dated(StrEnum):
    """The date that puts a cancellation into a window.

    Amazon does not publish it; its report lists order dates (AMAZON.md a).
    """

    ORDER = "order"
    CANCELLATION = "cancellation"


class RateFigure(msgspec.Struct, frozen=True):
    """The cancellation rate of one marketplace at one moment; an estimate."""

    marketplace: str
    days: int
    window_from: int
    window_to: int
    timezone: str
    orders: int
    cancelled: int
    """Counted cancellations; one whose canceller is unknown is in."""
    cancelled_at_least: int
    """Only those known to count: the range is `cancelled_at_least`..`cancelled`."""
    target: str
    """As exact text: `0.025`."""
    headroom: int
    """How many more that count may be cancelled and stay under the target; 0 when over."""
    status: str
    """`ok`, `near`, `over`, `no orders`, `unknown`."""
    basis: str
    """How the window is dated, for people."""
    committed: int = 0
    """Of `cancelled`, those in held or sent batches of this store that no report shows as cancelled yet."""
    reason: str = ""
    """Why the rate is not known, and what would make it known; empty when it is. Then the status is `unknown`: the
    counts are what is known of the window, and neither a percentage nor the headroom follows from them.
    """
    silent_days: tuple[str, ...] = ()
    """Days of the window, today left out, of which no order at all is known: none was placed, or no report was imported
    that would name it. Reports do not tell which.
    """

    @property
    def share(self) -> Fraction | None:
        """The rate; None without orders, and when it is not known."""
        return Fraction(self.cancelled, self.orders) if self.orders and not self.reason else None


class RateEffect(msgspec.Struct, frozen=True):
    """The rate before and after a plan."""

    before: RateFigure
    after: RateFigure
    earlier: int = 0
    """How many orders of the plan newly count that were placed before the window, and so do not change its rate."""

    @property
    def added(self) -> int:
        """How many orders the plan adds to the cancellations of the window."""
        return self.after.cancelled - self.before.cancelled


class Impact(msgspec.Struct, frozen=True):
    """What cancelling a set of orders would mean, before any plan."""

    count: int
    money: tuple[tuple[str, int], ...]
    """(currency, minor units), one entry a currency, never summed across."""
    unpriced: int
    cancellable: int
    counted: int
    """Of the cancellable, those that count toward the rate."""
    cannot: int
    """How many may not be cancelled; a refund or a confirmation may take some of them."""
    refundable: int = 0
    """How many a refund would take."""
    markets: tuple[tuple[str, int], ...] = ()
    """(marketplace, how many of the set are of it), most first."""
    confirmable: int = 0
    """Of how many the shipment may be confirmed."""
    refund_counts: bool = False
    """Whether none may be cancelled, and a refund makes some count: it cancels the units that never left."""
