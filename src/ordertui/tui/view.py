"""A view: which orders, in which order, as an immutable snapshot built beside the screen."""

from __future__ import annotations

from array import array

import msgspec

from ordertui.operations.desk import SavedView
from ordertui.operations.marks import Marks
from ordertui.operations.shop import Shop

from .widgets.order_table.columns import COLUMNS, Choice

FIRST_PAGE = 200
"""Orders shown before all of them are known."""
SORTS = {
    "order": "order_id",
    "marketplace": "marketplace",
    "placed": "placed",
    "ship-by": "ship_by",
    "items": "items",
    "total": "total",
    "status": "status",
}
"""Table column to what the shop sorts by; other columns cannot be sorted."""
DOWN_FIRST = ("placed", "total", "items")
"""Columns whose first sort is largest first."""


class Request(msgspec.Struct, frozen=True):
    """What is asked for."""

    queue: str = "all"
    filter: str = ""
    sort: str = "placed"
    """A key of the shop."""
    reverse: bool = True
    keys: tuple[str, ...] = ()
    """The operator's own columns."""
    widths: tuple[tuple[str, int], ...] = ()

    @property
    def column(self) -> str:
        """The table column that is sorted by."""
        return next((column for column, key in SORTS.items() if key == self.sort), "placed")

    def sorted_by(self, column: str) -> Request:
        """By this column; the other way round when it is sorted by already."""
        key = SORTS[column]
        return msgspec.structs.replace(
            self, sort=key, reverse=not self.reverse if key == self.sort else column in DOWN_FIRST
        )

    def choice(self, *, several: bool) -> Choice:
        """The columns for the table."""
        return Choice(several, self.keys, self.widths)

    def saved(self, name: str) -> SavedView:
        """As a named view."""
        own = dict(self.widths)
        columns = " ".join(f"{key}:{own[key]}" if key in own else key for key in self.keys)
        return SavedView(name, self.queue, self.filter, self.sort, self.reverse, columns)

    @classmethod
    def of(cls, view: SavedView) -> Request:
        """A named view opened; columns it names that do not exist are left out."""
        known = {column.key for column in COLUMNS}
        keys, widths = [], []
        for word in view.columns.split():
            key, _, width = word.partition(":")
            if key in known:
                keys.append(key)
                if width.isdigit() and int(width):
                    widths.append((key, int(width)))
        return cls(view.queue, view.filter, view.sort, view.reverse, tuple(keys), tuple(widths))


class View(msgspec.Struct, frozen=True):
    """The orders of a request. `members` answers which marked ones are among them."""

    request: Request
    ids: array[int]
    members: Marks


def read(shop: Shop, request: Request, limit: int | None = None) -> array[int]:
    """The ids of a request, the first `limit` of them. Raises FilterError, StoreError (Interrupted)."""
    return shop.view(request.filter, request.sort, request.reverse, request.queue, limit)


def build(shop: Shop, request: Request) -> View:
    """The whole view."""
    ids = read(shop, request)
    return View(request, ids, Marks(ids))
