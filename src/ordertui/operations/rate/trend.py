"""Draw the course of a rate: one point a day, past and to come, with and without a marked set."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date
from itertools import accumulate

import msgspec

from ordertui.orders.clock import day_start, to_local
from ordertui.rules.rate import status

from .calculator import RateCalculator
from .counting import ALWAYS, NO_GAIN, sum_gains
from .sources import RateSources

BACK, AHEAD = 30, 7
"""Days of the course: what the account health page looks back over, and a week to plan for."""


class CoursePoint(msgspec.Struct, frozen=True):
    """The rate of the window that ends with a day, by what is known today; that of today ends now."""

    day: date
    ahead: int
    """Days from today; less than 0: past."""
    orders: int
    """To come: as many as today, as if as many orders were placed as leave the window."""
    orders_left: int
    """To come: those still in the window if no order is placed; else as `orders`."""
    cancelled: int
    """Counted cancellations, those of open batches included; to come, also what Amazon cancels by itself until then."""
    at_least: int
    """Of these, known to count, or about to be cancelled."""
    after: int
    """As `cancelled`, with the marked set cancelled now; before today they are the same."""
    status: str
    after_status: str
    rolls_off: int
    """Counted cancellations that leave at the midnight after the day; 0 for past days."""
    auto_cancels: int
    """Of `cancelled`, by Amazon from now until the end of the day."""
    due: int
    """All orders that Amazon cancels by itself until then: also those placed before the window, or that count already.
    0 for past days and today, whose window ends now.
    """


class RateTrend:
    """Draws the course of a rate from the orders of one store."""

    def __init__(self, sources: RateSources, calculator: RateCalculator) -> None:
        self._sources = sources
        self._calculator = calculator

    def course(self, marketplace: str, ids: Iterable[int] = (), *, days: int | None = None) -> list[CoursePoint]:
        """Return the last BACK days, today and some to come, oldest first, of a window (by default the shortest).

        Past days whose window begins before the oldest known order are left out: nobody knows what their rate was.
        `ids` is the marked set. Orders are dated by purchase. Today's point is `effects` of the same window and set.
        """
        policy, now = self._sources.policy(marketplace), self._sources.now()
        window = days or min(policy.values.rate_days)
        counting = self._calculator.counting
        chosen = counting.choose(self._sources.store(), marketplace, ids)
        counted = self._calculator.daily_counts(marketplace, window + BACK)
        placed = [0, *accumulate(day[1] for day in counted)]
        gone = [0, *accumulate(day[2] for day in counted)]
        known = [0, *accumulate(day[3] for day in counted)]

        def point(
            ahead: int, orders: int, left: int, counts: tuple[int, int, int], auto: tuple[int, int] = (0, 0)
        ) -> CoursePoint:
            first = BACK + min(ahead, 0)
            edges = counted[first][0], counted[first + window][0] - 1 if ahead < 0 else now
            known_orders = orders if not orders or self._calculator.known.is_known(marketplace, *edges) else None
            # counts: cancelled, at least, and with the marked set
            cancelled, at_least, after = counts
            target, near = policy.values.rate_target, policy.values.near
            return CoursePoint(
                day=to_local(day_start(now, policy.zone, ahead), policy.zone).date(),
                ahead=ahead,
                orders=orders,
                orders_left=left,
                cancelled=cancelled,
                at_least=at_least,
                after=after,
                status=status(known_orders, cancelled, target, near),
                after_status=status(known_orders, after, target, near),
                rolls_off=counted[BACK + ahead][2] if 0 <= ahead < window else 0,
                auto_cancels=auto[0],
                due=auto[1],
            )

        found = []
        oldest = self._sources.store().rates.oldest_placed(marketplace) or 0
        for end in range(window, window + BACK):
            first = end - window
            if counted[first + 1][0] <= oldest:
                continue
            start, until = counted[first][0], counted[end][0] - 1
            pending = self._calculator.pending_gain(marketplace, (start, until))
            orders, cancelled = placed[end] - placed[first], gone[end] - gone[first] + pending.cancelled
            least = known[end] - known[first] + pending.at_least
            found.append(point(end - window - BACK, orders, orders, (cancelled, least, cancelled)))
        starts = [day[0] for day in counted[BACK:]]
        marked = [
            counting.chosen_gain(self._sources.store(), marketplace, chosen, (start, next_ - 1), ALWAYS).cancelled
            for start, next_ in zip(starts, [*starts[1:], now + 1], strict=True)
        ]
        horizon = min(AHEAD, window - 1)
        edges = [day_start(now, policy.zone, ahead + 1) for ahead in range(horizon + 1)]
        upcoming = self._calculator.upcoming_auto_cancels(marketplace, edges[-1])
        due = self._calculator.auto_cancels(marketplace, edges[-1]).times
        others = self._calculator.upcoming_auto_cancels(marketplace, edges[-1], chosen) if any(chosen) else upcoming
        total = placed[-1] - placed[BACK]
        for ahead in range(horizon + 1):
            start, midnight = starts[ahead], edges[ahead]
            pending = self._calculator.pending_gain(marketplace, (start, now))
            auto, auto_after = (
                sum_gains(some, placed=(start, now), before=midnight) if ahead else NO_GAIN
                for some in (upcoming, others)
            )
            standing = gone[-1] - gone[BACK + ahead] + pending.cancelled
            least = known[-1] - known[BACK + ahead] + pending.at_least + auto.at_least
            more = sum(marked[ahead:])
            counts = (standing + auto.cancelled, least, standing + auto_after.cancelled + more)
            by_amazon = auto.cancelled, bisect_left(due, midnight) if ahead else 0
            found.append(point(ahead, total, placed[-1] - placed[BACK + ahead], counts, by_amazon))
        return found
