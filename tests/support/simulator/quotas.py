"""Amazon's quotas: what is refused with 429, and a referee that counts every breach by the published limits.

The referee is the slow obvious oracle: between any two calls of an operation at most burst + rate x time may lie.
"""

from __future__ import annotations

from collections import defaultdict

from ordertui.amazon.spapi.operations import OPERATIONS
from ordertui.orders.clock import Clock


class Quotas:
    """Usage plans by operation name."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.calls: dict[str, list[int]] = defaultdict(list)
        self.enforced = True
        self._levels: dict[str, tuple[float, int]] = {}

    def published(self, name: str) -> str:
        """The rate as the header names it."""
        return str(OPERATIONS[name].rate) if name in OPERATIONS else ""

    def take(self, name: str) -> bool:
        """Whether a call may be served now."""
        now = self._clock.now()
        plan = OPERATIONS.get(name)
        self.calls[name].append(now)
        if plan is None or not self.enforced:
            return True
        level, at = self._levels.get(name, (float(plan.burst), now))
        level = min(plan.burst, level + (now - at) * plan.rate)
        served = level >= 1 - 1e-9
        self._levels[name] = (level - 1 if served else level, now)
        return served

    def breaches(self) -> list[str]:
        """Every pair of moments between which an operation was called more often than its plan allows."""
        found = []
        for name, times in self.calls.items():
            plan = OPERATIONS.get(name)
            if plan is None:
                continue
            for first in range(len(times)):
                found += [
                    f"{name}: {last - first + 1} calls from {times[first]} to {times[last]}"
                    for last in range(first, len(times))
                    if last - first + 1 > plan.burst + plan.rate * (times[last] - times[first]) + 1e-9
                ]
        return found
