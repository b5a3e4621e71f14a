"""Where the table's rows come from, and a cache of those near what is shown."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ordertui.orders.order import OrderRow
from ordertui.tui.widgets.viewport import window

from .columns import CellContext

MIN_CACHED_ROWS = 400
"""Rows cached; more where five pages of the terminal are more."""


class RowSource(Protocol):
    """What the table asks for. All calls are made on the screen's thread, so each should take a millisecond at most."""

    def rows(self, ids: Sequence[int]) -> Mapping[int, OrderRow]:
        """Return the rows of these ids; one that is gone is left out."""
        ...

    def context(self, row: OrderRow) -> CellContext:
        """Return what the cells of a row need besides it."""
        ...

    def now(self) -> int:
        """Return the time in epoch seconds."""
        ...


class RowCache:
    """Caches rows near what is shown, and fetches a few pages at a time, only when a row is missing."""

    def __init__(self) -> None:
        self.source: RowSource | None = None
        self.fetches = 0
        """How often the source was asked for rows; tests hold it to a budget."""
        self._rows: OrderedDict[int, OrderRow | None] = OrderedDict()

    def row(self, ids: array[int], index: int, top: int, height: int) -> OrderRow | None:
        """Return the row at `index`; None if the source has none.

        A row that is missing is fetched with the rows shown (`height` from `top` on) and a page on either side of them.
        """
        row_id = ids[index]
        if row_id not in self._rows:
            if not top <= index < top + height:
                top = index
            self._fetch([ids[place] for place in window(top, top + height - 1, height, len(ids))], height)
        return self._rows.get(row_id)

    def drop(self, ids: Iterable[int] | None = None) -> None:
        """Forget these rows; None: all."""
        if ids is None:
            self._rows.clear()
            return
        for row_id in ids:
            self._rows.pop(row_id, None)

    def _fetch(self, wanted: Sequence[int], height: int) -> None:
        if self.source is None:
            return
        missing = [row_id for row_id in wanted if row_id not in self._rows]
        self.fetches += 1
        found = self.source.rows(missing)
        for row_id in missing:
            self._rows[row_id] = found.get(row_id)
        for row_id in wanted:
            self._rows.move_to_end(row_id)
        while len(self._rows) > max(MIN_CACHED_ROWS, 5 * height):
            self._rows.popitem(last=False)
