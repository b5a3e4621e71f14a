"""The table's rows, read from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ordertui.operations.session import Session
from ordertui.orders.marketplace import zone_of
from ordertui.orders.order import OrderRow


class StoreRows:
    """The table's source of rows (`RowSource`)."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.is_judging = False
        """Whether the May column is filled. It is empty until the first orders are drawn: the rules are read then."""

    def rows(self, ids: Sequence[int]) -> Mapping[int, OrderRow]:
        """Return the rows of these ids, ready to be asked for the word of the May column."""
        found = self._session.orders.rows(ids)
        if self.is_judging:
            self._session.eligibility.prefetch(found.values())
        return found

    def may(self, row: OrderRow) -> str:
        """Return the word of the May column."""
        return self._session.eligibility.allowed_action(row) if self.is_judging else ""

    def now(self) -> int:
        """Return the time in epoch seconds."""
        return self._session.clock.now()

    def zone(self, row: OrderRow) -> str:
        """Return the zone of the row's marketplace."""
        return zone_of(row.marketplace)
