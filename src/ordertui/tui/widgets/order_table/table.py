"""The table widget: keys, mouse, messages and rendering, on Textual's Line API.

The ids of the view are one immutable array; rows are fetched only near what is shown. The cursor is an order, its index
is derived: another view over the same orders keeps the order under the cursor, on the same line of the screen.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import ClassVar

import msgspec
from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ordertui.messages import _
from ordertui.operations.marks import Marks
from ordertui.orders.order import OrderRow
from ordertui.tui.actions import TABLE_COMMANDS, bindings
from ordertui.tui.render.format import wrap_text
from ordertui.tui.terminal import shows_few_colours
from ordertui.tui.widgets import viewport
from ordertui.tui.widgets.viewport import RangeSelection, Viewport

from .columns import ColumnSort
from .hit_test import HEADER, Hit, TableGeometry, Zone, hit_test
from .layout import MIN_WIDTH, ColumnChoice
from .messages import Activated, ColumnSized, CursorMoved, MarksChanged, SortRequested, VisualChanged
from .row_cache import RowCache, RowSource
from .row_renderer import BAR, TONES, LineLook, LineState, RowRenderer
from .strips import fit

SCROLL_BAR_FROM = 81
"""Cells of a table from which it has room for a scroll bar."""
WHEEL_ROWS = 3
"""Rows that a turn of the wheel moves."""


class CursorAnchor(msgspec.Struct, frozen=True):
    """Where the cursor stood: the viewport, and the row id under the cursor (None in an empty view)."""

    view: Viewport
    order_rowid: int | None


class Picture(msgspec.Struct, frozen=True):
    """What all lines of one picture of the table share. `thumb`: the rows of the viewport that have the scroll bar's
    thumb; None: there is no scroll bar.
    """

    view: Viewport
    row_width: int
    range_rows: range
    is_marking: bool
    thumb: range | None


class OrderTable(ScrollView, can_focus=True, inherit_bindings=False):
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
        & > .order-table--info { color: $text-primary; }
        & > .order-table--bar { color: $scrollbar; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"order-table--{name}" for name in (*TONES, *LineState, BAR)}
    BINDINGS: ClassVar[list[BindingType]] = bindings(TABLE_COMMANDS)

    cursor: reactive[int] = reactive(0, repaint=False, init=False)
    """Index of the row under the cursor; 0 when the table is empty."""

    def __init__(self, marks: Marks | None = None, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.marks = Marks() if marks is None else marks
        self.ids: array[int] = array("q")
        """The view's row ids in the order shown; never changed in place."""
        self.empty_text = _("No orders here.")
        """What stands in place of orders when there are none."""
        self.renders = 0
        """Row lines rendered so far; tests hold it to a budget."""
        self.row_cache = RowCache()
        self.renderer = RowRenderer(self.row_cache)
        self._sort: ColumnSort = ()
        self._selection: RangeSelection | None = None
        """The open range."""
        self.grabbed: Hit | None = None
        """What the mouse button was pressed on; None while it is up."""
        self.column = ""
        """Key of the column under the column cursor; empty: it is not shown."""
        self._shift_x = 0
        """Cells that the columns are scrolled sideways by."""
        self._members: Marks | None = None
        self._cursor_rowid: int | None = None
        self._picture: Picture | None = None
        """While lines are rendered."""
        self.prepared_at = 0
        """The first row shown when a page was prepared last."""
        self._was_column_sized = False
        """Whether the last press of the button dragged a column's edge, and so is no click."""

    # State

    @property
    def members(self) -> Marks:
        """The view's orders as a set."""
        if self._members is None:
            self._members = Marks(self.ids)
        return self._members

    @property
    def cursor_id(self) -> int | None:
        """Row id under the cursor; None in an empty view."""
        return self.ids[self.cursor] if self.cursor < len(self.ids) else None

    @property
    def cursor_row(self) -> OrderRow | None:
        """The order under the cursor; None in an empty view, or when the store does not have it any more."""
        return self._row(self.cursor) if self.cursor < len(self.ids) else None

    @property
    def view(self) -> Viewport:
        """Where the cursor and the first row are."""
        height = max(1, self.size.height - HEADER)
        return Viewport(self.cursor, self.scroll_offset.y, height, len(self.ids))

    @property
    def bar(self) -> int:
        """Cells of the scroll bar, 0 in a narrow table. It is part of the rows, so it costs no bytes of its own."""
        return 1 if self.size.width >= SCROLL_BAR_FROM else 0

    @property
    def _row_width(self) -> int:
        """Cells for gutter and columns."""
        return self.size.width - self.bar

    @property
    def cursor_anchor(self) -> CursorAnchor:
        """Where the cursor stands, for a later `show`."""
        return CursorAnchor(self.view, self._cursor_rowid)

    @property
    def in_visual(self) -> bool:
        """Whether a range is open."""
        return self._selection is not None

    @property
    def range_size(self) -> int:
        """How many orders the open range holds; 0 without one."""
        return len(self._range_rows())

    def acting_ids(self) -> array[int]:
        """Return what a key acts on: all marked orders, shown or not, else the one under the cursor. Takes an open
        range in.
        """
        self._commit_range()
        if self.marks:
            return self.marks.ids()
        return array("q", () if self.cursor_id is None else (self.cursor_id,))

    def set_source(self, source: RowSource) -> None:
        """Read rows from here from now on, and forget those read before."""
        self.row_cache.source = source
        self.reload()

    def show(self, ids: array[int], members: Marks | None = None, *, anchor: CursorAnchor | None = None) -> None:
        """Show this view, with the cursor on the same order and screen line if that order is in it.

        `members`: the same ids as a set, if known. `anchor`: where the cursor stood earlier, to begin from there.
        """
        anchor = anchor or self.cursor_anchor
        view = msgspec.structs.replace(anchor.view, height=self.view.height)
        view = viewport.after_swap(view, anchor.order_rowid, ids)
        self._members = members
        old_ids, self.ids = self.ids, ids
        self._move_range(old_ids)
        self._resize_table()
        self._go(view)
        self._post_cursor()
        self.refresh()

    def _move_range(self, old_ids: array[int]) -> None:
        """Put the anchor of an open range on the same order; close the range when that order is gone."""
        if self._selection is None:
            return
        index = viewport.index_of(self.ids, old_ids[self._selection.anchor])
        if index is not None:
            self._selection = msgspec.structs.replace(self._selection, anchor=index)
        else:
            self._close_range()

    def reload(self, ids: Iterable[int] | None = None) -> None:
        """Read these rows (None: all) again and repaint: they changed in the store, their order did not."""
        self.row_cache.drop(ids)
        self.refresh()

    def rerender(self) -> None:
        """Make every line anew, because what may be done with orders changed."""
        self.renderer.forget()
        self.refresh()

    def refresh_ages(self) -> None:
        """Repaint the cells with words that time has changed, and only those."""
        view, geometry = self.view, self._geometry
        for index in range(view.top, min(view.top + view.height, view.total)):
            row = self._row(index)
            aged = None if row is None else self.renderer.aged_cells(row)
            if aged is None:
                continue
            if self._shift_x:
                self._repaint_rows(index)
            else:
                start, end = aged
                width = min(end, geometry.row_width) - start
                if width > 0:
                    self.refresh(Region(start, index - view.top + HEADER, width, 1))

    def set_empty_text(self, text: str) -> None:
        """Set what stands in place of orders when there are none."""
        if text != self.empty_text:
            self.empty_text = text
            if not self.ids:
                self.refresh()

    def set_sort(self, sort: ColumnSort) -> None:
        """Show by which columns the view is sorted."""
        if sort != self._sort:
            self._sort = sort
            self.refresh(Region(0, 0, self.size.width, HEADER))

    def set_columns(self, choice: ColumnChoice) -> None:
        """Show these columns."""
        if choice != self.renderer.choice:
            self.renderer.choice = choice
            self._resize_table()
            self.refresh()

    def go_to(self, row_id: int) -> bool:
        """Put the cursor on this order; return False when the view does not hold it."""
        index = viewport.index_of(self.ids, row_id)
        if index is None:
            return False
        self.cursor = index
        return True

    # Keys that move

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Return whether the table takes a key: Escape only while a range is open, else the screen gets it."""
        return self.in_visual if action == "leave_visual" else True

    def action_move(self, by: int) -> None:
        """Move the cursor up or down."""
        self._go(viewport.move(self.view, by))

    def action_page(self, pages: int) -> None:
        """Move pages up or down."""
        self._go(viewport.page(self.view, pages))

    def action_half_page(self, halves: int) -> None:
        """Move half pages up or down."""
        self._go(viewport.half_page(self.view, halves))

    def action_home(self) -> None:
        """Go to the first order."""
        self._go(viewport.home(self.view))

    def action_end(self) -> None:
        """Go to the last order."""
        self._go(viewport.end(self.view))

    def action_column(self, by: int) -> None:
        """Move the column cursor. It begins at the column that is sorted by, and goes when it is moved off the left."""
        keys = [column.key for column in self.renderer.layout.columns]
        if self.column not in keys:
            place = next((keys.index(key) for key, _ in self._sort if key in keys), 0)
        else:
            place = min(keys.index(self.column) + by, len(keys) - 1)
        self.column = keys[place] if place >= 0 else ""
        start, width = self.renderer.layout.span(self.column) or (0, 0)
        if start >= self.renderer.layout.fixed:
            self._scroll_across(max(0, start + width - self._shift_x - self._row_width))
            self._scroll_across(min(0, start - self._shift_x - self.renderer.layout.fixed))
        else:
            self._scroll_across(-self._shift_x)
        self.refresh(Region(0, 0, self.size.width, HEADER))

    def _scroll_across(self, by: int) -> None:
        """Scroll sideways, as far as there are columns."""
        limit = max(0, self.renderer.layout.width - self._row_width)
        shift_x = min(max(0, self._shift_x + by), limit)
        if shift_x != self._shift_x:
            self._shift_x = shift_x
            self.refresh()

    # Keys that mark

    def action_toggle_mark(self) -> None:
        """Take an open range in; without one, mark or unmark the order and go on to the next."""
        if not self._commit_range() and self.cursor_id is not None:
            self._toggle_row(self.cursor)
            self.action_move(1)

    def action_visual(self, marks: bool) -> None:
        """Open a range that marks or unmarks; the same key again takes it in."""
        if self._selection is not None and self._selection.is_marking is marks:
            self._commit_range()
        elif self.cursor_id is not None:
            self._selection = RangeSelection(self.cursor if self._selection is None else self._selection.anchor, marks)
            self._repaint_rows(self._selection.anchor, self.cursor)
            self.post_message(VisualChanged(self, True, marks))

    def action_extend(self, by: int) -> None:
        """Open a range that marks, if none is open, and move the cursor."""
        if not self.in_visual:
            self.action_visual(True)
        self.action_move(by)

    def action_leave_visual(self) -> None:
        """Close the range; marks stay as they were."""
        if self._selection is not None:
            self._repaint_rows(self._selection.anchor, self.cursor)
            self._close_range()

    def action_all(self) -> None:
        """Mark the whole view; unmark it when it is all marked already."""
        members = self.members
        change = self.marks.remove if self.marks.covers(members) else self.marks.add
        if change(members):
            self.marks_changed()

    def action_invert(self) -> None:
        """Invert the marks of the whole view."""
        if self.marks.invert(self.members):
            self.marks_changed()

    def marks_changed(self) -> None:
        """Repaint, and post that marks were changed."""
        self.refresh()
        self.post_message(MarksChanged(self, self.marks.count))

    def _toggle_row(self, index: int) -> None:
        self.marks.toggle(self.ids[index])
        self._repaint_rows(index)
        self.post_message(MarksChanged(self, self.marks.count))

    def _range_rows(self) -> range:
        return range(0) if self._selection is None else self._selection.rows(self.cursor)

    def _commit_range(self) -> bool:
        """Mark or unmark the orders of the open range and close it; return False without one."""
        selection, rows = self._selection, self._range_rows()
        if selection is None:
            return False
        change = self.marks.add if selection.is_marking else self.marks.remove
        change(self.ids[rows.start : rows.stop])
        self._close_range()
        self.marks_changed()
        return True

    def _close_range(self) -> None:
        if self._selection is not None:
            marks, self._selection = self._selection.is_marking, None
            self.post_message(VisualChanged(self, False, marks))

    # Mouse

    def _hit(self, event: events.MouseEvent) -> Hit | None:
        """Return what is under the mouse; None outside the table."""
        offset = event.get_content_offset(self)
        return None if offset is None else hit_test(self._geometry, offset)

    @property
    def _geometry(self) -> TableGeometry:
        return TableGeometry(self.renderer.layout, self._row_width, self._shift_x, self.scroll_offset.y, len(self.ids))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Remember what a drag would take along; on the scroll bar, scroll there."""
        self.grabbed = hit = self._hit(event)
        self._was_column_sized = False
        if hit is not None and hit.zone in (Zone.EDGE, Zone.BAR):
            self.capture_mouse()
            if hit.zone is Zone.BAR:
                self._go(viewport.scroll_to_bar(self.view, event.y - HEADER))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag what the button was pressed on: a column's edge, the scroll bar, or a range of rows."""
        grabbed = self.grabbed
        if grabbed is None:
            return
        if grabbed.zone is Zone.EDGE and grabbed.column is not None:
            self._was_column_sized = True
            width = max(MIN_WIDTH, self._geometry.unscrolled(event.x) - grabbed.column_start)
            self.post_message(ColumnSized(self, grabbed.column, width))
        elif grabbed.zone is Zone.BAR:
            self._go(viewport.scroll_to_bar(self.view, event.y - HEADER))
        elif grabbed.row is not None and event.button == 1:
            self._drag_range(grabbed.row, self._hit(event))

    def _drag_range(self, start: int, hit: Hit | None) -> None:
        if hit is None or hit.row is None or hit.row == self.cursor:
            return
        if not self.in_visual:
            self.cursor = start
            self.action_visual(True)
        self.cursor = hit.row

    def on_mouse_up(self) -> None:
        """End a drag; a range that was dragged is taken in."""
        grabbed, self.grabbed = self.grabbed, None
        if self.app.mouse_captured is self:
            self.release_mouse()
        if grabbed is not None and grabbed.row is not None and self.range_size > 1:
            self._commit_range()

    def on_click(self, event: events.Click) -> None:
        """Act on a click. Header: sort; with shift: by it too. Gutter: mark. Row: move the cursor; with shift: mark
        from the cursor to there; twice: activate. On the scroll bar the press of the button has scrolled already.
        """
        hit = self._hit(event)
        if hit is None:
            return
        if hit.zone in (Zone.HEADER, Zone.EDGE):
            if hit.column is not None and not self._was_column_sized:
                self.post_message(SortRequested(self, hit.column, event.shift))
        elif hit.row is not None:
            self._click_row(hit.row, hit.zone, event)

    def _click_row(self, row: int, zone: Zone, event: events.Click) -> None:
        before, self.cursor = self.cursor, row
        if event.shift:
            low, high = sorted((before, row))
            if self.marks.add(self.ids[low : high + 1]):
                self.marks_changed()
        elif zone is Zone.GUTTER:
            self._toggle_row(row)
        elif event.chain == 2:
            self.post_message(Activated(self, self.ids[row]))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll; the cursor stays in sight."""
        self._wheel(event, WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll; the cursor stays in sight."""
        self._wheel(event, -WHEEL_ROWS)

    def _wheel(self, event: events.MouseEvent, rows: int) -> None:
        event.stop()
        event.prevent_default()
        self._go(viewport.scroll(self.view, rows))

    # Rendering

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of this region; what they share is found out once."""
        self._picture = self._take_picture(self.view)
        try:
            return super().render_lines(crop)
        finally:
            self._picture = None

    def _take_picture(self, view: Viewport) -> Picture:
        self.renderer.load_styles(self.get_component_rich_style, few_colours=shows_few_colours(self.app))
        selection = self._selection
        thumb = viewport.thumb(view) if self.bar else None
        is_marking = selection is not None and selection.is_marking
        return Picture(view, self._row_width, self._range_rows(), is_marking, thumb)

    def render_line(self, y: int) -> Strip:
        """Return line `y` of what is shown: the header, or a row."""
        picture, renderer = self._picture or self._take_picture(self.view), self.renderer
        view = picture.view
        index = view.top + y - HEADER
        if y >= HEADER and index < len(self.ids):
            self.renders += 1
            return self._row_line(index, picture)
        width = self.size.width
        if y < HEADER:
            return renderer.header(self._sort, width, self._shift_x, self.column)
        lines = [] if self.ids else wrap_text(self.empty_text, "", max(10, width - 4)).split("\n")
        text = lines[y - HEADER - 1] if 0 < y - HEADER <= len(lines) else ""
        return Strip([Segment(fit(f"  {text}", width), renderer.note_style)], width)

    def _row_line(self, index: int, picture: Picture) -> Strip:
        view = picture.view
        row = self.row_cache.row(self.ids, index, view.top, view.height)
        return self.renderer.line(row, self._look(index, picture), picture.row_width, self._shift_x)

    def prepare_page(self) -> None:
        """Make the lines that the next page key will show, once the cursor rests after one: most of what it takes."""
        view, moved = self.view, self.view.top - self.prepared_at
        if abs(moved) < view.height // 2 or self._selection is not None:
            return
        self.prepared_at = view.top
        picture = self._take_picture(viewport.page(view, 1 if moved > 0 else -1))
        for index in range(picture.view.top, min(picture.view.top + view.height, len(self.ids))):
            self._row_line(index, picture)

    def _look(self, index: int, picture: Picture) -> LineLook:
        """Return how the row's line is shown; of several states the strongest decides its colour."""
        is_marked, in_range = self.ids[index] in self.marks, index in picture.range_rows
        if index == picture.view.cursor:
            state = LineState.CURSOR
        elif in_range:
            state = LineState.VISUAL
        elif is_marked:
            state = LineState.MARKED
        else:
            state = LineState.ODD if index % 2 else LineState.BASE
        has_thumb = None if picture.thumb is None else index - picture.view.top in picture.thumb
        return LineLook(state, is_marked, in_range and picture.is_marking, has_thumb)

    def _row(self, index: int) -> OrderRow | None:
        view = self.view
        return self.row_cache.row(self.ids, index, view.top, view.height)

    def notify_style_update(self) -> None:
        """Look the styles up again: the theme, or the focus, changed."""
        super().notify_style_update()
        self.renderer.restyle()

    def on_resize(self) -> None:
        """Fit the columns, and keep the cursor in sight."""
        self._resize_table()
        self._go(viewport.clamp(self.view))

    def validate_cursor(self, cursor: int) -> int:
        """Return the nearest row of the view."""
        return min(max(0, cursor), max(0, len(self.ids) - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        """Repaint the lines whose look changed, and only those."""
        if self._selection is not None:
            self._repaint_rows(old, new)
            self.post_message(VisualChanged(self, True, self._selection.is_marking))
        else:
            self._repaint_rows(old)
            self._repaint_rows(new)
        self.scroll_to(y=viewport.clamp(self.view).top, animate=False, force=True)
        self._post_cursor()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Repaint the rows; the header does not move."""
        if round(old_value) != round(new_value):
            self.refresh(Region(0, HEADER, self.size.width, self.view.height))

    def _resize_table(self) -> None:
        width = self._row_width
        if width:
            self.renderer.fit(width)
        self._scroll_across(0)
        self.virtual_size = Size(width, len(self.ids) + HEADER)

    def _go(self, view: Viewport) -> None:
        self.scroll_to(y=view.top, animate=False, force=True)
        self.cursor = view.cursor

    def _post_cursor(self) -> None:
        if self.cursor_id != self._cursor_rowid:
            self._cursor_rowid = self.cursor_id
            self.post_message(CursorMoved(self, self._cursor_rowid))

    def _repaint_rows(self, first: int, last: int | None = None) -> None:
        low, high = sorted((first, first if last is None else last))
        top = self.scroll_offset.y
        low, high = max(low, top), min(high, top + self.view.height)
        if low <= high:
            self.refresh(Region(0, low - top + HEADER, self.size.width, high - low + 1))
