"""Seller cancellations per offer (SKU): Amazon may remove an offer after so many in a row (policy `offer_removal`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ordertui.operations.eligibility import Eligibility
from ordertui.operations.rate.counting import RateCounting
from ordertui.orders.clock import day_start
from ordertui.orders.enums import YesNo
from ordertui.store import Store

MOST_NAMED = 5


class Offers(msgspec.Struct, frozen=True):
    """What a batch means for the SKUs in it."""

    products: Mapping[int, Sequence[int]]
    """Order row number to its product numbers."""
    cancels: Mapping[int, int]
    """Product number to seller cancellations within the policy's days, the batch included."""
    streaks: Mapping[int, int]
    """Product number to the longest run of them, in the order in which the orders were placed."""
    skus: Mapping[int, str]

    def of(self, row_id: int) -> tuple[int, int, str]:
        """Return the most cancellations, the longest run, and the SKU with it, over the lines of an order."""
        best = (0, 0, "")
        for product in self.products.get(row_id, ()):
            found = (self.cancels.get(product, 0), self.streaks.get(product, 0), self.skus.get(product, ""))
            best = (max(best[0], found[0]), *max(best[1:], found[1:]))
        return best


def offer_cancels(
    store: Store,
    eligibility: Eligibility,
    marketplace: str,
    ids: Sequence[int],
    also_cancelled: Sequence[int],
    now: int,
) -> Offers:
    """Count for the SKUs of the orders `ids`, as if the orders `also_cancelled` were cancelled by the seller as well.

    One whose canceller is unknown is counted. `now`: epoch seconds.
    """
    policy = eligibility.policy(marketplace)
    since = day_start(now, policy.zone, 1 - policy.values.offer_removal[1])
    products: dict[int, list[int]] = {}
    skus: dict[int, str] = {}
    for row_id, product, sku in store.products.of_orders(ids):
        products.setdefault(row_id, []).append(product)
        skus[product] = sku
    gone = {
        (product, row_id)
        for product, row_id, number in store.products.cancelled(marketplace, since)
        if product in skus and eligibility.history(marketplace, number) is not YesNo.NO
    }
    pending = [
        one.id
        for one in store.rates.pending_cancellations(marketplace)
        if (one.placed or 0) >= since and RateCounting.is_pending(one.facts)
    ]
    gone |= {
        (product, row_id)
        for row_id, product, _ in store.products.of_orders([*pending, *also_cancelled])
        if product in skus
    }
    cancels: dict[int, int] = {}
    for product, _ in gone:
        cancels[product] = cancels.get(product, 0) + 1
    streaks = dict.fromkeys(cancels, 1)
    several = [product for product, count in cancels.items() if count > 1]
    run: dict[int, int] = {}
    for product, row_id, _ in store.products.orders_with(several, marketplace, since):
        run[product] = run.get(product, 0) + 1 if (product, row_id) in gone else 0
        streaks[product] = max(streaks[product], run[product])
    return Offers(products, cancels, streaks, skus)


def removal_warnings(offers: Offers, ids: Sequence[int], limit: int, days: int) -> list[str]:
    """Return one sentence for each SKU that reaches the limit."""
    reached: dict[str, int] = {}
    for row_id in ids:
        _, streak, sku = offers.of(row_id)
        if streak >= limit:
            reached[sku] = max(streak, reached.get(sku, 0))
    found = [
        f"SKU {sku}: {streak} seller cancellations in a row within {days} days: Amazon may remove the offer"
        for sku, streak in sorted(reached.items())[:MOST_NAMED]
    ]
    if len(reached) > MOST_NAMED:
        found.append(f"and {len(reached) - MOST_NAMED:,} more SKUs whose offer Amazon may remove")
    return found
