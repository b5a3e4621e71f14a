"""Where the cursor, the first shown row and an open range are: pure functions of whole numbers, no widget.

The invariant that every function here keeps: the cursor is a row of the table (0 when the table is empty), it is
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
        """How many rows below the first shown row the cursor is."""
        return self.cursor - self.top


class RangeSelection(msgspec.Struct, frozen=True):
    """An open range: the rows from `anchor` to the cursor. Taking it in marks them, or unmarks if `is_marking` is
    False.
    """

    anchor: int
    is_marking: bool = True

    def rows(self, cursor: int) -> range:
        """Return the row indexes of the range, both ends included."""
        return range(min(self.anchor, cursor), max(self.anchor, cursor) + 1)


def clamp(view: Viewport) -> Viewport:
    """Return the nearest viewport that keeps the invariant, moving the cursor least, then the top least."""
    height = max(1, view.height)
    total = max(0, view.total)
    cursor = min(max(0, view.cursor), max(0, total - 1))
    top = min(max(view.top, cursor - height + 1, 0), cursor)
    top = max(0, min(top, total - height))
    return Viewport(cursor, top, height, total)


def move(view: Viewport, by: int) -> Viewport:
    """Move the cursor by so many rows; the top follows only when it must."""
    return clamp(Viewport(view.cursor + by, view.top, view.height, view.total))


def page(view: Viewport, pages: int) -> Viewport:
    """Move cursor and top by whole pages, so that the cursor keeps its screen line; at the ends it goes to the end."""
    by = pages * max(1, view.height)
    return clamp(Viewport(view.cursor + by, view.top + by, view.height, view.total))


def half_page(view: Viewport, halves: int) -> Viewport:
    """Move as `page` does, by half the height."""
    by = halves * max(1, view.height // 2)
    return clamp(Viewport(view.cursor + by, view.top + by, view.height, view.total))


def scroll(view: Viewport, by: int) -> Viewport:
    """Move the top by so many rows; the cursor follows only when it would leave the shown rows."""
    height, last = max(1, view.height), max(0, view.total - view.height)
    top = min(max(0, view.top + by), last)
    return clamp(Viewport(min(max(view.cursor, top), top + height - 1), top, view.height, view.total))


def home(view: Viewport) -> Viewport:
    """Move the cursor to the first row."""
    return clamp(Viewport(0, 0, view.height, view.total))


def end(view: Viewport) -> Viewport:
    """Move the cursor to the last row."""
    return clamp(Viewport(view.total - 1, view.total - view.height, view.height, view.total))


def after_swap(view: Viewport, cursor_id: int | None, ids: Sequence[int]) -> Viewport:
    """Return the viewport over other ids: on the same order and screen line, or on the same index when the order is
    gone.
    """
    index = index_of(ids, cursor_id)
    if index is None:
        return clamp(Viewport(view.cursor, view.top, view.height, len(ids)))
    return clamp(Viewport(index, index - view.screen_line, view.height, len(ids)))


def thumb(view: Viewport) -> range:
    """Return the screen lines of the scroll bar's thumb; none when all rows are shown."""
    height, last = max(1, view.height), view.total - view.height
    if last <= 0:
        return range(0)
    size = max(1, height * height // view.total)
    first = (height - size) * min(max(0, view.top), last) // last
    return range(first, first + size)


def scroll_to_bar(view: Viewport, line: int) -> Viewport:
    """Scroll so that the middle of the thumb is as near to this screen line as it can be."""
    size, last = len(thumb(view)), max(0, view.total - view.height)
    room = max(1, view.height - size)
    top = -(-min(max(0, line - size // 2), room) * last // room)  # rounded up, so that the thumb comes there
    return scroll(view, top - view.top)


def index_of(ids: Sequence[int], row_id: int | None) -> int | None:
    """Return the index of the id; None if it is not there."""
    if row_id is None:
        return None
    try:
        return ids.index(row_id)
    except ValueError:
        return None


def window(first: int, last: int, height: int, total: int) -> range:
    """Return the rows to fetch when rows `first` to `last` are to be shown: those, and a page before and after."""
    return range(max(0, first - height), min(total, last + 1 + height))
