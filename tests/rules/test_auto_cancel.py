"""When Amazon cancels by itself: business days by each marketplace's calendar, clock changes, hours, against a slow
count.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.orders.marketplace import MARKETPLACES
from ordertui.rules.auto_cancel import AutoCancelDelay, AutoCancelSchedule

CODES = sorted(MARKETPLACES)


def at(zone: str, *parts: int) -> int:
    return int(datetime(*parts, tzinfo=ZoneInfo(zone)).timestamp())  # type: ignore[misc,arg-type]


def deadlines(code: str, **span: int) -> AutoCancelSchedule:
    market = MARKETPLACES[code]
    return AutoCancelSchedule(AutoCancelDelay(**span), market.zone, market.country)


@given(st.sampled_from(CODES), st.integers(1_577_836_800, 1_893_456_000), st.integers(1, 12))
@settings(max_examples=150, deadline=None)
def test_business_days_are_counted_one_by_one(code: str, ship_by: int, days: int) -> None:
    market = MARKETPLACES[code]
    zone = ZoneInfo(market.zone)
    calendar = holidays.country_holidays(market.country)
    local = datetime.fromtimestamp(ship_by, zone)
    day, left = local.date(), days
    while left:
        day += timedelta(days=1)
        left -= not (calendar.is_weekend(day) or day in calendar)
    found = deadlines(code, business_days=days).at(ship_by)
    assert found == int(datetime.combine(day, local.time(), zone).timestamp())


@pytest.mark.parametrize(
    ("code", "ship_by", "due"),
    [
        ("US", (2026, 11, 25, 23, 59), (2026, 12, 7, 23, 59)),  # Thanksgiving does not count
        ("US", (2026, 12, 23, 18, 0), (2027, 1, 5, 18, 0)),  # Christmas, New Year
        ("DE", (2026, 4, 2, 12, 0), (2026, 4, 15, 12, 0)),  # Good Friday, Easter Monday
        ("AE", (2026, 11, 5, 9, 0), (2026, 11, 16, 9, 0)),  # Saturday and Sunday
        ("SA", (2026, 11, 5, 9, 0), (2026, 11, 16, 9, 0)),  # Friday and Saturday
        ("JP", (2026, 5, 1, 9, 0), (2026, 5, 15, 9, 0)),  # Golden Week
    ],
)
def test_seven_business_days(code: str, ship_by: tuple[int, ...], due: tuple[int, ...]) -> None:
    zone = MARKETPLACES[code].zone
    assert deadlines(code, business_days=7).at(at(zone, *ship_by)) == at(zone, *due)


@pytest.mark.parametrize("code", ["US", "UK", "DE", "AU", "BR", "IN"])
def test_the_local_time_stays_over_clock_changes(code: str) -> None:
    zone = MARKETPLACES[code].zone
    for day in range(0, 366, 5):
        start = date(2026, 1, 1) + timedelta(days=day)
        ship_by = at(zone, start.year, start.month, start.day, 23, 59, 59)
        end = start + timedelta(days=30)
        assert deadlines(code, days=30).at(ship_by) == at(zone, end.year, end.month, end.day, 23, 59, 59)


def test_a_weekend_that_was_moved() -> None:
    """Friday and Saturday until 2021, Saturday and Sunday since, in the Emirates."""
    zone = MARKETPLACES["AE"].zone
    assert deadlines("AE", business_days=1).at(at(zone, 2021, 6, 3, 9)) == at(zone, 2021, 6, 6, 9)
    assert deadlines("AE", business_days=1).at(at(zone, 2026, 6, 4, 9)) == at(zone, 2026, 6, 5, 9)


def test_hours_are_hours_and_nothing_is_unknown() -> None:
    ship_by = at("America/Los_Angeles", 2026, 10, 31, 12)
    assert deadlines("US", hours=24).at(ship_by) == ship_by + 86_400
    assert AutoCancelSchedule(AutoCancelDelay(), "UTC", "US").at(ship_by) is None
