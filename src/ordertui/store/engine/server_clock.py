"""The time of a server, asked for seldom."""

from __future__ import annotations

import time


class ServerClock:
    """The server's clock: its time when it was last asked, and what has passed here since."""

    def __init__(self) -> None:
        self._base = 0.0

    def set(self, server_seconds: float) -> None:
        """Take over the server's time, in epoch seconds."""
        self._base = server_seconds - _seconds()

    def now(self) -> int:
        """Return the present UTC epoch seconds."""
        return int(self._base + _seconds())


def _seconds() -> float:
    """Return seconds since a fixed moment, with the time asleep where the system counts it."""
    source = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if source is None else time.clock_gettime(source)
