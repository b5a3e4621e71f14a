"""What an import has spoken of so far, in memory that stays flat.

Which lines of which orders: two rows of one report are never one line, however far apart; one byte an order of the store (a bit for each of
its first eight lines). Which orders of a store that was empty: the others need no looking up.
"""

from __future__ import annotations

from collections.abc import Iterable

_BITS = 8
_PLACES = 1 << 25
"""Of them one in fifty is taken after 700,000 orders; more orders than places only cost looking up."""


class BloomFilter:
    """Which orders may be in a store that had none before: every one that was added, and a few others."""

    def __init__(self) -> None:
        self._bits = bytearray(_PLACES // _BITS)

    def add(self, order_id: str) -> None:
        """It is in the store from now on."""
        place = hash(order_id) % _PLACES
        self._bits[place >> 3] |= 1 << (place & 7)

    def among(self, order_ids: Iterable[str]) -> list[str]:
        """Those of them that may be in the store."""
        bits = self._bits
        return [one for one in order_ids if bits[(place := hash(one) % _PLACES) >> 3] & 1 << (place & 7)]


class SeenLines:
    """Lines by order, over the chunks of one import."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._more: dict[int, set[int]] = {}

    def lines(self, order: int) -> set[int]:
        """Numbers of the lines that this import has named."""
        bits = self._bits[order] if order < len(self._bits) else 0
        more = self._more.get(order, set()) if self._more else set()
        if not bits:
            return set(more)
        return {line for line in range(1, _BITS + 1) if bits & 1 << (line - 1)} | more

    def any(self, order: int) -> bool:
        """Whether this import has named a line of the order."""
        return (order < len(self._bits) and bool(self._bits[order])) or order in self._more

    def add(self, order: int, count: int) -> None:
        """Remember the first `count` lines of an order."""
        if count > _BITS:
            self.add_all(order, range(1, count + 1))
            return
        self._reach(order)
        self._bits[order] |= (1 << count) - 1

    def add_all(self, order: int, lines: Iterable[int]) -> None:
        """Remember these lines of an order."""
        self._reach(order)
        for line in lines:
            if line <= _BITS:
                self._bits[order] |= 1 << (line - 1)
            else:
                self._more.setdefault(order, set()).add(line)

    def _reach(self, order: int) -> None:
        if order >= len(self._bits):
            self._bits.extend(bytes(order + 4096 - len(self._bits)))
