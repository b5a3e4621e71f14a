"""The table widget: keys, mouse, messages and painting, on Textual's Line API.

The ids of the view are one immutable array; rows are fetched only near what is shown. The cursor is an order, its index
is derived: another view over the same orders keeps the order under the cursor, on the same line of the screen.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ordertui.operations.marks import Marks
from ordertui.orders.order import OrderRow

from . import viewport
from .columns import GUTTER, CellContext, Layout, layout_for
from .source import RowSource, RowWindow
from .strips import content_strip, fit, gutter_strip, header_strip, line_strip, placeholder_strip
from .viewport import Viewport

HEADER = 1
CONTENT_KEPT = 1_000
TONES = ("muted", "error", "warning", "success", "accent")
STATES = ("base", "odd", "marked", "visual", "cursor", "header")


def _key(keys: str, action: str, name: str, label: str) -> Binding:
    return Binding(keys, action, label, show=False, id=f"table.{name}")


class OrderTable(ScrollView, can_focus=True, inherit_bindings=False):
    """A table of orders over an array of row ids."""

    DEFAULT_CSS = """
    OrderTable {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-gutter: stable; scrollbar-size-vertical: 1;
        background: $background; color: $foreground;
        & > .order-table--base { background: $background; }
        & > .order-table--odd { background: $surface; }
        & > .order-table--marked { background: $accent 18%; }
        & > .order-table--visual { background: $primary 25%; }
        & > .order-table--cursor { background: $panel; text-style: bold; }
        &:focus > .order-table--cursor { background: $block-cursor-background; text-style: bold; }
        & > .order-table--header { background: $panel; color: $text-muted; text-style: bold; }
        & > .order-table--muted { color: $text-muted; }
        & > .order-table--error { color: $text-error; }
        & > .order-table--warning { color: $text-warning; }
        & > .order-table--success { color: $text-success; }
        & > .order-table--accent { color: $accent; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"order-table--{name}" for name in TONES + STATES}
    BINDINGS: ClassVar[list[BindingType]] = [
        _key("up,k", "move(-1)", "up", "up"),
        _key("down,j", "move(1)", "down", "down"),
        _key("pageup", "page(-1)", "page-up", "page up"),
        _key("pagedown", "page(1)", "page-down", "page down"),
        _key("ctrl+u", "half_page(-1)", "half-up", "half a page up"),
        _key("ctrl+d", "half_page(1)", "half-down", "half a page down"),
        _key("g,home", "home", "home", "first"),
        _key("G,end", "end", "end", "last"),
        _key("space", "toggle_mark", "toggle", "mark"),
        _key("v", "visual(True)", "range", "range"),
        _key("V", "visual(False)", "unrange", "unmark range"),
        _key("shift+up", "extend(-1)", "extend-up", "range up"),
        _key("shift+down", "extend(1)", "extend-down", "range down"),
        _key("a", "all", "all", "all"),
        _key("A", "invert", "invert", "invert"),
        _key("z", "undo_marks", "undo", "undo marks"),
        _key("escape", "leave_visual", "leave", "leave range"),
    ]

    cursor: reactive[int] = reactive(0, repaint=False, init=False)
    """Index of the row under the cursor; 0 when the table is empty."""

    class TableMessage(Message):
        """Something this table says."""

        def __init__(self, table: OrderTable) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> OrderTable:
            """The table."""
            return self.table

    class CursorMoved(TableMessage):
        """Another order is under the cursor, or none: `order_rowid`. Of several waiting, the newest stays."""

        def __init__(self, table: OrderTable, order_rowid: int | None) -> None:
            super().__init__(table)
            self.order_rowid = order_rowid

        def can_replace(self, message: Message) -> bool:
            """An older one that nobody has read yet is worth nothing."""
            return isinstance(message, OrderTable.CursorMoved)

    class MarksChanged(TableMessage):
        """Marks were changed by a key or the mouse; `count` are marked now."""

        def __init__(self, table: OrderTable, count: int) -> None:
            super().__init__(table)
            self.count = count

    class Activated(TableMessage):
        """An order was double-clicked."""

        def __init__(self, table: OrderTable, order_rowid: int) -> None:
            super().__init__(table)
            self.order_rowid = order_rowid

    class SortRequested(TableMessage):
        """The header of column `key` was clicked."""

        def __init__(self, table: OrderTable, key: str) -> None:
            super().__init__(table)
            self.key = key

    class VisualChanged(TableMessage):
        """Range marking was begun or left; `marks` is False for a range that unmarks."""

        def __init__(self, table: OrderTable, on: bool, marks: bool) -> None:
            super().__init__(table)
            self.on, self.marks = on, marks

    def __init__(self, marks: Marks | None = None, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.marks = Marks() if marks is None else marks
        self.ids: array[int] = array("q")
        """The view's row ids in the order shown; never changed in place."""
        self.empty_text = "No orders here."
        self.renders = 0
        """Row lines painted so far."""
        self.contents = 0
        """Content strips made so far."""
        self.row_window = RowWindow()
        self.sort_key, self.sort_reverse = "", False
        self._anchor: int | None = None
        self._range_marks = True
        self._cursor_order: int | None = None
        self._table_layout: Layout = layout_for(80)
        self._contents: OrderedDict[tuple[object, ...], Strip] = OrderedDict()
        self._tones: dict[str, Style] = {}
        self._states: dict[str, Style] = {}

    # What the screen asks and says

    @property
    def fetches(self) -> int:
        """How often rows were fetched so far."""
        return self.row_window.fetches

    @property
    def cursor_id(self) -> int | None:
        """Row id under the cursor, or None in an empty view."""
        return self.ids[self.cursor] if self.cursor < len(self.ids) else None

    @property
    def cursor_row(self) -> OrderRow | None:
        """The order under the cursor."""
        return self._row(self.cursor) if self.cursor < len(self.ids) else None

    @property
    def in_visual(self) -> bool:
        """Whether a range is being drawn."""
        return self._anchor is not None

    @property
    def view(self) -> Viewport:
        """Where the cursor and the first line are."""
        height = max(1, self.scrollable_content_region.height - HEADER)
        return Viewport(self.cursor, self.scroll_offset.y, height, len(self.ids))

    def set_source(self, source: RowSource) -> None:
        """Read rows from here from now on; what was kept is forgotten."""
        self.row_window.source = source
        self.reload()

    def show(self, ids: array[int]) -> None:
        """Show this view instead, with the cursor on the same order and screen line if it is still there."""
        view = viewport.after_swap(self.view, self._cursor_order, ids)
        anchor = self.ids[self._anchor] if self._anchor is not None else None
        self.ids = ids
        self.row_window.drop()
        if anchor is not None:
            self._anchor = viewport.index_of(ids, anchor)
            if self._anchor is None:
                self.post_message(self.VisualChanged(self, False, self._range_marks))
        self._resize_table()
        self._go(view)
        self._tell_cursor()
        self.refresh()

    def reload(self, ids: Iterable[int] | None = None) -> None:
        """Rows changed in the store, not their order: read these (or all) again and repaint."""
        self.row_window.drop(ids)
        self._contents.clear()
        self.refresh()

    def set_sort(self, key: str, reverse: bool) -> None:
        """Show by which column the view is sorted."""
        self.sort_key, self.sort_reverse = key, reverse
        self.refresh(Region(0, 0, self.size.width, HEADER))

    def go_to(self, row_id: int) -> bool:
        """Put the cursor on this order; False when the view does not hold it."""
        index = viewport.index_of(self.ids, row_id)
        if index is None:
            return False
        self.cursor = index
        return True

    def acting_ids(self) -> array[int]:
        """What a key acts on: all marked, in this view or not; else the order under the cursor. An open range is marked first."""
        self._commit_range()
        if self.marks:
            return self.marks.ids()
        return array("q", () if self.cursor_id is None else (self.cursor_id,))

    def marks_changed(self) -> None:
        """Marks were changed: repaint, and say so."""
        self.refresh()
        self.post_message(self.MarksChanged(self, self.marks.count))

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape is the table's only while a range is open; else the screen gets it."""
        return self.in_visual if action == "leave_visual" else True

    def action_move(self, by: int) -> None:
        """Cursor up or down."""
        self._go(viewport.move(self.view, by))

    def action_page(self, pages: int) -> None:
        """Pages up or down."""
        self._go(viewport.page(self.view, pages))

    def action_half_page(self, halves: int) -> None:
        """Half pages up or down."""
        self._go(viewport.half_page(self.view, halves))

    def action_home(self) -> None:
        """First order."""
        self._go(viewport.home(self.view))

    def action_end(self) -> None:
        """Last order."""
        self._go(viewport.end(self.view))

    def action_toggle_mark(self) -> None:
        """Mark or unmark and go on; ends an open range instead."""
        if not self._commit_range() and self.cursor_id is not None:
            self._toggle_line(self.cursor)
            self.action_move(1)

    def action_visual(self, marks: bool) -> None:
        """Begin a range that marks or unmarks; the same key again takes it in."""
        if self.in_visual and self._range_marks is marks:
            self._commit_range()
        elif self.cursor_id is not None:
            self._anchor = self.cursor if self._anchor is None else self._anchor
            self._range_marks = marks
            self._repaint(self._anchor, self.cursor)
            self.post_message(self.VisualChanged(self, True, marks))

    def action_extend(self, by: int) -> None:
        """Begin a range that marks, if none is open, and move."""
        if not self.in_visual:
            self.action_visual(True)
        self.action_move(by)

    def action_leave_visual(self) -> None:
        """Leave the range; marks stay as they were."""
        if self._anchor is not None:
            self._repaint(self._anchor, self.cursor)
            self._anchor = None
            self.post_message(self.VisualChanged(self, False, self._range_marks))

    def action_all(self) -> None:
        """Mark the whole view; unmark it when it is all marked already."""
        change = self.marks.remove if self.marks.covers(self.ids) else self.marks.add
        if change(self.ids):
            self.marks_changed()

    def action_invert(self) -> None:
        """Turn the marks of the whole view over."""
        if self.marks.invert(self.ids):
            self.marks_changed()

    def action_undo_marks(self) -> None:
        """Take the newest change of marks back."""
        if self.marks.undo():
            self.marks_changed()

    def on_click(self, event: events.Click) -> None:
        """Header: sort. Gutter: mark. Elsewhere: cursor; twice: activate."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        index = self.scroll_offset.y + offset.y - HEADER
        if offset.y < HEADER:
            column = self._table_layout.column_at(offset.x)
            if column is not None:
                self.post_message(self.SortRequested(self, column.key))
        elif index < len(self.ids):
            self.cursor = index
            if offset.x < GUTTER:
                self._toggle_line(index)
            elif event.chain == 2:
                self.post_message(self.Activated(self, self.ids[index]))

    # Painting

    def render_line(self, y: int) -> Strip:
        """Line `y` of what is shown: the header, or a row."""
        width = self.scrollable_content_region.width
        self._styles_ready()
        if y < HEADER:
            return header_strip(self._table_layout, self.sort_key, self.sort_reverse, self._states["header"], width)
        index = self.scroll_offset.y + y - HEADER
        if index >= len(self.ids):
            text = self.empty_text if not self.ids and y == HEADER + 1 else ""
            return Strip([Segment(fit(f"  {text}", width), self._states["base"] + self._tones["muted"])], width)
        self.renders += 1
        row_id, at_cursor = self.ids[index], index == self.cursor
        marked, visual = row_id in self.marks, self._in_range(index)
        gutter = gutter_strip(marked=marked, visual=visual and self._range_marks, cursor=at_cursor, styles=self._tones)
        state = (
            "cursor" if at_cursor else "visual" if visual else "marked" if marked else "odd" if index % 2 else "base"
        )
        return line_strip(gutter, self._content(index), self._states[state], width)

    def notify_style_update(self) -> None:
        """The theme, or the focus, changed."""
        super().notify_style_update()
        self._states = {}

    def on_resize(self) -> None:
        """Fit the columns, and keep the cursor in sight."""
        self._resize_table()
        self._go(viewport.settle(self.view))

    def validate_cursor(self, cursor: int) -> int:
        """Within the view."""
        return min(max(0, cursor), max(0, len(self.ids) - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        """Repaint the lines whose look changed, and only those."""
        if self.in_visual:
            self._repaint(old, new)
        else:
            self._repaint(old)
            self._repaint(new)
        self.scroll_to(y=viewport.settle(self.view).top, animate=False, force=True)
        self._tell_cursor()

    def _row(self, index: int) -> OrderRow | None:
        return self.row_window.row(self.ids, index, self.scroll_offset.y, self.view.height)

    def _content(self, index: int) -> Strip:
        row, source = self._row(index), self.row_window.source
        if row is None or source is None:
            return placeholder_strip(self._table_layout, self._tones)
        now = source.now()
        key = (row.id, row.version, row.open_action, now // 60, self._table_layout.widths)
        strip = self._contents.get(key)
        if strip is None:
            self.contents += 1
            context = CellContext(now, source.zone(row), source.may(row))
            strip = self._contents[key] = content_strip(row, self._table_layout, context, self._tones)
            if len(self._contents) > CONTENT_KEPT:
                self._contents.popitem(last=False)
        else:
            self._contents.move_to_end(key)
        return strip

    def _styles_ready(self) -> None:
        if self._states:
            return
        self._states = {name: self.get_component_rich_style(f"order-table--{name}") for name in STATES}
        tones = {name: Style(color=self.get_component_rich_style(f"order-table--{name}").color) for name in TONES}
        if tones != self._tones:
            self._tones = tones
            self._contents.clear()

    def _resize_table(self) -> None:
        width = self.scrollable_content_region.width
        if width:
            self._table_layout = layout_for(width)
        self.virtual_size = Size(width, len(self.ids) + HEADER)

    def _go(self, view: Viewport) -> None:
        self.scroll_to(y=view.top, animate=False, force=True)
        self.cursor = view.cursor

    def _tell_cursor(self) -> None:
        if self.cursor_id != self._cursor_order:
            self._cursor_order = self.cursor_id
            self.post_message(self.CursorMoved(self, self._cursor_order))

    def _repaint(self, first: int, last: int | None = None) -> None:
        low, high = sorted((first, first if last is None else last))
        top = self.scroll_offset.y
        low, high = max(low, top), min(high, top + self.view.height)
        if low <= high:
            self.refresh(Region(0, low - top + HEADER, self.size.width, high - low + 1))

    def _toggle_line(self, index: int) -> None:
        self.marks.toggle(self.ids[index])
        self._repaint(index)
        self.post_message(self.MarksChanged(self, self.marks.count))

    def _in_range(self, index: int) -> bool:
        return self._anchor is not None and min(self._anchor, self.cursor) <= index <= max(self._anchor, self.cursor)

    def _commit_range(self) -> bool:
        if self._anchor is None:
            return False
        low, high = sorted((self._anchor, self.cursor))
        self._anchor = None
        change = self.marks.add if self._range_marks else self.marks.remove
        change(self.ids[low : high + 1])
        self.post_message(self.VisualChanged(self, False, self._range_marks))
        self.marks_changed()
        return True
