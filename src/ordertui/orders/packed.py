"""Long lists of a plan, packed: a million orders take little memory, and are read some at a time."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from types import GenericAlias
from typing import Generic, TypeVar, overload

import msgspec

PACKED_FROM = 5_000
"""Items from which a list is packed. Fewer are a tuple, which is read faster."""
ITEMS_AT_ONCE = 1_000
"""Items of one pack, which are in memory together."""
_LEVEL = 1
"""Of zlib: an order takes some 40 bytes instead of 1,000, and 5 µs."""

Item = TypeVar("Item", bound=msgspec.Struct)


class PackedList(Sequence[Item], Generic[Item]):
    """Frozen values of one type in packs, of which only the one that was last asked for is unpacked.

    Threads may read one list together: the screen shows a plan while it is committed.
    """

    def __init__(self, kind: type[Item], packs: Sequence[bytes], length: int) -> None:
        self._decoder: msgspec.msgpack.Decoder[list[Item]] = msgspec.msgpack.Decoder(GenericAlias(list, (kind,)))
        self._packs = packs
        self._length = length
        self._last: tuple[int, list[Item]] = (-1, [])

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Item]:
        for pack in self._packs:
            yield from self._unpack(pack)

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | Sequence[Item]:
        if isinstance(place, slice):
            start, stop, step = place.indices(self._length)
            number = start // ITEMS_AT_ONCE
            if step == 1 and start % ITEMS_AT_ONCE == 0 and stop <= start + ITEMS_AT_ONCE:
                return self._pack(number)[: stop - start] if start < stop else []
            return [self[one] for one in range(start, stop, step)]
        if not -self._length <= place < self._length:
            raise IndexError(place)
        number, rest = divmod(place % self._length, ITEMS_AT_ONCE)
        return self._pack(number)[rest]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(mine == its for mine, its in zip(self, other, strict=True))

    def _pack(self, number: int) -> list[Item]:
        last = self._last  # another thread may put another pack there at any time
        if last[0] != number:
            last = self._last = number, self._unpack(self._packs[number])
        return last[1]

    def _unpack(self, pack: bytes) -> list[Item]:
        return self._decoder.decode(zlib.decompress(pack))


class Packer(Generic[Item]):
    """Takes values one by one and packs them as they come."""

    def __init__(self, kind: type[Item]) -> None:
        self._kind = kind
        self._packs: list[bytes] = []
        self._open: list[Item] = []
        """Not packed yet: all of a short list."""

    def __len__(self) -> int:
        return len(self._packs) * ITEMS_AT_ONCE + len(self._open)

    def add(self, item: Item) -> None:
        """Take one more value in."""
        self._open.append(item)
        if len(self._open) >= (ITEMS_AT_ONCE if self._packs else PACKED_FROM):
            while len(self._open) >= ITEMS_AT_ONCE:
                self._close()

    def finish(self) -> Sequence[Item]:
        """Return all of them; add no more."""
        if not self._packs:
            return tuple(self._open)
        length = len(self)
        if self._open:
            self._close()
        return PackedList(self._kind, self._packs, length)

    def _close(self) -> None:
        self._packs.append(zlib.compress(msgspec.msgpack.encode(self._open[:ITEMS_AT_ONCE]), _LEVEL))
        self._open = self._open[ITEMS_AT_ONCE:]


def pack(kind: type[Item], items: Iterable[Item]) -> Sequence[Item]:
    """Return the values as a tuple when there are few of them, else packed."""
    packer = Packer(kind)
    for item in items:
        packer.add(item)
    return packer.finish()
