"""Read the orders of a plan again, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ordertui.orders.order import Order
from ordertui.store import Store

from .plan import PlannedOrder

READ_AT_ONCE = 1_000
"""Orders of a plan that are read at a time; the operator can stop between any two of them."""


class OrderReader:
    """Reads orders of plans from one store; the few that were read last are not read again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: tuple[list[int], dict[int, Order]] = ([], {})

    def get(self, rows: Sequence[PlannedOrder]) -> dict[int, Order]:
        """Return the orders of at most READ_AT_ONCE rows by row number, without those that the store has not."""
        ids = [row.id for row in rows]
        if ids != self._last[0]:
            self._last = ids, self._store.orders.get(ids)
        return self._last[1]

    def read(self, rows: Sequence[PlannedOrder]) -> Iterator[tuple[PlannedOrder, Order]]:
        """Yield rows with their orders, without those that the store has not."""
        for start in range(0, len(rows), READ_AT_ONCE):
            part = rows[start : start + READ_AT_ONCE]
            orders = self.get(part)
            yield from ((row, orders[row.id]) for row in part if row.id in orders)
