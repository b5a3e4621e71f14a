"""Marked orders: a bitmap by row id, so that no filter, sort or refresh can lose a mark.

A whole view, given as marks, is marked or unmarked by one operation on the bitmaps, whatever its size. Every change
that changed something can be taken back, newest first.
"""

from __future__ import annotations

import re
import zlib
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator

MOST_BYTES = 64 << 20
"""Most bytes of a snapshot that was packed: half a billion orders."""
UNDO_DEPTH = 50
"""How many changes of marks can be taken back."""
RUN_BYTES = 1_024
"""Bytes of a bitmap whose ids are listed at a time."""
_SOME = re.compile(rb"[^\0]+")
_PLACES = tuple(tuple(bit for bit in range(8) if byte & (1 << bit)) for byte in range(256))
"""The bits that are set in each byte."""


def marked_ids(snapshot: bytes | bytearray) -> array[int]:
    """Return the ids of a `Marks.snapshot`, ascending."""
    found = array("q")
    for run in _SOME.finditer(snapshot):
        base = run.start() << 3
        for byte in run.group():
            found.extend([base + bit for bit in _PLACES[byte]])
            base += 8
    return found


def _bitmap(ids: Iterable[int]) -> bytearray:
    """Return a bitmap of ids, which are listed nowhere meanwhile: a million take 8 MB."""
    bits, size = bytearray(), 0
    for row_id in ids:
        byte = row_id >> 3
        if not 0 <= byte < size:
            _require_valid(row_id)
            bits.extend(bytes(max(byte + 1 - size, size)))
            size = len(bits)
        bits[byte] |= 1 << (row_id & 7)
    return bits


def _require_valid(row_id: int) -> None:
    if row_id < 0:
        raise ValueError(f"row id {row_id} is below zero: ids come from the store")


def _holds(snapshot: bytes | bytearray, row_id: object) -> bool:
    if not isinstance(row_id, int) or row_id < 0:
        return False
    byte = row_id >> 3
    return byte < len(snapshot) and bool(snapshot[byte] & (1 << (row_id & 7)))


def _nothing() -> None:
    """Let whoever goes through ids go on."""


class IdSet:
    """Row ids (0 and up) that do not change, gone through in ascending order: a million take 125 KB."""

    __slots__ = ("_bits", "_check", "_count")

    def __init__(self, ids: Iterable[int] = (), check: Callable[[], None] = _nothing) -> None:
        """`check` is called now and then while somebody goes through the ids, and may raise."""
        self._bits: bytes
        if isinstance(ids, IdSet):
            self._bits = ids._bits  # noqa: SLF001
        else:
            self._bits = ids.snapshot() if isinstance(ids, Marks) else Marks(ids).snapshot()
        self._check = check
        self._count = self._as_integer().bit_count()

    def __len__(self) -> int:
        return self._count

    def __contains__(self, row_id: object) -> bool:
        return _holds(self._bits, row_id)

    def __iter__(self) -> Iterator[int]:
        for start in range(0, len(self._bits), RUN_BYTES):
            self._check()
            base = start << 3
            for row_id in marked_ids(self._bits[start : start + RUN_BYTES]):
                yield base + row_id

    def without(self, ids: Iterable[int]) -> IdSet:
        """Return the set without these."""
        return self._with_bits(self._as_integer() & ~IdSet(ids)._as_integer())  # noqa: SLF001

    def common(self, ids: Iterable[int]) -> IdSet:
        """Return those of the set that are among these."""
        return self._with_bits(self._as_integer() & IdSet(ids)._as_integer())  # noqa: SLF001

    def union(self, ids: Iterable[int]) -> IdSet:
        """Return the set with these added."""
        return self._with_bits(self._as_integer() | IdSet(ids)._as_integer())  # noqa: SLF001

    def _as_integer(self) -> int:
        return int.from_bytes(self._bits, "little")

    def _with_bits(self, bits: int) -> IdSet:
        found = IdSet((), self._check)
        found._bits, found._count = bits.to_bytes((bits.bit_length() + 7) >> 3, "little"), bits.bit_count()
        return found


class Marks:
    """A set of row ids (0 and up) with undo. Ids below zero raise ValueError."""

    __slots__ = ("_bits", "_changes", "_count", "_frozen", "changes_made", "version")

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self._bits = _bitmap(ids)
        self._count = self.as_integer().bit_count()
        self._changes: deque[array[int] | int] = deque(maxlen=UNDO_DEPTH)
        """What each change turned over: ids, or a bitmap."""
        self._frozen: IdSet | None = None
        self.version = 0
        """Another number after each change."""
        self.changes_made = 0
        """Changes that were made and not taken back."""

    @property
    def count(self) -> int:
        """How many orders are marked, in this view or not."""
        return self._count

    def __len__(self) -> int:
        return self._count

    def __contains__(self, row_id: object) -> bool:
        return _holds(self._bits, row_id)

    def __iter__(self) -> Iterator[int]:
        return iter(self.frozen())

    def ids(self) -> array[int]:
        """Return the marked ids, ascending."""
        return marked_ids(self._bits)

    def frozen(self) -> IdSet:
        """Return what is marked now, as a value that does not change."""
        if self._frozen is None:
            self._frozen = IdSet(self)
        return self._frozen

    def toggle(self, row_id: int) -> bool:
        """Mark it, or unmark it. Return whether it is marked now."""
        self._remember(self._flip((row_id,), marked=None))
        return row_id in self

    def add(self, ids: Iterable[int]) -> int:
        """Mark these. Return how many were not marked before."""
        if isinstance(ids, Marks):
            return self._turn(ids.as_integer() & ~self.as_integer())
        return self._remember(self._flip(ids, marked=False))

    def remove(self, ids: Iterable[int]) -> int:
        """Unmark these. Return how many were marked before."""
        if isinstance(ids, Marks):
            return self._turn(ids.as_integer() & self.as_integer())
        return self._remember(self._flip(ids, marked=True))

    def invert(self, ids: Iterable[int]) -> int:
        """Within these ids, mark what is not marked and unmark what is. An id given twice counts once."""
        if isinstance(ids, Marks):
            return self._turn(ids.as_integer())
        return self._remember(self._flip(dict.fromkeys(ids), marked=None))

    def clear(self) -> int:
        """Unmark all. Return how many there were."""
        return self._turn(self.as_integer())

    def covers(self, ids: Marks) -> bool:
        """Whether every one of these is marked."""
        return not ids.as_integer() & ~self.as_integer()

    def common(self, other: Marks) -> int:
        """How many ids both hold."""
        return (self.as_integer() & other.as_integer()).bit_count()

    def undo(self) -> bool:
        """Take the newest change back; False when there is none left."""
        change: array[int] | int = 0
        while not change:  # nothing is left of one whose orders were forgotten
            if not self._changes:
                return False
            change = self._changes.pop()
            self.changes_made -= 1
        if isinstance(change, int):
            self._apply(change)
        else:
            self._flip(change, marked=None)
        return True

    def reachable(self) -> IdSet:
        """Return what is marked, and all that an undo could mark."""
        found = self.as_integer()
        for change in self._packed_changes():
            found |= change
        return IdSet()._with_bits(found)  # noqa: SLF001

    def forget(self, ids: Iterable[int]) -> None:
        """Unmark orders that are there no more; no undo marks them again."""
        left = ~Marks(ids).as_integer()
        self._apply(self.as_integer() & ~left)
        self._changes = deque((change & left for change in self._packed_changes()), UNDO_DEPTH)

    def _packed_changes(self) -> list[int]:
        """Return each change as a bitmap, and keep it so: the next call finds them made."""
        packed = [one if isinstance(one, int) else Marks(one).as_integer() for one in self._changes]
        self._changes = deque(packed, UNDO_DEPTH)
        return packed

    def snapshot(self) -> bytes:
        """Return the marks as bytes for `restore`; equal sets give equal bytes."""
        return bytes(self._bits).rstrip(b"\0")

    def packed(self) -> bytes:
        """Return the snapshot in few bytes, for `unpacked`."""
        return zlib.compress(self.snapshot(), 1)

    @classmethod
    def unpacked(cls, packed: bytes) -> Marks:
        """Return the marks of `packed`; none of bytes that are something else."""
        found = cls()
        try:
            found.restore(zlib.decompressobj().decompress(packed, MOST_BYTES))
        except zlib.error:
            return cls()
        return found

    def restore(self, snapshot: bytes) -> int:
        """Restore the marks of a `snapshot` as one change that can be undone. Return how many differ."""
        return self._turn(self.as_integer() ^ int.from_bytes(snapshot, "little"))

    def as_integer(self) -> int:
        """Return the marks as an integer whose bit n is set when row id n is marked."""
        return int.from_bytes(self._bits, "little")

    def _turn(self, change: int) -> int:
        """Turn these bits over, as a change that can be taken back. Return how many."""
        if change:
            self._apply(change)
            self._changes.append(change)
            self.changes_made += 1
        return change.bit_count()

    def _apply(self, change: int) -> None:
        now = self.as_integer() ^ change
        self._bits = bytearray(now.to_bytes(max(len(self._bits), (change.bit_length() + 7) >> 3), "little"))
        self._count = now.bit_count()
        self._changed()

    def _changed(self) -> None:
        self._frozen = None
        self.version += 1

    def _flip(self, ids: Iterable[int], *, marked: bool | None) -> array[int]:
        """Turn over the ids that are marked (or unmarked; None: all) now; returns those turned over."""
        wanted = ids if isinstance(ids, array) else array("q", ids)
        flipped = array("q")
        if not wanted:
            return flipped
        _require_valid(min(wanted))
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
        self._changed()
        return flipped

    def _remember(self, flipped: array[int]) -> int:
        if flipped:
            self._changes.append(flipped)
            self.changes_made += 1
        return len(flipped)
