"""How large feeds are, how far apart, and how long an unclear one is given: data with sources, in `feed_limits.toml`."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

import msgspec

from ordertui.orders.enums import Action


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number with where it is from, and when that was read."""

    value: int
    source: str
    checked: date


class FeedLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers of `feed_limits.toml`."""

    canary_rows: Value
    canary_from: Value
    most_rows: Value
    gap_seconds: Value
    settle_seconds: Value
    settle_refund_seconds: Value
    looks: Value
    look_seconds: Value
    fresh_seconds: Value
    stuck_seconds: Value
    wrong_percent: Value
    finances_seconds: Value
    finances_overlap_seconds: Value
    finances_youngest_seconds: Value
    finances_days: Value

    def settle(self, action: Action) -> int:
        """Seconds after an unclear call before the absence of a feed says anything."""
        return (self.settle_refund_seconds if action is Action.REFUND else self.settle_seconds).value


@lru_cache(maxsize=1)
def feed_limits() -> FeedLimits:
    """The numbers that come with the program."""
    return msgspec.toml.decode(Path(__file__).with_name("feed_limits.toml").read_bytes(), type=FeedLimits)
