"""Recount a store by a slow, separate path, and list every number that disagrees with what the program shows.

The program keeps sums with each order, packs the facts that decide into one number, answers filters with SQL and caches
counts by day. Here every order is read with its lines, one after the other, and added up by plain loops; a verdict is
looked up row by row in the decision tables. Nothing is written. Both paths share what reads an order from the store,
the policy's values, and the house rules' conditions; `recount_values` shares no arithmetic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from ordertui.operations.denials import BATCH_ACTIONS
from ordertui.operations.planning.plan_file import decode
from ordertui.operations.rate.service import AT_RISK
from ordertui.orders.batch_state import COMMITTED, OPEN_STATES, RowState
from ordertui.orders.enums import Action, BuyerRequest, Channel, OrderStatus, YesNo
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import Order
from ordertui.orders.refund_limit import refund_limit
from ordertui.rules.situation import situation_from_number

from . import recount_values as plain

if TYPE_CHECKING:
    from ordertui.operations.eligibility import Eligibility
    from ordertui.operations.rate.calculator import RateCalculator
    from ordertui.operations.rate.figures import RateFigure
    from ordertui.rules.policy.policy import Policy
    from ordertui.rules.tables.table import Row
    from ordertui.store import Store

    from .orders import OrderQueries

ORDERS_AT_ONCE = 500
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


class _Marked(msgspec.Struct):
    """All orders, added up as the status line does for marked ones."""

    money: Counter[str] = msgspec.field(default_factory=Counter)
    unpriced: int = 0
    allowed: Counter[Action] = msgspec.field(default_factory=Counter)
    counted: int = 0


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
        self._open: dict[str, list[Action]] = {}
        """By order id the actions of the batches that hold it."""
        self._cancelling: dict[str, list[tuple[Action, bool]]] = {}
        """By order id what batches under way cancel, wholly or some units, and whether it counted at the commit."""
        self._given_back: Counter[str] = Counter()
        """By order id what refunds that left gave back, of those that Amazon did not refuse."""
        self._cancelled_units: Counter[str] = Counter()
        """By order id the units that these cancelled."""
        self._committed_back: Counter[str] = Counter()
        """The same with refunds that are held: nothing of it may be given back again."""
        self._held: Counter[str] = Counter()
        """How many batches that did not leave have the order."""
        self._allowed: dict[Action, set[int]] = {}
        self._queues: Counter[str] = Counter()
        self._unsure: Counter[str] = Counter()
        self._rates: dict[tuple[str, int], _RateSum] = {}
        self._all = _Marked()

    def run(self, progress: Progress | None = None) -> Iterator[Disagreement]:
        """Yield every disagreement. All is read of one state of the store, so others may work on meanwhile."""
        with self._store.database.snapshot():
            yield from self._run(progress)

    def _run(self, progress: Progress | None) -> Iterator[Disagreement]:
        ids, marks = self._orders.find(), self._orders.known_marks() or ()  # of unread ones no count is shown
        self._read_journal()
        self._allowed = {action: set(self._orders.find(f"action:{action}")) for action in Action}
        for start in range(0, len(ids), ORDERS_AT_ONCE):
            if progress is not None:
                progress(start, len(ids))
            tallies = {one.id: one for one in self._store.tallies.of_orders(ids[start : start + ORDERS_AT_ONCE])}
            for row_id, order in self._store.orders.get(ids[start : start + ORDERS_AT_ONCE]).items():
                yield from self._check_sums(order)
                yield from self._check_facts(order, tallies[row_id].situation)
                yield from self._check_journal(order)
                yield from self._check_verdicts(order)
                self._count(order, is_marked=row_id in marks)
        if progress is not None:
            progress(len(ids), len(ids))
        yield from self._check_queues()
        yield from self._check_rates()
        yield from self._check_all(ids)

    def _read_journal(self) -> None:
        """Read what batches hold, cancel and gave back, from their rows and from the plans as they were committed."""
        for batch in sorted(self._store.batches.find(), key=lambda one: one.id, reverse=True):
            is_refund = batch.action is Action.REFUND
            planned = {row.order_id: row for row in decode(self._store.batches.plan_bytes(batch.id)).rows}
            counts = {order_id: row.counts for order_id, row in planned.items()}
            accepted = self._store.refunds.accepted_lines(batch.id) if is_refund else {}
            for row in batch.rows:
                if row.state in OPEN_STATES and not (is_refund and row.state is RowState.OK):
                    self._open.setdefault(row.order_id, []).append(batch.action)
                    self._held[row.order_id] += row.state is RowState.HELD
                under_way = COMMITTED if is_refund else OPEN_STATES if batch.action is Action.CANCEL else ()
                lines = planned[row.order_id].lines if row.order_id in planned else ()
                if row.order_id in accepted:
                    lines = tuple(line for line in lines if line.line in accepted[row.order_id])
                cancels_in_part = row.order_id in accepted and any(line.cancelled for line in lines)
                if (row.state in under_way or cancels_in_part) and row.order_id in counts:
                    self._cancelling.setdefault(row.order_id, []).append((batch.action, counts[row.order_id]))
                if is_refund and (row.state in COMMITTED or row.order_id in accepted):
                    back = sum(plain.paid(line.refund) for line in lines if line.refund)
                    self._committed_back[row.order_id] += back
                    if row.state is not RowState.HELD:
                        self._given_back[row.order_id] += back
                        self._cancelled_units[row.order_id] += sum(line.cancelled for line in lines)

    def _policy(self, order: Order) -> Policy:
        return self._eligibility.policy(order.row.marketplace)

    def _due(self, order: Order) -> int | None:
        """Return when Amazon cancels the order, at the earliest."""
        policy = self._policy(order)
        return plain.deadline(order.row, policy.values, MARKETPLACES[policy.marketplace])

    # -- one order

    def _check_sums(self, order: Order) -> Iterator[Disagreement]:
        """Compare what is kept with the order with what its lines come to."""
        row, lines = order.row, order.lines
        units = [line.quantity for line in lines if line.quantity is not None]
        ordered = sum(units) if units and not any(line.is_unsure_sum for line in lines) else None
        if row.items != ordered:
            yield _differ(order, "units", row.items, ordered)
        shipped = [line.quantity_shipped for line in lines if line.quantity_shipped is not None]
        is_sure = bool(shipped) and (sum(shipped) > 0 or not any(line.may_stand_twice for line in lines))
        if row.units_shipped != (sum(shipped) if is_sure else None):
            yield _differ(order, "units shipped", row.units_shipped, sum(shipped) if is_sure else None)
        item = plain.shown(order)
        if item is not None and (row.sku, row.title) != item:
            yield _differ(order, "the item shown", row.sku, item[0])
        total = plain.total(order)
        if (row.total and (row.total.minor, row.total.currency)) != total:
            shown = None if row.total is None else (row.total.minor, row.total.currency)
            yield _differ(order, "the total in minor units", shown, total)
        refunded = plain.refunded(order, self._given_back[row.order_id], self._cancelled_units[row.order_id])
        if row.refunded is not refunded:
            yield _differ(order, "refunded", row.refunded, refunded)
        items = {line.order_item_id or line.line: plain.paid(line.refunded) for line in lines}
        if sum(items.values()) != self._committed_back[row.order_id]:
            yield _differ(order, "what was given back", sum(items.values()), self._committed_back[row.order_id])
        for line in lines:
            if line.paid is None or line.may_be_exchanged:
                continue
            limit = refund_limit(order, line)
            left = plain.refundable(order, line)
            if limit is not None and limit.total != left:
                yield _differ(order, f"what may be given back of line {line.line}", limit.total, left)
            if line.paid.total != plain.paid(line.paid):
                yield _differ(order, f"what line {line.line} costs", line.paid.total, plain.paid(line.paid))

    def _check_facts(self, order: Order, situation: int) -> Iterator[Disagreement]:
        """Compare the facts that decide, packed in one number, and the deadline with those of the order."""
        row = order.row
        for name, value in situation_from_number(situation)._asdict().items():
            if plain.facts(row)[name] != value:
                yield _differ(order, f"the situation's {name}", value, plain.facts(row)[name])
        due = self._due(order)
        if self._eligibility.deadline(row) != due:
            yield _differ(order, "when Amazon cancels it", self._eligibility.deadline(row), due)

    def _check_journal(self, order: Order) -> Iterator[Disagreement]:
        """Compare the action that the order shows as open with the rows of the batches.

        It is that of the newest batch. A late answer may open an older one again, but no two wait in the hold.
        """
        row = order.row
        held = self._open.get(row.order_id, [])
        if self._held[row.order_id] > 1:
            yield _differ(order, "actions in the hold", 1, self._held[row.order_id])
        shown = row.open_action
        is_open = shown is not None and shown.state in OPEN_STATES
        if shown is not None and shown.kind is Action.REFUND and shown.state is RowState.OK:
            is_open = False
        found = [shown.kind] if shown is not None and is_open else []
        if found != held[:1]:
            yield _differ(order, "its open action", found or "none", held or "none")

    def _check_verdicts(self, order: Order) -> Iterator[Disagreement]:
        """Compare table, pane and plan, which ask the eligibility, with the filter, and both with the tables' rows."""
        row, policy = order.row, self._policy(order)
        is_doubtful = plain.is_doubtful(row, policy.values, self._due(order), self._now)
        for action in Action:
            by_filter = row.id in self._allowed[action]
            verdict = self._eligibility.verdict(row, action, order.lines)
            if verdict.allowed != by_filter:
                yield _differ(order, f"{action} by the filter", by_filter, verdict.allowed)
            allowed = _only_row(policy, action.value, order).then["allowed"] is True
            if action in BATCH_ACTIONS:
                is_free = not is_doubtful and row.order_id not in self._open
                allowed = allowed and is_free and plain.lines_suffice(action, order)
            if verdict.allowed != (allowed and not verdict.rule.startswith("house ")):
                yield _differ(order, f"{action} by the rules", verdict.allowed, allowed)
            if not verdict.allowed and not verdict.why:
                yield _differ(order, f"the reason against {action}", "none", "one")
            if verdict.allowed:
                self._all.allowed[action] += 1
                if action is Action.CANCEL:
                    counts = _only_row(policy, "counts", order).then["counts"] != YesNo.NO
                    self._all.counted += counts
                    if counts != self._eligibility.counts(row):
                        yield _differ(order, "whether cancelling it counts", not counts, counts)

    def _count(self, order: Order, *, is_marked: bool) -> None:
        """Add the order to the queues, windows and sums that it is in."""
        row, policy = order.row, self._policy(order)
        found, unsure = plain.queues(
            order, self._due(order), self._now, policy.values, is_marked=is_marked,
            books_refunds=self._orders.books_refunds,
        )  # fmt: skip
        self._queues.update(found)
        self._unsure.update(unsure)
        total = plain.total(order)
        if total is None:
            self._all.unpriced += 1
        else:
            self._all.money[total[1]] += total[0]
        if row.channel is not Channel.MERCHANT or row.purchased_at is None:
            return
        for days in policy.values.rate_days:
            if plain.window_start(self._now, days, policy.zone) <= row.purchased_at <= self._now:
                rate = self._rates.setdefault((row.marketplace, days), _RateSum())
                counts = self._standing(policy, order)
                rate.orders += 1
                rate.cancelled += counts is not YesNo.NO
                rate.at_least += counts is YesNo.YES

    def _standing(self, policy: Policy, order: Order) -> YesNo:
        """Return whether an order counts as cancelled, with what batches are about to cancel."""
        row = order.row
        if row.status is OrderStatus.CANCELLED:
            return YesNo(_only_row(policy, "history", order).then["counts"])
        if self._is_about_to_count(order):
            return YesNo.YES
        if row.amazon_counts is not YesNo.UNKNOWN:
            return row.amazon_counts
        taken = [line for line in order.lines if line.status is OrderStatus.CANCELLED]
        asked = all(line.buyer_request is BuyerRequest.OFFICIAL for line in taken)
        return YesNo.NO if asked else YesNo.UNKNOWN

    def _is_about_to_count(self, order: Order) -> bool:
        """Return whether a batch under way makes an order count that no report shows as cancelled.

        Frozen at the commit; since then only Amazon's word changes it: that it was shipped, or how the buyer asked.
        """
        under_way = self._cancelling.get(order.row.order_id, [])
        if not under_way:
            return False
        counted = any(counts for _, counts in under_way)
        if not any(action is Action.CANCEL and counts == counted for action, counts in under_way):
            return counted  # units of it alone, or they decide
        if order.row.status is OrderStatus.SHIPPED or order.row.buyer_request is BuyerRequest.OFFICIAL:
            return False
        return order.row.buyer_request is not BuyerRequest.UNKNOWN or counted

    # -- the whole store

    def _check_queues(self) -> Iterator[Disagreement]:
        for queue in self._orders.queues():
            if queue.count is not None and queue.count != self._queues[queue.key]:
                yield _of_store(f"queue {queue.title}", "its count", queue.count, self._queues[queue.key])
            if queue.count is not None and queue.unknown != self._unsure[queue.key]:
                yield _of_store(f"queue {queue.title}", "unknown", queue.unknown, self._unsure[queue.key])
        codes = self._orders.marketplaces()
        due = sum(len(self._calculator.auto_cancels(code, self._now + AT_RISK).ids) for code in codes)
        if due != self._queues["auto_cancel"]:
            yield _of_store("the rate panel", "what Amazon cancels in 24 h", due, self._queues["auto_cancel"])

    def _check_rates(self) -> Iterator[Disagreement]:
        for marketplace in self._orders.marketplaces():
            for effect in self._calculator.effects(marketplace):
                shown = effect.before
                found = self._rates.get((marketplace, shown.days), _RateSum())
                for what, one, other in (
                    ("orders", shown.orders, found.orders),
                    ("counted cancellations", shown.cancelled, found.cancelled),
                    ("cancellations known to count", shown.cancelled_at_least, found.at_least),
                    ("the room under the target", shown.headroom, _room(shown, found)),
                ):
                    if one != other:
                        yield _of_store(f"{marketplace}, {shown.days} days", what, one, other)

    def _check_all(self, ids: Sequence[int]) -> Iterator[Disagreement]:
        """Compare what the status line would say with every order marked."""
        shown, found = self._calculator.impact(ids), self._all
        for what, one, other in (
            ("money", dict(shown.money), dict(found.money)),
            ("orders without a price", shown.unpriced, found.unpriced),
            ("orders that may be cancelled", shown.cancellable, found.allowed[Action.CANCEL]),
            ("of these, those that count", shown.counted, found.counted),
            ("orders that may be refunded", shown.refundable, found.allowed[Action.REFUND]),
            ("orders that may be confirmed", shown.confirmable, found.allowed[Action.CONFIRM]),
        ):
            if one != other:
                yield _of_store("all orders marked", what, one, other)


def _differ(order: Order, what: str, shown: object, recounted: object) -> Disagreement:
    return Disagreement(order.row.order_id, what, str(shown), str(recounted))


def _of_store(subject: str, what: str, shown: object, recounted: object) -> Disagreement:
    return Disagreement(subject, what, str(shown), str(recounted))


def _room(shown: RateFigure, found: _RateSum) -> int:
    """Return the room under the target; none is shown where the window's orders are not all known."""
    return 0 if shown.reason else plain.room(found.orders, found.cancelled, shown.target)


def _only_row(policy: Policy, table_name: str, order: Order) -> Row:
    """Return the row of a decision table that fits an order, looking at one row after the other."""
    table = policy.table(table_name)
    values = plain.facts(order.row) | {"marketplace": policy.marketplace}
    fitting = [
        row
        for row in table.rows
        if all(box >> axis.index_of(values[axis.fact.name]) & 1 for box, axis in zip(row.box, table.axes, strict=True))
    ]
    if len(fitting) != 1:
        raise LookupError(f"{len(fitting)} rows of table {table_name} fit order {order.row.order_id}")
    return fitting[0]
