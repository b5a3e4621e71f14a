"""From ids to plans: who is in, who is out and why, money, rates, and the very bytes; nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

import msgspec

from ordertui.operations.eligibility import OPEN, Denial, Eligibility
from ordertui.operations.errors import UnknownReason
from ordertui.operations.rate.calculator import RateCalculator
from ordertui.operations.rate.figures import RateEffect
from ordertui.orders.clock import Clock, iso_utc
from ordertui.orders.enums import Action, BuyerRequest, CancelReason, Dispatched, RefundReason, ReportKind, YesNo
from ordertui.orders.marketplace import PriceTax, price_tax
from ordertui.orders.money import Money
from ordertui.orders.order import Order, OrderRow
from ordertui.rules.policy.house_rules import HouseRule
from ordertui.rules.situation import situation_number, situation_of
from ordertui.rules.tables.explanation import Explanation, Verdict
from ordertui.store import Store

from .effects import buyer_mails, fee_warnings, money_effects, restock_note
from .feed_builder import build_feed_files
from .house_rules import Candidate, HouseRules
from .lines import Exclusion, cancel_lines, confirm_lines, refund_lines
from .offer_removal import removal_warnings
from .plan import ExcludedOrder, Plan, PlanLine, PlannedOrder

Shipping = Mapping[str, tuple[str, str, str]]
"""Order id to carrier, tracking number, ship date (`2026-11-23`)."""
REASONS: dict[Action, tuple[str, ...]] = {
    Action.CANCEL: tuple(reason.value for reason in CancelReason),
    Action.REFUND: tuple(reason.value for reason in RefundReason),
    Action.CONFIRM: (),
    Action.MESSAGE: (),
}
"""Reason codes each action takes; the first is a cancellation's default."""


INCOMPLETE = frozenset({ReportKind.UNSHIPPED, ReportKind.CANCELLATION_RATE})
"""Kinds of report that need not name every line of an order (AMAZON.md h)."""


class PlanChoices(msgspec.Struct, frozen=True):
    """What the operator chose for a plan, beyond which orders."""

    reason: str = ""
    """For all rows; empty: the action's default."""
    reasons: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Order id to its own reason."""
    refunds: Mapping[str, Sequence[PlanLine]] = msgspec.field(default_factory=dict)
    """Order id to the lines and amounts to give back; others give back all that is left."""
    shipping: Shipping = msgspec.field(default_factory=dict)


NO_CHOICES = PlanChoices()
"""Every order with the defaults of its action."""


class Planner:
    """Makes plans against one reader of the store, by the policies in force."""

    def __init__(
        self,
        store: Callable[[], Store],
        judge: Eligibility,
        rates: RateCalculator,
        clock: Clock,
        *,
        merchant_id: str,
        practice: bool,
    ) -> None:
        self._store = store
        self._judge = judge
        self._rates = rates
        self._clock = clock
        self._merchant_id = merchant_id
        self._practice = practice
        self.house = HouseRules(store, judge, rates, clock)

    def plan(self, action: Action, ids: Sequence[int], wishes: PlanChoices = NO_CHOICES) -> tuple[Plan, ...]:
        """One plan per marketplace of these orders, by marketplace code. Raises UnknownReason."""
        self._check_reasons(action, wishes)
        orders = self._store().orders.get(list(dict.fromkeys(ids)))
        by_market: dict[str, list[Order]] = {}
        for row_id in dict.fromkeys(ids):
            if row_id in orders:
                order = orders[row_id]
                by_market.setdefault(order.row.marketplace, []).append(order)
        return tuple(self._one(action, code, by_market[code], wishes) for code in sorted(by_market))

    @staticmethod
    def _check_reasons(action: Action, wishes: PlanChoices) -> None:
        choices = REASONS[action]
        for reason in (wishes.reason, *wishes.reasons.values()):
            if reason and choices and reason not in choices:
                raise UnknownReason(action, reason, choices)

    def _one(self, action: Action, marketplace: str, orders: Sequence[Order], wishes: PlanChoices) -> Plan:
        policy = self._judge.policy(marketplace)
        now = self._clock.now()
        rows: list[PlannedOrder] = []
        out: list[ExcludedOrder] = []
        for order in orders:
            found = self.row(action, order, wishes)
            if isinstance(found, PlannedOrder):
                rows.append(found)
            else:
                out.append(found)
        said = self.house.batch(action, marketplace, taken(rows, orders))
        out += [self._denied(row, said.denied[row.id]) for row in rows if row.id in said.denied]
        rows = [row for row in rows if row.id not in said.denied]
        by_id = {order.row.id: order for order in orders}
        rates = self._rate_effects(action, marketplace, rows)
        plan_id = identity(action, marketplace, now, rows)
        over = any(effect.after.status == "over" for effect in rates)
        typed = len(rows) if rows and (len(rows) >= policy.values.typed_count_from or over or said.typed) else None
        warnings = [*said.warnings, *self._warnings(action, rows, orders, rates)]
        warnings += fee_warnings(policy, action, rows, by_id, now)
        return Plan(
            id=plan_id,
            action=action,
            marketplace=marketplace,
            created_at=now,
            expires_at=now + policy.values.plan_expires_minutes * 60,
            rows=tuple(rows),
            out=tuple(out),
            money=money_effects(action, rows, by_id),
            unpriced=sum(row.total is None for row in rows) if action in (Action.CANCEL, Action.REFUND) else 0,
            rates=rates,
            buyer_mails=buyer_mails(policy, action, rows),
            restock=restock_note(policy, action, rows),
            warnings=tuple(warnings),
            typed_count=typed,
            files=build_feed_files(plan_id, action, marketplace, rows, self._merchant_id),
            hold_seconds=policy.hold_seconds(action),
            practice=self._practice,
        )

    def _rate_effects(self, action: Action, marketplace: str, rows: Sequence[PlannedOrder]) -> tuple[RateEffect, ...]:
        counting = [row.id for row in rows if row.counts]
        if action is Action.CANCEL:
            return tuple(self._rates.effects(marketplace, counting))
        return tuple(self._rates.effects(marketplace, item_ids=counting)) if counting else ()

    def row(self, action: Action, order: Order, wishes: PlanChoices) -> PlannedOrder | ExcludedOrder:
        """The order as a row of the plan, or why it is left out."""
        row = order.row
        denial = self._judge.denial(row, action, order.lines)
        if denial is not None:
            return self._excluded(row, action, denial)
        verdict = self._judge.verdict(row, action, order.lines)
        if action is Action.MESSAGE:
            return self._row(order, verdict, "", (), note=self.message(order))
        if action is Action.CANCEL:
            lines = cancel_lines(order)
        elif action is Action.CONFIRM:
            lines = confirm_lines(
                order, wishes.shipping.get(row.order_id), self._clock.now(), self._judge.zone(row.marketplace)
            )
        else:
            lines = refund_lines(order, wishes.refunds.get(row.order_id))
        if isinstance(lines, Exclusion):
            return ExcludedOrder(row.id, row.order_id, lines.rule, lines.why, lines.instead)
        carrier, tracking, ship_date = wishes.shipping.get(row.order_id, ("", "", ""))
        cancelled = sum(line.cancelled for line in lines)
        reason, note = self._reason(action, order, wishes, cancelled)
        if action is not Action.CONFIRM:
            carrier = tracking = ship_date = ""
        return self._row(
            order,
            verdict,
            reason,
            lines,
            counts=(action is Action.CANCEL or cancelled > 0) and self._judge.counts(row),
            note=note or verdict.note,
            carrier=carrier,
            tracking=tracking,
            ship_date=ship_date,
        )

    def _excluded(self, row: OrderRow, action: Action, denial: Denial) -> ExcludedOrder:
        """The order with the reason of its denial; of one that a batch holds, also which and whose."""
        why, nearest = denial.why, denial.because if denial.rule.startswith("house ") else ""
        if denial.is_by_rules:
            found = self._judge.explain(row, action).nearest
            nearest = str(found) if found else ""
        elif denial.rule == OPEN and (holder := self._store().batches.holder_of(row.order_id)) is not None:
            by = f"committed by {holder.who or 'somebody'} at {iso_utc(holder.at)}"
            why = f"batch {holder.batch} already holds an action for it ({denial.because}), {by}"
        instead = denial.instead.value if denial.instead else ""
        return ExcludedOrder(row.id, row.order_id, denial.rule, why, instead, nearest)

    @staticmethod
    def _denied(row: OrderRow | PlannedOrder, rule: HouseRule) -> ExcludedOrder:
        return ExcludedOrder(row.id, row.order_id, f"house {rule.id}", rule.why, nearest=f"your rule: {rule.text}")

    def house_differences(self, plan: Plan, orders: Mapping[int, Order]) -> list[str]:
        """What the house rules say of a plan by now that it does not carry: orders to take out, a count to type."""
        rows = [row for row in plan.rows if row.id in orders]
        said = self.house.batch(plan.action, plan.marketplace, taken(rows, list(orders.values())))
        found = [
            f"{row.order_id}: now left out by house rule {said.denied[row.id].id}: {said.denied[row.id].why}"
            for row in rows
            if row.id in said.denied
        ]
        if said.typed and plan.typed_count is None:
            found.append("a house rule asks for the count to be typed, and the plan does not")
        return found

    def explain(self, order: Order, action: Action) -> Explanation:
        """The verdict with the facts that decided, the nearest row that would allow, and the house rules that fit."""
        found = self._judge.explain(order.row, action, order.lines)
        if action is Action.MESSAGE:
            return found
        row = order.row
        counts = (
            action is Action.CANCEL
            and self._judge.cancel_outcome(row.marketplace, situation_number(situation_of(row)))[1]
        )
        return msgspec.structs.replace(found, house=self.house.hits(action, Candidate(order, counts, order.row.total)))

    def _offers(self, rows: Sequence[PlannedOrder], orders: Mapping[int, Order]) -> list[str]:
        """Which offers Amazon may remove after this batch."""
        counted = [row for row in rows if row.counts]
        if not counted:
            return []
        marketplace = orders[counted[0].id].row.marketplace
        limit, days = self._judge.policy(marketplace).values.offer_removal
        offers = self.house.offers(Action.CANCEL, marketplace, taken(counted, list(orders.values())))
        return removal_warnings(offers, [row.id for row in counted], limit, days)

    def still_allowed(self, action: Action, order: Order, row: PlannedOrder) -> str:
        """For a row that its own batch holds: why it may not leave any more, or an empty text."""
        denial = self._judge.denial(order.row, action, order.lines, in_own_batch=True)
        if denial is not None:
            return (
                denial.why if denial.is_by_rules else f"{denial.rule.replace('house', 'house rule', 1)}: {denial.why}"
            )
        if action is Action.CANCEL:
            lines = cancel_lines(order)
            same = not isinstance(lines, Exclusion) and {line.order_item_id for line in lines} == {
                line.order_item_id for line in row.lines
            }
            return "" if same else "its lines are not those of the preview any more"
        return ""

    def _reason(self, action: Action, order: Order, wishes: PlanChoices, cancelled: int) -> tuple[str, str]:
        """Reason code, and a note about it. `cancelled`: units that a refund cancels."""
        if not REASONS[action]:
            return "", ""
        wanted = wishes.reasons.get(order.row.order_id) or wishes.reason
        if action is Action.REFUND:
            note = f"cancels {cancelled:,} {'unit' if cancelled == 1 else 'units'} not shipped" if cancelled else ""
            return wanted or _refund_reason(order, cancelled).value, note
        wanted = wanted or REASONS[action][0]
        if order.row.buyer_request is BuyerRequest.OFFICIAL:
            return CancelReason.BUYER_CANCELED.value, "the buyer asked officially: the reason is fixed"
        if wanted == CancelReason.BUYER_CANCELED.value:
            return wanted, "no official request is known: this reason alone does not protect the rate"
        return wanted, ""

    @staticmethod
    def _row(
        order: Order,
        verdict: Verdict,
        reason: str,
        lines: tuple[PlanLine, ...],
        *,
        counts: bool = False,
        note: str,
        carrier: str = "",
        tracking: str = "",
        ship_date: str = "",
    ) -> PlannedOrder:
        row = order.row
        total = row.total.minor if row.total else None
        currency = row.total.currency if row.total else None
        if verdict.action is Action.REFUND:
            total = sum(line.refund.total for line in lines if line.refund is not None)
            currency = next(line.currency for line in order.lines if line.currency)
        return PlannedOrder(
            id=row.id,
            order_id=row.order_id,
            version=row.version,
            reason=reason,
            rule=verdict.rule,
            counts=counts,
            lines=lines,
            currency=currency,
            total=total,
            carrier=carrier,
            tracking=tracking,
            ship_date=ship_date,
            note=note,
        )

    def message(self, order: Order) -> str:
        """The text to send to this buyer, by what his order is waiting for."""
        policy = self._judge.policy(order.row.marketplace)
        asked = (
            order.row.buyer_request is BuyerRequest.MESSAGE
            and self._judge.policy(order.row.marketplace).verdict(situation_of(order.row), Action.CANCEL).allowed
        )
        return policy.message_text("ask_to_request" if asked else "refuse_parcel")

    def _warnings(
        self, action: Action, rows: Sequence[PlannedOrder], orders: Sequence[Order], rates: Sequence[RateEffect]
    ) -> tuple[str, ...]:
        found: list[str] = []
        for effect in rates:
            after = effect.after
            if after.status == "over" and after.cancelled > effect.before.cancelled:
                found.append(
                    f"takes the {after.days}-day rate to {after.cancelled} of {after.orders}: at or over the target"
                )
        by_id = {order.row.id: order for order in orders}
        inside = [by_id[row.id].row for row in rows]
        if action is Action.CANCEL:
            found += self._offers(rows, by_id)
            unknown = sum(row.buyer_request is BuyerRequest.UNKNOWN for row in inside)
            if unknown:
                found.append(f"{unknown:,} orders: no report says whether the buyer asked; they are taken as counting")
            partial = sum(set(by_id[row.id].sources) <= INCOMPLETE for row in rows)
            if partial:
                found.append(
                    f"{partial:,} are named by Unshipped orders alone: if another line of one has left, cancelling refunds"
                    " the whole order; import All Orders first"
                )
            claimed = sum(row.reason == CancelReason.BUYER_CANCELED.value and row.counts for row in rows)
            if claimed:
                found.append(f"{claimed:,} say BuyerCanceled without an official request: they count all the same")
        replaced = sum(row.replacement is YesNo.YES for row in inside)
        if replaced:
            found.append(f"{replaced:,} are replacement orders: no source gives a special rule, look at them first")
        if action is Action.REFUND and rows:
            found.append("refunds by file are paid at once and cannot be taken back after the upload")
            market = inside[0].marketplace
            if price_tax(market) is PriceTax.UNKNOWN:
                found.append(
                    f"no source says whether prices in {market} include the tax: it is not added, so that no refund exceeds"
                    " what was paid"
                )
            if not all(order.refunds_known for order in orders):
                found.append(
                    "refunds made outside this store are not in Amazon's order reports: only this store's own are subtracted"
                )
        return tuple(found)


def _refund_reason(order: Order, cancelled: int) -> RefundReason:
    """What a refund gives as its reason when the operator says nothing."""
    if cancelled:
        return RefundReason.NO_INVENTORY
    return RefundReason.COULD_NOT_SHIP if order.row.dispatched is Dispatched.NO else RefundReason.CUSTOMER_RETURN


def taken(rows: Sequence[PlannedOrder], orders: Sequence[Order]) -> list[Candidate]:
    """The rows as house rules look at them."""
    by_id = {order.row.id: order for order in orders}
    return [
        Candidate(
            by_id[row.id],
            row.counts,
            None if row.total is None or row.currency is None else Money(row.total, row.currency),
        )
        for row in rows
    ]


def identity(action: Action, marketplace: str, created_at: int, rows: Sequence[PlannedOrder]) -> str:
    """The plan's id: 12 hex digits over what it would do."""
    return sha256(msgspec.json.encode((action, marketplace, created_at, rows))).hexdigest()[:12]
