"""The lines and orders that an import has named so far, in little memory.

Lines, because two rows of one report are never the same line, however far apart they stand: one byte for each order of
the store, a bit for each of its first eight lines. Orders, when the store was empty at first: all others are new and
need no lookup.
"""

from __future__ import annotations

from collections.abc import Iterable

_BITS = 8
_PLACES = 1 << 25
"""Bits of the filter: 2 % occupied at 700,000 orders. A false positive costs one lookup, never correctness."""


class BloomFilter:
    """The orders that may be in a store that was empty: every one that was added, and a few others."""

    def __init__(self) -> None:
        self._bits = bytearray(_PLACES // _BITS)

    def add(self, order_id: str) -> None:
        """Add an order that is in the store from now on."""
        place = hash(order_id) % _PLACES
        self._bits[place >> 3] |= 1 << (place & 7)

    def among(self, order_ids: Iterable[str]) -> list[str]:
        """Return those of the orders that may be in the store."""
        bits = self._bits
        return [one for one in order_ids if bits[(place := hash(one) % _PLACES) >> 3] & 1 << (place & 7)]


class SeenLines:
    """The lines that the chunks of one import have named, by row number of their order."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._more: dict[int, set[int]] = {}

    def lines(self, order: int) -> set[int]:
        """Return the numbers of the lines of an order that this import has named."""
        bits = self._bits[order] if order < len(self._bits) else 0
        more = self._more.get(order, set()) if self._more else set()
        if not bits:
            return set(more)
        return {line for line in range(1, _BITS + 1) if bits & 1 << (line - 1)} | more

    def any(self, order: int) -> bool:
        """Return whether this import has named a line of an order."""
        return (order < len(self._bits) and bool(self._bits[order])) or order in self._more

    def add(self, order: int, count: int) -> None:
        """Add the first `count` lines of an order."""
        if count > _BITS:
            self.add_all(order, range(1, count + 1))
            return
        self._reach(order)
        self._bits[order] |= (1 << count) - 1

    def add_all(self, order: int, lines: Iterable[int]) -> None:
        """Add these lines of an order."""
        self._reach(order)
        for line in lines:
            if line <= _BITS:
                self._bits[order] |= 1 << (line - 1)
            else:
                self._more.setdefault(order, set()).add(line)

    def _reach(self, order: int) -> None:
        if order >= len(self._bits):
            self._bits.extend(bytes(order + 4096 - len(self._bits)))
