"""The injected clock: the only place where the program asks what time it is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

DAY = 86_400
HOUR = 3_600


class Clock(Protocol):
    """Gives the present moment."""

    def now(self) -> int:
        """UTC epoch seconds."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """UTC epoch seconds."""
        return int(time.time())


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until it is set: `--as-of`, tests, the practice store."""

    moment: int

    def now(self) -> int:
        """UTC epoch seconds, as last set."""
        return self.moment

    def advance(self, seconds: int) -> None:
        """Move the clock forward by whole seconds."""
        self.moment += seconds


def parse_iso(text: str) -> int:
    """UTC epoch seconds of an ISO 8601 time; without an offset it is read as UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo("UTC"))
    return int(moment.timestamp())


def to_local(epoch: int, zone: str) -> datetime:
    """The moment as an aware datetime in the named zone."""
    return datetime.fromtimestamp(epoch, ZoneInfo(zone))


def iso_utc(epoch: int) -> str:
    """`2026-11-23T14:05:00Z`."""
    return datetime.fromtimestamp(epoch, ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_start(epoch: int, zone: str, days: int = 0) -> int:
    """Epoch seconds of local midnight of the day that holds `epoch`, `days` later; right across DST changes."""
    from datetime import timedelta

    local = to_local(epoch, zone)
    day = (local.date() + timedelta(days=days)).isoformat()
    return int(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).timestamp())
