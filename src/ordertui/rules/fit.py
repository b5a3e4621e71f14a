"""Keep as many of some cancellations as fit under the rate's target, with the least harm; say when the others would.

An order takes one place in each window of days in which it newly counts. The windows end today, so that what is in a
short one is in each longer one too: sets of orders that fit form a matroid, and taking them one by one, the least
harmful first, is optimal in number and in harm (Edmonds 1971, "Matroids and the greedy algorithm").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import msgspec

from .rate import headroom
from .shortage import Harm


class FitOrder(msgspec.Struct, frozen=True):
    """A marked order."""

    id: int
    harm: Harm
    placed: int
    """Epoch seconds."""
    windows: tuple[bool, ...]
    """Of each window, shortest first, whether cancelling the order now newly counts in it."""
    is_requested: bool = False
    """Whether its buyer requested cancellation on Amazon."""
    deadline: int | None = None
    """When Amazon cancels it by itself, so that it counts (epoch seconds)."""


class Fit(msgspec.Struct, frozen=True):
    """Which orders to keep in the batch."""

    kept: tuple[int, ...]
    rest: tuple[FitOrder, ...]
    """The others, the one that comes next first."""


def keep_most(orders: Iterable[FitOrder], rooms: Sequence[int]) -> Fit:
    """Return as many orders as fit: `rooms` has the places that are left in each window.

    Of the largest sets the one with most requested orders, then that of the least harm. Orders that take no place are
    all kept.
    """
    left = list(rooms)
    kept: list[int] = []
    rest: list[FitOrder] = []
    for one in sorted(orders, key=_rank):
        if all(room > 0 for room, counts in zip(left, one.windows, strict=True) if counts):
            left = [room - counts for room, counts in zip(left, one.windows, strict=True)]
            kept.append(one.id)
        else:
            rest.append(one)
    return Fit(tuple(kept), tuple(rest))


def _rank(one: FitOrder) -> tuple[object, ...]:
    return (not one.is_requested, one.harm, one.id)


class WindowAhead(msgspec.Struct, frozen=True):
    """What is known of one window of a day to come, if no order is placed until then."""

    days: int
    start: int
    """Epoch seconds of its first midnight."""
    orders: int
    cancelled: int
    """Counted cancellations, those of the batch and of Amazon by itself included; none of the orders that wait."""


class DayAhead(msgspec.Struct, frozen=True):
    """A day, today first."""

    start: int
    """Epoch seconds of its midnight."""
    end: int
    """Of the midnight after it."""
    windows: tuple[WindowAhead, ...]
    budgets: tuple[int, ...] = ()
    """Places in `left` of the budgets that a cancellation of this day takes from."""


def first_days(
    rest: Sequence[FitOrder],
    days: Sequence[DayAhead],
    target: Fraction | None,
    left: Sequence[int] = (),
    *,
    by_order: bool,
) -> dict[int, int | None]:
    """Return, for each order, the index of the first day on which cancelling it fits; None: on none of these days.

    `target`: of the rate; None: the rate is not looked at. `left`: what each budget of `DayAhead.budgets` has left.

    They are taken in turn, each by its first day; one that waits beyond its `deadline` counts from then on, because
    Amazon cancels it. `by_order`: a cancellation is in the windows that have the day on which its order was placed;
    else in those that have its own day.
    """
    budgets = list(left)
    found: dict[int, int | None] = {one.id: None for one in rest}
    cancelled_on: dict[int, int] = {}
    for index, day in enumerate(days):
        for one in rest:
            if one.id not in cancelled_on and one.deadline is not None and one.deadline < day.end:
                cancelled_on[one.id] = index

        def counts(one: FitOrder, window: WindowAhead, on: int | None, index: int = index) -> bool:
            if on is None:
                return False
            return one.placed >= window.start if by_order else index - on < window.days

        taken = [sum(counts(one, window, cancelled_on.get(one.id)) for one in rest) for window in day.windows]
        for one in rest:
            if found[one.id] is not None:
                continue
            before = [counts(one, window, cancelled_on.get(one.id)) for window in day.windows]
            after = [counts(one, window, index) for window in day.windows]
            others = [count - own for count, own in zip(taken, before, strict=True)]
            if target is not None and not all(
                headroom(window.orders, window.cancelled + count, target, cancelled_outside_orders=True) > 0
                for window, count, own in zip(day.windows, others, after, strict=True)
                if own
            ):
                continue
            if all(budgets[place] > 0 for place in day.budgets):
                for place in day.budgets:
                    budgets[place] -= 1
                found[one.id] = cancelled_on[one.id] = index
                taken = [count + own for count, own in zip(others, after, strict=True)]
    return found
