"""The table widget: keys, mouse, messages and painting, on Textual's Line API.

The ids of the view are one immutable array; rows are fetched only near what is shown. The cursor is an order, its index
is derived: another view over the same orders keeps the order under the cursor, on the same line of the screen.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from textwrap import wrap
from typing import ClassVar, TypeAlias

from msgspec.structs import replace
from rich.segment import Segment
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ordertui.operations.query.marks import Marks
from ordertui.orders.order import OrderRow
from ordertui.tui.actions import TABLE_ACTIONS, bindings

from . import viewport
from .columns import Choice, Order
from .messages import CursorMoved
from .pointer import BAR_FROM, HEADER, Pointer
from .ranges import Ranges
from .row_cache import RowCache, RowSource
from .row_renderer import BAR, STATES, TONES, Painter
from .strips import fit
from .viewport import Viewport

Rest: TypeAlias = tuple[Viewport, int | None]
"""A viewport, and the order under its cursor."""


class OrderTable(Pointer, Ranges, ScrollView, can_focus=True, inherit_bindings=False):
    """A table of orders over an array of row ids."""

    DEFAULT_CSS = """
    OrderTable {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 0;
        background: $background; color: $foreground;
        & > .order-table--base { background: $background; }
        & > .order-table--odd { background: $surface; }
        & > .order-table--marked { background: $accent 16%; }
        & > .order-table--visual { background: $primary 17%; }
        & > .order-table--cursor { background: $panel; text-style: bold; }
        &:focus > .order-table--cursor { background: $block-cursor-background; text-style: bold; }
        & > .order-table--header { background: $panel; color: $foreground-muted; text-style: bold; }
        & > .order-table--muted { color: $foreground-muted; }
        & > .order-table--error { color: $text-error; }
        & > .order-table--warning { color: $text-warning; }
        & > .order-table--success { color: $text-success; }
        & > .order-table--accent { color: $text-accent; }
        & > .order-table--bar { color: $scrollbar; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"order-table--{name}" for name in (*TONES, *STATES, BAR)}
    BINDINGS: ClassVar[list[BindingType]] = bindings(TABLE_ACTIONS)

    cursor: reactive[int] = reactive(0, repaint=False, init=False)
    """Index of the row under the cursor; 0 when the table is empty."""

    def __init__(self, marks: Marks | None = None, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.marks = Marks() if marks is None else marks
        self.ids: array[int] = array("q")
        """The view's row ids in the order shown; never changed in place."""
        self.empty_text = "No orders here."
        self.renders = 0
        """Row lines painted so far."""
        self.row_window = RowCache()
        self.painter = Painter(self.row_window)
        self.order: Order = ()
        self._members: Marks | None = None
        self._cursor_order: int | None = None
        self.across = 0
        self.pressed: int | None = None
        self.on_bar = False
        self.sizing: tuple[str, int] | None = None
        self.was_sized = False

    # What the screen asks and says

    @property
    def fetches(self) -> int:
        """How often rows were fetched so far."""
        return self.row_window.fetches

    @property
    def contents(self) -> int:
        """Content strips made so far."""
        return self.painter.made

    @property
    def members(self) -> Marks:
        """The view's orders as a set."""
        if self._members is None:
            self._members = Marks(self.ids)
        return self._members

    @property
    def cursor_id(self) -> int | None:
        """Row id under the cursor, or None in an empty view."""
        return self.ids[self.cursor] if self.cursor < len(self.ids) else None

    @property
    def cursor_row(self) -> OrderRow | None:
        """The order under the cursor."""
        if self.cursor >= len(self.ids):
            return None
        return self.row_window.row(self.ids, self.cursor, self.scroll_offset.y, self.view.height)

    @property
    def view(self) -> Viewport:
        """Where the cursor and the first line are."""
        height = max(1, self.size.height - HEADER)
        return Viewport(self.cursor, self.scroll_offset.y, height, len(self.ids))

    @property
    def bar(self) -> int:
        """Cells of the scroll bar at the right, drawn with the rows: it costs no bytes of its own. A narrow table has none."""
        return 1 if self.size.width >= BAR_FROM else 0

    @property
    def row_width(self) -> int:
        """Cells for gutter and columns."""
        return self.size.width - self.bar

    @property
    def rest(self) -> Rest:
        """Where the cursor stands, for `show`."""
        return self.view, self._cursor_order

    def set_source(self, source: RowSource) -> None:
        """Read rows from here from now on; what was kept is forgotten."""
        self.row_window.source = source
        self.reload()

    def show(self, ids: array[int], members: Marks | None = None, *, rest: Rest | None = None) -> None:
        """Show this view instead, with the cursor on the same order and screen line if it is still there.

        `members`: the same ids as a set, when they are known. `rest`: where the cursor stood earlier, to begin from there.
        """
        view, order = rest or self.rest
        view = viewport.after_swap(replace(view, height=self.view.height), order, ids)
        self._members = members
        anchor = self.ids[self.range_from] if self.range_from is not None else None
        self.ids = ids
        if anchor is not None:
            self.range_from = viewport.index_of(ids, anchor)
            if self.range_from is None:
                self.say_visual(on=False)
        self._resize_table()
        self.go(view)
        self._tell_cursor()
        self.refresh()

    def reload(self, ids: Iterable[int] | None = None) -> None:
        """Rows changed in the store, not their order: read these (or all) again and repaint."""
        self.row_window.drop(ids)
        self.refresh()

    def tell_time(self) -> None:
        """Time passed: repaint the lines whose words it changed, and only those."""
        view = self.view
        for index in range(view.top, min(view.top + view.height, view.total)):
            row = self.row_window.row(self.ids, index, view.top, view.height)
            if row is not None and self.painter.has_aged(row):
                self.repaint_rows(index)

    def say_empty(self, text: str) -> None:
        """What to say in place of orders, when there are none."""
        if text != self.empty_text:
            self.empty_text = text
            if not self.ids:
                self.refresh()

    def set_sort(self, order: Order) -> None:
        """Show by which columns the view is sorted."""
        if order != self.order:
            self.order = order
            self.refresh(Region(0, 0, self.size.width, HEADER))

    def set_columns(self, choice: Choice) -> None:
        """Show these columns."""
        if choice != self.painter.choice:
            self.painter.choice = choice
            self._resize_table()
            self.refresh()

    def go_to(self, row_id: int) -> bool:
        """Put the cursor on this order; False when the view does not hold it."""
        index = viewport.index_of(self.ids, row_id)
        if index is None:
            return False
        self.cursor = index
        return True

    # Keys; those that mark are in `ranges`

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape is the table's only while a range is open; else the screen gets it."""
        return self.in_visual if action == "leave_visual" else True

    def action_move(self, by: int) -> None:
        """Cursor up or down."""
        self.go(viewport.move(self.view, by))

    def action_page(self, pages: int) -> None:
        """Pages up or down."""
        self.go(viewport.page(self.view, pages))

    def action_half_page(self, halves: int) -> None:
        """Half pages up or down."""
        self.go(viewport.half_page(self.view, halves))

    def action_home(self) -> None:
        """First order."""
        self.go(viewport.home(self.view))

    def action_end(self) -> None:
        """Last order."""
        self.go(viewport.end(self.view))

    def action_across(self, by: int) -> None:
        """Scroll sideways, as far as there are columns."""
        most = max(0, self.painter.layout.width - self.row_width)
        across = min(max(0, self.across + by), most)
        if across != self.across:
            self.across = across
            self.refresh()

    # Painting

    def render_line(self, y: int) -> Strip:
        """Line `y` of what is shown: the header, or a row."""
        width = self.size.width
        painter = self.painter
        painter.ready(self.get_component_rich_style)
        if y < HEADER:
            return painter.header(self.order, width, self.across)
        index = self.scroll_offset.y + y - HEADER
        if index >= len(self.ids):
            lines = [] if self.ids else wrap(self.empty_text, max(10, width - 4))
            text = lines[y - HEADER - 1] if 0 < y - HEADER <= len(lines) else ""
            return Strip([Segment(fit(f"  {text}", width), painter.note_style)], width)
        self.renders += 1
        marked, drawn = self.ids[index] in self.marks, self.in_range(index)
        state = (
            "cursor"
            if index == self.cursor
            else "visual"
            if drawn
            else "marked"
            if marked
            else "odd"
            if index % 2
            else "base"
        )
        return painter.line(
            index, self.ids, self.view, state=state, marked=marked, drawn=drawn and self.range_marks,
            width=self.row_width, scroll_x=self.across, bar=self.bar > 0,
        )  # fmt: skip

    def notify_style_update(self) -> None:
        """The theme, or the focus, changed."""
        super().notify_style_update()
        self.painter.restyle()

    def on_resize(self) -> None:
        """Fit the columns, and keep the cursor in sight."""
        self._resize_table()
        self.go(viewport.settle(self.view))

    def validate_cursor(self, cursor: int) -> int:
        """Within the view."""
        return min(max(0, cursor), max(0, len(self.ids) - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        """Repaint the lines whose look changed, and only those."""
        if self.in_visual:
            self.repaint_rows(old, new)
            self.say_visual(on=True)
        else:
            self.repaint_rows(old)
            self.repaint_rows(new)
        self.scroll_to(y=viewport.settle(self.view).top, animate=False, force=True)
        self._tell_cursor()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Repaint the rows; the header stands still."""
        if round(old_value) != round(new_value):
            self.refresh(Region(0, HEADER, self.size.width, self.view.height))

    def _resize_table(self) -> None:
        width = self.row_width
        if width:
            self.painter.fit(width)
        self.action_across(0)
        self.virtual_size = Size(width, len(self.ids) + HEADER)

    def go(self, view: Viewport) -> None:
        """Put cursor and first line there."""
        self.scroll_to(y=view.top, animate=False, force=True)
        self.cursor = view.cursor

    def _tell_cursor(self) -> None:
        if self.cursor_id != self._cursor_order:
            self._cursor_order = self.cursor_id
            self.post_message(CursorMoved(self, self._cursor_order))

    def repaint_rows(self, first: int, last: int | None = None) -> None:
        """Paint these rows again, as far as they are shown."""
        low, high = sorted((first, first if last is None else last))
        top = self.scroll_offset.y
        low, high = max(low, top), min(high, top + self.view.height)
        if low <= high:
            self.refresh(Region(0, low - top + HEADER, self.size.width, high - low + 1))
