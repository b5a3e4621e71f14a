"""Orders by what is in them: the cancellations of a SKU, for Amazon's rule about offers."""

from __future__ import annotations

from collections.abc import Iterable

from .orders import ReadsPart


class SkuPart(ReadsPart):
    """Reading by product."""

    def products_of(self, ids: Iterable[int]) -> list[tuple[int, int, str]]:
        """(order, product, SKU) of the lines of these orders that are not cancelled."""
        return self._query_in(
            "SELECT DISTINCT l.order_id, l.product_id, p.sku FROM lines l JOIN products p ON p.id = l.product_id"
            " WHERE coalesce(l.status, '') <> 'cancelled' AND l.order_id IN ({})",
            ids,
        )

    def cancelled_products(self, marketplace: str, since: int) -> list[tuple[int, int, int]]:
        """(product, order, situation) of the seller's own cancelled orders placed from `since` on."""
        return self._query(
            "SELECT DISTINCT l.product_id, o.id, o.situation FROM orders o JOIN lines l ON l.order_id = o.id"
            " WHERE o.status = 'cancelled' AND o.purchased_at >= ? AND o.marketplace = ? AND o.channel = 'merchant'",
            (since, marketplace),
        )

    def orders_of_products(self, products: Iterable[int], marketplace: str, since: int) -> list[tuple[int, int, int]]:
        """(product, order, placed) of the seller's own orders of these products from `since` on, oldest first."""
        found = self._query_in(
            "SELECT DISTINCT l.product_id, o.id, o.purchased_at FROM lines l JOIN orders o ON o.id = l.order_id"
            " WHERE o.purchased_at >= ? AND o.marketplace = ? AND o.channel = 'merchant' AND l.product_id IN ({})",
            products,
            (since, marketplace),
        )
        return sorted(found, key=lambda row: (row[2], row[1]))
