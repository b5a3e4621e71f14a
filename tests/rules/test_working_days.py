"""Working days: the table beside the package that it is made from, and years that only the package has."""

import subprocess
import sys
from datetime import date, timedelta

import holidays
import pytest

from ordertui.orders.marketplace import MARKETPLACES
from ordertui.rules.working_days import TABLE, WorkingDays

COUNTRIES = sorted({market.country for market in MARKETPLACES.values()})


@pytest.mark.parametrize("country", COUNTRIES)
def test_the_table_says_what_the_package_says(country: str) -> None:
    """When a newer `holidays` knows other days, `scripts/write_working_days.py` writes the table anew."""
    package, ours = holidays.country_holidays(country), WorkingDays(country)
    first = date(2018, 12, 1)  # a month before the table begins
    days = [first + timedelta(days=n) for n in range((date(2036, 1, 1) - first).days)]
    assert [day for day in days if ours.has(day) != package.is_working_day(day)] == []


def test_each_country_has_the_same_years() -> None:
    years: dict[str, list[int]] = {}
    for line in TABLE.read_text(encoding="ascii").splitlines():
        country, year, *_ = line.split(" ")
        years.setdefault(country, []).append(int(year))
    assert years == {country: list(range(2019, 2036)) for country in COUNTRIES}


def test_the_package_is_not_imported_for_days_of_the_table() -> None:
    code = (
        "import sys; from datetime import date; from ordertui.rules.working_days import WorkingDays;"
        "print(WorkingDays('US').has(date(2026, 11, 26)), 'holidays' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == [
        "False",
        "False",
    ]
