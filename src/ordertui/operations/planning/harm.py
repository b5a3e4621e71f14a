"""What cancelling an order costs, for every choice of orders to cancel: a shortage, and what fits under the target."""

from __future__ import annotations

from collections.abc import Iterable

from ordertui.operations.eligibility import Eligibility
from ordertui.orders.order import Order
from ordertui.rules.shortage import Harm


class HarmScale:
    """Measures the harm of orders that are compared with each other."""

    def __init__(self, eligibility: Eligibility, orders: Iterable[Order]) -> None:
        self._eligibility = eligibility
        currencies = set()
        self._latest = 0
        for order in orders:
            self._latest = max(self._latest, order.row.ship_by or 0)
            if order.row.total is not None:
                currencies.add(order.row.total.currency)
        self.currencies = len(currencies)
        """How many there are: amounts are compared only when there is one."""

    def harm(self, order: Order, *, counts: bool) -> Harm:
        """Return the harm of cancelling an order. `counts`: whether it newly counts toward the rate."""
        row = order.row
        protects, prefers = self._eligibility.rules.shortage_preferences(row, order.lines)
        return Harm(
            counts=int(counts),
            is_protected=int(protects),
            is_not_preferred=int(not prefers),
            money=row.total.minor if self.currencies == 1 and row.total is not None else 0,
            urgency=self._latest - (row.ship_by or 0),
        )
