"""The mouse on the table: click, double click, shift-click, drag, wheel, click on a header."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from textual import events
from textual.widget import Widget

from ordertui.operations.query.marks import Marks

from . import viewport
from .columns import GUTTER, NARROWEST
from .messages import Activated, ColumnSized, SortRequested
from .row_renderer import Painter
from .viewport import Viewport

HEADER = 1
"""Lines above the first row."""
BAR_FROM = 81
"""Cells of a table from which it has room for a scroll bar."""
WHEEL = 3
"""Rows a turn of the wheel moves."""


class Pointer(Widget if TYPE_CHECKING else object):  # type: ignore[misc]
    """Mixed into the table."""

    ids: array[int]
    marks: Marks
    painter: Painter
    across: int
    cursor: int
    pressed: int | None
    """Where the button went down; None when it is up."""
    on_bar: bool
    """Whether the button went down on the scroll bar, and is not up yet."""
    sizing: tuple[str, int] | None
    """The column whose edge the button holds, and its first cell."""
    was_sized: bool
    """Whether the last press of the button drew an edge, and so is no click."""

    if TYPE_CHECKING:

        @property
        def view(self) -> Viewport: ...
        @property
        def row_width(self) -> int: ...
        @property
        def in_visual(self) -> bool: ...
        @property
        def range_size(self) -> int: ...
        def action_visual(self, marks: bool) -> None: ...
        def commit_range(self) -> bool: ...
        def toggle_line(self, index: int) -> None: ...
        def marks_changed(self) -> None: ...
        def go(self, view: Viewport) -> None: ...

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Remember where a drag may begin; on the scroll bar, scroll there."""
        self.pressed = self._index_at(event)
        offset = event.get_content_offset(self)
        self.was_sized = False
        if offset is not None and offset.y < HEADER:
            self.sizing = self.painter.layout.edge_at(self._whole_x(offset.x))
            if self.sizing is not None:
                self.capture_mouse()
        elif offset is not None and offset.x >= self.row_width and offset.y >= HEADER:
            self.on_bar = True
            self.capture_mouse()
            self.go(viewport.at_bar(self.view, offset.y - HEADER))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """With the button down: draw a range, scroll, or draw a column's edge."""
        if self.sizing is not None:
            key, left = self.sizing
            self.was_sized = True
            self.post_message(ColumnSized(self, key, max(NARROWEST, self._whole_x(event.x) - left)))
            return
        if self.on_bar:
            self.go(viewport.at_bar(self.view, event.y - HEADER))
            return
        index = self._index_at(event)
        if self.pressed is None or event.button != 1 or index is None or index == self.cursor:
            return
        if not self.in_visual:
            self.cursor = self.pressed
            self.action_visual(True)
        self.cursor = index

    def on_mouse_up(self) -> None:
        """The end of a drag takes the range in."""
        if self.on_bar or self.sizing is not None:
            self.on_bar, self.sizing = False, None
            self.release_mouse()
        if self.pressed is not None and self.range_size > 1:
            self.commit_range()
        self.pressed = None

    def on_click(self, event: events.Click) -> None:
        """Header: sort; with shift: by it too. Gutter: mark. Elsewhere: cursor; with shift: mark from the cursor to here; twice:
        activate. On the scroll bar the button has done what it does."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        index = self._index_at(event)
        if offset.y < HEADER:
            column = self.painter.layout.column_at(self._whole_x(offset.x))
            if column is not None and not self.was_sized:
                self.post_message(SortRequested(self, column.key, event.shift))
        elif index is None:
            return
        elif event.shift:
            low, high = sorted((self.cursor, index))
            if self.marks.add(self.ids[low : high + 1]):
                self.marks_changed()
            self.cursor = index
        else:
            self.cursor = index
            if offset.x < GUTTER:
                self.toggle_line(index)
            elif event.chain == 2:
                self.post_message(Activated(self, self.ids[index]))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves what is shown; the cursor stays in sight."""
        self._wheel(event, WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """As down."""
        self._wheel(event, -WHEEL)

    def _wheel(self, event: events.MouseEvent, rows: int) -> None:
        event.stop()
        event.prevent_default()
        self.go(viewport.scroll(self.view, rows))

    def _whole_x(self, x: int) -> int:
        """The cell of the whole line that is shown at `x`."""
        return x if x < self.painter.layout.fixed else x + self.across

    def _index_at(self, event: events.MouseEvent) -> int | None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y < HEADER or offset.x >= self.row_width:
            return None
        index = self.scroll_offset.y + offset.y - HEADER
        return index if index < len(self.ids) else None
