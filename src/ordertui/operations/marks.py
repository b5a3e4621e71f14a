"""Marked orders: a bitmap by row id, so that no filter, sort or refresh can lose a mark.

A view of a million orders is marked in one pass over its ids; the count is kept and never recounted. Every change
that changed something can be taken back, newest first.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import compress

UNDO_DEPTH = 50
"""How many changes of marks can be taken back."""


class Marks:
    """A set of row ids (0 and up) with undo. Ids below zero raise ValueError."""

    __slots__ = ("_bits", "_changes", "_count")

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self._bits = bytearray()
        self._count = 0
        self._changes: deque[array[int]] = deque(maxlen=UNDO_DEPTH)
        if ids:
            self._flip(ids, marked=False)

    @property
    def count(self) -> int:
        """How many orders are marked, in this view or not."""
        return self._count

    def __len__(self) -> int:
        return self._count

    def __contains__(self, row_id: object) -> bool:
        if not isinstance(row_id, int) or row_id < 0:
            return False
        byte = row_id >> 3
        return byte < len(self._bits) and bool(self._bits[byte] & (1 << (row_id & 7)))

    def __iter__(self) -> Iterator[int]:
        return iter(self.ids())

    def ids(self) -> array[int]:
        """The marked ids, ascending."""
        found = array("q")
        for byte in compress(range(len(self._bits)), self._bits):
            bits, base = self._bits[byte], byte << 3
            found.extend(base + bit for bit in range(8) if bits & (1 << bit))
        return found

    def toggle(self, row_id: int) -> bool:
        """Mark it, or unmark it; returns whether it is marked now."""
        self._remember(self._flip((row_id,), marked=None))
        return row_id in self

    def add(self, ids: Iterable[int]) -> int:
        """Mark these; returns how many were not marked before."""
        return self._remember(self._flip(ids, marked=False))

    def remove(self, ids: Iterable[int]) -> int:
        """Unmark these; returns how many were marked before."""
        return self._remember(self._flip(ids, marked=True))

    def invert(self, ids: Iterable[int]) -> int:
        """Within these ids, mark what is not marked and unmark what is. An id given twice counts once."""
        return self._remember(self._flip(dict.fromkeys(ids), marked=None))

    def clear(self) -> int:
        """Unmark all; returns how many there were."""
        return self.remove(self.ids())

    def covers(self, ids: Iterable[int]) -> bool:
        """Whether every one of these is marked."""
        return all(row_id in self for row_id in ids)

    def common(self, other: Marks) -> int:
        """How many ids both hold."""
        mine, theirs = int.from_bytes(self._bits, "little"), int.from_bytes(other._bits, "little")
        return (mine & theirs).bit_count()

    def undo(self) -> bool:
        """Take the newest change back; False when there is none left."""
        if not self._changes:
            return False
        self._flip(self._changes.pop(), marked=None)
        return True

    def snapshot(self) -> bytes:
        """The marks as bytes for `restore`; equal sets give equal bytes."""
        return bytes(self._bits).rstrip(b"\0")

    def restore(self, snapshot: bytes) -> int:
        """Make the marks what they were at `snapshot`, as one change that can be taken back; returns how many differ."""
        then = Marks()
        then._bits = bytearray(snapshot)
        now, wanted = set(self.ids()), set(then.ids())
        return self._remember(self._flip(sorted(now ^ wanted), marked=None))

    def _flip(self, ids: Iterable[int], *, marked: bool | None) -> array[int]:
        """Turn over the ids that are marked (or unmarked; None: all) now; returns those turned over."""
        wanted = ids if isinstance(ids, array) else array("q", ids)
        flipped = array("q")
        if not wanted:
            return flipped
        if min(wanted) < 0:
            raise ValueError(f"row id {min(wanted)} is below zero: ids come from the store")
        bits = self._bits
        short = (max(wanted) >> 3) + 1 - len(bits)
        if short > 0:
            bits.extend(bytes(short))
        count = self._count
        for row_id in wanted:
            byte, mask = row_id >> 3, 1 << (row_id & 7)
            is_on = bool(bits[byte] & mask)
            if marked is None or is_on is marked:
                bits[byte] ^= mask
                count += -1 if is_on else 1
                flipped.append(row_id)
        self._count = count
        return flipped

    def _remember(self, flipped: array[int]) -> int:
        if flipped:
            self._changes.append(flipped)
        return len(flipped)
