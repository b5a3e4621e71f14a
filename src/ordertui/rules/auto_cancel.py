"""When Amazon cancels an order that was not confirmed: calendar or business days after ship-by, in the marketplace's zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec


class Span(msgspec.Struct, frozen=True):
    """How long after ship-by. Exactly one is set; all None: unknown."""

    business_days: int | None = None
    days: int | None = None
    hours: int | None = None


class AutoCancelSchedule(msgspec.Struct):
    """Deadlines of one marketplace. `country` is ISO 3166; holidays and weekend come from the `holidays` package,
    imported at the first business day asked for."""

    span: Span
    zone: str
    country: str
    _calendar: Any = None
    _known: dict[int, int | None] = msgspec.field(default_factory=dict)
    _days: dict[date, date] = msgspec.field(default_factory=dict)

    def at(self, ship_by: int) -> int | None:
        """Epoch seconds of the cancellation: the same local time so many days later, right across DST changes; None: unknown."""
        if ship_by not in self._known:
            self._known[ship_by] = self._at(ship_by)
        return self._known[ship_by]

    def _at(self, ship_by: int) -> int | None:
        if self.span.hours is not None:
            return ship_by + self.span.hours * 3600
        local = datetime.fromtimestamp(ship_by, ZoneInfo(self.zone))
        if self.span.days is not None:
            day = local.date() + timedelta(days=self.span.days)
        elif self.span.business_days is not None:
            day = self._business_day(local.date())
        else:
            return None
        return int(datetime.combine(day, local.time(), ZoneInfo(self.zone)).timestamp())

    def _business_day(self, start: date) -> date:
        found = self._days.get(start)
        if found is None:
            day, left = start, self.span.business_days or 0
            while left:
                day += timedelta(days=1)
                left -= self._works(day)
            found = self._days[start] = day
        return found

    def _works(self, day: date) -> bool:
        if self._calendar is None:
            import holidays

            self._calendar = holidays.country_holidays(self.country)
        return bool(
            self._calendar.is_working_day(day)
        )  # by the weekend of that year: the Emirates changed theirs in 2022
