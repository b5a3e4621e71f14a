"""A view: which orders are shown, in which order and with which columns, and how they are read."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import msgspec

from ordertui.operations.errors import UnknownChoice
from ordertui.operations.marks import Marks
from ordertui.operations.query.queues import BY_KEY
from ordertui.operations.query.sort_order import SortKey, read_sorting, sorting_text
from ordertui.operations.session import Session
from ordertui.operations.workspace import SavedView
from ordertui.tui.widgets.order_table.columns import BY_KEY as COLUMN_BY_KEY
from ordertui.tui.widgets.order_table.columns import COLUMNS, RENAMED, ColumnSort
from ordertui.tui.widgets.order_table.layout import MAX_WIDTH, MIN_WIDTH, ColumnChoice

FIRST_PAGE = 200
"""Orders shown before all of them are known."""
COLUMN_OF = {column.sort_key: column.key for column in COLUMNS if column.sort_key}


class ViewRequest(msgspec.Struct, frozen=True):
    """A request for a view: queue, filter, sort, columns. It is never changed; each method returns another request."""

    queue: str = "all"
    filter: str = ""
    sort: tuple[SortKey, ...] = (SortKey("placed", True),)
    """Sort keys of the store; the first weighs most."""
    keys: tuple[str, ...] = ()
    """The user's own columns; empty: those that the width of the terminal chooses."""
    widths: tuple[tuple[str, int], ...] = ()
    """Cells of the columns that were made wider or narrower."""
    fba: bool = False
    """Whether orders that Amazon ships are shown too. They are out of the way as long as nothing asks for them."""

    @property
    def order(self) -> ColumnSort:
        """The table's columns that are sorted by; a key that no column shows is left out."""
        return tuple((COLUMN_OF[by.key], by.down) for by in self.sort if by.key in COLUMN_OF)

    def with_filter(self, text: str, *, queue: str | None = None) -> ViewRequest:
        """Return the request with this filter, and in this queue if one is given."""
        return msgspec.structs.replace(self, filter=text, queue=self.queue if queue is None else queue)

    def with_fba(self, fba: bool) -> ViewRequest:
        """Return the request with or without the orders that Amazon ships."""
        return msgspec.structs.replace(self, fba=fba)

    def sorted_by(self, column: str) -> ViewRequest:
        """Sort by this column alone; if it is the first already, turn its direction round and keep the others.

        A column that has no sort key changes nothing, as in `then_by`.
        """
        by = COLUMN_BY_KEY[column]
        if not by.sort_key:
            return self
        first = SortKey(by.sort_key, by.descends_first)
        if first.key == self.sort[0].key:
            return msgspec.structs.replace(self, sort=(self.sort[0].turned(), *self.sort[1:]))
        return msgspec.structs.replace(self, sort=(first,))

    def sorted_one_way(self, column: str, *, down: bool) -> ViewRequest:
        """Sort by this column alone, the largest first or the smallest; without a sort key, change nothing."""
        key = COLUMN_BY_KEY[column].sort_key
        return msgspec.structs.replace(self, sort=(SortKey(key, down),)) if key else self

    def without(self, column: str, shown: Sequence[str]) -> ViewRequest:
        """Hide one of the columns that are `shown`; those left are the user's own from now on."""
        return msgspec.structs.replace(self, keys=tuple(key for key in shown if key != column))

    def then_by(self, column: str) -> ViewRequest:
        """Sort by this column too, after the others.

        If it is one of them already, turn its direction round; the third time drop it, unless it is the only one.
        """
        key, usual = COLUMN_BY_KEY[column].sort_key, COLUMN_BY_KEY[column].descends_first
        if not key:
            return self
        place = next((place for place, by in enumerate(self.sort) if by.key == key), None)
        if place is None:
            return msgspec.structs.replace(self, sort=(*self.sort, SortKey(key, usual)))
        before, by, after = self.sort[:place], self.sort[place], self.sort[place + 1 :]
        if by.down is not usual and (before or after):
            return msgspec.structs.replace(self, sort=(*before, *after))
        return msgspec.structs.replace(self, sort=(*before, by.turned(), *after))

    def choice(self, *, several: bool) -> ColumnChoice:
        """Return the columns for the table; `several`: with one for the marketplace."""
        return ColumnChoice(several, self.keys, self.widths)

    def saved(self, name: str) -> SavedView:
        """Return the request as a named view."""
        return SavedView(name, self.queue, self.filter, sorting_text(self.sort), self.columns, fba=self.fba)

    @property
    def columns(self) -> str:
        """The user's own columns as text: `order total:14 title`."""
        own = dict(self.widths)
        return " ".join(f"{key}:{own[key]}" if key in own else key for key in self.keys)

    def with_columns(self, text: str) -> ViewRequest:
        """Show these columns, written as `columns` gives them. Unknown ones are left out; the id is always there."""
        widths: dict[str, int | None] = {}
        for word in text.split():
            key, _, width = word.partition(":")
            key = RENAMED.get(key, key)
            if key in COLUMN_BY_KEY:
                widths[key] = min(max(int(width), MIN_WIDTH), MAX_WIDTH) if width.isdigit() else None
        keys = tuple(widths) if not widths or "order" in widths else ("order", *widths)
        own = tuple((key, width) for key, width in widths.items() if width is not None)
        return msgspec.structs.replace(self, keys=keys, widths=own)

    def sized(self, key: str, width: int, shown: Sequence[str]) -> ViewRequest:
        """Give one column so many cells; the columns that are `shown` are the user's own from now on."""
        own = {**dict(self.widths), key: min(max(width, MIN_WIDTH), MAX_WIDTH)}
        return msgspec.structs.replace(self, keys=self.keys or tuple(shown), widths=tuple(own.items()))

    @classmethod
    def of(cls, view: SavedView) -> ViewRequest:
        """Return the request of a named view; unknown columns are left out.

        Raises UnknownChoice for an unknown queue or sort key.
        """
        if view.queue not in BY_KEY:
            raise UnknownChoice("queue", view.queue, tuple(BY_KEY))
        sort = read_sorting(view.sort, down=view.reverse)
        return cls(view.queue, view.filter, sort, fba=view.fba).with_columns(view.columns)


class View(msgspec.Struct, frozen=True):
    """The orders of a request. `members` answers which marked ones are among them."""

    request: ViewRequest
    ids: array[int]
    members: Marks
    hidden_fba: int = 0
    """Orders that Amazon ships and that fit, but are not shown."""


def read_ids(session: Session, request: ViewRequest, limit: int | None = None) -> array[int]:
    """Return the ids of a request, the first `limit` of them. Raises FilterError, StoreError (Interrupted)."""
    sort = sorting_text(request.sort)
    return session.orders.find(request.filter, sort, queue=request.queue, limit=limit, without_fba=not request.fba)


def read_view(session: Session, request: ViewRequest) -> View:
    """Read the whole view."""
    ids = read_ids(session, request)
    hidden = 0 if request.fba else session.orders.count_hidden_fba(request.filter, request.queue)
    return View(request, ids, Marks(ids), hidden)
