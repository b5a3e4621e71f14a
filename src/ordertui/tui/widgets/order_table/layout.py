"""Which columns are shown and how wide: pure functions of the terminal's width, never of the data.

Widths are terminal cells. Columns are taken by `priority` while their least widths fit; what is left over widens them.
The operator's own choice of columns is shown whole, and scrolled when it is wider than the terminal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec

from .columns import Column, columns_for

GUTTER = 3
"""Cells of the mark gutter at the left."""
WIDE_FROM = 120
"""Cells of a table from which two columns are two cells apart instead of one."""
ITEM_CELLS = 12
"""Cells that the item has before a column of lower priority is shown."""
ESSENTIAL = 6
"""Highest priority number of the columns beside which the item need not have its usual width."""
MIN_WIDTH, MAX_WIDTH = 3, 80
"""Cells that the operator may give a column."""


class ColumnChoice(msgspec.Struct, frozen=True):
    """Which columns to show.

    `several`: more than one marketplace may be in view. `keys`: the operator's own columns, left to right; empty: as
    many as fit, by priority. `widths`: the operator's own widths, by key.
    """

    several: bool = True
    keys: tuple[str, ...] = ()
    widths: tuple[tuple[str, int], ...] = ()


BY_WIDTH = ColumnChoice()
"""No choice: the columns that fit."""


class Layout(msgspec.Struct, frozen=True):
    """The columns shown, their widths in cells, and the cells between two of them."""

    columns: tuple[Column, ...]
    widths: tuple[int, ...]
    gap: int = 1
    several: bool = True

    @property
    def width(self) -> int:
        """Cells from the first of the gutter to the last of the last column."""
        return GUTTER + sum(self.widths) + self.gap * max(0, len(self.widths) - 1)

    @property
    def fixed(self) -> int:
        """Cells at the left that do not scroll: the gutter, and the order id if it is the first of several columns."""
        first = self.columns[0].key == "order" and len(self.columns) > 1
        return GUTTER + (self.widths[0] + self.gap if first else 0)

    @property
    def sized(self) -> Iterator[tuple[Column, int]]:
        """The columns and their widths."""
        return zip(self.columns, self.widths, strict=True)

    def column_at(self, x: int) -> Column | None:
        """Return the column at cell `x`, the gap to its right included; None in the gutter and past the last column."""
        found = self._index_at(x)
        return None if found is None else self.columns[found[0]]

    def edge_at(self, x: int) -> tuple[str, int] | None:
        """Return key and first cell of the column whose right edge (the gap after it) is at cell `x`; else None."""
        found = self._index_at(x)
        if found is None or x < found[1] + self.widths[found[0]]:
            return None
        return self.columns[found[0]].key, found[1]

    def span(self, key: str) -> tuple[int, int] | None:
        """Return the first cell of a column in the whole line, and its cells; None when it is not shown."""
        start = GUTTER
        for column, width in zip(self.columns, self.widths, strict=True):
            if column.key == key:
                return start, width
            start += width + self.gap
        return None

    def _index_at(self, x: int) -> tuple[int, int] | None:
        start = GUTTER
        for index, width in enumerate(self.widths):
            if start <= x < start + width + self.gap:
                return index, start
            start += width + self.gap
        return None


def layout_for(width: int, choice: ColumnChoice = BY_WIDTH) -> Layout:
    """Return the columns for `width` cells; the order id is always among them."""
    base = {column.key: column for column in columns_for(several=choice.several)}
    own = dict(choice.widths)
    if choice.keys:
        shown = [base[key] for key in choice.keys if key in base] or [base["order"]]
        usual = tuple(own.get(column.key, column.width) for column in shown)
        return _grow(Layout(tuple(shown), usual, 1, choice.several), width, own)
    sizes = {key: own.get(key, column.widths[0]) for key, column in base.items()}
    gap = 2 if width >= WIDE_FROM else 1

    def width_of(columns: Collection[Column]) -> int:
        return GUTTER + sum(sizes[column.key] for column in columns) + gap * (len(columns) - 1)

    chosen: list[Column] = []
    wanted = [column for column in base.values() if column.priority is not None]
    for column in sorted(wanted, key=lambda column: column.priority or 0):
        if not chosen or width_of([*chosen, column]) + _kept_for_item(column, chosen, sizes) <= width:
            chosen.append(column)
    shown = [column for column in base.values() if column in chosen]
    return _grow(Layout(tuple(shown), tuple(sizes[c.key] for c in shown), gap, choice.several), width, own)


def _kept_for_item(column: Column, chosen: Collection[Column], sizes: Mapping[str, int]) -> int:
    """Return how many more cells the item needs before this column may have some."""
    item = next((one for one in chosen if one.key == "item"), None)
    if item is None:
        return 0
    return max(0, (ITEM_CELLS if (column.priority or 0) <= ESSENTIAL else item.width) - sizes["item"])


def _grow(layout: Layout, width: int, own: Mapping[str, int]) -> Layout:
    """Return the layout with unused cells of `width` given to the columns, from the right: first up to their usual
    width, then up to their greatest.
    """
    room = width - layout.width
    widths = list(layout.widths)
    for stage in (1, 2):
        for index in reversed(range(len(widths))):
            column = layout.columns[index]
            more = min(max(0, room), column.widths[stage] - widths[index])
            if more > 0 and column.key not in own:
                widths[index] += more
                room -= more
    return msgspec.structs.replace(layout, widths=tuple(widths))
