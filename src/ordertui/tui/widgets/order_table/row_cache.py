"""Where the table's rows come from, and the few of them that are kept."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ordertui.orders.order import OrderRow

from .viewport import window

LEAST_KEPT = 1_000
"""Rows kept at least; a taller terminal keeps five pages."""


class RowSource(Protocol):
    """What the table asks of the shop. All calls are made on the screen's thread and should take a millisecond."""

    def rows(self, ids: Sequence[int]) -> Mapping[int, OrderRow]:
        """The rows of these ids; one that is gone is left out."""
        ...

    def may(self, row: OrderRow) -> str:
        """The short word for the `May` column: `cancel`, `cancel ★`, `refund`, `confirm`, `wait`, `-`."""
        ...

    def now(self) -> int:
        """UTC epoch seconds."""
        ...

    def zone(self, row: OrderRow) -> str:
        """The IANA zone in which the row's times are shown."""
        ...


class RowCache:
    """Rows near what is shown, fetched a few pages at a time; a fetch is made only for a row that is not kept."""

    def __init__(self) -> None:
        self.source: RowSource | None = None
        self.fetches = 0
        """How often the source was asked for rows."""
        self._kept: OrderedDict[int, OrderRow | None] = OrderedDict()

    def row(self, ids: array[int], index: int, top: int, height: int) -> OrderRow | None:
        """The row at `index`; None when the source has none. Fetches the page around it with a page on either side."""
        row_id = ids[index]
        if row_id not in self._kept:
            if not top <= index < top + height:
                top = index
            self._fetch([ids[place] for place in window(top, top + height - 1, height, len(ids))], height)
        return self._kept.get(row_id)

    def drop(self, ids: Iterable[int] | None = None) -> None:
        """Forget these rows, or all."""
        if ids is None:
            self._kept.clear()
            return
        for row_id in ids:
            self._kept.pop(row_id, None)

    def _fetch(self, wanted: Sequence[int], height: int) -> None:
        if self.source is None:
            return
        missing = [row_id for row_id in wanted if row_id not in self._kept]
        self.fetches += 1
        found = self.source.rows(missing)
        for row_id in missing:
            self._kept[row_id] = found.get(row_id)
        for row_id in wanted:
            self._kept.move_to_end(row_id)
        while len(self._kept) > max(LEAST_KEPT, 5 * height):
            self._kept.popitem(last=False)
