"""Messages posted by OrderTable.

They name their sender as a `Widget`: the table imports this module, so this module cannot import the table.
"""

from __future__ import annotations

from textual.message import Message
from textual.widget import Widget


class TableMessage(Message):
    """Base of all messages of a table."""

    def __init__(self, table: Widget) -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> Widget:
        """The table that posted the message, for the selectors of `@on`."""
        return self.table


class CursorMoved(TableMessage):
    """Another order is under the cursor; `order_rowid` is None when the table is empty."""

    def __init__(self, table: Widget, order_rowid: int | None) -> None:
        super().__init__(table)
        self.order_rowid = order_rowid

    def can_replace(self, message: Message) -> bool:
        """Return whether this message makes a waiting one obsolete: only the newest position of the cursor matters."""
        return isinstance(message, CursorMoved)


class MarksChanged(TableMessage):
    """A key or the mouse changed the marks; `count` orders are marked now."""

    def __init__(self, table: Widget, count: int) -> None:
        super().__init__(table)
        self.count = count


class Activated(TableMessage):
    """An order was double-clicked."""

    def __init__(self, table: Widget, order_rowid: int) -> None:
        super().__init__(table)
        self.order_rowid = order_rowid


class SortRequested(TableMessage):
    """The header of column `key` was clicked; `more` (with shift): sort by it in addition to the others."""

    def __init__(self, table: Widget, key: str, more: bool = False) -> None:
        super().__init__(table)
        self.key, self.more = key, more


class ColumnSized(TableMessage):
    """The right edge of the header of column `key` was dragged: it is to be `width` cells wide."""

    def __init__(self, table: Widget, key: str, width: int) -> None:
        super().__init__(table)
        self.key, self.width = key, width


class VisualChanged(TableMessage):
    """A range was opened or changed (`on`), or closed; `marks` is False for a range that unmarks."""

    def __init__(self, table: Widget, on: bool, marks: bool) -> None:
        super().__init__(table)
        self.on, self.marks = on, marks
