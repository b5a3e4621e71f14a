"""Where the cursor and the first shown line are: pure functions of whole numbers, no widget.

A viewport's invariant, kept by every function here: the cursor is a row of the table (0 when the table is empty), it is
shown, and no line past the last row is scrolled to while earlier rows could fill it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Viewport(msgspec.Struct, frozen=True):
    """`cursor` and `top` are row indexes, `height` the number of rows shown, `total` the number of rows there are."""

    cursor: int
    top: int
    height: int
    total: int

    @property
    def screen_line(self) -> int:
        """How far below the first shown row the cursor stands."""
        return self.cursor - self.top


def settle(view: Viewport) -> Viewport:
    """The nearest viewport that keeps the invariant, moving the cursor least, then the top least."""
    height = max(1, view.height)
    total = max(0, view.total)
    cursor = min(max(0, view.cursor), max(0, total - 1))
    top = min(max(view.top, cursor - height + 1, 0), cursor)
    top = max(0, min(top, total - height))
    return Viewport(cursor, top, height, total)


def move(view: Viewport, by: int) -> Viewport:
    """The cursor `by` rows further; the top follows only when it must."""
    return settle(Viewport(view.cursor + by, view.top, view.height, view.total))


def page(view: Viewport, pages: int) -> Viewport:
    """Cursor and top whole pages further, so the cursor keeps its screen line; at the ends it goes to the end."""
    by = pages * max(1, view.height)
    return settle(Viewport(view.cursor + by, view.top + by, view.height, view.total))


def half_page(view: Viewport, halves: int) -> Viewport:
    """As `page`, by half the height."""
    by = halves * max(1, view.height // 2)
    return settle(Viewport(view.cursor + by, view.top + by, view.height, view.total))


def scroll(view: Viewport, by: int) -> Viewport:
    """The top `by` rows further; the cursor is taken along only when it would leave the shown rows."""
    height, last = max(1, view.height), max(0, view.total - view.height)
    top = min(max(0, view.top + by), last)
    return settle(Viewport(min(max(view.cursor, top), top + height - 1), top, view.height, view.total))


def home(view: Viewport) -> Viewport:
    """The first row."""
    return settle(Viewport(0, 0, view.height, view.total))


def end(view: Viewport) -> Viewport:
    """The last row."""
    return settle(Viewport(view.total - 1, view.total - view.height, view.height, view.total))


def after_swap(view: Viewport, cursor_id: int | None, ids: Sequence[int]) -> Viewport:
    """The viewport over other ids: on the same order at the same screen line, or on the same index when it is gone."""
    index = index_of(ids, cursor_id)
    if index is None:
        return settle(Viewport(view.cursor, view.top, view.height, len(ids)))
    return settle(Viewport(index, index - view.screen_line, view.height, len(ids)))


def thumb(view: Viewport) -> range:
    """The screen lines of the scroll bar's thumb; none when all rows are shown."""
    height, last = max(1, view.height), view.total - view.height
    if last <= 0:
        return range(0)
    size = max(1, height * height // view.total)
    first = (height - size) * min(max(0, view.top), last) // last
    return range(first, first + size)


def at_bar(view: Viewport, line: int) -> Viewport:
    """Scrolled so that the middle of the thumb is at this screen line, as near as that goes."""
    size, last = len(thumb(view)), max(0, view.total - view.height)
    room = max(1, view.height - size)
    top = -(-min(max(0, line - size // 2), room) * last // room)  # rounded up, so that the thumb comes there
    return scroll(view, top - view.top)


def index_of(ids: Sequence[int], row_id: int | None) -> int | None:
    """Where the id stands, or None."""
    if row_id is None:
        return None
    try:
        return ids.index(row_id)
    except ValueError:
        return None


def window(first: int, last: int, height: int, total: int) -> range:
    """The rows to fetch when rows first..last are to be shown: those, and a page before and after."""
    return range(max(0, first - height), min(total, last + 1 + height))
