"""Count what the orders of a plan come to while they are judged, so that none of them has to be kept."""

from __future__ import annotations

from collections import Counter

from ordertui.amazon.reports import REPORT_FORMATS
from ordertui.operations.denials import AWAITING_SHIPMENT
from ordertui.orders.api_facts import is_seller_fulfilled_prime
from ordertui.orders.clock import DAY
from ordertui.orders.enums import Action, BuyerRequest, CancelReason, YesNo
from ordertui.orders.money import Money
from ordertui.orders.order import LineAmounts, Order
from ordertui.rules.policy.policy import Policy

from .lines import has_several_items
from .plan import PlannedOrder

INCOMPLETE = frozenset(kind for kind, one in REPORT_FORMATS.items() if not one.names_every_line)
"""Kinds of report that need not name every line of an order."""
_NOTHING = LineAmounts()


class OrderTally:
    """Sums and counts over orders that a plan of one action in one marketplace takes in. `now` is in epoch seconds."""

    def __init__(self, action: Action, policy: Policy, now: int) -> None:
        self._action = action
        self._policy = policy
        self._now = now
        self._fees: dict[tuple[bool, int | None, Money | None], tuple[int | None, str]] = {}
        self.orders = 0
        self.money: dict[str, LineAmounts] = {}
        """By currency: what buyers will not be charged (cancel), or what goes back (refund); unpriced rows are not in
        it.
        """
        self.unpriced = 0
        self.requests: Counter[BuyerRequest] = Counter()
        self.replacements = 0
        self.business = 0
        """Of Amazon Business."""
        self.prime = 0
        """Of Seller Fulfilled Prime."""
        self.prime_cancelled = 0
        """Those of them of which something is cancelled."""
        self.incomplete = 0
        """Named only by reports that need not name every line."""
        self.several_skus = 0
        """Of which the plan takes items of more than one SKU."""
        self.claimed: Counter[BuyerRequest] = Counter()
        """With the reason BuyerCanceled, and counted all the same: by what is known of a request."""
        self.undated_prices = 0
        """With money to give back for an item whose price only New Orders reports gave."""
        self.refunds_known = True
        self.waiting: Counter[tuple[int, bool]] = Counter()
        """Those that await shipment: by the date of the newest report that names them, and whether a ship-by time is
        known.
        """
        self.charged: Counter[tuple[int | None, str]] = Counter()
        """By the percentage of the referral fee that Amazon charges (None: not known how much), and why."""

    def add(self, row: PlannedOrder, order: Order) -> None:
        """Count one order in."""
        known = order.row
        self.orders += 1
        self.requests[known.buyer_request] += 1
        self.replacements += known.replacement is YesNo.YES
        self.business += known.business is YesNo.YES
        self.incomplete += INCOMPLETE.issuperset(order.sources)
        self.refunds_known = self.refunds_known and order.refunds_known
        if is_seller_fulfilled_prime(known):
            self.prime += 1
            self.prime_cancelled += self._action is Action.CANCEL or any(line.cancelled for line in row.lines)
        if known.named_at is not None and known.status in AWAITING_SHIPMENT:
            self.waiting[known.named_at, known.ship_by is not None] += 1
        if self._action is Action.CANCEL:
            self.claimed[known.buyer_request] += row.counts and row.reason == CancelReason.BUYER_CANCELED.value
        if self._action in (Action.CANCEL, Action.REFUND):
            self.several_skus += has_several_items(row.lines)
            self._add_money(row, order)
        late = None if known.ship_by is None else -((known.ship_by - self._now) // DAY)
        facts = row.counts, late, known.total
        if facts not in self._fees:
            self._fees[facts] = self._policy.referral_fee_percent(self._action, *facts)
        if self._fees[facts][0] != 0:
            self.charged[self._fees[facts]] += 1

    def _add_money(self, row: PlannedOrder, order: Order) -> None:
        if row.total is None:
            self.unpriced += 1
        if self._action is Action.REFUND:
            undated = {line.line for line in order.lines if not line.is_price_dated}
            self.undated_prices += any(planned.refund and planned.line in undated for planned in row.lines)
            for planned in row.lines:
                if planned.refund is not None:
                    self._add_amounts(row.currency or "", planned.refund)
        elif row.total is not None:
            for line in order.lines:
                if line.paid is not None and line.currency is not None and line.is_active:
                    self._add_amounts(line.currency, line.paid)

    def _add_amounts(self, currency: str, amounts: LineAmounts) -> None:
        self.money[currency] = self.money.get(currency, _NOTHING).plus(amounts)
