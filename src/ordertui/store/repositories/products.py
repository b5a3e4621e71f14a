"""Orders by their products: the cancellations of a SKU, which Amazon's rule about removing offers counts."""

from __future__ import annotations

from collections.abc import Iterable

from ordertui.store.engine.database import Database

from .derived_facts import ACTIVE


class ProductQueries:
    """Reads orders by product. Times are epoch seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_orders(self, ids: Iterable[int]) -> list[tuple[int, int, str]]:
        """Return (order, product, SKU) of the lines of these orders that are not cancelled."""
        return self._database.query_in(
            "SELECT DISTINCT l.order_id, l.product_id, p.sku FROM lines l JOIN products p ON p.id = l.product_id"
            f" WHERE {ACTIVE} AND l.order_id IN ({{}})",
            ids,
        )

    def cancelled(self, marketplace: str, since: int) -> list[tuple[int, int, int]]:
        """Return (product, order, situation) of the seller's own cancelled orders placed from `since` on."""
        return self._database.query(
            "SELECT DISTINCT l.product_id, o.id, o.situation FROM orders o JOIN lines l ON l.order_id = o.id"
            " WHERE o.status = 'cancelled' AND o.purchased_at >= ? AND o.marketplace = ? AND o.channel = 'merchant'",
            (since, marketplace),
        )

    def orders_with(self, products: Iterable[int], marketplace: str, since: int) -> list[tuple[int, int, int]]:
        """Return (product, order, placed) of the seller's own orders of these products since then, oldest first."""
        found = self._database.query_in(
            "SELECT DISTINCT l.product_id, o.id, o.purchased_at FROM lines l JOIN orders o ON o.id = l.order_id"
            " WHERE o.purchased_at >= ? AND o.marketplace = ? AND o.channel = 'merchant' AND l.product_id IN ({})",
            products,
            (since, marketplace),
        )
        return sorted(found, key=lambda row: (row[2], row[1]))
