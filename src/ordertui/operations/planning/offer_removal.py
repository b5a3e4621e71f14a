"""Seller cancellations per offer (SKU): Amazon may remove an offer after so many in a row (policy `offer_removal`)."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain

import msgspec

from ordertui.operations.rate.counting import RateCounting
from ordertui.operations.rate.sources import RateSources
from ordertui.orders.enums import YesNo
from ordertui.store.engine.database import MAX_VALUES, slices

MOST_NAMED = 5
PRODUCTS_AT_ONCE = 500
"""Products whose orders are looked through together."""


class Offers(msgspec.Struct, frozen=True):
    """Effect of a batch on the offers of its SKUs."""

    products: Mapping[int, tuple[int, ...]]
    """Order row number to its product numbers."""
    together: Collection[tuple[int, ...]]
    """The different values of `products`: few, however many orders."""
    cancels: Mapping[int, int]
    """Product number to seller cancellations within the policy's days, the batch included."""
    streaks: Mapping[int, int]
    """Product number to the longest run of them, in the order in which the orders were placed."""
    skus: Mapping[int, str]

    def of(self, row_id: int) -> tuple[int, int, str]:
        """Return the most cancellations, the longest run, and the SKU with it, over the lines of an order."""
        return self.of_products(self.products.get(row_id, ()))

    def of_products(self, products: Iterable[int]) -> tuple[int, int, str]:
        """Return the same over these products."""
        best = (0, 0, "")
        for product in products:
            found = (self.cancels.get(product, 0), self.streaks.get(product, 0), self.skus.get(product, ""))
            best = (max(best[0], found[0]), *max(best[1:], found[1:]))
        return best


class SellerCancellations:
    """Counts the seller's cancellations of products in one marketplace, within the policy's days."""

    def __init__(self, sources: RateSources, marketplace: str) -> None:
        self._store = sources.store()
        self._eligibility = sources.eligibility
        self._marketplace = marketplace
        self._since, _ = sources.window(marketplace, sources.policy(marketplace).values.offer_removal[1])

    def offers(self, ids: Iterable[int], also_cancelled: Sequence[int]) -> Offers:
        """Count for the SKUs of the orders `ids`, as if the orders `also_cancelled` were cancelled as well.

        One whose canceller is unknown is counted.
        """
        products: dict[int, tuple[int, ...]] = {}
        together: dict[tuple[int, ...], tuple[int, ...]] = {}
        skus: dict[int, str] = {}
        for row_id, found in self._products_of(ids, skus):
            products[row_id] = together.setdefault(found, found)
        gone = self._cancelled_orders(skus, also_cancelled)
        cancels = {product: len(set(orders)) for product, orders in gone.items()}
        return Offers(products, together, cancels, self._streaks(gone, cancels), skus)

    def _products_of(self, ids: Iterable[int], skus: dict[int, str]) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Yield each order with its products; put their SKUs into `skus`."""
        for part in slices(ids, MAX_VALUES):
            found: dict[int, tuple[int, ...]] = {}
            for row_id, product, sku in self._store.products.of_orders(part):
                found[row_id] = (*found.get(row_id, ()), product)
                skus[product] = sku
            yield from found.items()

    def _cancelled_orders(self, skus: Collection[int], also_cancelled: Sequence[int]) -> dict[int, array[int]]:
        """Return the cancelled orders of each of these products; one may be in it twice."""
        store = self._store
        gone: dict[int, array[int]] = {}
        for product, row_id, number in store.products.cancelled(self._marketplace, self._since):
            if product in skus and self._eligibility.history(self._marketplace, number) is not YesNo.NO:
                gone.setdefault(product, array("q")).append(row_id)
        pending = [
            one.id
            for one in store.rates.pending_cancellations(self._marketplace)
            if (one.placed or 0) >= self._since and RateCounting.is_pending(one.facts)
        ]
        for row_id, products in self._products_of(chain(pending, also_cancelled), {}):
            for product in products:
                if product in skus:
                    gone.setdefault(product, array("q")).append(row_id)
        return gone

    def _streaks(self, gone: Mapping[int, array[int]], cancels: Mapping[int, int]) -> dict[int, int]:
        """Return the longest run of cancelled orders of each product."""
        streaks = dict.fromkeys(cancels, 1)
        for part in slices((product for product, count in cancels.items() if count > 1), PRODUCTS_AT_ONCE):
            cancelled = {product: set(gone[product]) for product in part}
            run: dict[int, int] = {}
            for product, row_id, _ in self._store.products.orders_with(part, self._marketplace, self._since):
                run[product] = run.get(product, 0) + 1 if row_id in cancelled[product] else 0
                streaks[product] = max(streaks[product], run[product])
        return streaks


def removal_warnings(offers: Offers, limit: int, days: int) -> list[str]:
    """Return one sentence for each SKU that reaches the limit."""
    reached: dict[str, int] = {}
    for product in {*chain.from_iterable(offers.together)}:
        _, streak, sku = offers.of_products((product,))
        if streak >= limit:
            reached[sku] = max(streak, reached.get(sku, 0))
    found = [
        f"SKU {sku}: {streak} seller cancellations in a row within {days} days: Amazon may remove the offer"
        for sku, streak in sorted(reached.items())[:MOST_NAMED]
    ]
    if len(reached) > MOST_NAMED:
        found.append(f"and {len(reached) - MOST_NAMED:,} more SKUs whose offer Amazon may remove")
    return found
