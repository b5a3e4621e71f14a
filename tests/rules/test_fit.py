"""Keep what fits: compared with every other set of small batches, and day by day with a slow reckoning."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ordertui.rules.fit import DayAhead, FitOrder, WindowAhead, first_days, keep_most
from ordertui.rules.shortage import Harm
from support.profile import LONG

BATCHES = 20_000 if LONG else 400
DAY = 86_400
HARM = Harm(1, 0, 1, 100, 0)


def order(number: int, windows: Sequence[bool], harm: Harm = HARM, **more: int) -> FitOrder:
    return FitOrder(number, harm, more.get("placed", 0), tuple(windows), deadline=more.get("deadline"))


@st.composite
def batches(draw: st.DrawFn) -> tuple[list[FitOrder], list[int]]:
    """Orders and rooms of one to three windows; what is in a short window is in each longer one."""
    count = draw(st.integers(1, 3))
    harms = st.builds(
        Harm, st.integers(0, 1), st.integers(0, 1), st.integers(0, 1), st.integers(0, 40), st.integers(0, 3)
    )
    orders = []
    for number in range(draw(st.integers(0, 9))):
        first = draw(st.integers(0, count))
        windows = tuple(place >= first for place in range(count))
        orders.append(FitOrder(number, draw(harms), 0, windows, is_requested=draw(st.booleans())))
    return orders, [draw(st.integers(0, 6)) for _ in range(count)]


def best(orders: Sequence[FitOrder], rooms: Sequence[int]) -> tuple[int, int, tuple[int, ...]]:
    """The most orders, the most requested ones of these, the least harm: by trying every set."""
    found = (0, 0, (0, 0, 0, 0, 0))
    for size in range(len(orders) + 1):
        for chosen in combinations(orders, size):
            if all(sum(one.windows[n] for one in chosen) <= room for n, room in enumerate(rooms)):
                harm = tuple(sum(level) for level in zip(*(one.harm for one in chosen), strict=True)) or (0,) * 5
                asked = sum(one.is_requested for one in chosen)
                if (size, asked, [-level for level in harm]) > (found[0], found[1], [-level for level in found[2]]):
                    found = (size, asked, harm)
    return found


@settings(max_examples=BATCHES, deadline=None)
@given(batches())
def test_no_other_set_keeps_more_or_does_less_harm(batch: tuple[list[FitOrder], list[int]]) -> None:
    orders, rooms = batch
    fit = keep_most(orders, rooms)
    by_id = {one.id: one for one in orders}
    kept = [by_id[number] for number in fit.kept]
    assert sorted([*fit.kept, *(one.id for one in fit.rest)]) == sorted(by_id)
    harm = tuple(sum(level) for level in zip(*(one.harm for one in kept), strict=True)) or (0,) * 5
    assert (len(kept), sum(one.is_requested for one in kept), harm) == best(orders, rooms)


def test_orders_that_take_no_place_are_kept_without_room() -> None:
    free, counting = order(1, [False]), order(2, [True])
    fit = keep_most([counting, free], [0])
    assert (fit.kept, fit.rest) == ((1,), (counting,))


def simple_days(orders: Sequence[int], cancelled: Sequence[int], length: int) -> list[DayAhead]:
    """Days ahead of one window: `orders` and `cancelled` by day past, today last, at 0 to DAY."""
    found = []
    for index in range(length + 1):
        start = (index - length + 1) * DAY
        window = WindowAhead(length, start, sum(orders[index:]), sum(cancelled[index:]))
        found.append(DayAhead(index * DAY, (index + 1) * DAY, (window,)))
    return found


@settings(max_examples=BATCHES, deadline=None)
@given(st.data())
def test_the_first_day_is_the_first_on_which_the_rate_stays_under(data: st.DataObject) -> None:
    """A slow reckoning: every day all cancellations are counted anew, order by order."""
    length = data.draw(st.integers(1, 6))
    orders = data.draw(st.lists(st.integers(5, 60), min_size=length, max_size=length))
    cancelled = [data.draw(st.integers(0, count // 5)) for count in orders]
    by_order = data.draw(st.booleans())
    target = Fraction(data.draw(st.sampled_from(["1/10", "1/20", "1/8"])))
    rest = [
        FitOrder(
            number, HARM, -data.draw(st.integers(0, length - 1)) * DAY, (True,),
            deadline=data.draw(st.none() | st.integers(0, length * DAY)),
        )
        for number in range(data.draw(st.integers(1, 5)))
    ]  # fmt: skip
    days = simple_days(orders, cancelled, length)
    spans = data.draw(st.integers(1, 3))
    left = data.draw(st.none() | st.lists(st.integers(0, 4), min_size=length + 1, max_size=length + 1))
    if left is not None:  # one budget a day, and one of 3 for each `spans` days
        weeks = [3] * (length // spans + 1)
        days = [replace(day, budgets=(n, length + 1 + n // spans)) for n, day in enumerate(days)]
        found = first_days(rest, days, target, [*left, *weeks], by_order=by_order)
    else:
        found = first_days(rest, days, target, by_order=by_order)
    expected: dict[int, int | None] = {one.id: None for one in rest}
    for index, day in enumerate(days):
        for one in rest:
            if expected[one.id] is not None:
                continue

            def gone(other: FitOrder, index: int = index) -> int | None:
                if expected[other.id] is not None:
                    return expected[other.id]
                if other.deadline is not None and other.deadline < (index + 1) * DAY:
                    return other.deadline // DAY
                return None

            window = day.windows[0]
            count = window.cancelled
            for other in rest:
                when = gone(other)
                if other is not one and when is not None:
                    count += other.placed >= window.start if by_order else index - when < length
            if left is not None:
                mine = [when for when in expected.values() if when is not None]
                if mine.count(index) >= left[index] or sum(when // spans == index // spans for when in mine) >= 3:
                    continue
            is_under = bool(window.orders) and Fraction(count + 1, window.orders) < target
            if is_under or (by_order and one.placed < window.start):
                expected[one.id] = index
    assert found == expected
    if by_order and left is None:
        assert None not in found.values(), "its own day leaves the window"
