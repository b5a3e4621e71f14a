"""How long answers may stay out, and how much room a store wants: data with sources, in `waiting.toml`."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

import msgspec

from ordertui.orders.clock import HOUR


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number with where it is from, and when that was read."""

    value: int
    source: str
    checked: date


class Waiting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers of `waiting.toml`."""

    stuck_hours: Value
    unconfirmed_hours: Value
    disk_free_share: Value
    disk_free_mebibytes: Value

    @property
    def stuck(self) -> int:
        """Seconds after which a batch that left should have its processing report."""
        return self.stuck_hours.value * HOUR

    @property
    def unconfirmed(self) -> int:
        """Seconds after an answer after which a report should show a cancellation or shipment."""
        return self.unconfirmed_hours.value * HOUR

    def room(self, size: int) -> int:
        """Bytes that should be free beside a store of `size` bytes."""
        return max(size * self.disk_free_share.value, self.disk_free_mebibytes.value * 2**20)


@lru_cache(maxsize=1)
def waiting() -> Waiting:
    """The numbers that come with the program."""
    text = Path(__file__).with_name("waiting.toml").read_bytes()
    return msgspec.toml.decode(text, type=Waiting)
