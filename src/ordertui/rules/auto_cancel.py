"""Compute when Amazon cancels an order that was not confirmed: so long after ship-by, in the marketplace's zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from ordertui.orders.clock import EARLIEST, LATEST, to_local

from .working_days import working_days


class AutoCancelDelay(msgspec.Struct, frozen=True):
    """How long after ship-by Amazon cancels. One field is set; none: unknown."""

    business_days: int | None = None
    days: int | None = None
    hours: int | None = None


class AutoCancelSchedule(msgspec.Struct):
    """The cancellation times of one marketplace, cached by ship-by time.

    `zone` is an IANA name, `country` an ISO 3166 code, whose calendar is read at the first business day asked for.
    """

    delay: AutoCancelDelay
    zone: str
    country: str
    _known: dict[int, int | None] = msgspec.field(default_factory=dict)
    _days: dict[date, date] = msgspec.field(default_factory=dict)

    def at(self, ship_by: int) -> int | None:
        """Return the cancellation's epoch seconds, at the same local time across DST changes too; None: unknown."""
        if ship_by not in self._known:
            self._known[ship_by] = self._compute(ship_by)
        return self._known[ship_by]

    def _compute(self, ship_by: int) -> int | None:
        if not EARLIEST <= ship_by <= LATEST:
            return None
        if self.delay.hours is not None:
            return ship_by + self.delay.hours * 3600
        local = to_local(ship_by, self.zone)
        if self.delay.days is not None:
            day = local.date() + timedelta(days=self.delay.days)
        elif self.delay.business_days is not None:
            day = self._business_day(local.date())
        else:
            return None
        return int(datetime.combine(day, local.time(), ZoneInfo(self.zone)).timestamp())

    def _business_day(self, start: date) -> date:
        found = self._days.get(start)
        if found is None:
            calendar = working_days(self.country)
            day, left = start, self.delay.business_days or 0
            while left:
                day += timedelta(days=1)
                left -= calendar.has(day)
            found = self._days[start] = day
        return found
