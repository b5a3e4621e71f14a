"""List the orders behind a rate: those of its numerator or of its denominator."""

from __future__ import annotations

import msgspec

from ordertui.orders.enums import Action, OrderStatus, YesNo
from ordertui.orders.order import OrderRow
from ordertui.rules.situation import situation_of

from .calculator import RateCalculator
from .counting import RateCounting
from .figures import Dated
from .sources import RateSources

NOT_CANCELLED = "it is not cancelled"
RATED = {
    YesNo.YES: "Amazon's own Cancellation Rate report counts it; no order report shows it as cancelled yet",
    YesNo.NO: "Amazon's own Cancellation Rate report does not count it",
}
ITEM = "an item of it is cancelled, and one makes the order count; no report says by whom"


class RateEntry(msgspec.Struct, frozen=True):
    """One order of a rate's numerator or denominator."""

    order_id: str
    placed: int | None
    status: OrderStatus
    counts: YesNo
    """NO: only in the denominator. UNKNOWN counts in the careful figure and not in the least."""
    how: str
    """`cancelled`, `an item cancelled`, `in a batch`, `Amazon's report`; empty when it is not cancelled."""
    rule: str
    why: str


class RateLists:
    """Lists orders of one store."""

    def __init__(self, sources: RateSources, calculator: RateCalculator) -> None:
        self._sources = sources
        self._calculator = calculator

    def listing(
        self, marketplace: str, *, days: int | None = None, dated: Dated = Dated.ORDER, numerator: bool = True
    ) -> list[RateEntry]:
        """Return the orders of a window, by default the shortest, oldest first.

        `numerator`: only those that count, or may count, as cancelled; else all of them.
        """
        policy = self._sources.policy(marketplace)
        start, end = self._sources.window(marketplace, days or min(policy.values.rate_days))
        store = self._sources.store()
        by_order = dated is Dated.ORDER
        if not numerator:
            ids = store.rates.placed_ids(marketplace, start, end + 1)
        elif by_order:
            ids = store.rates.placed_ids(marketplace, start, end + 1, cancelled=True)
        else:
            ids = store.rates.cancelled_ids(marketplace, start, end + 1)
        earliest = start if by_order else 0
        pending = {
            one.id: one.facts
            for one in store.rates.pending_cancellations(marketplace)
            if one.placed is not None and earliest <= one.placed <= end and RateCounting.is_pending(one.facts)
        }
        if numerator:
            ids = list(dict.fromkeys([*ids, *pending]))
        items = {order.id for order in store.tallies.of_orders(ids) if order.cancelled_lines}
        rows = store.orders.rows(ids)
        found = [self._entry(rows[i], i in items, i in pending) for i in ids if i in rows]
        return [entry for entry in found if not numerator or entry.counts is not YesNo.NO]

    def _entry(self, row: OrderRow, item: bool, pending: bool) -> RateEntry:
        policy, situation = self._sources.policy(row.marketplace), situation_of(row)
        counts, how, rule, why = YesNo.NO, "", "", NOT_CANCELLED
        if row.status is OrderStatus.CANCELLED:
            found = policy.explain(situation, Action.CANCEL)
            counts, how, rule, why = found.counts or YesNo.NO, "cancelled", found.counts_rule, found.counts_why
        elif pending:
            verdict = policy.verdict(situation, Action.CANCEL)
            counts, how, rule, why = YesNo.YES, "in a batch", verdict.counts_rule, verdict.counts_why
        elif row.amazon_counts is not YesNo.UNKNOWN:
            counts, how, why = row.amazon_counts, "Amazon's report", RATED[row.amazon_counts]
        elif item:
            counts, how, why = YesNo.UNKNOWN, "an item cancelled", ITEM
        return RateEntry(row.order_id, row.purchased_at, row.status, counts, how, rule, why)
