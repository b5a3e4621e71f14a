"""The working days of a country, from a table where that has the year: the `holidays` package reads the calendars of
all the world for one country, which takes 17 MB, a quarter of the screen's memory.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("working_days.txt")
"""What differs from Monday to Friday, a line for each country and year: `US 2026 0101 0119` are holidays on weekdays
and weekend days that are worked. `scripts/write_working_days.py` writes it from the package; a test compares both.
"""


class WorkingDays:
    """The calendar of one country, an ISO 3166 code. The package is asked for years that the table does not have."""

    def __init__(self, country: str) -> None:
        self._country = country
        self._package: Any = None
        self._exceptions: dict[int, frozenset[tuple[int, int]]] = {}
        """By year: months and days."""
        for line in TABLE.read_text(encoding="ascii").splitlines():
            if line.startswith(f"{country} "):
                year, *days = line.split(" ")[1:]
                self._exceptions[int(year)] = frozenset((int(day[:2]), int(day[2:])) for day in days)

    def has(self, day: date) -> bool:
        """Return whether it is a working day, by the weekend of its year: the Emirates changed theirs in 2022."""
        exceptions = self._exceptions.get(day.year)
        if exceptions is not None:
            return (day.weekday() < 5) != ((day.month, day.day) in exceptions)
        if self._package is None:
            import holidays

            self._package = holidays.country_holidays(self._country)
        return bool(self._package.is_working_day(day))


@lru_cache(maxsize=256)
def working_days(country: str) -> WorkingDays:
    """Return the calendar of a country, which is read once."""
    return WorkingDays(country)
