"""Plan single orders: the row of each, or why it is left out, and whether a row that is held may still leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ordertui.operations.context import SessionContext
from ordertui.operations.denials import OPEN, Denial
from ordertui.operations.eligibility import Eligibility
from ordertui.orders.clock import iso_utc
from ordertui.orders.enums import Action, BuyerRequest, ReportKind
from ordertui.orders.marketplace import zone_of
from ordertui.orders.order import Order, OrderRow, current_lines
from ordertui.rules.policy.policy import Policy
from ordertui.rules.situation import situation_number, situation_of

from .feed_builder import feed_problem
from .lines import cancel_lines, confirm_lines, has_several_items, refund_lines, without_refund
from .plan import ExcludedOrder, PlanLine, PlannedOrder
from .reasons import REASONS, cancel_reason, refund_reason

PROCEEDS = "proceeds"
"""Rule of an order of which Amazon's own total is not what its parts come to: it is not refunded in full."""
_REFUND_A_PART = "name amounts below both to refund a part"
BY_OPERATOR = "operator"
"""Rule of orders that the operator excluded, and may include again."""
OTHER_ITEMS = Denial("other-items", "it holds other SKUs too")
Shipping = Mapping[str, tuple[str, str, str]]
"""Order id to carrier, tracking number, ship date (`2026-11-23`)."""


class PlanChoices(msgspec.Struct, frozen=True):
    """What the operator chose for a plan, beyond which orders."""

    reason: str = ""
    """For all rows; empty: a cancellation's default, and for a refund what `reasons.refund_reason` finds."""
    reasons: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Order id to its own reason."""
    refunds: Mapping[str, Sequence[PlanLine]] = msgspec.field(default_factory=dict)
    """Order id to the lines and amounts to give back; others give back all that is left."""
    shipping: Shipping = msgspec.field(default_factory=dict)
    left_out: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Ids of orders that the operator excludes, and why."""
    nothing_else: bool = False
    """Cancel only orders whose lines are all of one SKU."""


NO_CHOICES = PlanChoices()
"""Every order with the defaults of its action."""


class OrderPlanner:
    """Plans orders one by one, by the policies in force; changes nothing."""

    def __init__(self, context: SessionContext, eligibility: Eligibility) -> None:
        self._context = context
        self._eligibility = eligibility
        self._nearest: dict[tuple[Policy, int, Action], str] = {}
        """What would have to be otherwise, by policy, situation and action."""

    def plan(
        self, action: Action, order: Order, choices: PlanChoices, *, in_own_batch: bool = False
    ) -> PlannedOrder | ExcludedOrder:
        """Return the order as a row of the plan, or why it is left out. `in_own_batch`: see `Eligibility.denial`."""
        row = order.row
        denial = self._eligibility.denial(row, action, order.lines, in_own_batch=in_own_batch)
        if denial is not None:
            return self._excluded(row, action, denial)
        left_out = choices.left_out.get(row.order_id)
        if left_out is not None:
            return ExcludedOrder(row.id, row.order_id, BY_OPERATOR, left_out)
        lines = self._lines(action, order, choices)
        if isinstance(lines, Denial):
            return self._excluded(row, action, lines)
        verdict = self._eligibility.rules_verdict(row, action)
        reason = self._reason(action, order, choices, lines)
        if isinstance(reason, Denial):
            return self._excluded(row, action, reason)
        code, note = reason
        if action is Action.MESSAGE:
            note = self.message(order)
        total, currency = _total(action, order, lines)
        shipping = choices.shipping.get(row.order_id) if action is Action.CONFIRM else None
        carrier, tracking, ship_date = shipping or ("", "", "")
        planned = PlannedOrder(
            id=row.id,
            order_id=row.order_id,
            version=row.version,
            reason=code,
            rule=verdict.rule,
            counts=self._counts(action, order, lines),
            lines=lines,
            currency=currency,
            total=total,
            carrier=carrier,
            tracking=tracking,
            ship_date=ship_date,
            note=note or verdict.note,
        )
        problem = feed_problem(action, row.marketplace, planned)
        return ExcludedOrder(row.id, row.order_id, "feed", problem) if problem else planned

    def still_allowed(self, action: Action, order: Order, row: PlannedOrder) -> str:
        """Return why a row that its own batch holds may not leave as it was previewed, or an empty text.

        It is planned again, as if its batch were not there: what leaves is what a plan of this moment would send.
        """
        fresh = self.plan(action, without_refund(order, row), choices_of(action, [row]), in_own_batch=True)
        if isinstance(fresh, ExcludedOrder):
            return (
                f"{fresh.rule.replace('house', 'house rule', 1)}: {fresh.why}" if "house" in fresh.rule else fresh.why
            )
        if _sent_lines(action, fresh) != _sent_lines(action, row):
            return "its lines are not those of the preview any more"
        if fresh.reason != row.reason:
            return f"its reason would be {fresh.reason} now, and {row.reason} was previewed"
        if fresh.counts and not row.counts:
            return "it would count toward the cancellation rate now, and did not in the preview"
        return "" if fresh.currency == row.currency else "its currency is another now"

    def weigh_alone(self, action: Action, order: Order) -> tuple[bool, tuple[int | None, str | None]]:
        """Return whether acting on one order counts toward the rate, and what that would lose or give back.

        Of a refund, with the amounts that it has when none are named: of a partly shipped order, what never left.
        """
        if action is not Action.REFUND:
            outcome = self._eligibility.cancel_outcome(order.row.marketplace, situation_number(situation_of(order.row)))
            return action is Action.CANCEL and outcome[1], _total(action, order, ())
        lines = self._lines(action, order, NO_CHOICES)
        if isinstance(lines, Denial):
            return False, (None, None)
        return self._counts(action, order, lines), _total(action, order, lines)

    def message(self, order: Order) -> str:
        """Return the text to send to the buyer of an order, by what the order is waiting for."""
        policy = self._eligibility.policy(order.row.marketplace)
        asked = (
            order.row.buyer_request is BuyerRequest.MESSAGE
            and policy.verdict(situation_of(order.row), Action.CANCEL).allowed
        )
        return policy.message_text("ask_to_request" if asked else "refuse_parcel")

    def _reason(
        self, action: Action, order: Order, choices: PlanChoices, lines: Sequence[PlanLine]
    ) -> tuple[str, str] | Denial:
        """Return the reason code and a note about it, or why the order is left out without one."""
        if not REASONS[action]:
            return "", ""
        own = choices.reasons.get(order.row.order_id, "")
        if action is Action.CANCEL:
            return cancel_reason(order, own or choices.reason)
        by_policy = self._eligibility.policy(order.row.marketplace).values.refund_reason
        return refund_reason(order, lines, own, choices.reason, by_policy)

    def _counts(self, action: Action, order: Order, lines: Sequence[PlanLine]) -> bool:
        if action is Action.CANCEL:
            return self._eligibility.counts(order.row)
        numbers = {line.line for line in lines if line.cancelled}
        return self._eligibility.items_count(order.row, [line for line in order.lines if line.line in numbers])

    def _lines(self, action: Action, order: Order, choices: PlanChoices) -> tuple[PlanLine, ...] | Denial:
        if action is Action.MESSAGE:
            return ()
        if action is Action.CANCEL:
            whole = cancel_lines(order)
            if isinstance(whole, Denial):
                return whole
            return OTHER_ITEMS if choices.nothing_else and has_several_items(whole) else whole
        order_id = order.row.order_id
        if action is Action.REFUND:
            named = choices.refunds.get(order_id)
            found = refund_lines(order, named)
            if isinstance(found, Denial):
                return found
            if choices.nothing_else and has_several_items(
                current_lines(order.row.status, order.lines) if named is None else found
            ):
                return OTHER_ITEMS
            return self._with_known_totals(order, found)
        zone = zone_of(order.row.marketplace)
        return confirm_lines(order, choices.shipping.get(order_id), self._context.clock.now(), zone)

    def _with_known_totals(self, order: Order, lines: tuple[PlanLine, ...]) -> tuple[PlanLine, ...] | Denial:
        """Return the lines, or why they are not given back where Amazon's own total of one is not what its parts are.

        Such a line may be refunded in part, of amounts that the operator names, but not as a whole.
        """
        if ReportKind.API_ORDERS not in order.sources:
            return lines
        facts = self._context.reader().api_facts.get(order.row.id)
        if facts is None:
            return lines
        known = {line.line: line for line in order.lines}
        for line in lines:
            total = facts.differing_totals.get(line.order_item_id)
            if total is not None and line.refund is not None:
                back = line.refund.plus(known[line.line].refunded).total
                if back >= min(total.stated, total.parts):
                    return Denial(PROCEEDS, f"line {line.line}: {total}; {_REFUND_A_PART}")
        whole = facts.differing_grand_total
        if whole is not None:
            back = sum(line.refund.total for line in lines if line.refund is not None)
            back += sum(line.refunded.total for line in order.lines)
            paid = sum(line.paid.total for line in order.lines if line.paid is not None and line.is_active)
            if back >= min(whole.stated, whole.parts, paid):
                return Denial(PROCEEDS, f"the order: {whole}; {_REFUND_A_PART}")
        return lines

    def _excluded(self, row: OrderRow, action: Action, denial: Denial) -> ExcludedOrder:
        """Return the order with the reason of its denial; of one that a batch holds, also which batch and whose."""
        why, nearest = denial.why, denial.because if denial.rule.startswith("house ") else ""
        if denial.is_by_rules:
            key = self._eligibility.policy(row.marketplace), situation_number(situation_of(row)), action
            if key not in self._nearest:  # few situations, however many orders
                found = self._eligibility.explain(row, action).nearest
                self._nearest[key] = str(found) if found else ""
            nearest = self._nearest[key]
        elif denial.rule == OPEN and (holder := self._context.reader().batches.holder_of(row.order_id)) is not None:
            by = f"committed by {holder.who or 'somebody'} at {iso_utc(holder.at)}"
            why = f"batch {holder.batch} already holds an action for it ({denial.because}), {by}"
        instead = denial.instead.value if denial.instead else ""
        return ExcludedOrder(row.id, row.order_id, denial.rule, why, instead, nearest)


def choices_of(action: Action, rows: Sequence[PlannedOrder]) -> PlanChoices:
    """Return what the operator chose for rows of a plan, read back from them."""
    reasons = {row.order_id: row.reason for row in rows}
    if action is Action.REFUND:
        return PlanChoices(reasons=reasons, refunds={row.order_id: row.lines for row in rows})
    if action is Action.CONFIRM:
        return PlanChoices(shipping={row.order_id: (row.carrier, row.tracking, row.ship_date) for row in rows})
    return PlanChoices(reasons=reasons)


def _sent_lines(action: Action, row: PlannedOrder) -> list[tuple[object, ...]]:
    """Return what a feed says of each line of a row."""
    return sorted(
        (
            line.order_item_id,
            line.quantity if action is Action.CONFIRM else 0,
            line.cancelled,
            repr(line.refund),
            line.reason,
            line.item_promotion_id,
            line.ship_promotion_id,
        )
        for line in row.lines
    )


def _total(action: Action, order: Order, lines: Sequence[PlanLine]) -> tuple[int | None, str | None]:
    """Return minor units that the order loses or gives back, and their currency; None where no report gave prices."""
    if action is Action.REFUND:
        total = sum(line.refund.total for line in lines if line.refund is not None)
        return total, next(line.currency for line in order.lines if line.currency)
    return (order.row.total.minor, order.row.total.currency) if order.row.total else (None, None)
