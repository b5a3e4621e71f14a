"""What the table says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from .table import OrderTable


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
        return isinstance(message, CursorMoved)


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
    """The header of column `key` was clicked; `more` with shift: sort by it too."""

    def __init__(self, table: OrderTable, key: str, more: bool = False) -> None:
        super().__init__(table)
        self.key, self.more = key, more


class ColumnSized(TableMessage):
    """The right edge of the header of column `key` was drawn with the mouse: so many cells wide."""

    def __init__(self, table: OrderTable, key: str, width: int) -> None:
        super().__init__(table)
        self.key, self.width = key, width


class VisualChanged(TableMessage):
    """An open range was begun, changed or left; `marks` is False for a range that unmarks."""

    def __init__(self, table: OrderTable, on: bool, marks: bool) -> None:
        super().__init__(table)
        self.on, self.marks = on, marks
