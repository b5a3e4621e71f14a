"""Recount a store by a slow, separate path, and list every number that disagrees with what the program shows.

The program keeps sums with each order, packs the facts that decide into one number, answers filters with SQL and caches
counts by day. Here every order is read with its lines, one after the other, and added up by plain loops; a verdict is
looked up row by row in the decision tables. Nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from ordertui.operations.eligibility import BATCH_ACTIONS, Eligibility, has_open_action, lines_denial
from ordertui.operations.rate.service import AT_RISK
from ordertui.orders.api_facts import PROGRAM_BARS
from ordertui.orders.batch_state import holds_order
from ordertui.orders.enums import Action, BuyerRequest, Channel, OrderStatus, Refunded, YesNo
from ordertui.orders.order import COMPONENTS, LineAmounts, LinesKnown, Order, OrderLine
from ordertui.rules.language import parse, predicate
from ordertui.rules.rate import window
from ordertui.rules.situation import situation_number, situation_of

from .queues import QUEUES

if TYPE_CHECKING:
    from ordertui.operations.rate.calculator import RateCalculator
    from ordertui.rules.policy.policy import Policy
    from ordertui.rules.tables.table import Row
    from ordertui.store import Store
    from ordertui.store.repositories.rates import DatedOrder

    from .orders import OrderQueries

SLICE = 500
"""Orders read at a time, and between two calls of `progress`."""


class Disagreement(msgspec.Struct, frozen=True):
    """A number of the store that is not what its orders come to."""

    subject: str
    """Order id, or marketplace or queue."""
    what: str
    shown: str
    recounted: str

    def __str__(self) -> str:
        """Return it as a sentence."""
        return f"{self.subject}: {self.what} is {self.shown}, recounted {self.recounted}"


Progress = Callable[[int, int], None]
"""Called with the orders done and the orders in all."""


class _RateSum(msgspec.Struct):
    """The orders of one window, added up."""

    orders: int = 0
    cancelled: int = 0
    at_least: int = 0


class Recount:
    """Recounts one store at one moment."""

    def __init__(
        self, store: Store, orders: OrderQueries, eligibility: Eligibility, calculator: RateCalculator, now: int
    ) -> None:
        self._store = store
        self._orders = orders
        self._eligibility = eligibility
        self._calculator = calculator
        self._now = now
        self._pending: dict[int, DatedOrder] = {}
        self._open: dict[str, list[Action]] = {}
        self._allowed: dict[Action, set[int]] = {}
        self._queues = {
            spec.key: predicate(
                parse(orders.queue_filter(spec), now=self._now, zone=orders.zone, marks=True),
                decide=self._eligibility.decide,
                auto_cancel_at=self._eligibility.deadline,
                marked=orders.marks(),
            )
            for spec in QUEUES
        }
        self._queue_counts: Counter[str] = Counter()
        self._rates: dict[tuple[str, int], _RateSum] = {}

    def run(self, progress: Progress | None = None) -> Iterator[Disagreement]:
        """Yield every disagreement. The store must not change meanwhile: read in one go, or when nobody works."""
        ids = self._orders.find()
        for marketplace in self._orders.marketplaces():
            self._pending |= {one.id: one for one in self._store.rates.pending_cancellations(marketplace)}
        for batch in self._store.batches.find(open_only=True):
            for row in batch.rows:
                if holds_order(batch.action, row.state):
                    self._open.setdefault(row.order_id, []).append(batch.action)
        self._allowed = {action: set(self._orders.find(f"action:{action}")) for action in Action}
        for start in range(0, len(ids), SLICE):
            if progress is not None:
                progress(start, len(ids))
            tallies = {one.id: one for one in self._store.tallies.of_orders(ids[start : start + SLICE])}
            for row_id, order in self._store.orders.get(ids[start : start + SLICE]).items():
                yield from self._check_sums(order)
                number = situation_number(situation_of(order.row))
                if tallies[row_id].situation != number:
                    yield _differ(order, "the situation", tallies[row_id].situation, number)
                yield from self._check_journal(order)
                yield from self._check_verdicts(order)
                self._count(order)
        if progress is not None:
            progress(len(ids), len(ids))
        yield from self._check_queues()
        yield from self._check_at_risk()
        yield from self._check_rates()

    # -- one order

    @staticmethod
    def _check_sums(order: Order) -> Iterator[Disagreement]:
        """Compare what is kept with the order with what its lines come to."""
        row, lines = order.row, order.lines
        items = [line.quantity for line in lines if line.quantity is not None]
        if row.items != (sum(items) if items else None):
            yield _differ(order, "units", row.items, sum(items) if items else None)
        shipped = [line.quantity_shipped for line in lines if line.quantity_shipped is not None]
        if row.units_shipped != (sum(shipped) if shipped else None):
            yield _differ(order, "units shipped", row.units_shipped, sum(shipped) if shipped else None)
        total = _total(order)
        if (row.total and (row.total.minor, row.total.currency)) != total:
            shown = None if row.total is None else (row.total.minor, row.total.currency)
            yield _differ(order, "the total in minor units", shown, total)
        known = _lines_known(lines) | (row.lines_known & LinesKnown.PARCEL_LEFT)
        known |= PROGRAM_BARS.get(row.program, LinesKnown(0))
        for action in BATCH_ACTIONS:
            if (lines_denial(action, row.lines_known) is None) != (lines_denial(action, known) is None):
                yield _differ(order, f"what its lines allow for {action}", row.lines_known, known)
        back = sum(line.refunded.total for line in lines)
        amounts = [line.paid for line in lines if line.is_active]
        paid = None if not amounts or None in amounts else sum(one.total for one in amounts if one is not None)
        refunded = Refunded.NONE if not back else Refunded.PARTIAL if paid is None or back < paid else Refunded.FULL
        if row.refunded is not refunded:
            yield _differ(order, "refunded", row.refunded, refunded)
        for line in lines:
            if line.paid is not None and any(
                getattr(line.refunded, name) > getattr(line.paid, name) for name in COMPONENTS
            ):
                yield _differ(order, f"what line {line.line} gave back", line.refunded.total, line.paid.total)

    def _check_journal(self, order: Order) -> Iterator[Disagreement]:
        """Compare the action that the order shows as open with the rows of the batches."""
        row = order.row
        held = self._open.get(row.order_id, [])
        if len(held) > 1:
            yield _differ(order, "open actions", 1, len(held))
        shown = [row.open_action.kind] if row.open_action and has_open_action(row) else []
        if shown != held[:1]:
            yield _differ(order, "its open action", shown or "none", held or "none")

    def _check_verdicts(self, order: Order) -> Iterator[Disagreement]:
        """Compare table, pane and plan, which ask the eligibility, with the filter, and both with the tables' rows."""
        row = order.row
        for action in Action:
            by_filter = row.id in self._allowed[action]
            verdict = self._eligibility.verdict(row, action, order.lines)
            if verdict.allowed != by_filter:
                yield _differ(order, f"{action} by the filter", by_filter, verdict.allowed)
            by_rules = _only_row(self._eligibility.policy(row.marketplace), action.value, order).then["allowed"] is True
            if verdict.allowed and not by_rules:
                yield _differ(order, f"{action} by the rules", True, by_rules)
            elif by_rules and not verdict.allowed and not verdict.why:
                yield _differ(order, f"the reason against {action}", "none", "one")

    def _count(self, order: Order) -> None:
        """Add the order to the queues and windows that it is in."""
        for key, fits in self._queues.items():
            self._queue_counts[key] += fits(order)
        row = order.row
        if row.channel is not Channel.MERCHANT or row.purchased_at is None:
            return
        policy = self._eligibility.policy(row.marketplace)
        for days in policy.values.rate_days:
            start, end = window(self._now, days, policy.zone)
            if start <= row.purchased_at <= end:
                total = self._rates.setdefault((row.marketplace, days), _RateSum())
                counts = self._standing(policy, order)
                total.orders += 1
                total.cancelled += counts is not YesNo.NO
                total.at_least += counts is YesNo.YES

    def _standing(self, policy: Policy, order: Order) -> YesNo:
        """Return whether an order counts as cancelled, with what batches are about to cancel."""
        row = order.row
        pending = self._pending.get(row.id)
        if pending is not None and self._calculator.counting.is_pending(pending.facts):
            return YesNo.YES
        if row.status is OrderStatus.CANCELLED:
            return YesNo(_only_row(policy, "history", order).then["counts"])
        if row.amazon_counts is not YesNo.UNKNOWN:
            return row.amazon_counts
        taken = [line for line in order.lines if line.status is OrderStatus.CANCELLED]
        asked = all(line.buyer_request is BuyerRequest.OFFICIAL for line in taken)
        return YesNo.NO if asked else YesNo.UNKNOWN

    # -- the whole store

    def _check_queues(self) -> Iterator[Disagreement]:
        for queue in self._orders.queues():
            if queue.count is not None and queue.count != self._queue_counts[queue.key]:
                yield Disagreement(
                    f"queue {queue.title}", "its count", str(queue.count), str(self._queue_counts[queue.key])
                )

    def _check_at_risk(self) -> Iterator[Disagreement]:
        """Compare what the rate panel says Amazon is about to cancel with the queue of the same name."""
        due = sum(
            len(self._calculator.auto_cancel_times(code, self._now + AT_RISK)) for code in self._orders.marketplaces()
        )
        if due != self._queue_counts["auto_cancel"]:
            yield Disagreement(
                "the rate panel", "what Amazon cancels in 24 h", str(due), str(self._queue_counts["auto_cancel"])
            )

    def _check_rates(self) -> Iterator[Disagreement]:
        for marketplace in self._orders.marketplaces():
            for effect in self._calculator.effects(marketplace):
                shown = effect.before
                found = self._rates.get((marketplace, shown.days), _RateSum())
                for what, one, other in (
                    ("orders", shown.orders, found.orders),
                    ("counted cancellations", shown.cancelled, found.cancelled),
                    ("cancellations known to count", shown.cancelled_at_least, found.at_least),
                ):
                    if one != other:
                        yield Disagreement(f"{marketplace}, {shown.days} days", what, str(one), str(other))


def _differ(order: Order, what: str, shown: object, recounted: object) -> Disagreement:
    return Disagreement(order.row.order_id, what, str(shown), str(recounted))


def _total(order: Order) -> tuple[int, str] | None:
    """Return what the buyer pays for the order, in minor units, and the currency; None when a price is unknown."""
    currencies = {line.currency for line in order.lines if line.currency is not None}
    is_cancelled = order.row.status is OrderStatus.CANCELLED
    active = [] if is_cancelled else [line for line in order.lines if line.is_active]
    if len(currencies) != 1 or any(line.paid is None for line in active):
        return None
    total = 0
    for line in active:
        paid = line.paid or LineAmounts()
        total += paid.item_price + paid.item_tax + paid.shipping_price + paid.shipping_tax
        total += paid.gift_wrap_price + paid.gift_wrap_tax - paid.item_promotion - paid.ship_promotion
    return total, currencies.pop()


def _lines_known(lines: Sequence[OrderLine]) -> LinesKnown:
    """Return what the lines that are not cancelled let a feed name."""
    active = [line for line in lines if line.is_active]
    known = LinesKnown(0)
    if not lines:
        return LinesKnown.COMPLETE
    for line in active:
        known |= LinesKnown.ACTIVE
        known |= LinesKnown.HAS_ID if line.has_usable_id else LinesKnown.MISSING_ID
        if line.paid is not None and line.currency is not None:
            known |= LinesKnown.PRICED
            if line.has_usable_id and line.paid.total > line.refunded.total:
                known |= LinesKnown.REFUNDABLE
    return known


def _only_row(policy: Policy, table_name: str, order: Order) -> Row:
    """Return the row of a decision table that fits an order, looking at one row after the other."""
    table = policy.table(table_name)
    values = (*situation_of(order.row), policy.marketplace)
    fitting = [
        row
        for row in table.rows
        if all(box >> axis.index_of(value) & 1 for box, axis, value in zip(row.box, table.axes, values, strict=True))
    ]
    if len(fitting) != 1:
        raise LookupError(f"{len(fitting)} rows of table {table_name} fit order {order.row.order_id}")
    return fitting[0]
