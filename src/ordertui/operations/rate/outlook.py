"""Forecast of a rate if nobody acts: cancellations that leave the window, and orders that Amazon will cancel."""

from __future__ import annotations

from datetime import date

import msgspec

from ordertui.orders.clock import HOUR, day_start, to_local
from ordertui.rules.fit import DayAhead, WindowAhead
from ordertui.rules.rate import status, window

from .calculator import RateCalculator
from .counting import ALWAYS, ChosenOrders, sum_gains
from .figures import Dated, RateEffect
from .sources import RateSources


class OutlookDay(msgspec.Struct, frozen=True):
    """The end of a day, if no order is placed and nothing is cancelled but by Amazon for want of a shipment."""

    day: date
    orders: int
    cancelled: int
    auto_cancels: int
    """Of these, cancelled by Amazon from now until then."""
    rolls_off: int
    """Counted cancellations that leave at the midnight after it."""
    rolls_off_orders: int
    status: str


class RateOutlook:
    """Looks ahead from the orders of one store."""

    def __init__(self, sources: RateSources, calculator: RateCalculator) -> None:
        self._sources = sources
        self._calculator = calculator

    def forecast(self, marketplace: str, dated: Dated = Dated.ORDER) -> list[RateEffect]:
        """Return the rate now, and after what Amazon cancels by itself within the policy's `forecast_hours`."""
        return self._sources.store().database.of_one_state(lambda: self._forecast(marketplace, dated))

    def _forecast(self, marketplace: str, dated: Dated) -> list[RateEffect]:
        policy, now = self._sources.policy(marketplace), self._sources.now()
        upcoming = self._calculator.upcoming_auto_cancels(marketplace, now + policy.values.forecast_hours * HOUR)
        found = []
        for days in policy.values.rate_days:
            start, end = window(now, days, policy.zone)
            placed = (start if dated is Dated.ORDER else 0, end)
            found.append(self._calculator.effect(marketplace, days, sum_gains(upcoming, placed=placed), dated))
        return found

    def days(self, marketplace: str, dated: Dated = Dated.ORDER) -> list[OutlookDay]:
        """Return the shortest window day by day, today first, until it is empty."""
        return self._sources.store().database.of_one_state(lambda: self._days(marketplace, dated))

    def _days(self, marketplace: str, dated: Dated) -> list[OutlookDay]:
        policy, now = self._sources.policy(marketplace), self._sources.now()
        days = min(policy.values.rate_days)
        past = [counts[:3] for counts in self._calculator.daily_counts(marketplace, days)]
        if dated is Dated.CANCELLATION:
            ends = [*(day[0] - 1 for day in past[1:]), now]
            past = [
                (start, orders, self._calculator.cancelled_between(marketplace, start, end)[0])
                for (start, orders, _), end in zip(past, ends, strict=True)
            ]
        upcoming = self._calculator.upcoming_auto_cancels(marketplace, day_start(now, policy.zone, days))
        is_empty = not any(counts[1] for counts in past)
        found = []
        for ahead in range(days):
            left = past[ahead:]
            start, midnight = left[0][0], day_start(now, policy.zone, ahead + 1)
            orders = sum(count for _, count, _ in left)
            is_known = is_empty or self._calculator.known.is_known(marketplace, start, now)
            placed, recent = ((start, now), ALWAYS) if dated is Dated.ORDER else ((0, now), (start, now))
            auto = sum_gains(upcoming, placed=placed, before=midnight).cancelled
            pending = self._calculator.pending_gain(marketplace, placed, recent).cancelled
            cancelled = sum(count for _, _, count in left) + pending + auto
            found.append(
                OutlookDay(
                    to_local(midnight - 1, policy.zone).date(), orders, cancelled, auto, left[0][2], left[0][1],
                    status(
                        orders if is_known else None, cancelled, policy.values.rate_target, policy.values.near,
                        cancelled_outside_orders=dated is Dated.CANCELLATION,
                    ),
                )
            )  # fmt: skip
        return found

    def ahead(self, marketplace: str, kept: ChosenOrders, rest: ChosenOrders, dated: Dated) -> list[DayAhead]:
        """Return every window day by day, today first, until the longest is empty, if no order is placed.

        `kept` are cancelled today. `rest` still wait, and Amazon's cancelling them by itself is left out: who asks
        adds them.
        """
        policy, now = self._sources.policy(marketplace), self._sources.now()
        calculator, by_order = self._calculator, dated is Dated.ORDER
        longest = max(policy.values.rate_days)
        past = calculator.daily_counts(marketplace, longest)
        last = day_start(now, policy.zone, longest + 1)
        gone = ChosenOrders(counting=kept.counting.union(rest.counting))
        upcoming = calculator.upcoming_auto_cancels(marketplace, last, gone)
        found = []
        for index in range(longest + 1):
            end = day_start(now, policy.zone, index + 1)
            windows = []
            for days in policy.values.rate_days:
                start = day_start(now, policy.zone, index + 1 - days)
                counts = past[longest - days + index :] if index < days else []
                placed, recent = ((start, now), ALWAYS) if by_order else ((0, now), (start, now))
                cancelled = sum(day[2] for day in counts)
                if not by_order:
                    cancelled = calculator.cancelled_between(marketplace, start, now)[0] if counts else 0
                if counts:
                    cancelled += calculator.pending_gain(marketplace, placed, recent).cancelled
                    cancelled += calculator.chosen_gain(marketplace, kept, placed, recent).cancelled
                cancelled += sum_gains(upcoming, placed=placed, before=end).cancelled
                windows.append(WindowAhead(days, start, sum(day[1] for day in counts), cancelled))
            found.append(DayAhead(day_start(now, policy.zone, index), end, tuple(windows)))
        return found
