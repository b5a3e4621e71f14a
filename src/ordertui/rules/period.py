"""The days on which a row, a setting or a house rule is in force."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TypeGuard

import msgspec


class Period(msgspec.Struct, frozen=True):
    """Days from `start` to `end`, both included; None is open."""

    start: date | None = None
    end: date | None = None

    def contains(self, day: date) -> bool:
        """Return whether the day is in the period."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)

    def change_days(self) -> Iterator[date]:
        """Yield the first day of the period and the first day after it (after the calendar's last day: that day)."""
        if self.start is not None:
            yield self.start
        if self.end is not None:
            yield self.end if self.end == date.max else date.fromordinal(self.end.toordinal() + 1)


ALWAYS_IN_FORCE = Period()


def is_day(value: object) -> TypeGuard[date]:
    """Return whether a TOML value is a date without a time."""
    return isinstance(value, date) and not isinstance(value, datetime)
