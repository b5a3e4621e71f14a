"""The program's own limits: data with sources, read from the TOML files beside this module."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from ordertui.orders.clock import HOUR
from ordertui.orders.enums import Action


class SourcedValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number, where it is from, and the day that source was read."""

    value: int
    source: str
    checked: date


class SourcedWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list of words, where it is from, and the day that source was read."""

    words: tuple[str, ...]
    source: str
    checked: date


class FeedLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How large feeds are, how far apart they leave, and how long an unclear one is given: `feed_limits.toml`."""

    canary_rows: SourcedValue
    canary_from: SourcedValue
    most_rows: SourcedValue
    gap_seconds: SourcedValue
    settle_seconds: SourcedValue
    settle_refund_seconds: SourcedValue
    looks: SourcedValue
    look_seconds: SourcedValue
    fresh_seconds: SourcedValue
    stuck_seconds: SourcedValue
    wrong_percent: SourcedValue
    finances_seconds: SourcedValue
    finances_overlap_seconds: SourcedValue
    finances_youngest_seconds: SourcedValue
    finances_days: SourcedValue

    def settle(self, action: Action) -> int:
        """Return the seconds after an unclear call from which the absence of its feed says something."""
        return (self.settle_refund_seconds if action is Action.REFUND else self.settle_seconds).value


class OperationLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long answers may stay out, and how much free disk a store needs: `operation_limits.toml`."""

    stuck_hours: SourcedValue
    unconfirmed_hours: SourcedValue
    disk_free_share: SourcedValue
    disk_free_mebibytes: SourcedValue

    @property
    def stuck_seconds(self) -> int:
        """Seconds after which a batch that left should have its processing report."""
        return self.stuck_hours.value * HOUR

    @property
    def unconfirmed_seconds(self) -> int:
        """Seconds after an answer after which a report should show a cancellation or shipment."""
        return self.unconfirmed_hours.value * HOUR

    def free_bytes(self, store_bytes: int) -> int:
        """Return the bytes that should be free beside a store of this size."""
        return max(store_bytes * self.disk_free_share.value, self.disk_free_mebibytes.value * 2**20)


class MessageLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a message to a buyer may hold: `message_types.toml`."""

    longest: SourcedValue
    asks_to_cancel: SourcedWords


CLOCK_SKEW_SECONDS = 300
"""Amazon's clock and this one may differ by this much."""

Limits = TypeVar("Limits", bound=msgspec.Struct)


def _load(name: str, kind: type[Limits]) -> Limits:
    return msgspec.toml.decode(Path(__file__).with_name(name).read_bytes(), type=kind)


@cache
def feed_limits() -> FeedLimits:
    """Return the limits of `feed_limits.toml`."""
    return _load("feed_limits.toml", FeedLimits)


@cache
def operation_limits() -> OperationLimits:
    """Return the limits of `operation_limits.toml`."""
    return _load("operation_limits.toml", OperationLimits)


@cache
def message_limits() -> MessageLimits:
    """Return the limits of `message_types.toml`."""
    return _load("message_types.toml", MessageLimits)
