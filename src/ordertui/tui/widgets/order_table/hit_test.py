"""Which part of the table a cell of the screen belongs to: a pure function, no widget."""

from __future__ import annotations

from enum import Enum

import msgspec
from textual.geometry import Offset

from .layout import GUTTER, Layout

HEADER = 1
"""Lines above the first row."""


class Zone(Enum):
    """Part of the table."""

    HEADER = "header"
    EDGE = "edge"
    """The right edge of a column's header: it can be dragged to change the width."""
    GUTTER = "gutter"
    """The cells of a row that hold its mark."""
    CELL = "cell"
    BAR = "bar"
    EMPTY = "empty"
    """Below the last row."""


class TableGeometry(msgspec.Struct, frozen=True):
    """Where the table draws what: `row_width` cells hold gutter and columns, the scroll bar is to their right.

    `scroll_x` cells are scrolled off at the left of the moving columns; row `top` is the first one shown, of `total`.
    """

    layout: Layout
    row_width: int
    scroll_x: int
    top: int
    total: int

    def unscrolled(self, x: int) -> int:
        """Return the cell of the whole line that is shown at cell `x`."""
        return x if x < self.layout.fixed else x + self.scroll_x


class Hit(msgspec.Struct, frozen=True):
    """What is at a cell: `row` for GUTTER and CELL, `column` (a key; None beside all) for HEADER and EDGE."""

    zone: Zone
    row: int | None = None
    column: str | None = None
    column_start: int = 0
    """EDGE only: the first cell of that column in the whole line."""


def hit_test(geometry: TableGeometry, offset: Offset) -> Hit:
    """Return what the table shows at this offset from its top left cell."""
    if offset.y < HEADER:
        return _hit_header(geometry.layout, geometry.unscrolled(offset.x))
    if offset.x >= geometry.row_width:
        return Hit(Zone.BAR)
    row = geometry.top + offset.y - HEADER
    if row >= geometry.total:
        return Hit(Zone.EMPTY)
    return Hit(Zone.GUTTER if offset.x < GUTTER else Zone.CELL, row)


def _hit_header(layout: Layout, x: int) -> Hit:
    edge = layout.edge_at(x)
    if edge is not None:
        key, start = edge
        return Hit(Zone.EDGE, column=key, column_start=start)
    column = layout.column_at(x)
    return Hit(Zone.HEADER, column=None if column is None else column.key)
