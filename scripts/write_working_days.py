"""Write the table of working days of the marketplaces' countries, as the `holidays` package has them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import holidays

from ordertui.orders.marketplace import MARKETPLACES
from ordertui.rules.working_days import TABLE

YEARS = range(2019, 2036)


def lines() -> Iterator[str]:
    """Yield a line for each country and year."""
    for country in sorted({market.country for market in MARKETPLACES.values()}):
        calendar = holidays.country_holidays(country)
        for year in YEARS:
            days = [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
            odd = [f"{day:%m%d}" for day in days if calendar.is_working_day(day) != (day.weekday() < 5)]
            yield " ".join([country, str(year), *odd])


if __name__ == "__main__":
    TABLE.write_text("\n".join(lines()) + "\n", encoding="ascii")
