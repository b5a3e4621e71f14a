"""Rates against a slow recount, and windows across DST changes in six marketplaces."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.orders.marketplace import MARKETPLACES
from ordertui.rules import rate
from ordertui.rules.rate import RateStatus

TARGET, NEAR = Fraction(25, 1000), Fraction(4, 5)
SIX = ("US", "UK", "DE", "JP", "IN", "AU")
targets = st.builds(Fraction, st.integers(0, 60), st.integers(1, 50))
counts = st.integers(0, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


def at(zone: str, *parts: int) -> int:
    return int(datetime(*parts, tzinfo=ZoneInfo(zone)).timestamp())  # type: ignore[misc,arg-type]


@given(counts, targets)
@settings(max_examples=300, deadline=None)
def test_headroom_is_what_a_slow_recount_finds(pair: tuple[int, int], target: Fraction) -> None:
    orders, cancelled = pair
    more = 0
    while cancelled + more + 1 <= orders and Fraction(cancelled + more + 1, orders) < target:
        more += 1
    assert rate.headroom(orders, cancelled, target) == more


@given(counts, targets, st.builds(Fraction, st.integers(0, 10), st.just(10)))
@settings(max_examples=300, deadline=None)
def test_status_and_figure_agree_with_the_exact_share(pair: tuple[int, int], target: Fraction, near: Fraction) -> None:
    orders, cancelled = pair
    found = rate.figure(orders, cancelled, target, near)
    if orders == 0:
        assert (found.status, found.rate, found.headroom) == (RateStatus.NO_ORDERS, None, 0)
        return
    assert (found.status == RateStatus.OVER) == (cancelled >= target * orders)
    assert (found.status == RateStatus.NEAR) == (near * target * orders <= cancelled < target * orders)


@given(counts, targets)
@settings(max_examples=200, deadline=None)
def test_using_up_the_headroom_stays_under_and_one_more_does_not(pair: tuple[int, int], target: Fraction) -> None:
    orders, cancelled = pair
    room = rate.headroom(orders, cancelled, target)
    if room:
        assert rate.figure(orders, cancelled + room, target, NEAR).status != RateStatus.OVER
    if orders and cancelled + room < orders:
        assert rate.figure(orders, cancelled + room + 1, target, NEAR).status == RateStatus.OVER


@given(counts, targets)
@settings(max_examples=300, deadline=None)
def test_text_never_rounds_across_the_target(pair: tuple[int, int], target: Fraction) -> None:
    orders, cancelled = pair
    share = rate.rate(orders, cancelled)
    if share is None:
        return
    shown = Fraction(rate.percent(share, target=target).rstrip(" %")) / 100
    assert (shown >= target) == (share >= target)
    assert abs(shown - share) <= Fraction(1, 10_000)


@given(st.integers(1, 10**9), st.integers(0, 10**9), targets, st.integers(0, 6))
@settings(max_examples=500, deadline=None)
def test_every_shown_number_is_on_the_side_of_the_target_where_the_rate_is(
    orders: int, cancelled: int, target: Fraction, digits: int
) -> None:
    share = Fraction(min(orders, cancelled), orders)
    near = Fraction(math.ceil(target * orders) - 1, orders)  # the last one that is under
    for one in (share, near, target):
        if one >= 0:
            shown = rate.round_share(one, digits, target=target)
            assert (shown >= target) == (one >= target)
            assert (Fraction(rate.percent(one, target=target).rstrip(" %")) / 100 >= target) == (one >= target)
            assert abs(shown - one) <= Fraction(1, 10**digits)
            at_most = rate.round_share(one, digits, target=target, at_most=True)
            assert (at_most > target) == (one > target)
            assert abs(at_most - one) <= Fraction(1, 10**digits)


def test_exactly_on_the_target_is_over() -> None:
    assert rate.status(1000, 25, TARGET, NEAR) == "over"
    assert rate.status(1000, 24, TARGET, NEAR) == "near"
    assert rate.status(1000, 19, TARGET, NEAR) == "ok"
    assert rate.headroom(1000, 24, TARGET) == 0
    assert rate.headroom(1000, 19, TARGET) == 5
    assert rate.status(None, 0, TARGET, NEAR) == "unknown"


def test_text_of_known_figures() -> None:
    assert rate.percent(Fraction(19, 1000)) == "1.90 %"
    assert rate.percent(Fraction(2_499, 100_000), target=TARGET) == "2.49 %"
    assert rate.percent(Fraction(-1, 300)) == "-0.33 %"
    assert rate.percent(Fraction(1, 199), target=Fraction(5, 1000), at_most=True) == "0.51 %"
    assert rate.percent(Fraction(1, 200), target=Fraction(5, 1000), at_most=True) == "0.50 %"
    assert rate.exact_text(TARGET) == "0.025"
    assert rate.exact_text(Fraction(2)) == "2"
    with pytest.raises(ValueError, match="no exact decimal"):
        rate.exact_text(Fraction(1, 3))


@pytest.mark.parametrize(("orders", "cancelled"), [(5, 6), (5, -1), (0, 1)])
def test_impossible_counts_are_refused(orders: int, cancelled: int) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        rate.headroom(orders, cancelled, TARGET)


def test_the_range_of_counted_cancellations_is_kept() -> None:
    found = rate.figure(1000, 22, TARGET, NEAR, at_least=17)
    assert (found.cancelled_at_least, found.cancelled, found.headroom) == (17, 22, 2)
    with pytest.raises(ValueError, match="cannot be"):
        rate.figure(10, 2, TARGET, NEAR, at_least=3)


@pytest.mark.parametrize("code", SIX)
@pytest.mark.parametrize("days", [1, 7, 30])
def test_window_starts_at_local_midnight_all_year(code: str, days: int) -> None:
    zone = MARKETPLACES[code].zone
    tz = ZoneInfo(zone)
    for hours in range(0, 366 * 24, 47):
        now = at(zone, 2026, 1, 1) + hours * 3600
        start, end = rate.window(now, days, zone)
        first = datetime.fromtimestamp(start, tz)
        today = datetime.fromtimestamp(now, tz).date()
        assert (first.hour, first.minute, first.second) == (0, 0, 0)
        assert first.date() == today - timedelta(days=days - 1)
        assert end == now


@pytest.mark.parametrize(
    ("code", "day", "hours"),
    [
        ("US", (2026, 11, 5), -1),
        ("US", (2026, 3, 10), 1),
        ("UK", (2026, 10, 28), -1),
        ("UK", (2026, 3, 31), 1),
        ("DE", (2026, 10, 28), -1),
        ("DE", (2026, 3, 31), 1),
        ("AU", (2026, 4, 8), -1),
        ("AU", (2026, 10, 7), 1),
        ("JP", (2026, 11, 5), 0),
        ("IN", (2026, 10, 28), 0),
    ],
)
def test_a_window_with_a_clock_change_is_an_hour_longer_or_shorter(
    code: str, day: tuple[int, int, int], hours: int
) -> None:
    zone = MARKETPLACES[code].zone
    noon = at(zone, *day, 12)
    start, end = rate.window(noon, 7, zone)
    assert end - start == (6 * 24 + 12 - hours) * 3600


def test_a_window_of_no_days_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 day"):
        rate.window(0, 0, "UTC")
