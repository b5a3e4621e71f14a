"""Marks of the table: one order, a range that is drawn, the whole view; and what a key acts on."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from textual.widget import Widget

from ordertui.operations.query.marks import Marks

from .messages import MarksChanged, VisualChanged


class Ranges(Widget if TYPE_CHECKING else object):  # type: ignore[misc]
    """Mixed into the table."""

    ids: array[int]
    marks: Marks
    cursor: int
    range_from: int | None = None
    """Where the open range began; None without one."""
    range_marks = True
    """Whether that range marks; else it unmarks."""

    if TYPE_CHECKING:

        @property
        def members(self) -> Marks: ...
        @property
        def cursor_id(self) -> int | None: ...
        def action_move(self, by: int) -> None: ...
        def repaint_rows(self, first: int, last: int | None = None) -> None: ...

    @property
    def in_visual(self) -> bool:
        """Whether a range is being drawn."""
        return self.range_from is not None

    @property
    def range_size(self) -> int:
        """How many orders the open range holds; 0 without one."""
        return 0 if self.range_from is None else abs(self.cursor - self.range_from) + 1

    def acting_ids(self) -> array[int]:
        """What a key acts on: all marked, in this view or not; else the order under the cursor. An open range is marked first."""
        self.commit_range()
        if self.marks:
            return self.marks.ids()
        return array("q", () if self.cursor_id is None else (self.cursor_id,))

    def marks_changed(self) -> None:
        """Marks were changed: repaint, and say so."""
        self.refresh()
        self.post_message(MarksChanged(self, self.marks.count))

    def action_toggle_mark(self) -> None:
        """Mark or unmark and go on; ends an open range instead."""
        if not self.commit_range() and self.cursor_id is not None:
            self.toggle_line(self.cursor)
            self.action_move(1)

    def action_visual(self, marks: bool) -> None:
        """Begin a range that marks or unmarks; the same key again takes it in."""
        if self.in_visual and self.range_marks is marks:
            self.commit_range()
        elif self.cursor_id is not None:
            self.range_from = self.cursor if self.range_from is None else self.range_from
            self.range_marks = marks
            self.repaint_rows(self.range_from, self.cursor)
            self.say_visual(on=True)

    def action_extend(self, by: int) -> None:
        """Begin a range that marks, if none is open, and move."""
        if not self.in_visual:
            self.action_visual(True)
        self.action_move(by)

    def action_leave_visual(self) -> None:
        """Leave the range; marks stay as they were."""
        if self.range_from is not None:
            self.repaint_rows(self.range_from, self.cursor)
            self.range_from = None
            self.say_visual(on=False)

    def action_all(self) -> None:
        """Mark the whole view; unmark it when it is all marked already."""
        members = self.members
        change = self.marks.remove if self.marks.covers(members) else self.marks.add
        if change(members):
            self.marks_changed()

    def action_invert(self) -> None:
        """Turn the marks of the whole view over."""
        if self.marks.invert(self.members):
            self.marks_changed()

    def action_undo_marks(self) -> None:
        """Take the newest change of marks back."""
        if self.marks.undo():
            self.marks_changed()

    def say_visual(self, *, on: bool) -> None:
        """Say that a range was begun or left."""
        self.post_message(VisualChanged(self, on, self.range_marks))

    def toggle_line(self, index: int) -> None:
        """Mark or unmark this row, and say so."""
        self.marks.toggle(self.ids[index])
        self.repaint_rows(index)
        self.post_message(MarksChanged(self, self.marks.count))

    def in_range(self, index: int) -> bool:
        """Whether a row is in the open range."""
        return self.range_from is not None and min(self.range_from, self.cursor) <= index <= max(
            self.range_from, self.cursor
        )

    def commit_range(self) -> bool:
        """Take an open range in; False without one."""
        if self.range_from is None:
            return False
        low, high = sorted((self.range_from, self.cursor))
        self.range_from = None
        change = self.marks.add if self.range_marks else self.marks.remove
        change(self.ids[low : high + 1])
        self.say_visual(on=False)
        self.marks_changed()
        return True
