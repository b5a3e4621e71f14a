"""The injected clock: the only place where the program reads the time."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Protocol, runtime_checkable
from zoneinfo import ZoneInfo

import msgspec

DAY = 86_400
HOUR = 3_600
LATEST_MOMENT = 253_370_764_800
"""The beginning of the year 9999 in epoch seconds: no later time can be shown in every zone."""
CLOCK_SLACK_SECONDS = 60
"""By how much the clocks of those who share leases may differ."""
EARLIEST, LATEST = 788_918_400, 4_133_980_799
"""The first second of 1995, Amazon's first year, and the last one of 2100: a date outside of it is a mistake."""
SHARED_LETTERS = frozenset({"CST", "IST"})
"""Letters of two zones: of Mexico and of China, where many sellers are; of India and of Ireland in summer."""

_BOOT_ID_CHARACTERS = 64


class Clock(Protocol):
    """A source of the present time."""

    def now(self) -> int:
        """Return the present UTC epoch seconds."""


class MonotonicReading(msgspec.Struct, frozen=True):
    """A reading of a clock that nobody can set. Readings can be compared only within one `boot`."""

    boot: str
    seconds: int


@runtime_checkable
class SteadyClock(Clock, Protocol):
    """A clock that also has a monotonic reading."""

    def steady(self) -> MonotonicReading:
        """Return seconds since a fixed moment, unaffected by changes of the wall clock."""


def monotonic_reading(clock: Clock) -> MonotonicReading | None:
    """Return the clock's monotonic reading; None for a clock without one, whose time is trusted."""
    return clock.steady() if isinstance(clock, SteadyClock) else None


@lru_cache(maxsize=1)
def boot_id() -> str:
    """Return an id of this start of the machine; where the system has none, of this start of the program."""
    try:
        with Path("/proc/sys/kernel/random/boot_id").open(encoding="ascii") as file:
            return file.read(_BOOT_ID_CHARACTERS).strip()
    except (OSError, UnicodeDecodeError):
        return f"process-{os.getpid()}-{time.time_ns()}"


class SystemClock(msgspec.Struct, frozen=True):
    """The machine's clock."""

    def now(self) -> int:
        """Return the present UTC epoch seconds."""
        return int(time.time())

    def steady(self) -> MonotonicReading:
        """Return seconds since the machine started, with time asleep where the system counts it."""
        source = getattr(time, "CLOCK_BOOTTIME", None)
        return MonotonicReading(boot_id(), int(time.monotonic() if source is None else time.clock_gettime(source)))


class FixedClock(msgspec.Struct):
    """A clock that stands still until it is set, for `--as-of`, tests and the practice store."""

    moment: int

    def now(self) -> int:
        """Return the UTC epoch seconds last set."""
        return self.moment

    def advance(self, seconds: int) -> None:
        """Move the clock forward by whole seconds."""
        self.moment += seconds


def parse_iso(text: str) -> int:
    """Return the UTC epoch seconds of an ISO 8601 time; without an offset it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo("UTC"))
    return int(moment.timestamp())


def check_moment(epoch: int, text: str) -> int:
    """Return the epoch seconds that `text` stands for. Raises ValueError outside of EARLIEST to LATEST."""
    if not EARLIEST <= epoch <= LATEST:
        raise ValueError(f"{text!r} is out of range: 1995 to 2100")
    return epoch


def to_local(epoch: int, zone: str) -> datetime:
    """Return the moment as an aware datetime in the named zone; one before 1970 or from 9999 on as the nearest."""
    return datetime.fromtimestamp(min(max(epoch, DAY), LATEST_MOMENT), ZoneInfo(zone))


def iso_utc(epoch: int) -> str:
    """Return the moment as `2026-11-23T14:05:00Z`."""
    return to_local(epoch, "UTC").strftime("%Y-%m-%dT%H:%M:%SZ")


def time_of(epoch: int, now: int, zone: str = "UTC") -> str:
    """Return `14:05 UTC`, with the date where that is not the day of `now`."""
    moment = to_local(epoch, zone)
    day = "" if moment.date() == to_local(now, zone).date() else "%Y-%m-%d "
    return moment.strftime(f"{day}%H:%M {zone_letters(moment)}")


def zone_letters(moment: datetime) -> str:
    """Return the letters of an aware moment's zone, as `PST`; the offset, as `UTC-6` or `UTC+5:30`, where it has none
    or they are also those of another marketplace's or seller's zone (`SHARED_LETTERS`).
    """
    name = moment.tzname() or ""
    if name.isalpha() and name not in SHARED_LETTERS:
        return name
    minutes = int((moment.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}{f':{rest:02d}' if rest else ''}"


def lease_has_ended(until: int, now: int, seconds: int) -> bool:
    """Return whether a lease of so many seconds, which ends at `until`, has ended.

    One that ends far later than one that is given now was given before the clock was put back: it has ended.
    """
    return not now < until <= now + seconds + CLOCK_SLACK_SECONDS


def day_start(epoch: int, zone: str, days: int = 0) -> int:
    """Return the epoch seconds of local midnight of the day of `epoch`, `days` later; right across DST changes."""
    from datetime import timedelta

    local = to_local(epoch, zone)
    day = (local.date() + timedelta(days=days)).isoformat()
    return int(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).timestamp())


def local_time(epoch: int, zone: str, days: int, time_of_day: str) -> int:
    """Return the epoch seconds of a time such as `06:30` of the day of `epoch`, `days` later.

    A time that the change to summer time leaves out is taken an hour later; of one that comes twice, the first.
    """
    from datetime import timedelta

    day = (to_local(epoch, zone).date() + timedelta(days=days)).isoformat()
    return int(datetime.fromisoformat(f"{day}T{time_of_day}").replace(tzinfo=ZoneInfo(zone)).timestamp())
